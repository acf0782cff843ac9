"""Unknown outcomes: the broker is asked until it has given proof, and nothing is guessed (DESIGN §2, `brokers.md` §4).

Found means adopted. Absent counts only when every source has answered so over the whole grace period; then the attempt
is recorded as never arrived, and risk decides about a new one. No answer means asking on.
"""

import asyncio

from tradewire import ids
from tradewire.append import Appender
from tradewire.domain.orders import Order, Status
from tradewire.lease import Lease
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderSubmitNeverArrived, OrderSubmitUnknown, OrderUnknownResolved
from tradewire.messages.registry import new_event
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import fact, filled, from_lookup
from tradewire_router.facts import Facts
from tradewire_router.submit import Submitter

_ASK_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
_ALERT_SECONDS = 30.0


class Resolver:
    """Asks about every order that was sent and of which the log shows no outcome."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        submitter: Submitter,
        lease: Lease,
        log: Log,
        *,
        grace_seconds: float,
    ) -> None:
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._submitter, self._lease, self._log, self._grace = submitter, lease, log, grace_seconds
        self._asking: dict[str, asyncio.Task[None]] = {}

    def step(self) -> None:
        """Begins to ask about what is not asked about yet."""
        for order in self._state.unanswered():
            if (order.order, order.attempt) in self._submitter.in_hand or order.order in self._asking:
                continue
            task = asyncio.get_running_loop().create_task(self._resolve(order.order))
            self._asking[order.order] = task
            task.add_done_callback(lambda _, key=order.order: self._asking.pop(key, None))  # type: ignore[misc]

    async def stop(self) -> None:
        """Stops asking; the next holder of the lease goes on."""
        tasks = tuple(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> bool:
        """True while anything is asked about."""
        return bool(self._asking)

    def _current(self, order_id: str) -> Order | None:
        order = self._state.find(order_id)
        return order if order and order.status in {Status.SUBMITTING, Status.UNKNOWN} else None

    async def _resolve(self, order_id: str) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        alerted = started
        absent_since = 0.0
        turn = 0
        self._say_unknown(order_id)
        while (order := self._current(order_id)) is not None:
            lookup = await self._broker.find_order(order.client_order_id or "", order.symbol)
            if isinstance(lookup, Found):
                await self._adopt(order, lookup)
                await self._facts.drained()
                absent_since = 0.0
            elif isinstance(lookup, Absent) and await self._absent_everywhere(order):
                absent_since = absent_since or loop.time()
                if loop.time() - absent_since >= self._grace:
                    await self._never_arrived(order)
            else:
                absent_since = 0.0
            if loop.time() - alerted > _ALERT_SECONDS:
                alerted = loop.time()
                self._log.error(
                    "an order is still unknown",
                    order=order.order,
                    signal=order.signal,
                    seconds=round(loop.time() - started),
                    answer=str(lookup),
                )
            await asyncio.sleep(min(_ASK_SECONDS[min(turn, len(_ASK_SECONDS) - 1)], max(self._grace / 4, 0.05)))
            turn += 1

    def _say_unknown(self, order_id: str) -> None:
        order = self._current(order_id)
        if order is None or order.status is not Status.SUBMITTING:
            return
        data = OrderSubmitUnknown(
            order=order.order,
            attempt=order.attempt,
            client_order_id=order.client_order_id or "",
            reason="a submit was started, and the log shows no outcome",
        )
        event_id = ids.decision_uuid(order.order, "OrderSubmitUnknown", order.attempt)
        self._facts.add([fact(order, event_id, data, self._submitter.teller().now)])

    async def _adopt(self, order: Order, found: Found) -> None:
        """Records what the broker has; its executions first, so that a filled order is not open for a moment."""
        teller = self._submitter.teller()
        resolved = OrderUnknownResolved(
            order=order.order,
            attempt=order.attempt,
            client_order_id=order.client_order_id or "",
            outcome="found",
            evidence=f"{self._broker.id} has it as {found.order.broker_order_id}, {found.order.status}",
        )
        event_id = ids.decision_uuid(order.order, "OrderUnknownResolved", order.attempt)
        events = [fact(order, event_id, resolved, teller.now)]
        if found.order.filled_quantity > order.filled:
            try:
                executions, _ = await self._broker.executions_since(None)
            except BrokerError:
                return  # asked again in a moment
            events += [
                filled(teller, order, execution, "lookup", "lookup")
                for execution in executions
                if execution.client_order_id == order.client_order_id
            ]
        self._facts.add(events + from_lookup(teller, order, found.order))

    async def _absent_everywhere(self, order: Order) -> bool:
        try:
            working = await self._broker.open_orders()
            executions, _ = await self._broker.executions_since(None)
        except BrokerError:
            return False
        client_order_id = order.client_order_id
        return not any(o.client_order_id == client_order_id for o in working) and not any(
            e.client_order_id == client_order_id for e in executions
        )

    async def _never_arrived(self, order: Order) -> None:
        data = OrderSubmitNeverArrived(
            order=order.order,
            attempt=order.attempt,
            client_order_id=order.client_order_id or "",
            evidence=f"{self._broker.id}: no order, no open order and no execution by that id over {self._grace:g} s",
        )
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, "OrderSubmitNeverArrived", order.attempt),
            data,
            time=self._submitter.teller().now,
            correlation=order.signal,
        )
        result = (await self._appender.append([Command((event,))], self._lease.fence))[0]
        self._log.warning(
            "a submit never arrived", order=order.order, signal=order.signal, attempt=order.attempt, code=result.code
        )
