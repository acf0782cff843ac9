"""The router at work under one lease: what it does when the log moves, when its broker returns, as time passes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from tradewire import ids
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages.log import Frame
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire.runtime.tasks import end_tasks
from tradewire.tail import BEAT_LOST_SECONDS
from tradewire_router.attribution import Attribution
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.cancel import Canceler
from tradewire_router.domain import gates
from tradewire_router.domain.gates import Gate
from tradewire_router.domain.state import RouterState
from tradewire_router.facts import Facts
from tradewire_router.handlers import Ear
from tradewire_router.metrics import Metrics
from tradewire_router.panic import Panic
from tradewire_router.reconcile import Reconciler
from tradewire_router.reports.balances import Balances
from tradewire_router.reports.bars import Bars
from tradewire_router.reports.instruments import Instruments
from tradewire_router.reports.reporter import Reporter
from tradewire_router.resolve import Resolver
from tradewire_router.submit import Submitter
from tradewire_router.upstream import Upstream

_TICK_SECONDS = 0.25
_REST_SECONDS = 0.05
_RETRY_SECONDS = 1.0
_BALANCES_SECONDS = 10.0
_TOLD = frozenset({Gate.UPSTREAM_HEARTBEAT_LOST, Gate.BUILD_MISMATCH})
"""The gates whose closing is worth a line in the log; a router may lag for a moment at any time."""


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
        upstream: Upstream,
    ) -> None:
        self._upstream = upstream
        self._service, self._open_broker, self._lease, self._clock = service, open_broker, lease, clock
        self._panic, self._facts, self._appender, self._metrics = panic, facts, appender, metrics
        self._shard = service.settings.shard
        account = service.settings.router.account
        self.state = RouterState(account, service.settings.accounts[account].broker, build_id())
        self.replica = Replica(service.bus, self._shard, self)
        self._submitter: Submitter | None = None
        self._number = 0
        self._told = ""
        self._wanted = asyncio.Event()
        """Set when the log shows an order in a symbol without rules."""

    def restore(self, snapshot: Snapshot) -> None:
        """Begins at a snapshot; the parts keep the one state object, whose content is new."""
        self.state.restore(snapshot.events, snapshot.books, snapshot.pos)
        if self._submitter is not None:
            self._submitter.restored()

    def apply(self, frame: Frame) -> None:
        """Folds a frame of the log."""
        self.state.apply(frame)
        if self.state.reported.wanted:
            self._wanted.set()

    def _next_id(self) -> str:
        # Above every position that had been reached, so that a lease regained at the same epoch repeats no number.
        self._number += 1
        return ids.reconciliation_uuid(self.state.account, self._lease.epoch, self._number)

    async def reign(self) -> None:
        """Takes a snapshot at the grant or later, reconciles, and works, until cancelled or the lease is lost."""
        ended = asyncio.ensure_future(self._ended())
        starting = asyncio.ensure_future(self.replica.start(min_pos=self._lease.pos))
        try:
            await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await self._work_until(ended)
        finally:
            await _undisturbed(self._leave(starting, ended))

    async def _leave(self, *tasks: "asyncio.Future[None]") -> None:
        await end_tasks(*tasks)
        await self.replica.tail.stop()

    async def _ended(self) -> None:
        stopping = asyncio.ensure_future(self._service.stopping.wait())
        lost = asyncio.ensure_future(self._lease.lost.wait())
        try:
            await asyncio.wait({stopping, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            lost.cancel()

    async def _work_until(self, ended: "asyncio.Future[None]") -> None:
        service, settings = self._service, self._service.settings
        log, shard, account = service.log, self._shard, settings.accounts[self.state.account]
        router = settings.router
        self._facts.last_pos = 0
        self._number = max(self._number, self.replica.pos)
        broker = self._open_broker()  # a session ends with the lease under which it was opened
        submitter = self._submitter = Submitter(
            self.state,
            broker,
            self._appender,
            self._facts,
            self._lease,
            self._clock,
            log,
            self._metrics,
            self._panic.latched,
            call_seconds=router.call_timeout.seconds,
            max_in_flight=router.max_in_flight,
        )
        submitter.restored()
        attribution = Attribution(service.bus, shard, self.state, submitter)
        reconciler = Reconciler(
            self.state,
            self.replica,
            broker,
            self._facts,
            submitter,
            attribution,
            log,
            self._metrics,
            self._next_id,
            epoch=self._lease.epoch,
            base=account.currency,
            record_seconds=2 * router.reconcile_interval.seconds,
        )
        resolver = Resolver(
            self.state,
            broker,
            self._appender,
            self._facts,
            submitter,
            self._lease,
            log,
            lambda: reconciler.cursor,
            grace_seconds=router.absence_grace.seconds,
        )
        canceler = Canceler(
            self.state,
            broker,
            self._appender,
            self._facts,
            submitter,
            self._lease,
            log,
            call_seconds=router.call_timeout.seconds,
        )
        reporter = Reporter(self._facts, self.replica, submitter.teller, self._next_id)
        ear = Ear(broker, self._facts, submitter, attribution, reconciler, self.replica, log, self._metrics)
        self._panic.session = broker
        parts: list[Awaitable[None]] = [
            self.replica.run(),
            self._facts.run(),
            ear.run(),
            ear.retry(),
            self._submit(submitter, ear),
            self._ask(resolver, attribution, ear),
            self._cancel(canceler, ear),
            self._reconcile(reconciler, ear),
            self._publish_balances(broker),
            *self._reports(broker, reporter, ear, account.currency),
        ]
        running = [ended, *map(asyncio.ensure_future, parts)]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await _undisturbed(self._finish(running, submitter, canceler, broker))

    async def _finish(
        self, running: list["asyncio.Future[None]"], submitter: Submitter, canceler: Canceler, broker: Broker
    ) -> None:
        await self._drain(submitter, canceler)
        self._panic.session = self._submitter = None
        await self._leave(*running)
        await broker.close()

    async def _drain(self, submitter: Submitter, canceler: Canceler) -> None:
        """Lets what was begun end, and what it brought reach the log, within the time of a call."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.settings.router.call_timeout.seconds + 1):
                await submitter.close()
                await canceler.close()
                if self._lease.held.is_set():
                    await self._facts.drained()

    def _gate(self, ear: Ear) -> str:
        """Why nothing new may start, or nothing."""
        if ear.down:
            return ear.down
        replica, tail, most = self.replica, self.replica.tail, self._service.settings.router.max_beat_age.seconds
        behind = gates.ledger(
            live=replica.live,
            problem=replica.problem,
            age=tail.beat_age(),
            most=min(most, BEAT_LOST_SECONDS),
            pos=replica.pos,
            told=tail.beat.pos if tail.beat else 0,
        )
        if behind:
            return behind
        if not self._clock.started:
            return "waits for the first quote of the replay"
        return self._upstream.lost(most) or self._upstream.mismatch()

    async def _submit(self, submitter: Submitter, ear: Ear) -> None:
        """Submits whatever the log says is to be submitted, as soon as it says so."""
        while True:
            self.replica.moved.clear()
            self._panic.settle(self.state)
            await self._halt_anomalies(ear)
            gate = submitter.gate = self._gate(ear)
            self._service.health.set("work", gate or self._panic.latched() or None)
            self._tell(gate)
            submitter.forget()
            # What only reduces passes every gate; without the ledger it could not be written down.
            if self.replica.live and self._clock.started and await submitter.step():
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self.replica.moved.wait()

    def _tell(self, gate: str) -> None:
        """Says once in the log why nothing new is sent, where others are the cause, and once that this is over."""
        code = gate.partition(":")[0]
        if code in _TOLD and code != self._told:
            self._service.log.warning("nothing new is sent", why=gate)
            self._told = code
        elif self._told and not gate:
            self._service.log.info("nothing keeps new orders back any more", was=self._told)
            self._told = ""

    async def _halt_anomalies(self, ear: Ear) -> None:
        """A fact that cannot be is booked, and its account takes no new order until a person has looked."""
        if not self.state.anomalies:
            return
        while self.state.anomalies:
            _, found = self.state.anomalies.popitem()
            order = found.order
            ear.halt(f"{order.anomaly} (order {order.order})", ids.command_uuid(found.event_id, "anomaly"))
        await self._facts.drained()  # from here on the ledger refuses every submit that was decided before the halt

    async def _look_at_late(self, attribution: Attribution, ear: Ear) -> None:
        """Asks the log whether what was booked on orders closed long ago was possible."""
        while self.state.late:
            late = self.state.late[0]
            try:
                order = await attribution.order(late.order, late.pos)
            except Unavailable:
                return
            if late in self.state.late:
                self.state.late.remove(late)
            if order.anomaly:
                ear.halt(f"{order.anomaly} (order {order.order})", ids.command_uuid(late.event_id, "anomaly"))

    async def _ask(self, resolver: Resolver, attribution: Attribution, ear: Ear) -> None:
        while True:
            if ear.down:
                resolver.interrupted()
            else:
                await resolver.step()
            await self._look_at_late(attribution, ear)
            self._metrics.unknown.set(len(self.state.unanswered()))
            self._metrics.facts.set(self._facts.waiting)
            await asyncio.sleep(_REST_SECONDS)

    async def _cancel(self, canceler: Canceler, ear: Ear) -> None:
        """Cancels whenever the broker can be talked to: what only reduces waits for no reconciliation."""
        while True:
            if ear.connected:
                await canceler.step()
                await canceler.sweep()
            await asyncio.sleep(_REST_SECONDS)

    async def _reconcile(self, reconciler: Reconciler, ear: Ear) -> None:
        """Before any new work, after each return of the session, and from time to time."""
        await ear.changed.wait()
        while True:
            ear.changed.clear()
            session = ear.session
            try:
                compared = await reconciler.run_once(patient=bool(ear.down))
            except (BrokerError, Unavailable) as error:
                self._service.health.set("reconcile", f"waits for its broker and the reader: {error}")
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if not compared and ear.down:
                self._service.health.set("reconcile", "waits for a moment without executions, to compare the account")
                continue
            self._service.health.set("reconcile", None)
            if session == ear.session:
                ear.down = ""
                self.replica.moved.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._service.settings.router.reconcile_interval.seconds):
                    await ear.changed.wait()

    def _reports(self, broker: Broker, reporter: Reporter, ear: Ear, currency: str) -> list[Awaitable[None]]:
        """What tells the log of money, symbols and prices of the past, while the broker can be asked."""
        router, log, state = self._service.settings.router, self._service.log, self.state
        call_seconds = router.call_timeout.seconds
        balances = Balances(
            state, broker, reporter, log, interval=int(router.reconcile_interval), call_seconds=call_seconds
        )
        instruments = Instruments(
            state, broker, reporter, log, self._wanted, currency=currency, call_seconds=call_seconds
        )
        bars = Bars(state, broker, reporter, log)

        def compared() -> bool:
            return not ear.down and self._clock.started

        return [
            balances.run(compared),
            instruments.run(lambda: ear.connected and self._clock.started),
            bars.run(compared),
        ]

    async def _publish_balances(self, broker: Broker) -> None:
        subject = f"balances.{broker.id}.{broker.account}"
        while True:
            await asyncio.sleep(_BALANCES_SECONDS)
            with contextlib.suppress(BrokerError, Unavailable):
                balances = await broker.balances()
                await self._service.bus.publish(subject, msgspec.json.encode(balances))


async def _undisturbed(work: Coroutine[Any, Any, None]) -> None:
    """Runs a clean-up to its end, also when the task that waits for it is cancelled meanwhile, as at a lost lease."""
    cleaning = asyncio.ensure_future(work)
    try:
        await asyncio.wait({cleaning})
    finally:
        while not cleaning.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({cleaning})
    cleaning.result()
