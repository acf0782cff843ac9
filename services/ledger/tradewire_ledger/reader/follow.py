"""Follows the log: from Postgres until it is caught up, then as frames are heard, and from Postgres again whenever not.

A frame is heard after it was committed, so hearing is only the quick way; Postgres has everything, and is asked every
second while the tail is not live. Numbers decide: a frame that comes twice is dropped.
"""

import asyncio
import contextlib
import time
from collections import deque
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from tradewire.bus import Bus
from tradewire.errors import LogChanged, Unavailable
from tradewire.messages.log import Frame
from tradewire.tail import Tail
from tradewire_ledger.backup.metrics import BackupMetrics
from tradewire_ledger.reader.advance import BATCH_EVENTS, advance
from tradewire_ledger.reader.announce import announcements
from tradewire_ledger.reader.model import Model
from tradewire_ledger.reader.store import Store

POLL_SECONDS = 1.0
TURN_SECONDS = 0.2
LINGER_SECONDS = 0.02
LOADED_LINGER_SECONDS = 0.1
LOADED_EVENTS = 60
"""So much heard at once is a load: waiting longer then writes an order once instead of at each of its steps."""
"""How long a first frame waits for others: commits are what the reader costs, and nobody trades by it."""
HEARD_EVENTS_MAX = 100_000
"""So many events may wait in memory; beyond that what was heard is dropped and read from Postgres in its turn."""


class Metrics:
    """What is counted, over all sessions of the process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pos = Gauge("tradewire_reader_position", "Last position of the read model", registry=registry)
        self.lag = Gauge("tradewire_reader_lag_positions", "Positions behind the log's head", registry=registry)
        self.seconds = Histogram(
            "tradewire_reader_apply_seconds",
            "From hearing or reading a batch's first frame to its commit in the read model",
            buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
            registry=registry,
        )
        self.events = Counter("tradewire_reader_events", "Events folded into the read model", registry=registry)
        self.batches = Counter("tradewire_reader_batches", "Commits of the read model", registry=registry)
        self.backups = BackupMetrics()
        registry.register(self.backups)
        self.announced = Counter("tradewire_reader_announced", "Events announced to people", registry=registry)
        self.unannounced = Counter(
            "tradewire_reader_unannounced", "Events not announced, because NATS was away", registry=registry
        )
        self.snapshots = Counter("tradewire_reader_snapshots", "Snapshots by outcome", ["outcome"], registry=registry)
        self.queries = Counter("tradewire_reader_queries", "Queries", ["what", "outcome"], registry=registry)


class Follower:
    """Keeps one model and its tables in step with the log."""

    def __init__(
        self, store: Store, model: Model, bus: Bus, shard: str, metrics: Metrics, log: Any, *, head: int
    ) -> None:
        self._store, self._bus, self._shard = store, bus, shard
        self._metrics, self._log = metrics, log
        self.model = model
        self._stored = model.checkpoint
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
        messages = list(announcements(self._shard, changes.told, time.time_ns() // 1_000))
        try:
            await self._bus.publish_many(messages)
        except Unavailable:
            metrics.unannounced.inc(len(messages))
        else:
            metrics.announced.inc(len(messages))
