"""Pulls from a JetStream consumer; nats-py's own fetch waits for its time-out when few messages are there."""

import asyncio
import contextlib

import msgspec

from tradewire.bus import Bus, Handler, Message, Stoppable
from tradewire.errors import Unavailable
from tradewire.runtime.tasks import end_tasks


class Pull:
    """A standing pull on a durable consumer: messages go to `handler` as they come, at most `batch` per request.

    One request is outstanding at a time. It is renewed when it is used up, when the server ends it, when the link comes
    back, and when nothing, not even a heartbeat, was heard for two beats.
    """

    BEAT_SECONDS = 1.0

    def __init__(self, bus: Bus, stream: str, consumer: str, handler: Handler, *, batch: int = 256) -> None:
        self._bus, self._batch, self._handler = bus, batch, handler
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = bus.inbox()
        self._subscription: Stoppable | None = None
        self._left = 0
        self._heard = 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.lost: str = ""
        """Why the consumer is gone, when it is; the owner makes it anew and calls `start` again."""

    async def start(self) -> None:
        """Begins to pull."""
        self.lost = ""
        self._subscription = await self._bus.subscribe(self._inbox, self._take)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the pull; what is under way may still be redelivered by the server."""
        if self._task:
            await end_tasks(self._task)
        if self._subscription:
            await self._subscription.stop()

    def _take(self, message: Message) -> None:
        self._heard = asyncio.get_running_loop().time()
        if not message.status:
            self._left -= 1
            if self._left <= 0:
                self._wake.set()
            self._handler(message)
        elif message.status != 100:
            if message.status in {409, 503} and b"Consumer Deleted" in message.raw_headers:
                self.lost = "the consumer was deleted"
            elif message.status == 503:
                self.lost = "nobody answers for the consumer"
            self._left = 0
            self._wake.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        request = msgspec.json.encode(
            {"batch": self._batch, "expires": 30_000_000_000, "idle_heartbeat": int(self.BEAT_SECONDS * 1e9)}
        )
        while not self.lost:
            self._wake.clear()
            self._left = self._batch
            self._heard = loop.time()
            try:
                await self._bus.publish(self._subject, request, reply=self._inbox)
            except Unavailable:
                await asyncio.sleep(0.1)
                continue
            while self._left > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.BEAT_SECONDS):
                        await self._wake.wait()
                if loop.time() - self._heard > 2 * self.BEAT_SECONDS + 0.5:
                    break
