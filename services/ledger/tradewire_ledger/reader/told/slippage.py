"""What a fill cost beyond the price that its order was approved at. No I/O."""

from collections import OrderedDict
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from tradewire.domain.exact import ZERO, multiply, ratio, subtract
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import QuoteUsed, Side

MOST_PRICES: Final = 20_000
"""Of so many orders the price of approval is remembered; of an older one it is read from the log again."""


class _Approval(Struct):
    symbol: str
    price: Decimal | None = None
    quotes: tuple[QuoteUsed, ...] = ()


_decode = msgspec.json.Decoder(_Approval).decode


def price_of(approval: bytes) -> Decimal | None:
    """The price at which the market would have taken the order when it was approved; None where there was none."""
    found = _decode(approval)
    return next((quote.price for quote in found.quotes if quote.symbol == found.symbol), found.price)


def price_of_exit(order: Order) -> Decimal | None:
    """What an exit without an approval of its own is measured at: the price at which it was to be sent."""
    return (order.stop_price or order.limit_price) if order.parent else None


class Slip(Struct, frozen=True):
    """`part` is of the price of approval, `cost` in the currency that the symbol is paid in; both may be negative."""

    part: Decimal
    cost: Decimal


def slip(side: Side, quantity: Decimal, price: Decimal, approved: Decimal, multiplier: Decimal) -> Slip | None:
    """How much worse than at its approval a fill was: dearer for a buyer, cheaper for a seller."""
    if approved <= ZERO:
        return None
    worse = subtract(price, approved) if side == "buy" else subtract(approved, price)
    return Slip(ratio(worse, approved), multiply(multiply(worse, quantity), multiplier))


class Prices:
    """The prices of approval by order, the oldest of which are forgotten."""

    def __init__(self, most: int = MOST_PRICES) -> None:
        self._most = most
        self._known: OrderedDict[str, Decimal | None] = OrderedDict()

    def keep(self, order: str, price: Decimal | None) -> None:
        """Remembers the price of an order."""
        self._known[order] = price
        self._known.move_to_end(order)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def get(self, order: str) -> Decimal | None:
        """The price, where it is known."""
        return self._known.get(order)

    def missing(self, orders: set[str]) -> list[str]:
        """Those of which the log must be asked."""
        return sorted(order for order in orders if order not in self._known)
