"""What an account can still buy: the broker's figure, less what it could not know of when it was asked.

An approval takes its cost off at once, and the end of an order gives back what was not filled. What a fill took stays
off until a report that was asked for after the fill; what a sale of holdings brought in counts until then too.
"""

from collections import deque
from decimal import Decimal

from tradewire.domain.exact import ZERO, add, multiply, share, subtract
from tradewire.domain.orders import RESERVING, Order
from tradewire.messages.account_events import BalancesReported


class Fund:
    """One account's money. `spent` is what the last report does not know of."""

    def __init__(self) -> None:
        self.report: BalancesReported | None = None
        self.spent = ZERO
        self._orders: dict[str, tuple[Decimal, int]] = {}
        """By order: what it takes, and the position at which the broker is known to have had it (0: not yet)."""
        self._requested: dict[str, int] = {}
        self._sales: deque[tuple[int, Decimal]] = deque()

    @property
    def available(self) -> Decimal | None:
        """What new orders may cost; None while no broker has said anything."""
        return None if self.report is None else subtract(self.report.buying_power, self.spent)

    def since(self, pos: int) -> int:
        """After which position events tell all that is counted here; `pos` is where the log is."""
        first = min(self._requested.values(), default=pos + 1) - 1
        return min(first, self._sales[0][0] - 1) if self._sales else first

    def follow(self, before: Order | None, after: Order, pos: int) -> None:
        """Follows an order from one state to the next, by the event at position `pos`."""
        holds = after.status in RESERVING
        if before is None or before.status not in RESERVING:
            if holds and after.cost:
                self._orders[after.order] = (after.cost, 0)
                self._requested[after.order] = after.requested_pos
                self.spent = add(self.spent, after.cost)
            return
        known = self._orders.get(after.order)
        if known is None:
            return
        cost, known_pos = known
        if holds and after.cost != before.cost:  # other terms were approved, or came to nothing
            more = subtract(after.cost or ZERO, before.cost or ZERO)
            cost, known_pos = add(cost, more), 0
            self.spent = add(self.spent, more)
        if not known_pos and after.broker_order_id is not None:
            known_pos = pos
        if not holds and after.quantity:
            left = share(after.cost or ZERO, min(after.filled, after.quantity), after.quantity)
            self.spent = subtract(self.spent, subtract(cost, left))
            cost, known_pos = left, known_pos or pos
        if cost:
            self._orders[after.order] = (cost, known_pos)
        else:
            del self._orders[after.order], self._requested[after.order]

    def sell(self, order: Order, quantity: Decimal, pos: int) -> None:
        """Counts what a sale brought in, where the order took nothing: it sold what was held."""
        if order.side != "sell" or order.cost or order.unit_value is None:
            return
        worth = multiply(quantity, order.unit_value)
        self._sales.append((pos, worth))
        self.spent = subtract(self.spent, worth)

    def hear(self, report: BalancesReported) -> None:
        """Takes the broker's figure, which includes all that the broker had before it was asked."""
        self.report = report
        pos = report.state_pos
        for order, (cost, known_pos) in list(self._orders.items()):
            if known_pos and known_pos <= pos:
                del self._orders[order], self._requested[order]
                self.spent = subtract(self.spent, cost)
        while self._sales and self._sales[0][0] <= pos:
            self.spent = add(self.spent, self._sales.popleft()[1])


class Funds:
    """Every account's money."""

    def __init__(self) -> None:
        self._accounts: dict[str, Fund] = {}

    def of(self, account: str) -> Fund:
        """An account's money; it must be changed by folding alone."""
        found = self._accounts.get(account)
        if found is None:
            found = self._accounts[account] = Fund()
        return found
