"""Follows the log: from Postgres until it is caught up, then as frames are heard, and from Postgres again whenever not.

A frame is heard after it was committed, so hearing is only the quick way; Postgres has everything, and is asked every
second while the tail is not live. Numbers decide: a frame that comes twice is dropped.
"""

import asyncio
import contextlib
import time
from collections import deque
from typing import Any

from tradewire.bus import Bus
from tradewire.errors import LogChanged, Unavailable
from tradewire.messages.log import Frame
from tradewire.tail import Tail
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader.advance import BATCH_EVENTS, advance
from tradewire_ledger.reader.announce import announcements
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.model import Changes, Model
from tradewire_ledger.reader.store import Store
from tradewire_ledger.reader.told.counting import Counting

POLL_SECONDS = 1.0
TURN_SECONDS = 0.2
LINGER_SECONDS = 0.02
LOADED_LINGER_SECONDS = 0.1
LOADED_EVENTS = 60
"""So much heard at once is a load: waiting longer then writes an order once instead of at each of its steps."""
"""How long a first frame waits for others: commits are what the reader costs, and nobody trades by it."""
HEARD_EVENTS_MAX = 100_000
"""So many events may wait in memory; beyond that what was heard is dropped and read from Postgres in its turn."""


class Follower:
    """Keeps one model and its tables in step with the log."""

    def __init__(
        self, store: Store, model: Model, bus: Bus, shard: str, metrics: Metrics, log: Any, *, head: int
    ) -> None:
        self._store, self._bus, self._shard = store, bus, shard
        self._metrics, self._log = metrics, log
        self.model = model
        self._stored = model.checkpoint
        self.counting = Counting(metrics.trading, metrics.accounts, metrics.strategies)
        self.still = asyncio.Lock()
        """Held while memory and tables move: whoever holds it sees both at one position."""
        self.begun_at = self._known_head = head
        """The log's last position when this began; until it is reached, the read model is history."""
        self._tail: Tail | None = None
        self._heard: deque[tuple[Frame, float]] = deque()
        self._heard_events = 0
        self._heard_frame = 0
        self._overflowed = False
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def pos(self) -> int:
        """The last position in the read model, memory and tables."""
        return self._stored.pos

    @property
    def in_step(self) -> bool:
        """False when memory is ahead of the tables, for a moment while they move, or for good after a failure."""
        return self.model.checkpoint is self._stored

    @property
    def head(self) -> int:
        """The log's last position, as far as anybody has said."""
        beat = self._tail.beat if self._tail else None
        said = beat.pos if beat and beat.log_id == self.model.checkpoint.log_id else 0
        return max(self._known_head, said, self.pos)

    async def reached(self, pos: int, seconds: float) -> bool:
        """Waits until the read model holds `pos`, so many seconds at most; returns whether it does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.pos < pos:
                    await self._moved.wait()
        return self.pos >= pos

    async def run(self) -> None:
        """Follows for ever.

        Raises:
            LogChanged: the log in Postgres is another one.
            LogError: the log is corrupt, or holds what this build does not know.
            CheckpointMoved: somebody else folds into the same tables.
        """
        while True:
            await self._catch_up()
            at = self.model.checkpoint
            self._heard.clear()
            self._heard_events, self._heard_frame, self._overflowed = 0, at.frame, False
            self._tail = tail = Tail(self._bus, self._shard, self._hear)
            try:
                await tail.start(at.log_id, at.frame, at.pos)
                await self._follow(tail)
            finally:
                await tail.stop()
            await asyncio.sleep(TURN_SECONDS)

    def _hear(self, frame: Frame) -> None:
        if frame.frame != self._heard_frame + 1:
            return
        if self._heard_events >= HEARD_EVENTS_MAX:
            self._overflowed = True
            return
        self._heard_frame = frame.frame
        self._heard_events += len(frame.events)
        self._heard.append((frame, asyncio.get_running_loop().time()))
        self._wake.set()

    async def _follow(self, tail: Tail) -> None:
        """Applies what is heard, until the tail cannot go on from here."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        while True:
            while self._heard:
                if self._heard_events < BATCH_EVENTS:
                    loaded = self._heard_events >= LOADED_EVENTS
                    await asyncio.sleep(LOADED_LINGER_SECONDS if loaded else LINGER_SECONDS)
                await self._apply_heard()
            if self._overflowed:
                self._log.warning("the reader cannot keep up with what it hears, and reads the log from Postgres")
                return
            if tail.changed.is_set():
                if tail.problem is not None and not isinstance(tail.problem, LogChanged):
                    raise tail.problem
                self._log.info("the tail cannot go on, reading the log from Postgres", reason=str(tail.problem))
                return
            if not tail.live and loop.time() - asked_at >= POLL_SECONDS:
                asked_at = loop.time()
                await self._catch_up()
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN_SECONDS):
                    await self._wake.wait()

    async def _apply_heard(self) -> None:
        at = self.model.checkpoint.frame
        frames: list[Frame] = []
        events, since = 0, 0.0
        while self._heard and events < BATCH_EVENTS:
            frame, heard_at = self._heard.popleft()
            self._heard_events -= len(frame.events)
            if frame.frame <= at:
                continue
            since = since or heard_at
            frames.append(frame)
            events += len(frame.events)
        if frames:
            await self._apply(frames, since)

    async def _catch_up(self) -> None:
        """Applies what Postgres has. Raises LogChanged when its log is another one."""
        head = await self._store.head()
        at = self.model.checkpoint
        if head.log_id != at.log_id:
            raise LogChanged(f"Postgres holds log {head.log_id}, and the read model is of {at.log_id}")
        if head.pos < at.pos:
            raise LogChanged(f"the log ends at {head.pos}, and the read model is at {at.pos}")
        self._known_head = max(self._known_head, head.pos)
        while True:
            since = asyncio.get_running_loop().time()
            frames = await self._store.frames_after(at.log_id, self.model.checkpoint.frame, events_max=BATCH_EVENTS)
            if not frames:
                return
            await self._apply(frames, since)

    async def _apply(self, frames: list[Frame], since: float) -> None:
        async with self.still:
            changes = await advance(self._store, self.model, frames)
            self._stored = changes.after
        self._known_head = max(self._known_head, self.pos)
        self._moved.set()
        self._moved = asyncio.Event()
        metrics = self._metrics
        metrics.seconds.observe(asyncio.get_running_loop().time() - since)
        metrics.batches.inc()
        metrics.events.inc(len(changes.told))
        metrics.pos.set(self.pos)
        await self._count(changes)
        messages = list(announcements(self._shard, changes.told, time.time_ns() // 1_000))
        try:
            await self._bus.publish_many(messages)
        except Unavailable:
            metrics.unannounced.inc(len(messages))
        else:
            metrics.announced.inc(len(messages))

    async def _count(self, changes: Changes) -> None:
        """Tells Prometheus what the batch brought."""
        try:
            unpriced = self.counting.unpriced(changes)
            self.counting.take(changes, await self._store.approvals(unpriced) if unpriced else {})
        except LOST:
            raise
        except Exception as error:  # noqa: BLE001 - no figure is worth a reader that answers nothing
            self._log.error("a batch could not be counted", pos=changes.after.pos, exc_info=error)
