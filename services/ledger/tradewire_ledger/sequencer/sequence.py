"""The sequencer's loop: all requests that wait share one transaction (group commit, DESIGN §1.1)."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec
from msgspec import Struct

from tradewire import faults, ids, subjects
from tradewire.build import build_id
from tradewire.bus import Bus, Message, Stoppable, wire
from tradewire.errors import Unavailable
from tradewire.messages.log import (
    AppendReply,
    AppendRequest,
    Beat,
    Command,
    Event,
    LeaseReply,
    LeaseRequest,
    NewEvent,
    Result,
    decode_append_request,
    decode_lease_request,
    encode,
)
from tradewire.messages.registry import new_event
from tradewire.messages.system_events import ClockStepped
from tradewire_ledger.domain.decide import Decision, Pending, Unknown, decide, events_of, stored_result, streams_of
from tradewire_ledger.domain.framing import Chained, chain
from tradewire_ledger.domain.leases import Held, Leases
from tradewire_ledger.domain.memory import WHOLE, Memory
from tradewire_ledger.sequencer.relay import LAG_SECONDS, Relay
from tradewire_ledger.sequencer.store import Conflict, Store

BEAT_SECONDS = 0.25
BATCH_EVENTS = 1_500
STEP_SECONDS = 2.0
_OWN = "sequencer"
_FIRST = ("router", "risk", "ingest")
"""Order of the round robin: a broker's facts and submits before new work."""


class Observed(Struct):
    """What a commit was like, for the metrics."""

    events: int
    requests: int
    seconds: float
    waited: float
    """Seconds from the arrival of the oldest request."""


class Committed(Struct):
    """What a commit wrote, and when it began and ended (nanoseconds since the epoch).

    `commands` are the events of each command with the raw headers of its request.
    """

    commands: Sequence[tuple[Sequence[Event], bytes]]
    began: int
    ended: int


class Observer(Protocol):
    """Who may want to be told of commits, after their answers are out, and raises nothing."""

    @property
    def wants(self) -> bool:
        """Whether to tell it of this one at all."""

    def tell(self, committed: Committed) -> None:
        """Is told of a commit."""


class Sequencer:
    """Appends for everybody, under one epoch. It lives as long as its store can be trusted."""

    def __init__(
        self,
        bus: Bus,
        shard: str,
        store: Store,
        observe: Callable[[Observed], None],
        relayed: Callable[[float], None],
        *,
        replicas: int = 1,
    ) -> None:
        self._bus, self._shard, self._store, self._observe = bus, shard, store, observe
        self._memory, self._leases = Memory(), Leases(build_id())
        self.relay = Relay(bus, shard, store.frames, store.frame_hash, relayed, replicas=replicas)
        self._waiting: dict[str, deque[Pending]] = {}
        self._since = 0.0
        self._work = asyncio.Event()
        self._subscriptions: list[Stoppable] = []
        self._lease_replies: dict[str, list[tuple[str, LeaseRequest, str]]] = {}
        self._offset = time.time() - time.monotonic()
        self.halted = ""
        self.witness: Observer | None = None

    @property
    def store(self) -> Store:
        return self._store

    @property
    def leases(self) -> Mapping[str, Held]:
        """Every lease that was ever granted."""
        return self._leases.all

    async def prepare(self) -> None:
        """Loads what is remembered whole and brings the log stream in line; only then is anything listened to.

        Raises:
            HeadLost, StreamDiffers, Unavailable
        """
        self._memory.start(await self._store.whole_versions())
        self._leases.start(await self._store.leases(), time.monotonic())
        await self.relay.start(self._store.head)

    async def open(self) -> None:
        """Subscribes, without a queue group: one ledger hears everything."""
        for subject, handler in (
            (subjects.append(self._shard, "*"), self._hear_append),
            (subjects.lease(self._shard, "*"), self._hear_lease),
        ):
            self._subscriptions.append(await self._bus.subscribe(subject, handler))

    async def close(self) -> None:
        """Stops listening; what waits is not answered, and is asked again."""
        for subscription in self._subscriptions:
            await subscription.stop()
        self._subscriptions.clear()
        self._waiting.clear()
        await self.relay.stop()

    def _hear_append(self, message: Message) -> None:
        writer = message.subject.rsplit(".", 1)[1]
        try:
            request = decode_append_request(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._answer_now(message.reply, encode(self._reply((Result("invalid", message=str(error)),))))
            return
        self._enqueue(Pending(writer, message.reply, request, len(message.data), message.raw_headers))

    def _enqueue(self, pending: Pending) -> None:
        self._waiting.setdefault(pending.writer, deque()).append(pending)
        self._since = self._since or time.perf_counter()
        self._work.set()

    def _hear_lease(self, message: Message) -> None:
        writer = message.subject.rsplit(".", 1)[1]
        try:
            request = decode_lease_request(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._answer_now(message.reply, msgspec.json.encode(LeaseReply(False, message=str(error))))
            return
        answer = self._leases.ask(writer, request, time.monotonic(), _now())
        if isinstance(answer, LeaseReply):
            self._answer_now(message.reply, msgspec.json.encode(answer))
            return
        self._append_own(answer)
        self._lease_replies.setdefault(answer[0].event_id, []).append((writer, request, message.reply))

    def _append_own(self, events: Iterable[NewEvent]) -> None:
        self._enqueue(Pending(_OWN, "", AppendRequest(tuple(Command((event,)) for event in events)), 0))

    def _answer_now(self, reply: str, payload: bytes) -> None:
        if reply:
            task = asyncio.get_running_loop().create_task(self._say([wire(reply, payload)]))
            task.add_done_callback(lambda t: t.exception())

    async def _say(self, wired: list[bytes]) -> None:
        try:
            await self._bus.send(wired)
        except Unavailable:
            return  # whoever asked will ask again

    def _reply(self, results: tuple[Result, ...]) -> AppendReply:
        return AppendReply(self._store.head.epoch, self._store.head.log_id, results)

    async def run(self) -> None:
        """Commits batch after batch.

        Raises:
            HeadLost: the store cannot be trusted any more; start again from the lock.
        """
        while True:
            await self._work.wait()
            self._work.clear()
            while batch := self._take():
                # What is left over has waited no longer than what is taken: it counts from the next request on.
                since, self._since = self._since, 0.0
                await self._commit(batch, since)

    def _take(self) -> list[Pending]:
        """What waits, round robin by writer, up to one transaction's worth."""
        order = [w for w in (_OWN, *_FIRST) if w in self._waiting]
        order += [w for w in self._waiting if w not in order]
        batch: list[Pending] = []
        events = 0
        while order and events < BATCH_EVENTS:
            for writer in tuple(order):
                queue = self._waiting[writer]
                if not queue:
                    order.remove(writer)
                    continue
                pending = queue.popleft()
                batch.append(pending)
                events += sum(len(command.events) for command in pending.request.commands)
                if events >= BATCH_EVENTS:
                    break
        return batch

    async def _commit(self, batch: list[Pending], since: float) -> None:
        started = time.perf_counter()
        try:
            decision, chained = await self._decide_and_write(batch)
        finally:
            self._memory.forget_answers()
        self._memory.committed(chained.events)
        now = time.monotonic()
        for event in chained.events:
            if event.stream.startswith("lease-"):
                self._leases.committed(event, now)
        out = self.relay.wired(chained.frames, chained.head) + self._answers(batch, decision, chained)
        faults.point("sequencer.before_reply")
        await self._say(out)
        if chained.events:
            ended = time.perf_counter()
            self._observe(Observed(len(chained.events), len(batch), ended - started, ended - (since or started)))
            if self.witness is not None and self.witness.wants:
                self.witness.tell(_committed(batch, decision, chained, ended - started))

    async def _decide_and_write(self, batch: list[Pending]) -> tuple[Decision, Chained]:
        while True:
            decision = await self._decide(batch)
            chained = chain(self._store.head, decision.accepted, _now())
            if not chained.events:
                return decision, chained
            try:
                await self._store.commit(chained)
            except Conflict:
                await self._look_up(batch)
                continue
            return decision, chained

    async def _decide(self, batch: list[Pending]) -> Decision:
        lagging = f"the log stream lags by {self.relay.lag:.1f} s" if self.relay.lag > LAG_SECONDS else ""
        while True:
            try:
                return decide(batch, self._memory, self._leases.view(), facts_only=lagging)
            except Unknown as unknown:
                streams = await self._store.versions(unknown.streams) if unknown.streams else {}
                events = await self._store.events_by_id(unknown.ids) if unknown.ids else {}
                self._memory.answer(streams, events)

    async def _look_up(self, batch: list[Pending]) -> None:
        """After a unique violation: all ids and versions of the batch, then the batch is decided again."""
        versions = await self._store.versions({s for s in streams_of(batch) if not s.startswith(WHOLE)})
        self._memory.answer(versions, await self._store.events_by_id({e.event_id for e in events_of(batch)}))

    def _answers(self, batch: list[Pending], decision: Decision, chained: Chained) -> list[bytes]:
        out: list[bytes] = []
        repeats = {(r, c): (first, last) for r, c, first, last in decision.repeats}
        for r, (pending, results, spans) in enumerate(zip(batch, decision.results, decision.spans, strict=True)):
            final: list[Result] = []
            for c, (result, (first, last)) in enumerate(zip(results, spans, strict=True)):
                if result is not None:
                    final.append(result)
                elif (r, c) in repeats:
                    events = tuple(chained.events[first:last])
                    final.append(Result("replayed", tuple(e.pos for e in events), events=events))
                else:
                    final.append(stored_result(chained.events[first:last]))
            if pending.writer == _OWN:
                out.extend(self._lease_answers(pending))
            elif pending.reply:
                out.append(wire(pending.reply, encode(self._reply(tuple(final)))))
        return out

    def _lease_answers(self, pending: Pending) -> list[bytes]:
        out: list[bytes] = []
        for command in pending.request.commands:
            for writer, request, reply in self._lease_replies.pop(command.events[0].event_id, ()):
                answer = self._leases.ask(writer, request, time.monotonic(), _now())
                if isinstance(answer, LeaseReply) and reply:
                    out.append(wire(reply, msgspec.json.encode(answer)))
        return out

    async def beat(self) -> None:
        """Says where the log stands, four times a second, and notes when the clock jumps.

        Raises:
            HeadLost: another ledger has taken over.
        """
        subject = subjects.heartbeat("ledger", self._shard)
        turns = 0
        while True:
            head = self._store.head
            try:
                beat = Beat(head.log_id, head.epoch, head.frame, head.pos, _now(), self.halted)
                await self._bus.publish(subject, msgspec.json.encode(beat))
            except Unavailable:
                pass  # the beat is missed, which is what it is for
            self._note_step()
            turns += 1
            if turns % 8 == 0:
                await self._store.verify()
            await asyncio.sleep(BEAT_SECONDS)

    def _note_step(self) -> None:
        offset = time.time() - time.monotonic()
        step, self._offset = offset - self._offset, offset
        if abs(step) > STEP_SECONDS:
            seconds = Decimal(str(round(step, 3)))
            event_id = ids.timer_uuid("system", "ClockStepped", _now())
            self._append_own(
                [new_event("system", None, event_id, ClockStepped(seconds=seconds), time=_now(), correlation=None)]
            )


def _committed(batch: list[Pending], decision: Decision, chained: Chained, seconds: float) -> Committed:
    repeats = {(r, c) for r, c, *_ in decision.repeats}
    written = [
        (chained.events[first:last], batch[r].headers)
        for r, (results, spans) in enumerate(zip(decision.results, decision.spans, strict=True))
        for c, (result, (first, last)) in enumerate(zip(results, spans, strict=True))
        if result is None and (r, c) not in repeats
    ]
    now = time.time_ns()
    return Committed(written, now - int(seconds * 1e9), now)


def _now() -> int:
    return time.time_ns() // 1_000
