"""Whether an order is nowhere at the broker: what each source beside the question by its name says (`brokers.md` §4).

A source that does not answer leaves the order unknown, and so does a holding that nothing on record explains.
"""

from collections.abc import Iterable, Sequence

from tradewire.domain.exact import ZERO
from tradewire.domain.orders import Order
from tradewire.runtime.logs import Log, about
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.comparison import unexplained
from tradewire_router.domain.state import RouterState

MARGIN_MICROSECONDS = 60_000_000
"""By how much the broker's clock may be behind ours."""
SOURCES = "no order by that id, no open or closed order, no execution, and a holding that is explained"


class Absence:
    """Asks the sources of one account."""

    def __init__(self, state: RouterState, broker: Broker, log: Log) -> None:
        self._state, self._broker, self._log = state, broker, log

    async def among_open(self, orders: Sequence[Order], executions: Sequence[Execution] | None) -> set[str]:
        """Those of which neither the open orders nor the executions know; none when a source did not answer."""
        if executions is None:
            return set()
        try:
            working = await self._broker.open_orders()
        except BrokerError:
            return set()
        there = {told.client_order_id for told in working} | {e.client_order_id for e in executions}
        return _unnamed(orders, there)

    async def among_all(self, orders: Sequence[Order]) -> set[str]:
        """Those of which the closed orders do not know either, and whose symbols are held as the log explains.

        This is the last question before an order counts as never arrived, because it is a long one.
        """
        since = {order.order: self._state.started_at.get(order.order, order.requested_at) for order in orders}
        try:
            listed = await self._broker.orders_since(min(since.values()) - MARGIN_MICROSECONDS)
            nowhere = _unnamed(orders, {told.client_order_id for told in listed})
            self._doubt((each for each in orders if each.order not in nowhere), "its broker lists it")
            held = {each.symbol: each.quantity for each in await self._broker.positions()} if nowhere else {}
        except BrokerError as error:
            self._doubt(orders, str(error))
            return set()
        for order in [each for each in orders if each.order in nowhere]:
            changed = unexplained(self._state, order.symbol, held.get(order.symbol, ZERO), since[order.order])
            if changed:
                self._doubt([order], changed)
                nowhere.discard(order.order)
        return nowhere

    def _doubt(self, orders: Iterable[Order], why: str) -> None:
        for order in orders:
            self._log.warning("it is not proven that a submit never arrived", why=why, **about(order))


def _unnamed(orders: Iterable[Order], names: set[str]) -> set[str]:
    """Those that go by none of these client order ids, and whose entries do not either."""
    return {order.order for order in orders if not {order.client_order_id or "", order.head} & (names - {""})}
