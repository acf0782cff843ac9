"""The router at work under one lease: what it does when the log moves, when the broker speaks, and when time passes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tradewire import ids
from tradewire.append import Appender
from tradewire.domain.switches import control_stream
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages.account_events import AccountHalted, Halted
from tradewire.messages.log import Frame
from tradewire.messages.registry import new_event
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire_router.attribution import Attribution
from tradewire_router.brokers import events as b
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.cancel import Canceler
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import external_fill, external_order, translate
from tradewire_router.facts import Facts
from tradewire_router.metrics import Metrics
from tradewire_router.panic import Panic
from tradewire_router.reconcile import Reconciler
from tradewire_router.resolve import Resolver
from tradewire_router.submit import Submitter

_TICK_SECONDS = 0.25
_BALANCES_SECONDS = 10.0


class Router:
    """One account's router. `reign` runs it for as long as the lease is held."""

    def __init__(
        self,
        service: Service,
        open_broker: Callable[[], Broker],
        lease: Lease,
        clock: Clock,
        panic: Panic,
        facts: Facts,
        appender: Appender,
        metrics: Metrics,
    ) -> None:
        self._service, self._open_broker, self._lease, self._clock = service, open_broker, lease, clock
        self._broker = open_broker()
        self._panic, self._facts, self._appender, self._metrics = panic, facts, appender, metrics
        settings = service.settings
        self._shard = settings.shard
        self.state = RouterState(self._broker.account)
        self.replica = Replica(service.bus, self._shard, self)
        self._submitter = self._new_submitter()
        self._again = asyncio.Event()
        self._reconciler: Reconciler | None = None

    @property
    def broker_id(self) -> str:
        """The broker's name."""
        return self._broker.id

    def _new_submitter(self) -> Submitter:
        router = self._service.settings.router
        return Submitter(
            self.state,
            self._broker,
            self._appender,
            self._facts,
            self._lease,
            self._clock,
            self._service.log,
            self._metrics,
            call_seconds=router.call_timeout.seconds,
            max_in_flight=router.max_in_flight,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Begins at a snapshot; the parts keep the one state object, whose content is new."""
        self.state.restore(snapshot.events, snapshot.books, snapshot.pos)

    def apply(self, frame: Frame) -> None:
        """Folds a frame of the log."""
        self.state.apply(frame)

    async def reign(self) -> None:
        """Takes a snapshot at the grant or later, reconciles, and works, until cancelled or the lease is lost."""
        service = self._service
        service.health.set("reconcile", "has not been reconciled with its broker yet")
        self._broker = self._open_broker()  # a session ends with the lease under which it was opened
        await self.replica.start(min_pos=self._lease.pos)
        self._submitter = self._new_submitter()
        attribution = Attribution(service.bus, self._shard, self.state, self._submitter)
        self._reconciler = Reconciler(
            self.state,
            self.replica,
            self._broker,
            self._facts,
            self._submitter,
            attribution,
            service.log,
            self._metrics,
            self._lease.epoch,
            service.settings.accounts[self._broker.account].currency,
        )
        resolver = Resolver(
            self.state,
            self._broker,
            self._appender,
            self._facts,
            self._submitter,
            self._lease,
            service.log,
            grace_seconds=service.settings.router.absence_grace.seconds,
        )
        canceler = Canceler(
            self.state, self._broker, self._appender, self._facts, self._submitter, self._lease, service.log
        )
        parts: list[Awaitable[None]] = [
            self.replica.run(),
            self._facts.run(),
            self._hear_broker(attribution),
            self._ask_and_cancel(resolver, canceler),
            self._reconcile(self._reconciler),
            self._publish_balances(),
            self._work(),
            self._ended(),
        ]
        running = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await self._drain()
            await resolver.stop()
            for part in running:
                part.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._broker.close()

    async def _drain(self) -> None:
        """Lets the calls under way end, and what they brought reach the log, within the time of a call."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.settings.router.call_timeout.seconds + 1):
                await self._submitter.drained()
                if self._lease.held.is_set():
                    await self._facts.drained()

    async def _ended(self) -> None:
        stopping = asyncio.ensure_future(self._service.stopping.wait())
        lost = asyncio.ensure_future(self._lease.lost.wait())
        try:
            await asyncio.wait({stopping, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            lost.cancel()

    async def _work(self) -> None:
        """Submits whatever the log says is to be submitted, as soon as it says so."""
        while True:
            self.replica.moved.clear()
            self._panic.settle(self.state)
            self._submitter.latched = self._panic.latched
            gate = self._gate()
            self._service.health.set("work", gate or None)
            while not gate and await self._submitter.step():
                gate = self._gate()
            self._halt_on_anomaly()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self.replica.moved.wait()

    def _gate(self) -> str:
        """Why nothing new may start, or nothing."""
        if self._reconciler and self._reconciler.gate:
            return self._reconciler.gate
        if not self.replica.live:
            return self.replica.problem or "is not in step with the ledger"
        if not self._clock.started:
            return "waits for the first quote of the replay"
        return ""

    async def _ask_and_cancel(self, resolver: Resolver, canceler: Canceler) -> None:
        while True:
            await self._panic.step(self._broker, self._submitter)
            if self._reconciler and not self._reconciler.gate:
                resolver.step()
                await canceler.step()
            self._metrics.unknown.set(len(self.state.unanswered()))
            self._metrics.facts.set(self._facts.waiting)
            self._panic.changed.clear()
            moved = asyncio.ensure_future(self.replica.moved.wait())
            panic = asyncio.ensure_future(self._panic.changed.wait())
            try:
                await asyncio.wait({moved, panic}, timeout=_TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                moved.cancel()
                panic.cancel()
            await asyncio.sleep(0.02)

    def _halt_on_anomaly(self) -> None:
        """A fact that cannot be is booked, and its account takes no new order until a person has looked."""
        while self.state.anomalies:
            _, order = self.state.anomalies.popitem()
            self._service.log.error("an impossible fact", anomaly=order.anomaly, order=order.order, signal=order.signal)
            self._halt(f"{order.anomaly} (order {order.order})", ids.command_uuid(order.order, "anomaly"))

    def _halt(self, reason: str, request: str) -> None:
        now, account = self._clock.now(), self._broker.account
        halted = AccountHalted(account=account, reason=reason, by="router")
        switch = Halted(scope=f"account.{account}", level="HALT", by="router", reason=reason, request=request)
        self._facts.add(
            [
                new_event(
                    f"account-{account}",
                    None,
                    ids.command_uuid(request, "AccountHalted"),
                    halted,
                    time=now,
                    correlation=None,
                ),
                new_event(
                    control_stream(f"account.{account}"),
                    None,
                    ids.command_uuid(request, "Halted"),
                    switch,
                    time=now,
                    correlation=None,
                ),
            ]
        )

    async def _hear_broker(self, attribution: Attribution) -> None:
        """Connects, and turns what the broker tells into facts, in its order."""
        while True:
            try:
                await self._broker.connect()
                break
            except BrokerError as error:
                self._service.health.set("broker", str(error))
                await asyncio.sleep(0.5)
        self._again.set()
        async for told in self._broker.events():
            handler = HANDLERS.get(type(told))
            if handler is not None:
                await handler(self, attribution, told)

    async def _order_event(self, attribution: Attribution, told: Any) -> None:
        order = attribution.at_once(told.client_order_id)
        while order is None:
            try:
                order = await attribution.order_of(told.client_order_id)
                break
            except Unavailable as error:
                self._service.log.warning("cannot tell whose order this is yet", error=str(error))
                await asyncio.sleep(0.2)
        teller = self._submitter.teller()
        if order is not None:
            self._facts.add(translate(teller, order, told))
        elif isinstance(told, b.Fill):
            self._facts.add([external_fill(teller, told.execution)])
        if isinstance(told, b.Fill):
            self._metrics.fills.inc()

    async def _restated(self, _attribution: Attribution, told: Any) -> None:
        execution = told.execution
        reason = f"the broker restated execution {execution.execution}, revision {execution.revision}"
        self._halt(
            reason, ids.fill_uuid(self._broker.id, self._broker.account, execution.execution, execution.revision)
        )

    async def _external_order(self, _attribution: Attribution, told: Any) -> None:
        self._facts.add([external_order(self._submitter.teller(), told.order)])

    async def _session_up(self, _attribution: Attribution, _told: Any) -> None:
        self._metrics.connected.set(1)
        self._service.health.set("broker", None)
        self._again.set()

    async def _session_down(self, _attribution: Attribution, told: Any) -> None:
        self._metrics.connected.set(0)
        self._service.health.set("broker", told.reason)
        if self._reconciler:
            self._reconciler.gate = f"lost its broker: {told.reason}"

    async def _reconcile(self, reconciler: Reconciler) -> None:
        """Before any new work, after each return of the session, and from time to time."""
        await self._again.wait()
        while True:
            self._again.clear()
            await reconciler.first()
            self._service.health.set("reconcile", None)
            self._service.health.set("broker", None)
            self._metrics.connected.set(1)
            self.replica.moved.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._service.settings.router.reconcile_interval.seconds):
                    await self._again.wait()

    async def _publish_balances(self) -> None:
        subject = f"balances.{self._broker.id}.{self._broker.account}"
        while True:
            await asyncio.sleep(_BALANCES_SECONDS)
            with contextlib.suppress(BrokerError, Unavailable):
                balances = await self._broker.balances()
                await self._service.bus.publish(subject, msgspec.json.encode(balances))


Handler = Callable[[Router, Attribution, Any], Awaitable[None]]

HANDLERS: dict[type[Any], Handler] = {
    b.SessionUp: Router._session_up,  # noqa: SLF001 - the table is part of the class
    b.SessionDown: Router._session_down,  # noqa: SLF001
    b.OrderAccepted: Router._order_event,  # noqa: SLF001
    b.OrderHeld: Router._order_event,  # noqa: SLF001
    b.OrderRejected: Router._order_event,  # noqa: SLF001
    b.OrderCanceled: Router._order_event,  # noqa: SLF001
    b.OrderExpired: Router._order_event,  # noqa: SLF001
    b.CancelRejected: Router._order_event,  # noqa: SLF001
    b.Fill: Router._order_event,  # noqa: SLF001
    b.FillCorrected: Router._restated,  # noqa: SLF001
    b.FillBusted: Router._restated,  # noqa: SLF001
    b.ExternalOrderSeen: Router._external_order,  # noqa: SLF001
}
