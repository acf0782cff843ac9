"""What the router does with each thing that its broker tells. The table at the foot is all that it heeds."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.broker_events import BrokerConnected, BrokerLost
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.attribution import Attribution
from tradewire_router.brokers import events as b
from tradewire_router.brokers.errors import BrokerConnectionError, BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.degraded import Degraded
from tradewire_router.domain import translate as t
from tradewire_router.domain.booked import named
from tradewire_router.domain.restate import external_restated, restated, unexplained
from tradewire_router.facts import Facts
from tradewire_router.metrics import Metrics
from tradewire_router.reconcile import Reconciler
from tradewire_router.submit import Submitter

_DIAL_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""How long to wait before the broker is called again: it may be one that locks out who knocks too often."""
_AGAIN_SECONDS = 0.2


class Ear:
    """Connects to the broker, and turns what it tells into facts, in its order."""

    def __init__(
        self,
        broker: Broker,
        facts: Facts,
        submitter: Submitter,
        attribution: Attribution,
        reconciler: Reconciler,
        replica: Replica,
        log: Log,
        metrics: Metrics,
        next_id: Callable[[], str],
        degraded: Degraded,
    ) -> None:
        """`next_id` names events of this lease and gives no id twice."""
        self._next_id, self.degraded = next_id, degraded
        self._said = ""
        """Why the broker cannot be talked to, as the log has it."""
        self._broker, self._facts, self._submitter = broker, facts, submitter
        self._attribution, self._reconciler, self._replica = attribution, reconciler, replica
        self._log, self._metrics = log, metrics
        self._parked: dict[str, deque[Any]] = {}
        self.down = "is not connected to its broker yet"
        """Why the session cannot be worked with, until a reconciliation after its return; empty when it can."""
        self.connected = False
        """True while the broker can be talked to at all, which is enough for what only reduces."""
        self.session = 0
        """Counts the returns and losses of the session."""
        self.outdated: set[str] = set()
        """Symbols of which the broker says that their rules have changed, until they are asked for again."""
        self.changed = asyncio.Event()
        """Set when the session has come back and everything is to be compared."""

    async def run(self) -> None:
        """Hears until the session is closed."""
        await self._recall()
        pauses = chain(_DIAL_SECONDS, repeat(_DIAL_SECONDS[-1]))
        while True:
            try:
                await self._broker.connect()
                break
            except BrokerError as error:
                self.down = f"cannot reach its broker: {error}"
                self._say_lost(error.code, error.message)
                await asyncio.sleep(next(pauses))
        async for told in self._broker.events():
            handler = HANDLERS.get(type(told))
            if handler is not None:
                await handler(self, told)

    async def _recall(self) -> None:
        """Tells the session what was taken back before it, which it cannot have heard."""
        while self._broker.capabilities.restates:
            try:
                self._broker.recall_busts(await self._attribution.busts(self._replica.pos))
                return
            except Unavailable as error:
                self._log.warning("cannot tell what was taken back yet", error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def retry(self) -> None:
        """Asks again whose the orders are of which the reader did not answer; what was told of them waits in order."""
        while True:
            await asyncio.sleep(_AGAIN_SECONDS)
            for client_order_id in tuple(self._parked):
                try:
                    order = await self._attribution.order_of(client_order_id)
                except Unavailable as error:
                    self._log.warning("cannot tell whose order this is yet", error=str(error))
                    break
                waiting = self._parked[client_order_id]
                while waiting:
                    await self._attributed(order, waiting[0])
                    waiting.popleft()
                del self._parked[client_order_id]

    def halt(self, reason: str, request: str) -> None:
        """Halts the account for what a person must look at; the same request halts once."""
        teller = self._submitter.teller()
        self._log.error("the account is halted", reason=reason, account=teller.account)
        self._facts.add(t.halted(teller.account, reason, request, teller.now))

    def _say_lost(self, code: str, reason: str) -> None:
        """Puts on record that the broker cannot be talked to, once for each reason."""
        if reason == self._said:
            return
        self._said = reason
        teller = self._submitter.teller()
        self._log.error("the broker cannot be talked to", code=code, reason=reason, account=teller.account)
        lost = BrokerLost(account=teller.account, broker=teller.broker, code=code, reason=reason)
        self._facts.add([t.account_event(teller, self._next_id(), lost)])

    async def session_up(self, _told: Any) -> None:
        if self._said:
            self._said = ""
            teller = self._submitter.teller()
            back = BrokerConnected(account=teller.account, broker=teller.broker)
            self._facts.add([t.account_event(teller, self._next_id(), back)])
        self.degraded.ends("orders")  # the hearing of them begins anew; quotes have connections of their own
        self.session += 1
        self.connected = True
        self._metrics.connected.set(1)
        self.changed.set()

    async def session_down(self, told: Any) -> None:
        self.session += 1
        self.connected = False
        self._metrics.connected.set(0)
        self.down = f"lost its broker: {told.reason}"
        self._say_lost(BrokerConnectionError.code, told.reason)

    async def session_degraded(self, told: Any) -> None:
        self.degraded.begins(told.part, told.reason)

    async def session_recovered(self, told: Any) -> None:
        if self.degraded.ends(told.part):
            self.changed.set()

    async def order_event(self, told: Any) -> None:
        """Books what a broker says of an order; when it is not known whose order that is, this waits aside."""
        if isinstance(told, b.Fill):
            self._metrics.fills.inc()
            await self._reconciler.opened.wait()
        client_order_id = told.client_order_id
        if waiting := self._parked.get(client_order_id):
            waiting.append(told)
            return
        order = self._attribution.at_once(client_order_id)
        if order is None:
            try:
                order = await self._attribution.order_of(client_order_id)
            except Unavailable:
                self._parked[client_order_id] = deque([told])
                return
        await self._attributed(order, told)

    async def _attributed(self, order: Order | None, told: Any) -> None:
        if isinstance(told, b.FillCorrected | b.FillBusted):
            await self._restated(order, told)
            return
        teller = self._submitter.teller()
        if order is not None:
            superseded = self._attribution.superseded(order)
            self._facts.add(t.translate(teller, order, told, superseded=superseded))
            if reason := t.strays(order, told):
                self.halt(reason, ids.command_uuid(order.order, told.client_order_id))
        elif isinstance(told, b.Fill):
            self._facts.add([t.external_fill(teller, told.execution, told.told_as)])

    async def _restated(self, order: Order | None, told: b.FillCorrected | b.FillBusted) -> None:
        """A correction or bust takes the place of what the log has, so that must be in the log first."""
        busted = isinstance(told, b.FillBusted)
        while True:
            await self._facts.drained()
            pos = max(self._facts.last_pos, self._replica.pos)
            try:
                booked = await self._attribution.booked(order, told.execution.broker_order_id, pos)
                break
            except Unavailable as error:
                self._log.warning("cannot tell what is restated yet", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
        execution = told.execution
        if not execution.execution:
            execution = named(told, booked) or execution
        versions = [each for each in booked if each.execution == execution.execution]
        teller, told_as = self._submitter.teller(), told.told_as
        if reason := unexplained(execution, versions, busted=busted):
            name = execution.execution or told.event_key
            self.halt(reason, ids.fill_uuid(teller.broker, teller.account, name, execution.revision))
        elif order is None:
            self._facts.add(external_restated(teller, execution, versions, busted=busted, told_as=told_as))
        else:
            events = restated(
                teller,
                order,
                execution,
                versions,
                busted=busted,
                origin=told.origin,
                evidence="message",
                told_as=told_as,
            )
            self._facts.add(events)

    async def external_order(self, told: Any) -> None:
        self._facts.add([t.external_order(self._submitter.teller(), told.order)])

    async def instrument_changed(self, told: Any) -> None:
        self.outdated.add(told.symbol)

    async def notice(self, told: Any) -> None:
        self._log.info("the broker's adapter says", code=told.code, text=told.text)


Handler = Callable[[Ear, Any], Awaitable[None]]

HANDLERS: dict[type[Any], Handler] = {
    b.SessionUp: Ear.session_up,
    b.SessionDown: Ear.session_down,
    b.SessionDegraded: Ear.session_degraded,
    b.SessionRecovered: Ear.session_recovered,
    b.OrderAccepted: Ear.order_event,
    b.OrderHeld: Ear.order_event,
    b.OrderRejected: Ear.order_event,
    b.OrderCanceled: Ear.order_event,
    b.OrderExpired: Ear.order_event,
    b.OrderCompleted: Ear.order_event,
    b.OrderReplaced: Ear.order_event,
    b.CancelRejected: Ear.order_event,
    b.Fill: Ear.order_event,
    b.FillCorrected: Ear.order_event,
    b.FillBusted: Ear.order_event,
    b.ExternalOrderSeen: Ear.external_order,
    b.InstrumentChanged: Ear.instrument_changed,
    b.BrokerNotice: Ear.notice,
}
