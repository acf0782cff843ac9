"""Publishes the signals to JetStream, on schedule or as fast as a window of unacknowledged publishes allows."""

import asyncio
from collections.abc import Callable

from nats.aio.msg import Msg
from nats.js.api import Header

from bench.floor.bare.subjects import SIGNAL_SUBJECT
from bench.floor.pace import Pace
from bench.floor.signal import encoded
from bench.role import Access, Report, Run, Tasks, connect, main

_BURST = 100
_WINDOW = 1000


class PublishError(Exception):
    """JetStream did not store a signal."""


class Publisher:
    """The role `publisher`. It counts PubAcks on one inbox instead of keeping a future for each."""

    def __init__(
        self,
        subject: str = SIGNAL_SUBJECT,
        strategy: str = "momentum-us-large",
        body: Callable[[int], bytes] = encoded,
    ) -> None:
        self._subject, self._strategy, self._body = subject, strategy, body

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects."""
        self._tasks = tasks
        self._unacked = 0
        self._room, self._published = asyncio.Event(), asyncio.Event()
        self._client = await connect(access, "publisher", tasks)
        self._acks = self._client.new_inbox()
        await self._client.subscribe(self._acks, cb=self._on_ack)

    async def begin(self, run: Run) -> None:
        """Starts publishing."""
        self._pace = Pace(run, _BURST)
        self._published.clear()
        self._tasks.create_task(self._publish())

    async def finish(self) -> Report:
        """Returns when everything is published and stored."""
        await self._published.wait()
        return Report(first=self._pace.first)

    async def _on_ack(self, message: Msg) -> None:
        if b'"error"' in message.data or not message.data:
            raise PublishError(message.data.decode())
        self._unacked -= 1
        self._room.set()

    async def _publish(self) -> None:
        async for numbers in self._pace.due():
            for number in numbers:
                await self._client.publish(
                    self._subject,
                    self._body(number),
                    reply=self._acks,
                    headers={Header.MSG_ID.value: f"{self._strategy}:{number}"},
                )
            self._unacked += len(numbers)
            await self._until(_WINDOW)
        await self._until(0)
        self._published.set()

    async def _until(self, unacked_max: int) -> None:
        while self._unacked > unacked_max:
            self._room.clear()
            await self._room.wait()


if __name__ == "__main__":
    main(Publisher())
