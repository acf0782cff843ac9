"""Submits that fail one after the other: nothing new is begun until the broker answers a question again.

What only reduces goes on meanwhile, and so do the questions about what was sent.
"""

import asyncio

from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import SubmitResult, SubmitUnknown
from tradewire_router.degraded import Degraded

FAILURES = 5
"""So many submits in a row without an answer are no accident."""
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""How long nothing is begun at least (s); the longer, the more often no submit was answered after it."""
_ASK_SECONDS = 1.0


class Breaker:
    """Counts the failures of one account's submits."""

    def __init__(self, broker: Broker, degraded: Degraded) -> None:
        self._broker, self._degraded = broker, degraded
        self._failed = self._turn = 0
        self._opened = asyncio.Event()

    def ended(self, result: SubmitResult) -> None:
        """A submit has ended; also a refusal is an answer."""
        if not isinstance(result, SubmitUnknown):
            self._failed = self._turn = 0
            return
        self._failed += 1
        if self._failed >= FAILURES and not self._opened.is_set():
            self._opened.set()
            self._degraded.begins("answers", f"{self._failed} submits in a row without an answer: {result.error}")

    async def run(self) -> None:
        """Asks, while nothing is begun, whether the broker answers again."""
        while True:
            await self._opened.wait()
            await asyncio.sleep(PAUSES[min(self._turn, len(PAUSES) - 1)])
            await self._answered()
            # That a question was answered is no proof for submits: the next one that is not ends it again.
            self._turn, self._failed = self._turn + 1, FAILURES - 1
            self._opened.clear()
            self._degraded.ends("answers")

    async def _answered(self) -> None:
        """Asks until there is an answer."""
        while True:
            try:
                await self._broker.clock()
                break
            except BrokerError:
                await asyncio.sleep(_ASK_SECONDS)
