"""Unknown outcomes: the broker is asked until it has given proof, and nothing is guessed (DESIGN §2, `brokers.md` §4).

Found means adopted. Absent counts only when it was answered so over the whole grace period, and every other source has
then agreed; then the attempt is recorded as never arrived, and risk decides about a new one. No answer means asking on.
"""

import asyncio
from collections.abc import Callable, Sequence

from tradewire import ids
from tradewire.append import Appender
from tradewire.domain.orders import Order, Status
from tradewire.lease import Lease
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderSubmitNeverArrived, OrderSubmitUnknown, OrderUnknownResolved
from tradewire.messages.registry import new_event
from tradewire.runtime.logs import Log, about
from tradewire_router.absence import SOURCES, Absence
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.brokers.values import BrokerOrder, Cursor, Execution
from tradewire_router.domain.inquiries import Inquiries
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import fact, filled, from_lookup
from tradewire_router.facts import Facts
from tradewire_router.submit import Submitter


class Resolver:
    """Asks about every order that was sent, or may have been, and of which the log shows no outcome."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        appender: Appender,
        facts: Facts,
        submitter: Submitter,
        lease: Lease,
        log: Log,
        cursor: Callable[[], Cursor | None],
        *,
        grace_seconds: float,
    ) -> None:
        """`cursor` is up to where the broker's executions are booked: what an unknown order got lies after it."""
        self._state, self._broker, self._appender, self._facts = state, broker, appender, facts
        self._submitter, self._lease, self._log, self._cursor = submitter, lease, log, cursor
        self._grace = grace_seconds
        self._inquiries = Inquiries(grace_seconds)
        self._absence = Absence(state, broker, log)

    async def unsent(self) -> None:
        """Records what was begun here and never sent, for which nobody needs to be asked."""
        kept = self._submitter.unsent
        found = [(o, why) for o in self._state.unanswered() if (why := kept.get((o.order, o.attempt))) is not None]
        if found:
            await self._never_arrived([(order, f"not sent: {why}") for order, why in found])

    async def step(self) -> None:
        """Asks what is due to be asked, and records what that proves."""
        due = self._due(asyncio.get_running_loop().time())
        if not due:
            return
        answers = await asyncio.gather(*(self._broker.find_order(o.client_order_id or "", o.symbol) for o in due))
        found = [(o, answer.order) for o, answer in zip(due, answers, strict=True) if isinstance(answer, Found)]
        absent = [o for o, answer in zip(due, answers, strict=True) if isinstance(answer, Absent)]
        executions: list[Execution] | None = None
        if absent or any(told.filled_quantity > order.filled for order, told in found):
            executions = await self._executions()
        self._adopt(found, executions)
        gone = await self._absence.among_open(absent, executions) if absent else set()
        now = asyncio.get_running_loop().time()
        ripe = [o for o in absent if o.order in gone and self._inquiries.ripe((o.order, o.attempt), now)]
        if ripe:
            gone.difference_update({order.order for order in ripe} - await self._absence.among_all(ripe))
        never = [order for order in due if self._note(order, now, gone=order.order in gone)]
        if never:
            evidence = f"{self._broker.id} over {self._grace:g} s: {SOURCES}"
            await self._never_arrived([(order, evidence) for order in never])

    def interrupted(self) -> None:
        """The broker's session is gone: what it said to be absent is asked again from the beginning."""
        self._inquiries.interrupted()

    def _due(self, now: float) -> list[Order]:
        """The orders to ask about now. An attempt that is in hand here has its answer still to come."""
        orders = {
            attempt: order
            for order in self._state.unanswered()
            if (attempt := (order.order, order.attempt)) not in self._submitter.in_hand
            and not self._state.recovery.superseded(order)
        }
        for attempt in self._inquiries.keep(orders, now):
            self._say_unknown(orders[attempt])
        return [orders[attempt] for attempt in self._inquiries.due(now)]

    def _note(self, order: Order, now: float, *, gone: bool) -> bool:
        """Keeps what an answer brought; True when it completes the proof that an attempt never arrived."""
        attempt = (order.order, order.attempt)
        if (seconds := self._inquiries.overdue(attempt, now)) is not None:
            self._log.error("an order is still unknown", seconds=seconds, **about(order))
        return self._inquiries.note(attempt, now, gone=gone)

    def _say_unknown(self, order: Order) -> None:
        if order.status is not Status.SUBMITTING:
            return
        data = OrderSubmitUnknown(
            order=order.order,
            attempt=order.attempt,
            client_order_id=order.client_order_id or "",
            reason="a submit was started, and the log shows no outcome",
        )
        event_id = ids.decision_uuid(order.order, "OrderSubmitUnknown", order.attempt)
        self._facts.add([fact(order, event_id, data, self._submitter.teller().now)])

    async def _executions(self) -> list[Execution] | None:
        try:
            return (await self._broker.executions_since(self._cursor()))[0]
        except BrokerError:
            return None

    def _adopt(self, found: Sequence[tuple[Order, BrokerOrder]], executions: Sequence[Execution] | None) -> None:
        """Records what the broker has; its executions first, so that a filled order is not open for a moment."""
        teller = self._submitter.teller()
        for order, told in found:
            if told.filled_quantity > order.filled and executions is None:
                continue  # asked again in a moment
            resolved = OrderUnknownResolved(
                order=order.order,
                attempt=order.attempt,
                client_order_id=order.client_order_id or "",
                outcome="found",
                evidence=f"{self._broker.id} has it as {told.broker_order_id}, {told.status}",
            )
            event_id = ids.decision_uuid(order.order, "OrderUnknownResolved", order.attempt)
            events = [fact(order, event_id, resolved, teller.now)]
            events += [
                filled(teller, order, execution, "lookup", "lookup")
                for execution in executions or ()
                if execution.client_order_id == order.client_order_id
            ]
            self._facts.add(events + from_lookup(teller, order, told))

    async def _never_arrived(self, proven: Sequence[tuple[Order, str]]) -> None:
        commands = []
        for order, evidence in proven:
            data = OrderSubmitNeverArrived(
                order=order.order,
                attempt=order.attempt,
                client_order_id=order.client_order_id or "",
                evidence=evidence,
            )
            event = new_event(
                f"order-{order.order}",
                order.version + 1,
                ids.decision_uuid(order.order, "OrderSubmitNeverArrived", order.attempt),
                data,
                time=self._submitter.teller().now,
                correlation=order.signal,
            )
            commands.append(Command((event,)))
        results = await self._appender.append(commands, self._lease.fence)
        for (order, evidence), result in zip(proven, results, strict=True):
            if result.stored:  # else the order has moved meanwhile, and is looked at as it is now
                self._submitter.unsent.pop((order.order, order.attempt), None)
                self._broker.forget(order.client_order_id or "")
                told = {"attempt": order.attempt, "pos": result.positions[-1], **about(order)}
                self._log.warning("a submit never arrived", evidence=evidence, **told)
