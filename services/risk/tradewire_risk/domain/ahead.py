"""What one batch has approved so far: reserved as if it were in the log already, and thrown away with the batch."""

from decimal import Decimal

from tradewire.domain.exact import ZERO, share, subtract
from tradewire.domain.flattening import is_close
from tradewire.domain.orders import Order
from tradewire.messages.order_events import OrderApproved
from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.check_input import NOTHING_AHEAD, Ahead
from tradewire_risk.domain.duplicates import Key, Seen, key_of
from tradewire_risk.domain.exposure import Overlay, leaves_of
from tradewire_risk.domain.open_orders import OpenOrders
from tradewire_risk.domain.portfolio import Portfolio
from tradewire_risk.domain.resting import Resting


class Reserved:
    """The log's open orders, with those of the batch."""

    def __init__(self, orders: OpenOrders) -> None:
        self._orders = orders
        self.exposures = Overlay(orders.exposures)
        self._seen: dict[Key, Seen] = {}
        self._portfolios: dict[str, Portfolio] = {}
        self._spent: dict[str, Decimal] = {}
        self._limited = Resting()
        self._strategies: dict[tuple[str, str], int] = {}
        self._accounts: dict[str, int] = {}
        self._entered: set[tuple[str, str, str]] = set()

    def portfolio(self, account: str) -> Portfolio:
        """An account's portfolio."""
        return self._portfolios.get(account) or self._orders.portfolios.of(account)

    def available(self, account: str) -> Decimal | None:
        """What new orders of an account may cost; None while no broker has said anything."""
        found = self._orders.funds.of(account).available
        return None if found is None else subtract(found, self._spent.get(account, ZERO))

    def counts(self, order: Order) -> Ahead:
        """How many orders of the same strategy and account the batch has approved."""
        if not self._accounts:
            return NOTHING_AHEAD
        return Ahead(
            self._strategies.get((order.account, order.strategy), 0),
            self._accounts.get(order.account, 0),
            (order.account, order.strategy, order.symbol) in self._entered,
        )

    def duplicate_age(self, order: Order) -> int | None:
        """How long (µs) before this order an equal one was requested, if one was."""
        key = self._key(order)
        seen = self._seen.get(key)
        if seen is None or seen.signal == order.signal:
            seen = self._orders.duplicates.find(key, order.signal)
        return None if seen is None else order.requested_at - seen.requested_at

    def _key(self, order: Order) -> Key:
        """The key that an order is kept under, or would be if it were requested."""
        known = self._orders.keys.get(order.order)
        return key_of(order) if known is None else known

    def crossing(self, order: Order, side: Side, worst: Decimal | None) -> str:
        """The id of a working or approved limit order that would trade with this one at prices up to `worst`."""
        if worst is None:
            return ""
        place = (order.account, order.symbol)
        found = self._orders.resting.crossing(place, side, worst, order.order)
        return found or self._limited.crossing(place, side, worst, order.order)

    def release(self, order: Order) -> None:
        """Takes a working order away, so that new terms for it are measured in its place."""
        if order.side is None:
            return
        account = order.account
        self.exposures.release((account, order.symbol), order.side, leaves_of(order))
        portfolio = self._portfolios[account] = self._orders.portfolios.of(account).copy()
        portfolio.take_order(order)
        left = share(order.cost or ZERO, order.leaves, order.quantity) if order.quantity else ZERO
        self._spent[account] = subtract(self._spent.get(account, ZERO), left)

    def approve(self, order: Order, approved: OrderApproved, value: Decimal) -> None:
        """Counts an order that this batch approves."""
        account, place = order.account, (order.account, order.symbol)
        self.exposures.reserve(place, approved.side, approved.quantity)
        self._seen[self._key(order)] = Seen(order.requested_at, order.order, order.signal)
        portfolio = self._portfolios.get(account)
        if portfolio is None:
            portfolio = self._portfolios[account] = self._orders.portfolios.of(account).copy()
        portfolio.add_order(order.symbol, approved.side, value, entering=not approved.reduce_only)
        if approved.cost:
            self._spent[account] = self._spent.get(account, ZERO) + approved.cost
        if approved.limit_price is not None:
            self._limited.put(place, approved.side, order.order, approved.limit_price)
        if is_close(order):
            return
        strategy = (account, order.strategy)
        self._strategies[strategy] = self._strategies.get(strategy, 0) + 1
        self._accounts[account] = self._accounts.get(account, 0) + 1
        if not approved.reduce_only:
            self._entered.add((account, order.strategy, order.symbol))
