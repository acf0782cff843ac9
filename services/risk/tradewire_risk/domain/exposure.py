"""What the orders of an account may still do to a symbol: sums that change with each event, never counted anew."""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, negate, subtract
from tradewire.domain.orders import RESERVING, Order, Status
from tradewire.messages.vocabulary import Side

Place = tuple[str, str]
"""An account and a symbol."""


class Exposure(Struct, gc=False):
    """Quantities that approved and sent orders may still buy and sell, and how many orders those are.

    Approval reserves, a fill moves quantity from here into the position, an end frees the rest; Unknown keeps it.
    """

    buys: Decimal = ZERO
    sells: Decimal = ZERO
    open: int = 0
    unknown: int = 0

    def on(self, side: Side) -> Decimal:
        """The quantity that one side may still trade."""
        return self.buys if side == "buy" else self.sells


NO_EXPOSURE = Exposure()


def alike(before: Order, after: Order) -> bool:
    """Says whether two states of an order reserve the same: most events of a working order change nothing here."""
    return (
        before.filled == after.filled
        and before.quantity == after.quantity
        and before.limit_price == after.limit_price
        and before.unit_value == after.unit_value
        and before.instead_of == after.instead_of
        and (before.status in RESERVING) == (after.status in RESERVING)
        and (before.status is Status.UNKNOWN) == (after.status is Status.UNKNOWN)
    )


class Exposures:
    """Exposure by account and symbol. A place at which nothing is reserved has no entry."""

    def __init__(self) -> None:
        self._places: dict[Place, Exposure] = {}

    def __len__(self) -> int:
        return len(self._places)

    def at(self, place: Place) -> Exposure:
        """The exposure of a place; it must not be changed."""
        return self._places.get(place, NO_EXPOSURE)

    def reserve(self, place: Place, side: Side, quantity: Decimal) -> None:
        """Adds an order that was approved."""
        exposure = self._places.setdefault(place, Exposure())
        exposure.open += 1
        if side == "buy":
            exposure.buys = add(exposure.buys, quantity)
        else:
            exposure.sells = add(exposure.sells, quantity)

    def release(self, place: Place, side: Side, quantity: Decimal) -> None:
        """The opposite of `reserve`."""
        self.reserve(place, side, negate(quantity))
        self._places[place].open -= 2

    def move(self, before: Order | None, after: Order) -> None:
        """Follows an order from one state to the next."""
        held = before is not None and before.status in RESERVING
        holds = after.status in RESERVING
        if not held and not holds:
            return
        place = (after.account, after.symbol)
        exposure = self._places.setdefault(place, Exposure())
        if before is not None and held:
            _count(exposure, before, -1)
            if before.side == "buy":
                exposure.buys = subtract(exposure.buys, leaves_of(before))
            else:
                exposure.sells = subtract(exposure.sells, leaves_of(before))
        if holds:
            _count(exposure, after, 1)
            if after.side == "buy":
                exposure.buys = add(exposure.buys, leaves_of(after))
            else:
                exposure.sells = add(exposure.sells, leaves_of(after))
        elif not exposure.open:
            del self._places[place]


def leaves_of(order: Order) -> Decimal:
    """What an order may still trade: of two exits of which the broker lets one fill, only the first counts."""
    return ZERO if order.instead_of else order.leaves


def _count(exposure: Exposure, order: Order, by: int) -> None:
    exposure.open += by
    if order.status is Status.UNKNOWN:
        exposure.unknown += by


class Overlay:
    """Exposures as they would be if everything that was approved in one batch were in the log already."""

    def __init__(self, under: Exposures) -> None:
        self._under, self._over = under, Exposures()

    def release(self, place: Place, side: Side, quantity: Decimal) -> None:
        """Takes a working order away."""
        self._over.release(place, side, quantity)

    def at(self, place: Place) -> Exposure:
        """The exposure of a place."""
        below = self._under.at(place)
        if not len(self._over):
            return below
        above = self._over.at(place)
        if not above.open:
            return below
        return Exposure(
            add(below.buys, above.buys), add(below.sells, above.sells), below.open + above.open, below.unknown
        )

    def reserve(self, place: Place, side: Side, quantity: Decimal) -> None:
        """Adds an order that this batch approves."""
        self._over.reserve(place, side, quantity)
