"""The rules of symbols, for the log: asked when an order in a symbol is requested of which the log lacks them.

Those of every symbol that concerns the account are asked for anew twice a day, whether somebody orders or not, and at
once when the broker says that they have changed.
"""

import asyncio
import contextlib
from collections.abc import Callable

from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError, UnknownSymbolError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.figures import instrument_reported, no_instrument
from tradewire_router.domain.interest import MOST_SYMBOLS, concerning
from tradewire_router.domain.reported import INSTRUMENT_SERVES
from tradewire_router.domain.state import RouterState
from tradewire_router.market.pace import pause_seconds
from tradewire_router.reports.reporter import Reporter

TOGETHER = 8
"""How many symbols are asked for at once."""
_TICK_SECONDS = 0.25
_LOOK_SECONDS = 5.0
_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)


class Instruments:
    """Asks for each wanted symbol, never twice at once; after a failure it waits, longer each time."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        reporter: Reporter,
        clock: Clock,
        log: Log,
        *,
        currency: str,
        call_seconds: float,
    ) -> None:
        """`currency` is the account's, for symbols that are unknown."""
        self._state, self._broker, self._reporter, self._log, self._clock = state, broker, reporter, log, clock
        self._wanted = asyncio.Event()
        self._outdated: set[str] = set()
        self._old: list[str] = []
        self._old_at = self._looked = float("-inf")
        self._currency, self._call_seconds = currency, call_seconds
        self._asking: set[str] = set()
        self._failures: dict[str, tuple[int, float]] = {}
        """Symbol -> how often the broker failed to answer, and until when it is left alone (loop time)."""

    async def run(self, may_ask: Callable[[], bool], wanted: asyncio.Event, outdated: set[str]) -> None:
        """Asks at once whenever a symbol is wanted, which `wanted` is set for, and the broker can be asked.

        What is put into `outdated` is asked for as well, and taken out of it.
        """
        self._wanted, self._outdated = wanted, outdated
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
        room = TOGETHER - len(self._asking)
        due = [*self._state.reported.wanted, *sorted(self._outdated.difference(self._state.reported.wanted))]
        found = [symbol for symbol in due if self._may_ask_for(symbol, now)][:room]
        if not found and room and (old := self._next_old(now)) is not None:
            found = [old]
        return found

    def _may_ask_for(self, symbol: str, now: float) -> bool:
        return symbol not in self._asking and self._failures.get(symbol, (0, 0.0))[1] <= now

    def _next_old(self, now: float) -> str | None:
        """A symbol whose rules may be told anew: one after the other, because no order waits for it."""
        if now - self._looked >= _LOOK_SECONDS:
            self._looked, self._old = now, self._long_untold()
        if now < self._old_at:
            return None
        self._old_at = now + pause_seconds(self._broker.capabilities)
        return next((symbol for symbol in self._old if self._may_ask_for(symbol, now)), None)

    def _long_untold(self) -> list[str]:
        """Symbols whose rules nobody has told for half a day. By the quotes' clock that would be all the time."""
        if self._clock.kind == "quotes":
            return []
        now, told = self._reporter.teller().now, self._state.reported.told_at
        symbols = concerning(self._state, now)[:MOST_SYMBOLS]
        return [symbol for symbol in symbols if now - told.get(symbol, 0) >= INSTRUMENT_SERVES]

    async def _ask(self, symbol: str) -> None:
        outdated = symbol in self._outdated
        self._outdated.discard(symbol)  # what changes from here on is asked for once more
        try:
            await self._report(symbol)
        except BrokerError as error:
            if outdated:
                self._outdated.add(symbol)
            self._log.warning("the broker does not say what a symbol's rules are", symbol=symbol, error=str(error))
        finally:
            self._asking.discard(symbol)
            self._old = [other for other in self._old if other != symbol]
            self._wanted.set()  # there is room for the next
        if symbol not in self._state.reported.wanted and symbol not in self._outdated:
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
            report = instrument_reported(teller, told, self._broker.capabilities)
        await self._reporter.tell(report)
