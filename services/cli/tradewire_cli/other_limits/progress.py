"""How far the reading of the log is, on standard error, once that takes long."""

import sys
import time
from typing import Final

from rich.console import Console
from rich.status import Status

QUIET_SECONDS: Final = 2.0
_LINE_SECONDS: Final = 5.0
_LOOK_EVERY: Final = 100


class SlowProgress:
    """Says nothing for two seconds; then a line that is kept true on a terminal, and elsewhere one now and then."""

    def __init__(self, console: Console | None = None, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._began = self._said = time.monotonic()
        self._console, self._quiet_seconds = console or Console(file=sys.stderr), quiet_seconds
        self._status: Status | None = None

    def at(self, pos: int, head: int) -> None:
        """Tells that the log is read up to a position."""
        if pos % _LOOK_EVERY:
            return
        now = time.monotonic()
        if now - self._began < self._quiet_seconds:
            return
        says = f"replayed {pos:,} of {head:,} positions"
        if self._console.is_terminal:
            if self._status is None:
                self._status = self._console.status(says)
                self._status.start()
            self._status.update(says)
        elif self._said == self._began or now - self._said >= _LINE_SECONDS:
            self._said = now
            self._console.print(says, highlight=False)

    def stop(self) -> None:
        """Takes the line away."""
        if self._status is not None:
            self._status.stop()
