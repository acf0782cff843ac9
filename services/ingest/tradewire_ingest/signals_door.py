"""The NATS door: from the SIGNALS stream to the log, one batch at a time, under the lease `ingest-<shard>`.

A message is acknowledged when the ledger has answered that what it leads to is in the log, and not before; whatever
happens in between, it comes again and is answered `replayed`. One append is in flight. Acknowledgements of a batch go
out in one write.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from tradewire import bus as nats
from tradewire import faults, subjects
from tradewire.append import Appender
from tradewire.errors import ConfigError, NotLeader, Unavailable
from tradewire.lease import Lease
from tradewire.messages.log import Command, Result
from tradewire.messages.signal import Signal
from tradewire.pull import Pull
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service
from tradewire.settings import Settings
from tradewire.traces.context import read_headers
from tradewire.traces.narrator import Callers
from tradewire_ingest import gap, stream
from tradewire_ingest.domain import reactions
from tradewire_ingest.domain.reactions import Context, Message
from tradewire_ingest.domain.refusal import Refused
from tradewire_ingest.domain.settling import Asked, Step, Unsettled, settle, whether_known
from tradewire_ingest.follower import Follower
from tradewire_ingest.handlers import on_signal
from tradewire_ingest.lookups import Lookups
from tradewire_ingest.metrics import Metrics

IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.5
MEASURE_SECONDS = 2.0
NEARLY_FULL = 0.8
_FILLING = (
    "SIGNALS is full or nearly so; a full one refuses new signals (10077) and loses none: raise ingest.stream_max_bytes"
)
_NAK = b"-NAK"
_ACK = b""
_ACK_TOKENS = 9
"""Of `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.…`; a server with domains puts two more before the stream."""


class Item(Struct):
    """A message in hand: how it is acknowledged, what it is, and which question about it is to be asked."""

    message: Message
    reply: str
    signal: Signal | None = None
    refused: Refused | None = None
    asked: Asked = Asked.REACTION
    headers: bytes = b""
    since: int = 0
    """Where traces are made: who published it, and since when it lay in SIGNALS (microseconds)."""


class SignalsDoor:
    """Works on SIGNALS while this process holds the lease. `problem` is why it takes nothing, or empty."""

    def __init__(
        self,
        service: Service,
        follower: Follower,
        lookups: Lookups,
        lease: Lease,
        clock: Clock,
        metrics: Metrics,
        callers: Callers | None = None,
    ) -> None:
        """`callers` are told of the publishers' traces, where traces are made."""
        self.settings, self._callers = service.settings, callers
        self._service, self._follower, self._lookups = service, follower, lookups
        self._lease, self._clock, self._metrics = lease, clock, metrics
        self._bus, self._shard = service.bus, service.settings.shard
        self._appender = Appender(self._bus, self._shard, "ingest", traced=callers is not None)
        self._queue: deque[Item] = deque()
        self._batch: list[Item] = []
        self._in_hand: set[tuple[str, int]] = set()
        self._arrived = asyncio.Event()
        self._reopen = asyncio.Event()
        self._instance = ""
        self._appended_pos = 0
        self.problem = "is not looked at yet"
        self._bus.on_reconnected(self._reconnected)

    def configure(self, settings: Settings) -> None:
        """Takes accounts, strategies, batches and sizes from reloaded settings; clock and shard stay as they were."""
        resized = settings.ingest.stream_max_bytes != self.settings.ingest.stream_max_bytes
        self.settings = replace(settings, clock=self.settings.clock, shard=self.settings.shard)
        if resized:
            self._reopen.set()
            self._arrived.set()

    async def _reconnected(self) -> None:
        self._reopen.set()
        self._arrived.set()

    async def work(self) -> None:
        """Takes signals until the process is to stop or the lease turns out to be lost."""
        self._appended_pos = self._lease.pos
        stopped = asyncio.create_task(self._wake_when_stopping())
        self._metrics.leading.set(1)
        try:
            while not self._service.stopping.is_set():
                await self._session()
        except NotLeader as error:
            self._service.log.warning("the lease is lost, nothing more is taken", error=str(error))
        finally:
            self._metrics.leading.set(0)
            stopped.cancel()
            await self._give_back()

    async def _wake_when_stopping(self) -> None:
        await self._service.stopping.wait()
        self._arrived.set()

    async def _session(self) -> None:
        """Opens the stream as it is now and works on it until it must be looked at again."""
        self._reopen.clear()
        try:
            await self._open()
        except NotLeader:
            raise
        except (Unavailable, ConfigError) as error:
            self._service.log.warning("SIGNALS cannot be worked on", error=str(error))
            self.problem = str(error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        self.problem = ""
        name = stream.consumer_name(self._shard)
        pull = Pull(self._bus, subjects.SIGNALS_STREAM, name, self._take)
        await pull.start()
        try:
            await self._receive(pull)
        finally:
            await pull.stop()

    async def _open(self) -> None:
        seen = await stream.ensure_stream(self._bus, self.settings.ingest.stream_max_bytes, self.settings.nats.replicas)
        await stream.take_over(self._bus, self._shard)
        self._measure(seen)
        await self._follower.reached(self._lease.pos)
        known = self._follower.state.stream_seen or await self._lookups.stream_seen(self._lease.pos)
        if command := gap.announce(known, seen, self._clock.now()):
            [result] = await self._append([command])
            if not result.stored:
                raise Unavailable(f"the ledger answers {result.code}: {result.message}")
            await self._follower.reached(result.positions[-1])
            if known:
                self._service.log.error(
                    "SIGNALS is a new stream: signals may be lost", old=known.instance, new=seen.instance
                )
        self._instance = seen.instance
        self._service.log.info("working on SIGNALS", stream=seen.instance, epoch=self._lease.epoch)

    async def watch_size(self) -> None:
        """Measures how full SIGNALS is, again and again; a full one refuses new signals."""
        while True:
            await asyncio.sleep(MEASURE_SECONDS)
            with contextlib.suppress(Unavailable):
                self._measure(await stream.look(self._bus))

    def _measure(self, seen: stream.Seen) -> None:
        self._metrics.stream_bytes.set(seen.bytes)
        self._metrics.stream_max_bytes.set(seen.max_bytes)
        filling = seen.bytes > NEARLY_FULL * seen.max_bytes
        if self._service.health.note("signals", _FILLING if filling else "") and filling:
            self._service.log.warning(_FILLING, bytes=seen.bytes, max_bytes=seen.max_bytes)

    def _take(self, message: nats.Message) -> None:
        tokens = message.reply.split(".")
        shift = 0 if len(tokens) == _ACK_TOKENS else 2
        sequence = int(tokens[5 + shift])
        place = (self._instance, sequence)
        if place in self._in_hand:
            return  # delivered again while it waits here; the first delivery's acknowledgement serves both
        self._in_hand.add(place)
        strategy, person = subjects.sender(message.subject)
        item = Item(Message(strategy, message.data, self._instance, sequence, person), message.reply)
        if self._callers is not None:
            item.headers, item.since = message.raw_headers, int(tokens[7 + shift]) // 1_000
        self._queue.append(item)
        self._arrived.set()

    async def _receive(self, pull: Pull) -> None:
        while not (pull.lost or self._reopen.is_set() or self._service.stopping.is_set()):
            if not self._queue or not self._able():
                self._arrived.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS if not self._queue else 0.05):
                        await self._arrived.wait()
                continue
            await self._carry_out(await self._next_batch())

    def _able(self) -> bool:
        return self._follower.live and self._clock.started

    async def _next_batch(self) -> list[Item]:
        """What waits, up to a batch; a cancel is decided only when the log shows every order requested before it."""
        batch: list[Item] = []
        orders = False
        while self._queue and len(batch) < self.settings.ingest.batch:
            item = self._queue[0]
            if item.signal is None and item.refused is None:
                judged = reactions.accept(item.message, self.settings)
                if isinstance(judged, Refused):
                    item.refused, item.asked = judged, Asked.REFUSAL
                else:
                    item.signal = judged
            if item.signal is not None:
                if item.signal.action != "cancel":
                    orders = True
                elif orders:
                    break
                else:
                    await self._follower.reached(self._appended_pos)
            batch.append(self._queue.popleft())
        return batch

    async def _carry_out(self, batch: list[Item]) -> None:
        """Asks the ledger until each message is at its end, and acknowledges them all."""
        self._batch = left = batch
        self._metrics.batch_size.observe(len(batch))
        self._metrics.pending.set(len(self._in_hand))
        while left:
            context = Context(self.settings, self._follower.state, self._clock.now())
            results = await self._append([self._command(item, context) for item in left])
            left = [item for item, result in zip(left, results, strict=True) if not self._settled(item, result)]
            if self.problem:
                await asyncio.sleep(RETRY_SECONDS)
                self.problem = ""
        faults.point("ingest.before_ack")
        with contextlib.suppress(Unavailable):  # then they come again, and are known
            await self._bus.publish_many([(item.reply, _ACK) for item in batch])
        self._service.log.debug("batch acknowledged", messages=len(batch), pos=self._appended_pos)
        self._batch = []
        self._in_hand.difference_update([(item.message.instance, item.message.sequence) for item in batch])
        self._metrics.pending.set(len(self._in_hand))

    def _command(self, item: Item, context: Context) -> Command:
        if item.asked is Asked.REFUSAL:
            assert item.refused is not None  # noqa: S101 - set where the question is set
            self._note_caller(item, reactions.refusal_of(item.message))
            return Command((reactions.refused(item.message, item.refused, context.time),))
        assert item.signal is not None  # noqa: S101
        uuid = reactions.uuid_of(item.signal)
        if item.asked is Asked.WHETHER_KNOWN:
            return whether_known(reactions.received(item.signal, uuid, item.message, context))
        self._note_caller(item, uuid)
        return Command(on_signal(item.signal, uuid, item.message, context))

    def _note_caller(self, item: Item, cause: str) -> None:
        if self._callers is not None:
            self._callers.note(cause, read_headers(item.headers), item.since)

    async def _append(self, commands: Sequence[Command]) -> list[Result]:
        started = time.perf_counter()
        results = await self._appender.append(commands, self._lease.fence)
        self._metrics.append_seconds.observe(time.perf_counter() - started)
        for result in results:
            if result.positions and result.stored:
                self._appended_pos = max(self._appended_pos, result.positions[-1])
            elif result.code == "stale_fence":
                raise NotLeader(result.message)
        return results

    def _settled(self, item: Item, result: Result) -> bool:
        """True when the message is at its end; otherwise one more question about it is to be asked."""
        if result.code == "halted":
            self.problem = f"the ledger has halted itself: {result.message}"
            return False
        try:
            step = settle(item.asked, result)
        except Unsettled as error:
            self.problem = str(error)
            self._service.log.error("a message stays in SIGNALS", sequence=item.message.sequence, error=str(error))
            return False
        if isinstance(step, Refused):
            item.refused, item.asked = step, Asked.REFUSAL
        elif step is Step.ASK:
            item.asked = Asked.WHETHER_KNOWN
        else:
            self._count(item, step, result)
            return True
        return False

    def _count(self, item: Item, step: Step, result: Result) -> None:
        if step is Step.KNOWN:
            self._metrics.repeated.inc()
        elif item.refused is None:
            self._metrics.received.inc()
        else:
            refused = item.refused
            self._metrics.refused.labels(refused.code).inc()
            self._service.log.info(
                "signal refused",
                strategy=item.message.strategy,
                signal_id=reactions.claimed_id(item.message, refused),
                signal=(refusal := reactions.refusal_of(item.message)),
                event_id=refusal,
                pos=result.positions[-1] if result.positions else None,
                sequence=item.message.sequence,
                code=str(refused.code),
                field=refused.field,
                error=refused.message,
            )

    async def _give_back(self) -> None:
        """Returns what was taken and not brought to its end, so that a successor need not wait for it."""
        left = [*self._batch, *self._queue]
        self._batch = []
        self._queue.clear()
        self._in_hand.clear()
        self._metrics.pending.set(0)
        with contextlib.suppress(Unavailable):
            await self._bus.publish_many([(item.reply, _NAK) for item in left])
