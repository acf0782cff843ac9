"""A wish to close all that an account holds: how long it stands, what is left of it, and which orders close."""

from decimal import Decimal
from typing import Any, Final

from tradewire.domain.exact import ZERO, add, negate, subtract
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Side

STRATEGY: Final = "flatten"
"""The strategy of the orders that close what a person wants closed."""
STANDS_MICROS: Final = 900_000_000
"""How long (µs) after a wish closes are asked for: fifteen minutes."""
TRADES: Final = frozenset({"OrderFilled", "FillCorrected", "FillBusted", "ExternalFillBooked"})
"""The events that tell of executions."""
_MOST_CHARACTERS: Final = 128


def signal_id(request: str) -> str:
    """What the closes of a wish are called, after the request that it came with."""
    return f"{STRATEGY}-{request}"[:_MOST_CHARACTERS]


def is_close(order: Order) -> bool:
    """True for an order that risk asked for because of a wish: it is signed by the person, as no strategy can."""
    return order.strategy == STRATEGY and order.identity.startswith("person:")


class Since:
    """What was traded in an account since a wish, by the events after it.

    What was held at the wish is what is held now less that. Orders of before the wish are no part of it: an entry that
    fills before its cancel is closed too.
    """

    def __init__(self) -> None:
        self._orders: set[str] = set()
        self._traded: dict[tuple[str, Side], Decimal] = {}

    def fold(self, kind: str, data: Any) -> None:
        """Folds an event of the account, by its type: an OrderRequested or one of TRADES."""
        if kind == "OrderRequested":
            self._orders.add(data.order)
            return
        order = getattr(data, "order", "")
        if order and order not in self._orders:
            return
        quantity = data.quantity
        if kind == "FillBusted":
            quantity = negate(quantity)
        elif kind == "FillCorrected":
            quantity = subtract(quantity, data.old_quantity)
        self._traded[data.symbol, data.side] = add(self._of(data.symbol, data.side), quantity)

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that were traded since the wish."""
        return frozenset(symbol for symbol, _ in self._traded)

    def held(self, symbol: str, position: Decimal) -> Decimal:
        """What was held at the wish, signed, by what is held now."""
        return add(subtract(position, self._of(symbol, "buy")), self._of(symbol, "sell"))

    def left(self, symbol: str, position: Decimal) -> Decimal:
        """How much of what was held at the wish is still to be closed; what came later is not."""
        if self.held(symbol, position) > 0:
            return max(subtract(position, self._of(symbol, "buy")), ZERO)
        return max(subtract(negate(position), self._of(symbol, "sell")), ZERO)

    def _of(self, symbol: str, side: Side) -> Decimal:
        return self._traded.get((symbol, side), ZERO)
