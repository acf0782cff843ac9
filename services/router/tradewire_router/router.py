"""The router at work under one lease: what it does when the log moves, when its broker returns, as time passes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from tradewire import ids
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.domain.hours import time_of_day
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages.log import Frame
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire.runtime.tasks import end_tasks, undisturbed
from tradewire.tail import BEAT_LOST_SECONDS
from tradewire_router.anomalies import halt_anomalies, look_at_late
from tradewire_router.attribution import Attribution
from tradewire_router.breaker import Breaker
from tradewire_router.breaks import Occasion, Recorder
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.cancel import Canceler
from tradewire_router.degraded import Degraded
from tradewire_router.domain import gates
from tradewire_router.domain.ends_of_day import TradingDay
from tradewire_router.domain.gates import Gate
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller
from tradewire_router.facts import Facts
from tradewire_router.handlers import Ear
from tradewire_router.metrics import Metrics
from tradewire_router.opening import Opening
from tradewire_router.panic import Panic
from tradewire_router.reconcile import Reconciler
from tradewire_router.recover import Recoverer
from tradewire_router.replace import Replacer
from tradewire_router.reports.parts import Reports
from tradewire_router.reports.reporter import Reporter
from tradewire_router.resolve import Resolver
from tradewire_router.submit import Submitter
from tradewire_router.upstream import Upstream

_TICK_SECONDS = 0.25
_REST_SECONDS = 0.05
_RETRY_SECONDS = 1.0
_DAY_SECONDS = 1.0
"""How often it is looked whether the account's trading day has ended."""
_SAID = frozenset({"BreakAccepted", "AdoptionRequested", "OrderResolved"})
"""What people say of an account in its broker's place: it is compared at once, so that they see what came of it."""
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
        profile = service.settings.accounts[account]
        self.state = RouterState(account, profile.broker, build_id(), dry_run=profile.dry_run)
        if profile.dry_run:
            service.health.note("account", gates.dry_run(account))
        self.replica = Replica(service.bus, self._shard, self)
        self.replica.listener = service.narrator(lease.held.is_set, account)
        self._submitter: Submitter | None = None
        self._ear: Ear | None = None
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
        if self._ear is not None and self._ear.connected and any(event.type in _SAID for event in frame.events):
            self._ear.changed.set()
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
            await undisturbed(self._leave(starting, ended))

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

        def teller() -> Teller:
            return Teller(broker.id, broker.account, self._clock.now())

        degraded = Degraded(self._facts, teller, self._next_id, log, self._metrics, service.health)
        breaker = Breaker(broker, degraded)
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
            breaker.ended,
            call_seconds=router.call_timeout.seconds,
            max_in_flight=router.max_in_flight,
        )
        submitter.restored()
        broker.recall(self.state.legs())
        attribution = Attribution(service.bus, shard, self.state, submitter)
        recorder = Recorder(
            self.state,
            self.replica,
            self._facts,
            submitter.teller,
            log,
            self._metrics,
            self._next_id,
            TradingDay(ZoneInfo(account.time_zone), time_of_day(account.day_rolls_at)),
            epoch=self._lease.epoch,
            record_seconds=2 * router.reconcile_interval.seconds,
        )
        opening = Opening(self.state, self.replica, broker, self._facts, submitter.teller, log, base=account.currency)
        recoverer = Recoverer(self.state, self.replica, broker, self._facts, submitter, attribution, log)
        reconciler = Reconciler(
            self.state, self.replica, broker, self._facts, submitter, attribution, log, recorder, opening, recoverer
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
        replacer = Replacer(
            self.state,
            broker,
            self._appender,
            self._facts,
            submitter,
            self._lease,
            self._clock,
            log,
            self._panic.latched,
            call_seconds=router.call_timeout.seconds,
            grace_seconds=router.absence_grace.seconds,
        )
        reporter = Reporter(self._facts, self.replica, submitter.teller, self._next_id)
        reports = Reports(service, self.state, broker, reporter, self._clock, self._metrics)
        ear = self._ear = Ear(
            broker,
            self._facts,
            submitter,
            attribution,
            reconciler,
            self.replica,
            log,
            self._metrics,
            self._next_id,
            degraded,
        )
        self._panic.session = broker
        parts: list[Awaitable[None]] = [
            self.replica.run(),
            self._facts.run(),
            ear.run(),
            ear.retry(),
            breaker.run(),
            self._submit(submitter, ear),
            self._ask(broker, resolver, attribution, ear),
            recoverer.run(lambda: self.replica.live and not ear.down),
            self._cancel(canceler, ear),
            self._replace(replacer, ear),
            self._reconcile(reconciler, ear),
            *reports.parts(ear, self._wanted),
        ]
        running = [ended, *map(asyncio.ensure_future, parts)]
        try:
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            await undisturbed(self._finish(running, submitter, canceler, replacer, reports, broker))

    async def _finish(
        self,
        running: list["asyncio.Future[None]"],
        submitter: Submitter,
        canceler: Canceler,
        replacer: Replacer,
        reports: Reports,
        broker: Broker,
    ) -> None:
        await self._drain(submitter, canceler, replacer)
        if self._ear is not None:
            self._ear.degraded.close()
        self._panic.session = self._submitter = self._ear = None
        await self._leave(*running)
        await reports.close()
        await broker.close()

    async def _drain(self, submitter: Submitter, canceler: Canceler, replacer: Replacer) -> None:
        """Lets what was begun end, and what it brought reach the log, within the time of a call."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._service.settings.router.call_timeout.seconds + 1):
                await submitter.close()
                await canceler.close()
                await replacer.close()
                if self._lease.held.is_set():
                    await self._facts.drained()

    def _gate(self, ear: Ear) -> str:
        """Why nothing new may start, or nothing."""
        if ear.degraded.gate or ear.down:
            return ear.degraded.gate or ear.down
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
            await halt_anomalies(self.state, ear, self._facts)
            gate = submitter.gate = self._gate(ear)
            self._service.health.set("work", gate or self._panic.latched() or None)
            self._tell(gate)
            submitter.forget()
            submitter.end_groups()
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

    async def _ask(self, broker: Broker, resolver: Resolver, attribution: Attribution, ear: Ear) -> None:
        while True:
            await resolver.unsent()
            if ear.down:
                resolver.interrupted()
            else:
                await resolver.step()
            await look_at_late(self.state, attribution, ear)
            self._metrics.unanswered([order.updated_at for order in self.state.unanswered()], self._clock.now())
            self._metrics.facts.set(self._facts.waiting)
            health = await broker.health()
            self._metrics.budget(health.requests_left, health.requests_per_minute)
            await asyncio.sleep(_REST_SECONDS)

    async def _cancel(self, canceler: Canceler, ear: Ear) -> None:
        """Cancels whenever the broker can be talked to: what only reduces waits for no reconciliation."""
        while True:
            if ear.connected:
                await canceler.step()
                await canceler.sweep()
            await asyncio.sleep(_REST_SECONDS)

    async def _replace(self, replacer: Replacer, ear: Ear) -> None:
        while True:
            if ear.down:
                replacer.interrupted()
            else:
                await replacer.step()
            await asyncio.sleep(_REST_SECONDS)

    async def _reconcile(self, reconciler: Reconciler, ear: Ear) -> None:
        """Before any new work, after each return of the session, and from time to time."""
        await ear.changed.wait()
        interval = self._service.settings.router.reconcile_interval.seconds
        occasion: Occasion = "start"
        while True:
            ear.changed.clear()
            session = ear.session
            began = asyncio.get_running_loop().time()
            try:
                # A replay does not wait: what is held back there for a moment may be too old afterwards.
                ends = reconciler.day_is_due and self._clock.kind == "wall"
                compared = await reconciler.run_once(patient=bool(ear.down) or ends, occasion=occasion)
            except (BrokerError, Unavailable) as error:
                self._service.health.set("reconcile", f"waits for its broker and the reader: {error}")
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if not compared and ear.down:
                self._service.health.set("reconcile", "waits for a moment without executions, to compare the account")
                continue
            self._service.health.set("reconcile", None)
            self._metrics.took.set(asyncio.get_running_loop().time() - began)
            if session == ear.session:
                ear.down = ""
                self.replica.moved.set()
            occasion = await self._next_occasion(reconciler, ear, session, interval)

    async def _next_occasion(self, reconciler: Reconciler, ear: Ear, session: int, interval: float) -> Occasion:
        """Returns when the account is to be compared again, and why."""
        until = asyncio.get_running_loop().time() + interval
        while True:
            left = until - asyncio.get_running_loop().time()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(min(left, _DAY_SECONDS), 0)):
                    await ear.changed.wait()
            if ear.changed.is_set():
                return "command" if session == ear.session else "reconnect"
            if reconciler.day_is_due:
                return "end_of_day"
            if left <= _DAY_SECONDS:
                return "interval"
