"""What became of a wish to close an account: of each symbol what was held, what is closed, what remains, and why."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table


class Row(Struct, frozen=True):
    """A symbol: what was held at the wish, signed, and how much of it is closed and remains. `why` says what goes on.

    It is `settled` when nothing more will happen to it as things stand.
    """

    symbol: str
    held: Decimal
    closed: Decimal
    remaining: Decimal
    why: str = ""
    settled: bool = False


def line(row: Row) -> str:
    """A symbol in one line, while it is followed."""
    done = f"{text.quantity(row.closed)} of {text.quantity(row.held.copy_abs())} closed"
    return f"{row.symbol}: {done}{'; ' if row.why else ''}{row.why}"


def symbols(rows: Sequence[Row], width: int) -> Table:
    """The table of what was held."""
    columns: list[Column[Row]] = [
        Column("symbol", lambda r: Text(r.symbol, "bold")),
        Column("held", lambda r: text.quantity(r.held), right=True),
        Column("closed", lambda r: text.quantity(r.closed), right=True),
        Column("remaining", lambda r: Text(text.quantity(r.remaining), "red" if r.remaining else ""), right=True),
        Column("why", lambda r: r.why, fold=True),
    ]
    return table(rows, columns, width)
