"""Calls the broker, which fills at once and in process: three messages an order."""

import asyncio
import time

from msgspec.structs import replace

from bench.floor.idiomatic.hop import Hop
from bench.floor.idiomatic.wire import Message
from bench.role import Report, Run, main


class Router(Hop):
    """The role `router`: a hop that notes when each broker call was made."""

    def __init__(self) -> None:
        super().__init__("router", "routed", self._execute)
        self._first = 0
        self._due = 0
        self._calls: list[int] = []
        self._complete = asyncio.Event()

    async def begin(self, run: Run) -> None:
        """Makes room for the run's calls."""
        self._first, self._due = run.first, run.orders
        self._calls = [0] * run.orders
        self._complete.clear()

    async def finish(self) -> Report:
        """The times of the calls, when all are made."""
        await self._complete.wait()
        return Report(calls=self._calls)

    def _execute(self, message: Message) -> list[Message]:
        self._calls[message.order - self._first] = time.monotonic_ns()
        self._due -= 1
        if self._due == 0:
            self._complete.set()
        return [
            replace(message, msg_id=f"submitted:{message.order}", kind="submitted"),
            replace(message, msg_id=f"accepted:{message.order}", kind="accepted"),
            replace(message, msg_id=f"filled:{message.order}", kind="filled", price=message.signal.limit_price),
        ]


if __name__ == "__main__":
    main(Router())
