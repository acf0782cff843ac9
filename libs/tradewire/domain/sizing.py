"""What a plug-in for sizes is told, and what it answers: the contract of the entry-point group `tradewire.sizing`.

A plug-in is a pure function. The same facts give the same answer, it does no I/O, and it reads no clock. Money is
Decimal; amounts and `price` are in the account's currency, bars and the prices in `terms` in the symbol's, and `rate`
is what one unit of that is worth in the account's. None is not known. To refuse, raise ValueError with the reason.
"""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import Side, SizeTerms

GROUP = "tradewire.sizing"
"""The entry-point group in which a package names its plug-ins."""


class SizingFacts(Struct, frozen=True, kw_only=True):
    """One order that is to be sized. `value` and `terms` are the signal's; `bars` are daily, oldest first.

    `side` is the one that the order will have. `position` is signed, `buys` and `sells` are what working orders may
    still trade, `step` is the smallest quantity that is dealt in, and `now` the decision's time in microseconds.
    """

    strategy: str
    account: str
    currency: str
    symbol: str
    action: str
    side: Side | None
    value: Decimal
    terms: SizeTerms
    price: Decimal | None
    rate: Decimal | None
    equity: Decimal | None
    unrealized: Decimal | None
    position: Decimal
    buys: Decimal
    sells: Decimal
    step: Decimal
    bars: tuple[Bar, ...]
    now: int


class SizingResult(Struct, frozen=True):
    """A quantity from zero up, which is then rounded down, and the figures that it comes from: names and texts."""

    quantity: Decimal
    working: tuple[tuple[str, str], ...] = ()


Sizer = Callable[[SizingFacts], SizingResult]
