"""A group of commands whose first one is meant when no other is named: `account paper` is `account show paper`."""

from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

_HELP = frozenset({"-h", "--help"})


class FirstWord(TyperGroup):
    """Takes a first word that is no command for an argument of the command that was added first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the first command in front where none is named."""
        return super().parse_args(ctx, [*self._meant(args), *args])

    def _meant(self, args: Sequence[str]) -> list[str]:
        first = next(iter(self.commands))
        return [] if args and (args[0] in self.commands or args[0] in _HELP) else [first]
