"""The orders that something may still happen to, and what is derived from them: work to do, exposure, duplicates."""

from typing import Any

from tradewire.domain.orders import OPEN, RESERVING, Order, Status, evolve
from tradewire.messages.log import Event
from tradewire_risk.domain.duplicates import Duplicates, Key, key_of
from tradewire_risk.domain.exposure import Exposures, alike
from tradewire_risk.domain.funds import Funds
from tradewire_risk.domain.portfolio import Portfolios
from tradewire_risk.domain.resting import Resting

_PREFIX = len("order-")
_AT_BROKER = frozenset({Status.WORKING, Status.PARTIALLY_FILLED})


class OpenOrders:
    """Every open order by its id. `requested` and `waiting` (approved or held) keep the order of the log."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.requested: dict[str, str] = {}
        """Orders to decide, each with the id of the event that asks for it."""
        self.replacing: dict[str, str] = {}
        """Working orders of which new terms are to be decided, each with the id of the newest event."""
        self.waiting: dict[str, None] = {}
        self.exposures = Exposures()
        self.portfolios = Portfolios()
        self.funds = Funds()
        self.resting = Resting()
        self.duplicates = Duplicates()
        self.keys: dict[str, Key] = {}

    def fold(self, event: Event, data: Any, window: int) -> None:
        """Folds one event of an order's stream; `window` (µs) is how far back duplicates are kept.

        An order that ended is dropped. What a broker says of it later changes an account's book and nothing here.

        Raises:
            TransitionError: the log contradicts itself.
        """
        order_id = event.stream[_PREFIX:]
        before = self.orders.get(order_id)
        if before is None:
            if event.type != "OrderRequested":
                return
            after = evolve(None, event, data)
            self.keys[order_id] = key_of(after)
        else:
            after = evolve(before, event, data)
        self._count(before, after, event, data)
        status = after.status
        if status not in OPEN:
            self._end(order_id, after)
            return
        self.orders[order_id] = after
        if after.replacing is not None and after.replacing.stage == "requested" and status in _AT_BROKER:
            self.replacing[order_id] = event.event_id
        else:
            self.replacing.pop(order_id, None)
        if before is None or before.status is not status:
            self._place(order_id, after, event, window)

    def _count(self, before: Order | None, after: Order, event: Event, data: Any) -> None:
        self.follow_money(before, after, event, data)
        if before is not None and alike(before, after):
            return
        self.exposures.move(before, after)
        self.portfolios.move(before, after)
        if after.limit_price is None or after.side is None:
            return
        if after.status in RESERVING:
            self.resting.put((after.account, after.symbol), after.side, after.order, after.limit_price)
        else:
            self.resting.drop(after.order)

    def needed_since(self, account: str, pos: int) -> int:
        """After which position the log tells all that the account's money is and may yet be taken for."""
        unsent = (self.orders[order_id] for order_id in (*self.requested, *self.waiting))
        first = min((order.requested_pos for order in unsent if order.account == account), default=pos + 1) - 1
        return min(first, self.funds.of(account).since(pos))

    def follow_money(self, before: Order | None, after: Order, event: Event, data: Any) -> None:
        """Follows what an order takes from the account's money, and brings in."""
        fund = self.funds.of(after.account)
        fund.follow(before, after, event.pos)
        if event.type == "OrderFilled":
            fund.sell(after, data.quantity, event.pos)

    def _place(self, order_id: str, order: Order, event: Event, window: int) -> None:
        self.requested.pop(order_id, None)
        self.waiting.pop(order_id, None)
        if order.status is Status.REQUESTED and not order.parent:  # an exit goes with its entry, which is decided
            self.requested[order_id] = event.event_id
        elif order.status is Status.APPROVED:
            self.waiting[order_id] = None
            self.duplicates.approved(self.keys[order_id], order, event.time - window)
        elif order.status is Status.HELD:
            self.waiting[order_id] = None

    def _end(self, order_id: str, order: Order) -> None:
        key = self.keys.pop(order_id)
        if not order.filled:
            self.duplicates.ended_unfilled(key, order_id)
        del self.orders[order_id]
        self.requested.pop(order_id, None)
        self.waiting.pop(order_id, None)
        self.replacing.pop(order_id, None)
