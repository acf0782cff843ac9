"""The options that many commands share, and where their output goes."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="The data folder. \\[default: TRADEWIRE_DATA, or data]"),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings. \\[default: TRADEWIRE_CONFIG, or tradewire.toml]"),
]
PersonOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="Whose key to use.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it goes on the record.")]
SCOPE = "global, broker.NAME, account.NAME, strategy.NAME or symbol.SYMBOL."
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]
_PIPE_WIDTH = 200


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Leaves the end to `main`: whoever read the output has gone, which is no error."""
        raise BrokenPipeError


def console() -> Console:
    """What people read, on standard output. A pipe has no width, so nothing is folded there."""
    wide = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return _Output(width=_PIPE_WIDTH if wide else None, highlight=False)
