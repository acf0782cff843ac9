"""The rules of symbols, for the log: asked when an order in a symbol is requested of which the log lacks them."""

import asyncio
import contextlib
from collections.abc import Callable

from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError, UnknownSymbolError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.figures import instrument_reported, no_instrument
from tradewire_router.domain.state import RouterState
from tradewire_router.reports.reporter import Reporter

TOGETHER = 8
"""How many symbols are asked for at once."""
_TICK_SECONDS = 0.25
_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)


class Instruments:
    """Asks for each wanted symbol, never twice at once; after a failure it waits, longer each time."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        reporter: Reporter,
        log: Log,
        wanted: asyncio.Event,
        *,
        currency: str,
        call_seconds: float,
    ) -> None:
        """`wanted` is set when the state wants symbols; `currency` is the account's, for symbols that are unknown."""
        self._state, self._broker, self._reporter, self._log, self._wanted = state, broker, reporter, log, wanted
        self._currency, self._call_seconds = currency, call_seconds
        self._asking: set[str] = set()
        self._failures: dict[str, tuple[int, float]] = {}
        """Symbol -> how often the broker failed to answer, and until when it is left alone (loop time)."""

    async def run(self, may_ask: Callable[[], bool]) -> None:
        """Asks at once whenever a symbol is wanted and the broker can be asked."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wanted.clear()
                if may_ask():
                    for symbol in self._next():
                        self._asking.add(symbol)
                        tasks.create_task(self._ask(symbol))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS):
                        await self._wanted.wait()

    def _next(self) -> list[str]:
        now = asyncio.get_running_loop().time()
        free = (
            symbol
            for symbol in self._state.reported.wanted
            if symbol not in self._asking and self._failures.get(symbol, (0, 0.0))[1] <= now
        )
        return [symbol for symbol, _ in zip(free, range(TOGETHER - len(self._asking)), strict=False)]

    async def _ask(self, symbol: str) -> None:
        try:
            await self._report(symbol)
        except BrokerError as error:
            self._log.warning("the broker does not say what a symbol's rules are", symbol=symbol, error=str(error))
        finally:
            self._asking.discard(symbol)
            self._wanted.set()  # there is room for the next
        if symbol not in self._state.reported.wanted:
            self._failures.pop(symbol, None)
            return
        count = self._failures.get(symbol, (0, 0.0))[0]
        pause = _PAUSES_SECONDS[min(count, len(_PAUSES_SECONDS) - 1)]
        self._failures[symbol] = (count + 1, asyncio.get_running_loop().time() + pause)

    async def _report(self, symbol: str) -> None:
        teller = self._reporter.teller()
        try:
            told = await self._reporter.ask(self._broker.instrument(symbol), self._call_seconds)
        except UnknownSymbolError:
            report = no_instrument(teller, symbol, self._currency)
        else:
            report = instrument_reported(teller, told)
        await self._reporter.tell(report)
