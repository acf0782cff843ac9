"""`tradewire logs`: what the processes say, one or all, and as they say it."""

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from tradewire_cli.commands.options import DataOption, JsonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of
from tradewire_cli.views import logs as view
from tradewire_cli.views.logs import Line

_LOOK_SECONDS: Final = 0.3
_ENGINES: Final = frozenset({"nats", "postgres"})
"""Left out unless they are named: what matters of theirs, the services say."""


def logs(
    process: Annotated[
        str, typer.Argument(metavar="PROCESS", help="ingest, risk, router, sequencer, reader, paper, nats, postgres…")
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come, until Ctrl-C.")] = False,
    count: Annotated[int, typer.Option("--lines", "-n", min=0, help="The last so many.")] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
) -> None:
    """Show what the processes have logged; the services' lines together, in the order of their times.

    It reads files, so it works when nothing runs as well.
    """
    files = [_File(path) for path in _paths(folder_of(data), process)]
    last = sorted((line for file in files for line in file.last(count)), key=lambda line: line.time)
    out = console()

    def show(line: Line) -> None:
        if as_json:
            print(line.raw, flush=True)
        else:
            out.print(view.line(line, now(), named=not process), soft_wrap=True)

    for line in last[-count:] if count else ():
        show(line)
    with contextlib.suppress(KeyboardInterrupt):
        while follow:
            time.sleep(_LOOK_SECONDS)
            for line in sorted((line for file in files for line in file.new()), key=lambda line: line.time):
                show(line)


def _paths(folder: DataFolder, process: str) -> list[Path]:
    known = {path.stem: path for path in sorted(folder.logs.glob("*.log"))}
    if not known:
        raise Failed(Exit.WRONG_USE, f"there are no logs in {folder.logs}; name the data folder with --data")
    if not process:
        return [path for name, path in known.items() if name not in _ENGINES]
    if process not in known:
        raise Failed(Exit.WRONG_USE, f"no process is called {process}; one of {', '.join(known)}")
    return [known[process]]


class _File:
    """A log file that may be rotated while it is read."""

    def __init__(self, path: Path) -> None:
        self._path, self._name = path, path.stem
        self._inode, self._offset = 0, 0
        self._rest = b""

    def last(self, count: int) -> list[Line]:
        """The last lines of the file; what follows them is new."""
        return list(deque(self.new(), maxlen=count))

    def new(self) -> Iterator[Line]:
        """What was written since the last look. A file that was rotated away is left for the new one."""
        try:
            with self._path.open("rb") as file:
                size, inode = self._path.stat().st_size, self._path.stat().st_ino
                if inode != self._inode or size < self._offset:
                    self._inode, self._offset, self._rest = inode, 0, b""
                file.seek(self._offset)
                read = file.read()
        except FileNotFoundError:
            return
        self._offset += len(read)
        *whole, self._rest = (self._rest + read).split(b"\n")
        for raw in whole:
            yield view.read_line(self._name, raw.decode(errors="replace"))
