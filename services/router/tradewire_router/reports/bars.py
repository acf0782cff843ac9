"""Daily bars of the symbols in use, for the log."""

import asyncio
from collections.abc import Callable

from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.figures import bars_reported
from tradewire_router.domain.reported import HOUR, MINUTE
from tradewire_router.domain.state import RouterState
from tradewire_router.reports.reporter import Reporter

DAYS = 260
"""How many bars are asked for: those of a year of weekdays."""
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 30.0  # history is slow at some brokers, and nothing waits for it


class Bars:
    """Asks once an hour for each symbol in use, one after the other, and tells what has a newer day."""

    def __init__(self, state: RouterState, broker: Broker, reporter: Reporter, log: Log) -> None:
        self._state, self._broker, self._reporter, self._log = state, broker, reporter, log
        self._again_at: dict[str, int] = {}

    async def run(self, may_ask: Callable[[], bool]) -> None:
        """Reports for ever; a broker without bars is never asked."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._broker.capabilities.daily_bars:
                continue
            for symbol in self._due():
                if may_ask():
                    await self._ask(symbol)

    def _due(self) -> list[str]:
        now = self._reporter.teller().now
        self._again_at = {symbol: at for symbol, at in self._again_at.items() if now < at}
        return [symbol for symbol in self._state.symbols_in_use(now) if symbol not in self._again_at]

    async def _ask(self, symbol: str) -> None:
        teller = self._reporter.teller()
        self._again_at[symbol] = teller.now + HOUR
        try:
            bars = await self._reporter.ask(self._broker.bars(symbol, DAYS), _ANSWER_SECONDS)
        except BrokerError as error:
            self._again_at[symbol] = teller.now + MINUTE
            self._log.warning("the broker does not tell the bars of a symbol", symbol=symbol, error=str(error))
            return
        if bars and bars[-1].at > self._state.reported.bars.get(symbol, 0):
            await self._reporter.tell(bars_reported(teller, symbol, bars))
