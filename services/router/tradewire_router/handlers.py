"""What the router does with each thing that its broker tells. The table at the foot is all that it heeds."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import FillRow
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.attribution import Attribution
from tradewire_router.brokers import events as b
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain import translate as t
from tradewire_router.domain.restate import restated, unexplained
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
    ) -> None:
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
        self.changed = asyncio.Event()
        """Set when the session has come back and everything is to be compared."""

    async def run(self) -> None:
        """Hears until the session is closed."""
        pauses = chain(_DIAL_SECONDS, repeat(_DIAL_SECONDS[-1]))
        while True:
            try:
                await self._broker.connect()
                break
            except BrokerError as error:
                self.down = f"cannot reach its broker: {error}"
                await asyncio.sleep(next(pauses))
        async for told in self._broker.events():
            handler = HANDLERS.get(type(told))
            if handler is not None:
                await handler(self, told)

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
        self._log.error("the account is halted", reason=reason)
        teller = self._submitter.teller()
        self._facts.add(t.halted(teller.account, reason, request, teller.now))

    async def session_up(self, _told: Any) -> None:
        self.session += 1
        self.connected = True
        self._metrics.connected.set(1)
        self.changed.set()

    async def session_down(self, told: Any) -> None:
        self.session += 1
        self.connected = False
        self._metrics.connected.set(0)
        self.down = f"lost its broker: {told.reason}"

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
            self._facts.add(t.translate(teller, order, told))
            if reason := t.strays(order, told):
                self.halt(reason, ids.command_uuid(order.order, told.client_order_id))
        elif isinstance(told, b.Fill):
            self._facts.add([t.external_fill(teller, told.execution)])

    async def _restated(self, order: Order | None, told: b.FillCorrected | b.FillBusted) -> None:
        """A correction or bust takes the place of what the log has, so that must be in the log first."""
        execution, busted = told.execution, isinstance(told, b.FillBusted)
        versions: list[FillRow] = []
        while order is not None:
            await self._facts.drained()
            try:
                versions = await self._attribution.versions(order, execution.execution, self._facts.last_pos)
                break
            except Unavailable as error:
                self._log.warning("cannot tell what is restated yet", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
        teller = self._submitter.teller()
        reason = unexplained(execution, versions, busted=busted)
        if order is None or reason:
            request = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
            self.halt(reason, request)
            return
        self._facts.add(
            restated(teller, order, execution, versions, busted=busted, origin=told.origin, evidence="message")
        )

    async def external_order(self, told: Any) -> None:
        self._facts.add([t.external_order(self._submitter.teller(), told.order)])


Handler = Callable[[Ear, Any], Awaitable[None]]

HANDLERS: dict[type[Any], Handler] = {
    b.SessionUp: Ear.session_up,
    b.SessionDown: Ear.session_down,
    b.OrderAccepted: Ear.order_event,
    b.OrderHeld: Ear.order_event,
    b.OrderRejected: Ear.order_event,
    b.OrderCanceled: Ear.order_event,
    b.OrderExpired: Ear.order_event,
    b.CancelRejected: Ear.order_event,
    b.Fill: Ear.order_event,
    b.FillCorrected: Ear.order_event,
    b.FillBusted: Ear.order_event,
    b.ExternalOrderSeen: Ear.external_order,
}
