"""Canceling: what somebody wants gone, and all that a KILL covers, until the broker says that it works no more."""

import asyncio

from tradewire import faults, ids
from tradewire.append import Appender
from tradewire.domain.orders import Order
from tradewire.lease import Lease
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderCancelStarted
from tradewire.messages.registry import new_event
from tradewire.runtime.logs import Log
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Found
from tradewire_router.brokers.values import OrderRef
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import from_lookup
from tradewire_router.facts import Facts
from tradewire_router.submit import Submitter

AGAIN_SECONDS = 5.0


class Canceler:
    """Asks the broker to cancel, records that it does, and asks again while an order still works."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        submitter: Submitter,
        lease: Lease,
        log: Log,
    ) -> None:
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._submitter, self._lease, self._log = submitter, lease, log
        self._asked: dict[str, float] = {}

    async def step(self) -> bool:
        """Starts the cancels that are due; returns False when there were none."""
        now = asyncio.get_running_loop().time()
        due = [
            order
            for order in self._state.to_cancel()
            if now - self._asked.get(order.order, -AGAIN_SECONDS) >= AGAIN_SECONDS
        ]
        for order_id in [o for o in self._asked if o not in self._state.orders]:
            del self._asked[order_id]
        if not due:
            return False
        for order in due:
            self._asked[order.order] = now
        results = await self._appender.append([self._command(order) for order in due], self._lease.fence)
        started = [order for order, result in zip(due, results, strict=True) if result.code == "appended"]
        for order, result in zip(due, results, strict=True):
            if not result.stored:
                self._asked.pop(order.order, None)
        await asyncio.gather(*(self._cancel(order) for order in started))
        return True

    def _command(self, order: Order) -> Command:
        ordinal = order.cancels_started
        data = OrderCancelStarted(
            order=order.order, client_order_id=order.client_order_id or "", epoch=self._lease.epoch, ordinal=ordinal
        )
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, "OrderCancelStarted", order.attempt, ordinal),
            data,
            time=self._submitter.teller().now,
            correlation=order.signal,
        )
        return Command((event,))

    async def _cancel(self, order: Order) -> None:
        faults.point("router.before_cancel")
        client_order_id = order.client_order_id or ""
        answer = await self._broker.cancel(OrderRef(client_order_id, order.broker_order_id, order.symbol))
        if answer.outcome == "requested":
            return
        lookup = await self._broker.find_order(client_order_id, order.symbol)
        if isinstance(lookup, Found):
            self._facts.add(from_lookup(self._submitter.teller(), order, lookup.order))
        self._log.warning(
            "a cancel was not taken", outcome=answer.outcome, error=str(answer.error or ""), order=order.order,
            signal=order.signal,
        )  # fmt: skip
