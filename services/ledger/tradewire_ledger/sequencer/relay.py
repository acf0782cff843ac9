"""The relay: every committed frame goes to the log stream, whose sequence is the frame's number (DESIGN §1.2).

Frames are published as soon as they are committed and acknowledged later. What is not acknowledged in time, or was
refused, is settled by asking the stream where it stands and publishing what it lacks, read from Postgres. A stream that
says something else than Postgres stops the ledger: nobody can tell which of the two people saw.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any

import msgspec

from tradewire import subjects
from tradewire.bus import Bus, JetStreamError, Message, Stoppable, wire
from tradewire.errors import Unavailable
from tradewire.messages.log import Frame, encode
from tradewire_ledger.domain.framing import Head

REFILL_FRAMES = 10_000
ACK_SECONDS = 1.0
LAG_SECONDS = 5.0
_WINDOW = 64
_NOT_FOUND = 10059
_CANNOT_UPDATE = 10052


class StreamDiffers(Exception):  # noqa: N818
    """The log stream holds something else than Postgres. The process exits with 3; a person decides."""


class PostgresBehind(StreamDiffers):
    """The stream goes on behind Postgres' end: to go on from there would be a log that has lost what was done."""


ReadFrames = Callable[[int, int], Awaitable[list[Frame]]]
ReadHash = Callable[[int], Awaitable[str | None]]


class Relay:
    """Keeps the stream `LOG_<shard>` equal to the frames in Postgres."""

    def __init__(
        self,
        bus: Bus,
        shard: str,
        read_frames: ReadFrames,
        read_hash: ReadHash,
        relayed: Callable[[float], None] = lambda _seconds: None,
        *,
        max_bytes: int = 8 << 30,
        replicas: int = 1,
    ) -> None:
        self._bus, self._read_frames, self._read_hash = bus, read_frames, read_hash
        self._relayed = relayed
        self._subject, self._stream = subjects.log(shard), subjects.log_stream(shard)
        self._max_bytes, self._replicas = max_bytes, replicas
        self._inbox = bus.inbox()
        self._subscription: Stoppable | None = None
        self._sent: dict[int, float] = {}
        self._trouble = asyncio.Event()
        self._settling = False
        self._settling_since = 0.0
        self._head = Head("", 0, 0, 0, b"", 0)
        self.acknowledged = 0
        self.settled = 0

    @property
    def lag(self) -> float:
        """Seconds for which the oldest unacknowledged frame has waited; a settling may have frames not even sent."""
        since = [*islice(self._sent.values(), 1), *([self._settling_since] if self._settling else [])]
        return asyncio.get_running_loop().time() - min(since) if since else 0.0

    async def start(self, head: Head) -> None:
        """Brings the stream in line with Postgres.

        Raises:
            StreamDiffers: the stream has more than Postgres, or other content.
            Unavailable: NATS does not answer, or the stream cannot have the replicas that it should.
        """
        self._head = head
        if self._subscription is None:
            self._subscription = await self._bus.subscribe(self._inbox + ".*", self._answered)
        await self._replicate()
        await self._settle()

    async def stop(self) -> None:
        """Ends the relay; a later start publishes what is missing."""
        if self._subscription:
            await self._subscription.stop()
            self._subscription = None

    def wired(self, frames: Sequence[Frame], head: Head) -> list[bytes]:
        """The bytes that publish frames just committed; the caller sends them with its replies in one write."""
        self._head = head
        if self._settling:
            return []  # read from Postgres and published in order by the settling
        now = asyncio.get_running_loop().time()
        out = []
        for frame in frames:
            self._sent[frame.frame] = now
            out.append(self._wire(frame))
        return out

    def _wire(self, frame: Frame) -> bytes:
        return wire(
            self._subject,
            encode(frame),
            reply=f"{self._inbox}.{frame.frame}",
            headers={
                "Nats-Expected-Last-Sequence": str(frame.frame - 1),
                "Tw-Log": frame.log_id,
                "Tw-First": str(frame.first_pos),
                "Tw-Last": str(frame.last_pos),
                "Tw-Hash": frame.hash,
            },
        )

    def _answered(self, message: Message) -> None:
        number = int(message.subject.rsplit(".", 1)[1])
        if message.status:
            self._trouble.set()
            return
        answer = msgspec.json.decode(message.data)
        if "error" in answer or answer.get("seq") != number:
            self._trouble.set()
            return
        if (sent := self._sent.pop(number, None)) is not None:
            self._relayed(asyncio.get_running_loop().time() - sent)
        self.acknowledged = max(self.acknowledged, number)

    async def run(self) -> None:
        """Settles whatever is not acknowledged in time.

        Raises:
            StreamDiffers: the stream holds something else.
        """
        reconnects = self._bus.reconnects
        while True:
            try:
                async with asyncio.timeout(0.25):
                    await self._trouble.wait()
            except TimeoutError:
                # A settling that broke off goes on, even when nothing that was sent waits for its acknowledgement; and
                # a server that was away may have lost what it acknowledged.
                if not self._settling and self.lag < ACK_SECONDS and reconnects == self._bus.reconnects:
                    continue
            reconnects = self._bus.reconnects
            try:
                await self._settle()
            except Unavailable:
                await asyncio.sleep(0.2)

    async def _settle(self) -> None:
        if not self._settling:
            self._settling, self._settling_since = True, asyncio.get_running_loop().time()
        self.settled += 1
        while True:
            self._trouble.clear()
            last = await self._where()
            for number in [n for n in self._sent if n <= last]:
                del self._sent[number]
            self.acknowledged = max(self.acknowledged, last)
            if last >= self._head.frame:
                break
            await self._publish(last + 1, min(self._head.frame, last + _WINDOW))
        self._settling = False

    async def _where(self) -> int:
        """Returns the stream's last frame, after making the stream when there is none."""
        try:
            info = await self._bus.api(f"STREAM.INFO.{self._stream}")
        except JetStreamError as error:
            if error.code != _NOT_FOUND:
                raise
            return await self._create(self._head)
        head, last = self._head, int(info["state"]["last_seq"])
        if last > head.frame:
            raise PostgresBehind(
                f"{self._stream} ends at frame {last}, Postgres at {head.frame}: Postgres has lost {last - head.frame}"
            )
        if info["state"]["messages"] == 0:
            return last
        stored = await self._bus.direct_get(self._stream, last, batch=1)
        if not stored:
            raise Unavailable(f"{self._stream} does not give its last frame")
        headers = stored[-1].headers
        ours = await self._read_hash(last)
        if headers.get("Tw-Log") != head.log_id:
            raise StreamDiffers(f"{self._stream} holds log {headers.get('Tw-Log')}, Postgres log {head.log_id}")
        if headers.get("Tw-Hash") != ours:
            raise StreamDiffers(
                f"frame {last} of {self._stream} has the hash {headers.get('Tw-Hash')}, Postgres has {ours}"
            )
        return last

    async def _replicate(self) -> None:
        """Gives a stream that exists the replicas of the settings."""
        try:
            config = (await self._bus.api(f"STREAM.INFO.{self._stream}"))["config"]
            if config["num_replicas"] != self._replicas:
                changed = {**config, "num_replicas": self._replicas}
                await self._bus.api(f"STREAM.UPDATE.{self._stream}", changed)
        except JetStreamError as error:
            if error.code == _CANNOT_UPDATE:
                raise Unavailable(
                    f"{self._stream} has {config['num_replicas']} replicas, nats.replicas is {self._replicas}, and the "
                    f"server refuses that ({error.description}): run `tradewire ledger reset-stream`"
                ) from None
            if error.code != _NOT_FOUND:
                raise

    async def _create(self, head: Head) -> int:
        first = max(head.frame - REFILL_FRAMES, 0) + 1
        await self._bus.api(f"STREAM.CREATE.{self._stream}", self.configuration(head.log_id, first))
        return first - 1

    def configuration(self, log_id: str, first: int) -> dict[str, Any]:
        """The stream as it must be."""
        return {
            "name": self._stream,
            "subjects": [self._subject],
            "retention": "limits",
            "storage": "file",
            "discard": "old",
            "max_age": 7 * 86_400 * 1_000_000_000,
            "max_bytes": self._max_bytes,
            "max_msgs": -1,
            "max_consumers": -1,
            "max_msg_size": -1,
            "num_replicas": self._replicas,
            # Postgres has every frame on disk already; what this stream loses in a crash is published again.
            "persist_mode": "async" if self._replicas == 1 else "default",
            "deny_delete": True,
            "deny_purge": True,
            "allow_direct": True,
            "first_seq": first,
            "metadata": {"tradewire.log_id": log_id},
        }

    async def _publish(self, first: int, last: int) -> None:
        """Publishes frames from Postgres and waits until they are acknowledged, or raises Unavailable."""
        frames = await self._read_frames(first, last)
        now = asyncio.get_running_loop().time()
        for frame in frames:
            self._sent.setdefault(frame.frame, now)
        await self._bus.send([self._wire(frame) for frame in frames])
        waiting = {frame.frame for frame in frames}
        try:
            async with asyncio.timeout(ACK_SECONDS * 5):
                while waiting & self._sent.keys():
                    if self._trouble.is_set():
                        self._trouble.clear()
                        return
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise Unavailable(f"{self._stream} does not acknowledge frames {first} to {last}") from None
