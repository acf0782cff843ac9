"""From what was asked to a side and a quantity."""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, subtract
from tradewire.domain.orders import Order
from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.exposure import Exposure


class Sized(Struct, frozen=True, gc=False):
    """An order's side and quantity, as far as they are known. `closable`: what is held and not yet being closed.

    `exit` is a reduce-only order that closes no more than that.
    """

    side: Side | None
    quantity: Decimal | None
    reduce_only: bool
    closable: Decimal
    exit: bool


def size(order: Order, position: Decimal, exposure: Exposure) -> Sized:
    """Sizes an order: buy and sell take its own quantity, close the whole position less what works to close it."""
    if order.action == "close":
        if not position:
            return Sized(None, None, reduce_only=True, closable=ZERO, exit=False)
        side = _closing(position)
        closable = _closable(position, side, exposure)
        found = closable > 0
        return Sized(side, closable if found else None, reduce_only=True, closable=closable, exit=found)
    if not order.reduce_only:
        return Sized(order.side, order.quantity, reduce_only=False, closable=ZERO, exit=False)
    closable = ZERO
    if position and order.side == _closing(position):
        closable = _closable(position, order.side, exposure)
    verified = order.quantity is not None and 0 < order.quantity <= closable
    return Sized(order.side, order.quantity, reduce_only=True, closable=closable, exit=verified)


def _closing(position: Decimal) -> Side:
    return "sell" if position > 0 else "buy"


def _closable(position: Decimal, side: Side, exposure: Exposure) -> Decimal:
    left = subtract(position.copy_abs(), exposure.on(side))
    return left if left > 0 else ZERO
