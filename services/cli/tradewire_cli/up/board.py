"""What `tradewire up` shows: one line a process while it starts, a table when all run, and a line for every event."""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from tradewire_cli.engines.logs import RotatedLog


class Board:
    """Writes to the console and to `up.log`. A console that has gone away is no reason to stop trading."""

    def __init__(self, console: Console, log: RotatedLog) -> None:
        self._console, self._log = console, log
        self._doing: dict[str, str] = {}
        self._live: Live | None = None

    @contextlib.contextmanager
    def progress(self) -> Iterator[None]:
        """While inside, a terminal shows the processes' lines in place; elsewhere each change is a line."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, auto_refresh=False) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def doing(self, name: str, what: str) -> None:
        """Says what a process is doing."""
        if self._doing.get(name) == what:
            return
        self._doing[name] = what
        self._log.write(f"{_now()} {name}: {what}\n".encode())
        with contextlib.suppress(OSError):
            if self._live is not None:
                self._live.update(self._lines(), refresh=True)
            else:
                self._console.print(f"{name:<12} {what}", markup=False, highlight=False, soft_wrap=True)

    def line(self, text: str) -> None:
        """Says something that concerns no process, or all."""
        self._log.write(f"{_now()} {text}\n".encode())
        with contextlib.suppress(OSError):
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def table(self, rows: Sequence[tuple[str, str, str, str]]) -> None:
        """Shows what runs where: name, pid, address, log."""
        table = Table(box=None, pad_edge=False)
        for title in ("process", "pid", "where", "log"):
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        with contextlib.suppress(OSError):
            self._console.print(table)

    def _lines(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, what in self._doing.items():
            table.add_row(escape(name), escape(what))
        return table


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
