"""A replicated state machine: a snapshot at position P, then the tail from P+1 (DESIGN §1, rule 3)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.errors import LogChanged, Unavailable
from tradewire.messages.log import (
    Event,
    Frame,
    SnapshotChunk,
    SnapshotRequest,
    decode_frame,
    decode_snapshot_chunk,
    encode,
)
from tradewire.tail import Tail

PAST_FRAMES = 256
PAST_SECONDS = 1.0


class Snapshot(Struct, frozen=True):
    """Every event of every open stream, control, limits and leases, and the account books, at one position."""

    log_id: str
    frame: int
    pos: int
    events: tuple[Event, ...]
    books: tuple[Raw, ...]


class Machine(Protocol):
    """State that evolves from the log alone."""

    def restore(self, snapshot: Snapshot) -> None:
        """Forgets everything and begins at the snapshot."""

    def apply(self, frame: Frame) -> None:
        """Folds one frame; raises LogError when it cannot."""


class Listener(Protocol):
    """Who is told what the machine has taken in, after it, and may raise nothing."""

    @property
    def wants_past(self) -> bool:
        """Whether to tell it what happened shortly before a machine begins."""

    def past(self, frame: Frame) -> None:
        """Is told of a frame from before the first snapshot."""

    def restore(self, events: Iterable[Event]) -> None:
        """Is told where a machine has begun."""

    def hear(self, frame: Frame) -> None:
        """Is told of a frame."""


async def take_snapshot(bus: Bus, shard: str, *, min_pos: int = 0, timeout: float = 10.0) -> Snapshot:
    """Asks the reader for a snapshot that reaches `min_pos` at least.

    Raises:
        Unavailable: the reader does not answer, is behind, or a chunk is missing.
    """
    chunks: list[SnapshotChunk] = []
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(message: Message) -> None:
        if done.done():
            return
        if message.status == 503:
            done.set_exception(Unavailable("nobody answers for snapshots"))
            return
        try:
            chunk = decode_snapshot_chunk(message.data)
        except msgspec.DecodeError as error:
            done.set_exception(Unavailable(f"a chunk of the snapshot cannot be read: {error}"))
            return
        if chunk.behind or chunk.error:
            done.set_exception(Unavailable(chunk.error or f"the reader is at {chunk.pos}, behind {min_pos}"))
        elif chunk.number != len(chunks) or (chunks and chunk.pos != chunks[0].pos):
            done.set_exception(Unavailable(f"chunk {len(chunks)} of the snapshot is missing"))
        else:
            chunks.append(chunk)
            if chunk.last:
                done.set_result(None)

    inbox = bus.inbox()
    subscription = await bus.subscribe(inbox, take)
    try:
        await bus.publish(subjects.snapshot(shard), encode(SnapshotRequest(min_pos)), reply=inbox)
        async with asyncio.timeout(timeout):
            await done
    except TimeoutError:
        raise Unavailable("the snapshot did not come in time") from None
    finally:
        await subscription.stop()
    first = chunks[0]
    return Snapshot(
        first.log_id,
        first.frame,
        first.pos,
        tuple(event for chunk in chunks for event in chunk.events),
        tuple(book for chunk in chunks for book in chunk.books),
    )


class Replica:
    """Keeps a machine in step with the log, with a new snapshot whenever the log cannot be followed.

    `moved` is set after every frame; `generation` counts snapshots, so that work in hand from an earlier one is known.
    """

    def __init__(
        self, bus: Bus, shard: str, machine: Machine, complete: Callable[[Snapshot], Awaitable[None]] | None = None
    ) -> None:
        """`complete` adds what a machine that has begun at a snapshot needs beside it; it may raise Unavailable."""
        self._bus, self._shard, self._machine, self._complete = bus, shard, machine, complete
        self.tail = Tail(bus, shard, self._apply)
        self.moved = asyncio.Event()
        self.generation = 0
        self.problem = "has no snapshot yet"
        self.listener: Listener | None = None
        self._past_told = False

    @property
    def pos(self) -> int:
        """The last position folded."""
        return self.tail.pos

    @property
    def live(self) -> bool:
        """True when the state is in step with a ledger that beats."""
        return not self.problem and self.tail.live

    def _apply(self, frame: Frame) -> None:
        self._machine.apply(frame)
        self.moved.set()
        if self.listener is not None:
            self.listener.hear(frame)

    async def start(self, *, min_pos: int = 0) -> None:
        """Takes a snapshot, waiting for the reader as long as it takes, and follows the log from there.

        A snapshot of the same log from before what was folded already is not taken: a machine that forgets what it
        knew does it again.
        """
        self.problem = "waits for a snapshot"
        log_id, reached = self.tail.log_id, self.tail.pos
        while True:
            try:
                snapshot = await take_snapshot(self._bus, self._shard, min_pos=min_pos)
                if snapshot.log_id == log_id and snapshot.pos < reached:
                    raise Unavailable(f"the reader is at {snapshot.pos}, behind {reached}")
                self._machine.restore(snapshot)
                if self.listener is not None:
                    await self._tell_begin(self.listener, snapshot)
                log_id, reached = snapshot.log_id, snapshot.pos
                if self._complete is not None:
                    await self._complete(snapshot)
            except Unavailable as error:
                self.problem = f"waits for a snapshot: {error}"
                await asyncio.sleep(0.1)
                continue
            break
        self.tail = Tail(self._bus, self._shard, self._apply)
        self.generation += 1
        await self.tail.start(snapshot.log_id, snapshot.frame, snapshot.pos)
        self.problem = ""
        self.moved.set()

    async def _tell_begin(self, listener: Listener, snapshot: Snapshot) -> None:
        """Tells a listener where the machine begins, and at the first time the last frames before; it costs no more
        than a moment."""
        if listener.wants_past and not self._past_told:
            self._past_told = True
            first = max(snapshot.frame - PAST_FRAMES + 1, 1)
            with contextlib.suppress(Unavailable, msgspec.DecodeError):
                stream = subjects.log_stream(self._shard)
                stored = await self._bus.direct_get(stream, first, batch=PAST_FRAMES, timeout=PAST_SECONDS)
                for frame in map(decode_frame, (message.data for message in stored)):
                    if frame.log_id == snapshot.log_id and frame.frame <= snapshot.frame:
                        listener.past(frame)
        listener.restore(snapshot.events)

    async def run(self) -> None:
        """Follows for ever; a changed log leads to a new snapshot.

        Raises:
            LogError: the log is corrupt or holds what this build does not know; nothing may act on it.
        """
        try:
            while True:
                await self.tail.changed.wait()
                problem = self.tail.problem
                await self.tail.stop()
                if problem is not None and not isinstance(problem, LogChanged):
                    self.problem = str(problem)
                    raise problem
                await self.start()
        finally:
            with contextlib.suppress(Unavailable):
                await self.tail.stop()
