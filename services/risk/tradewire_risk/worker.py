"""The loop under the lease: derive, append, wait until the tail has shown it, derive again."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import msgspec

from tradewire.append import Appender
from tradewire.bus import Message
from tradewire.errors import TradewireError
from tradewire.lease import Lease
from tradewire.messages.log import Frame, Result
from tradewire.messages.quotes import AHEAD_MICROS, decode_quote
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.service import Service
from tradewire.settings import Settings
from tradewire_risk.domain.configured import refused_limits
from tradewire_risk.domain.state import RiskState
from tradewire_risk.handlers import Desk, Work
from tradewire_risk.metrics import Metrics
from tradewire_risk.settings import limit_texts, setup_of

TICK_SECONDS = 0.25
GAUGES_SECONDS = 1.0
_AGAIN_SECONDS = 0.05
_MAX_QUOTE_BYTES = 1024
_DERIVE_AGAIN = frozenset({"appended", "replayed", "id_reused", "version_conflict", "guard_changed", "halted"})


class Follower:
    """The state as the replica moves it."""

    def __init__(self, state: RiskState) -> None:
        self._state = state

    def restore(self, snapshot: Snapshot) -> None:
        """Begins at a snapshot."""
        self._state.restore(snapshot.events, snapshot.books, snapshot.pos)

    def apply(self, frame: Frame) -> None:
        """Folds one frame."""
        self._state.apply(frame)


class Worker:
    """Risk at work. `work` is what the lease's holder runs; the rest goes on in a process that waits for the lease."""

    def __init__(
        self, service: Service, desk: Desk, replica: Replica, lease: Lease, appender: Appender, metrics: Metrics
    ) -> None:
        self._service, self._desk, self._replica = service, desk, replica
        self._lease, self._appender, self._metrics = lease, appender, metrics
        self._ledger_problem = ""
        self._quoted_at = 0.0

    def hear(self, message: Message) -> None:
        """Takes a quote."""
        try:
            quote = decode_quote(message.data) if len(message.data) <= _MAX_QUOTE_BYTES else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError):
            quote = None
        clock = self._desk.clock
        latest = clock.now() + AHEAD_MICROS if clock.kind == "wall" else None
        if quote is None or not self._desk.board.hear(quote, message.subject.split(".")[1], latest):
            self._metrics.quotes_refused.inc()
            return
        clock.hear(quote.at)
        self._metrics.quotes.inc()
        self._quoted_at = time.time()

    def configure(self, settings: Settings) -> None:
        """Takes over reloaded settings; the log gets the limits that have changed, as far as they may."""
        try:
            self._desk.state.setup = setup_of(settings, self._desk.state.setup.sizers)
        except TradewireError as error:
            self._service.log.error("settings not taken over, the old ones stay", error=str(error))
            return
        self._desk.limits = limit_texts(settings.risk)
        self._replica.moved.set()

    def problems(self) -> dict[str, str | None]:
        """Why this process decides nothing, by part."""
        lease, replica, state = self._lease, self._replica, self._desk.state
        behind = replica.problem or ("" if replica.live else "is not in step with a ledger that beats")
        return {
            "lease": None if lease.held.is_set() else lease.waiting,
            "replica": behind or None,
            "limits": None if state.limited else "no limits were ever set",
            "clock": None if self._desk.clock.started else "no quote has told the time yet",
            "ledger": self._ledger_problem or None,
        }

    async def watch(self) -> None:
        """Keeps health, gauges and the heartbeat's facts true."""
        service, metrics, replica = self._service, self._metrics, self._replica
        gauges_at = 0.0
        while True:
            self._note_refused_limits()
            for part, problem in self.problems().items():
                service.health.set(part, problem)
            service.health.started()
            beat = replica.tail.beat
            metrics.lease.set(self._lease.held.is_set())
            metrics.quoted_at.set(self._quoted_at)
            metrics.lag.set(max(beat.pos - replica.pos, 0) if beat else 0)
            metrics.open_orders.set(len(self._desk.state.orders.orders))
            metrics.undecided.set(len(self._desk.state.orders.requested))
            if self._desk.clock.started and time.monotonic() >= gauges_at:
                metrics.accounts.take(self._desk.state, self._desk.clock.now(), self._desk.board)
                gauges_at = time.monotonic() + GAUGES_SECONDS
            service.facts["pos"] = replica.pos
            service.facts["decides"] = self._lease.held.is_set() and replica.live
            await asyncio.sleep(0.2)

    def _note_refused_limits(self) -> None:
        """Tells people what the configuration says and may not set alone, once each time that it becomes so."""
        desk, service = self._desk, self._service
        known = desk.state.limited and desk.clock.started
        refused = refused_limits(desk.state, desk.limits, desk.clock.now()) if known else ""
        if service.health.note("limits", refused) and refused:
            service.log.warning("limits of the configuration are not in force", problem=refused)

    async def work(self) -> None:
        """Decides until the lease is lost or the process is to stop. All that it appends is fenced by the lease."""
        await self._reach(self._lease.pos)
        timers_at = 0.0
        while not self._service.stopping.is_set():
            moved = self._replica.moved
            moved.clear()
            work = None
            if self._replica.live and self._desk.clock.started:
                timers = time.monotonic() >= timers_at
                work = self._desk.next_work(timers=timers)
                if timers and work is None:
                    timers_at = time.monotonic() + TICK_SECONDS
            if work is None:
                await self._moved(TICK_SECONDS)
            elif not await self._append(work):
                return

    async def _append(self, work: Work) -> bool:
        """Appends, and waits until the tail has shown what was appended; False when the lease is lost."""
        began = time.monotonic()
        results = await self._appender.append(work.commands, self._lease.fence)
        self._desk.settle(work, results)
        self._tell(work, results)
        if any(result.code == "stale_fence" for result in results):
            self._service.log.warning("the lease is lost", lease=self._lease.name, epoch=self._lease.epoch)
            self._lease.held.clear()
            return False
        await self._reach(max((max(r.positions, default=0) for r in results), default=0))
        if work.decided:
            self._metrics.seconds.observe(time.monotonic() - began)
        halted = [result.message for result in results if result.code == "halted"]
        self._ledger_problem = f"has halted: {halted[0]}" if halted else ""
        if any(result.code != "appended" for result in results):
            # Somebody else was faster, and the tail will say what they did.
            await self._moved(TICK_SECONDS if halted else _AGAIN_SECONDS)
        return True

    def _tell(self, work: Work, results: Sequence[Result]) -> None:
        """Counts what came of it; each decision has its line when the log shows it."""
        log, metrics = self._service.log, self._metrics
        for result in results:
            metrics.results.labels(result.code).inc()
            if result.code not in _DERIVE_AGAIN and result.code != "stale_fence":
                raise TradewireError(f"the ledger refuses what risk appends: {result.code}, {result.message}")
        if work.decided:
            metrics.batch.observe(len(work.decided))
        for decided, result in zip(work.decided, results, strict=False):
            if result.code != "appended":
                continue
            if decided.reason is None:
                metrics.approved.inc()
            else:
                metrics.not_approved[decided.reason].inc()
        for due, result in zip(work.due, results, strict=False):
            if result.code == "appended":
                metrics.timers.inc()
                log.info(
                    "timer appended",
                    account=due.account,
                    why=due.why,
                    event_id=due.event_id,
                    pos=result.positions[-1],
                )

    async def _reach(self, pos: int) -> None:
        """Returns when the state holds position `pos`, or began anew from a snapshot, which holds all there is."""
        generation = self._replica.generation
        while self._replica.pos < pos and self._replica.generation == generation:
            self._replica.moved.clear()
            await self._moved(TICK_SECONDS)

    async def _moved(self, seconds: float) -> None:
        """Returns when the state has moved, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._replica.moved.wait()
