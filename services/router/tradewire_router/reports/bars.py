"""Bars of the symbols that concern the account: days of those in use for the log, and all for the store."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from tradewire.messages.account_events import Bar
from tradewire.messages.bars import LENGTHS
from tradewire.messages.vocabulary import Timeframe
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.figures import bars_reported
from tradewire_router.domain.interest import concerning
from tradewire_router.domain.reported import HOUR, MINUTE
from tradewire_router.domain.state import RouterState
from tradewire_router.market.pace import pause_seconds
from tradewire_router.market.store import BarStore
from tradewire_router.reports.reporter import Reporter

DAYS = 260
"""How many daily bars are asked for and told: those of a year of weekdays."""
MOST_SYMBOLS = 200
"""Of how many symbols bars are asked for: with five timeframes, as many series as the store keeps."""
_LOOK_SECONDS = 0.5
_ANSWER_SECONDS = 30.0  # history is slow at some brokers, and nothing waits for it


class Plan(Struct, frozen=True):
    """How often (µs) bars of a timeframe are asked for, and how many at first; later, those that are missing."""

    every: int
    first: int


PLANS: Final[dict[Timeframe, Plan]] = {
    "1d": Plan(HOUR, DAYS),
    "1h": Plan(HOUR, 1_000),
    "15m": Plan(30 * MINUTE, 1_000),
    "5m": Plan(15 * MINUTE, 1_000),
    "1m": Plan(5 * MINUTE, 1_000),
}
"""Oftener would take the requests that orders need: fifty symbols are some twenty questions a minute."""


class Bars:
    """Asks for one series after the other; of days, those that have a newer one than the log are told."""

    def __init__(
        self, state: RouterState, broker: Broker, reporter: Reporter, store: BarStore, clock: Clock, log: Log
    ) -> None:
        self._state, self._broker, self._reporter, self._log = state, broker, reporter, log
        self._store, self._clock = store, clock
        self._again_at: dict[tuple[str, Timeframe], int] = {}
        # Days that came before anybody used their symbol; the log has them as soon as somebody does.
        self._untold: dict[str, Sequence[Bar]] = {}

    async def run(self, may_ask: Callable[[], bool]) -> None:
        """Reports for ever; a broker without bars is never asked."""
        pause = pause_seconds(self._broker.capabilities)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if may_ask():
                await self._tell_used()
            for symbol, timeframe in self._due():
                if may_ask():
                    await self._ask(symbol, timeframe)
                    await self._tell_used()
                    await asyncio.sleep(pause)

    def _due(self) -> list[tuple[str, Timeframe]]:
        now = self._reporter.teller().now
        self._again_at = {series: at for series, at in self._again_at.items() if now < at}
        known = self._broker.capabilities.bars
        # In a replay a day is over in no time: minutes of it would hold up what is to be shown.
        wanted = [frame for frame in PLANS if frame in known and (frame == "1d" or self._clock.kind == "wall")]
        symbols = concerning(self._state, now)[:MOST_SYMBOLS] if wanted else []
        return [(s, frame) for frame in wanted for s in symbols if (s, frame) not in self._again_at]

    async def _ask(self, symbol: str, timeframe: Timeframe) -> None:
        now, plan = self._reporter.teller().now, PLANS[timeframe]
        self._again_at[symbol, timeframe] = now + plan.every
        count = await self._missing(symbol, timeframe, now, plan.first)
        try:
            bars = await self._reporter.ask(self._broker.bars(symbol, timeframe, count), _ANSWER_SECONDS)
        except BrokerError as error:
            self._again_at[symbol, timeframe] = now + MINUTE
            self._log.warning(
                "the broker does not tell the bars of a symbol", symbol=symbol, timeframe=timeframe, error=str(error)
            )
            return
        await self._store.keep(symbol, timeframe, bars, now)
        if timeframe == "1d":
            self._untold[symbol] = bars[-DAYS:]

    async def _missing(self, symbol: str, timeframe: Timeframe, now: int, first: int) -> int:
        """How many bars to ask for: the log is told all days, the store those that it lacks."""
        if timeframe == "1d":
            return first
        kept = await self._store.read(symbol, timeframe, 1)
        return min(first, (now - kept[-1].at) // LENGTHS[timeframe] + 1) if kept and kept[-1].at < now else first

    async def _tell_used(self) -> None:
        """Tells the log the days of symbols in use that it lacks; those that it has are forgotten."""
        for symbol in sorted(self._state.symbols_in_use(self._reporter.teller().now) & self._untold.keys()):
            bars = self._untold.pop(symbol)
            if bars and bars[-1].at > self._state.reported.bars.get(symbol, 0):
                await self._reporter.tell(bars_reported(self._reporter.teller(), symbol, bars))
