"""Publishes the signals, on schedule or as fast as the window of unacknowledged publishes allows."""

import asyncio

from bench.floor.idiomatic.wire import Message, publish
from bench.floor.pace import Pace
from bench.floor.signal import signal
from bench.role import Access, Report, Run, Tasks, connect, main

_BURST = 500


class Publisher:
    """The role `publisher`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects."""
        self._tasks = tasks
        self._streams = (await connect(access, "publisher", tasks)).jetstream()

    async def begin(self, run: Run) -> None:
        """Starts publishing."""
        self._pace = Pace(run, _BURST)
        self._published = asyncio.Event()
        self._tasks.create_task(self._publish())

    async def finish(self) -> Report:
        """Returns when everything is published and stored."""
        await self._published.wait()
        return Report(first=self._pace.first)

    async def _publish(self) -> None:
        waiting: set[asyncio.Task[None]] = set()
        async for numbers in self._pace.due():
            messages = [Message(f"signal:{n}", n, "signal", signal(n)) for n in numbers]
            task = asyncio.create_task(publish(self._streams, messages))
            waiting.add(task)
            # Lets the burst out and bounds what is under way to two bursts.
            await asyncio.sleep(0)
            if len(waiting) > 1:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for finished in done:
                    finished.result()
        await asyncio.gather(*waiting)
        self._published.set()


if __name__ == "__main__":
    main(Publisher())
