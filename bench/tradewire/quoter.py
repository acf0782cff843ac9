"""Publishes quotes of a market at a steady pace, as a router does for its broker: of some symbols in turn."""

import asyncio
import time
from decimal import Decimal

from bench.floor.pace import Pace
from bench.role import Access, Report, Run, Tasks, connect, main
from tradewire import subjects
from tradewire.messages.quotes import Quote, encode_quote

SYMBOLS = tuple(f"Q{number:02}" for number in range(50))
"""None of them is ordered: what is measured is what hearing them costs those who have orders to handle."""
VENUE = "bench"
_BURST = 100
_TICK = Decimal("0.01")


def quote_of(number: int, at: int) -> tuple[str, bytes]:
    """The subject and the quote of a number: prices move up and down around 100."""
    symbol = SYMBOLS[number % len(SYMBOLS)]
    bid = 100 + (number * 7 % 200 - 100) * _TICK
    return subjects.quotes(VENUE, symbol), encode_quote(Quote(symbol, at, bid=bid, ask=bid + _TICK, last=bid))


class Quoter:
    """The role `quoter`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects."""
        self._tasks, self._done = tasks, asyncio.Event()
        self._client = await connect(access, "quoter", tasks)

    async def begin(self, run: Run) -> None:
        """Starts publishing."""
        self._pace = Pace(run, _BURST)
        self._done.clear()
        self._tasks.create_task(self._publish())

    async def finish(self) -> Report:
        """Returns when everything is published."""
        await self._done.wait()
        return Report(first=self._pace.first)

    async def _publish(self) -> None:
        async for numbers in self._pace.due():
            at = time.time_ns() // 1000
            for number in numbers:
                await self._client.publish(*quote_of(number, at))
        await self._client.flush()
        self._done.set()


if __name__ == "__main__":
    main(Quoter())
