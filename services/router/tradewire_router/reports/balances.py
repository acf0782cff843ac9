"""The account's money, for the log: often enough that risk never finds it too old, and not oftener than it changes."""

import asyncio
from collections.abc import Callable

from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.figures import balances_reported, says_it_already
from tradewire_router.domain.state import RouterState
from tradewire_router.reports.reporter import Reporter

MAX_AGE = 30_000_000
"""How old a report may become, in microseconds: half of what risk accepts by default."""
_LOOK_SECONDS = 0.05
_RETRY_SECONDS = 1.0


class Balances:
    """Asks every `interval` (µs), and at least every MAX_AGE; of figures that are as they were, it tells then only."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        reporter: Reporter,
        log: Log,
        *,
        interval: int,
        call_seconds: float,
    ) -> None:
        self._state, self._broker, self._reporter, self._log = state, broker, reporter, log
        self._interval, self._call_seconds = min(interval, MAX_AGE), call_seconds
        self._asked_at: int | None = None

    async def run(self, may_ask: Callable[[], bool]) -> None:
        """Reports as soon as it may ask, and then for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not may_ask() or not self._due(self._reporter.teller().now):
                continue
            try:
                await self.step()
            except BrokerError as error:
                self._log.warning("the broker does not say what the account has", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    async def step(self) -> None:
        """Asks, and tells what is new.

        Raises:
            BrokerError: there was no answer.
        """
        pos, teller = self._reporter.pos, self._reporter.teller()
        told = await self._reporter.ask(self._broker.account_info(), self._call_seconds)
        self._asked_at = teller.now
        report = balances_reported(teller, told, pos)
        # What the log says need not be said again, unless it would be too old before the next question.
        if not says_it_already(self._state.reported.balances, report, MAX_AGE - self._interval):
            await self._reporter.tell(report)

    def _due(self, now: int) -> bool:
        return self._asked_at is None or not 0 <= now - self._asked_at < self._interval
