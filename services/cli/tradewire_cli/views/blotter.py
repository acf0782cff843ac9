"""The demo's last page: what became of every signal, what is held, what it brought, and whether the log holds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tradewire.domain.orders import Order, Status
from tradewire.messages.answers import FillRow, PositionRow
from tradewire_cli.demo.blotter import Blotter
from tradewire_cli.demo.play import Played
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table

_ZERO: Final = Decimal(0)


class _Refusals(Struct, frozen=True):
    who: str
    reason: str
    count: int
    example: str


class _Line(Struct, frozen=True):
    """A symbol: its position, and what was traded."""

    position: PositionRow
    bought: Decimal
    sold: Decimal


def blotter(played: Played, starting_cash: Decimal, width: int) -> RenderableType:
    """The whole page for a terminal of so many columns."""
    width = min(width, 120)
    found = played.blotter
    parts: list[RenderableType] = [
        Text(),
        *_section("What was played", _played(played), width),
        *_section("From signals to fills", _funnel(found), width),
        *_section("Why not", _refusals(found, width), width),
        *_section("Positions, at the last prices", _positions(found, width), width),
        *_section("Account", _account(found, starting_cash), width),
        *_section("On the record", _record(found), width),
    ]
    return Group(*parts)
