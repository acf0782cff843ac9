"""Open-loop pacing: orders are due at fixed times, whatever became of the earlier ones."""

import asyncio
import time
from collections.abc import AsyncIterator

from bench.role import Run

_LEAD_SECONDS = 0.05


class Pace:
    """The schedule of a run. `first` is the time of its first order, in nanoseconds of the monotonic clock."""

    def __init__(self, run: Run, burst: int) -> None:
        self._run = run
        self._burst = burst
        self.first = time.monotonic_ns() + (int(_LEAD_SECONDS * 1e9) if run.rate else 0)

    async def due(self) -> AsyncIterator[range]:
        """Yields the numbers of the orders that are due now: at a rate, as their time comes; else in bursts."""
        number, end = self._run.first, self._run.first + self._run.orders
        while number < end:
            upto = min(number + self._burst, end)
            if self._run.rate:
                seconds = (time.monotonic_ns() - self.first) / 1e9
                upto = min(end, self._run.first + int(seconds * self._run.rate) + 1) if seconds >= 0 else number
                if upto <= number:
                    due_at = (number - self._run.first) / self._run.rate
                    await asyncio.sleep(due_at - seconds)
                    continue
            yield range(number, upto)
            number = upto
