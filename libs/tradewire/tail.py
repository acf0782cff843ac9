"""The tail: every frame of the log, in order, from a given one on (DESIGN §1.2).

A frame is heard as it is published, because it was committed before; what was not heard is read from the stream by
number. Numbers decide, never arrival: a gap is read, a repeat is dropped, and being behind the ledger's beat for a
second means reading again, since a lost last message shows no gap.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from tradewire import subjects
from tradewire.bus import Bus, Message, Stoppable
from tradewire.errors import LogChanged, LogError, Unavailable
from tradewire.messages.log import Beat, Frame, decode_beat, decode_frame
from tradewire.runtime.tasks import end_tasks

BEHIND_SECONDS = 1.0
BEAT_LOST_SECONDS = 3.0
READ_FRAMES = 256


class Tail:
    """Follows the log and hands each frame to `apply`, once and in order.

    `changed` is set, with `problem`, when the log cannot be followed from here: the owner takes a new snapshot and
    starts a new tail.
    """

    def __init__(self, bus: Bus, shard: str, apply: Callable[[Frame], None]) -> None:
        self._bus, self._shard, self._apply = bus, shard, apply
        self._subscriptions: list[Stoppable] = []
        self._ahead: dict[int, Frame] = {}
        self._read_task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._behind_since = 0.0
        self.log_id = ""
        self.frame = 0
        self.pos = 0
        self.beat: Beat | None = None
        self.beat_at = 0.0
        self.changed = asyncio.Event()
        self.problem: LogError | None = None
        self._moved = asyncio.Event()
        self.gaps_read = 0

    async def start(self, log_id: str, frame: int, pos: int) -> None:
        """Follows from the frame after `frame`, whose last position is `pos`."""
        self.log_id, self.frame, self.pos = log_id, frame, pos
        self.beat_at = asyncio.get_running_loop().time()
        self._subscriptions = [
            await self._bus.subscribe(subjects.log(self._shard), self._hear),
            await self._bus.subscribe(subjects.heartbeat("ledger", self._shard), self._hear_beat),
        ]
        self._start_reading()
        self._spawn(self._watch())

    async def stop(self) -> None:
        """Ends the tail."""
        for subscription in self._subscriptions:
            await subscription.stop()
        await end_tasks(*self._tasks)

    def beat_age(self) -> float:
        """Seconds since the ledger's last beat."""
        return asyncio.get_running_loop().time() - self.beat_at

    @property
    def live(self) -> bool:
        """True while the ledger beats and the tail has all that it has said."""
        return (
            self.beat is not None
            and not self.changed.is_set()
            and self.beat_age() < BEAT_LOST_SECONDS
            and not self._behind_since
        )

    async def reached(self, pos: int) -> None:
        """Returns when the tail has applied position `pos`."""
        while self.pos < pos:
            self._moved.clear()
            await self._moved.wait()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _fail(self, problem: LogError) -> None:
        if not self.changed.is_set():
            self.problem = problem
            self.changed.set()
            self._moved.set()

    def _hear(self, message: Message) -> None:
        if self.changed.is_set():
            return
        try:
            frame = decode_frame(message.data)
        except msgspec.DecodeError as error:
            self._fail(LogError(f"a frame cannot be read: {error}"))
            return
        self._take(frame)

    def _take(self, frame: Frame) -> None:
        if frame.log_id != self.log_id:
            self._fail(LogChanged(f"log {frame.log_id} instead of {self.log_id}"))
        elif frame.frame <= self.frame:
            return
        elif frame.frame == self.frame + 1:
            self._step(frame)
            while self._ahead and (following := self._ahead.pop(self.frame + 1, None)):
                self._step(following)
        else:
            if len(self._ahead) < READ_FRAMES:
                self._ahead[frame.frame] = frame
            self._start_reading()

    def _step(self, frame: Frame) -> None:
        if frame.first_pos != self.pos + 1:
            self._fail(LogChanged(f"frame {frame.frame} begins at {frame.first_pos}, after position {self.pos}"))
            return
        try:
            self._apply(frame)
        except LogError as error:
            self._fail(error)
            return
        self.frame, self.pos = frame.frame, frame.last_pos
        self._moved.set()

    def _hear_beat(self, message: Message) -> None:
        with contextlib.suppress(msgspec.DecodeError):
            beat = decode_beat(message.data)
            if self.beat is not None and beat.epoch < self.beat.epoch and beat.log_id == self.log_id:
                return
            self.beat, self.beat_at = beat, asyncio.get_running_loop().time()
            if beat.log_id != self.log_id:
                self._fail(LogChanged(f"the ledger's log is {beat.log_id}, not {self.log_id}"))

    def _start_reading(self) -> None:
        if self._read_task is None or self._read_task.done():
            self._read_task = self._spawn(self._read())

    async def _read(self) -> None:
        """Reads what is missing up to the stream's last frame."""
        stream = subjects.log_stream(self._shard)
        while not self.changed.is_set():
            wanted = self.frame + 1
            try:
                stored = await self._bus.direct_get(stream, wanted, batch=READ_FRAMES)
            except Unavailable:
                await asyncio.sleep(0.2)
                continue
            if not stored:
                return
            self.gaps_read += 1
            for frame in sorted((decode_frame(message.data) for message in stored), key=lambda frame: frame.frame):
                if frame.log_id == self.log_id and frame.frame > self.frame + 1:
                    # JetStream clamps silently to the first message that it still has.
                    self._fail(LogChanged(f"frame {self.frame + 1} is no longer in the stream; {frame.frame} is first"))
                    return
                self._take(frame)
            if len(stored) < READ_FRAMES and not self._ahead:
                return

    async def _watch(self) -> None:
        while not self.changed.is_set():
            await asyncio.sleep(0.1)
            now = asyncio.get_running_loop().time()
            if self.beat is None or self.beat.frame <= self.frame:
                self._behind_since = 0.0
            elif not self._behind_since:
                self._behind_since = now
            elif now - self._behind_since >= BEHIND_SECONDS:
                self._behind_since = now
                self._start_reading()
