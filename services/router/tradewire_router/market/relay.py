"""Quotes from the account's broker to `quotes.<venue>.<symbol>`, of every symbol that concerns the account.

The broker's stream comes first. Where it has none, and for symbols of which the stream is silent, it is asked for one
after the other. What is no quote of a market goes no further, and a quote keeps the time that its venue gave it: a feed
that stands still grows old at whoever listens. Whatever goes wrong here, orders go on.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.quotes import AHEAD_MICROS, Quote, encode_quote, fault_of
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.domain.interest import MOST_SYMBOLS, concerning
from tradewire_router.domain.state import RouterState
from tradewire_router.market.pace import pause_seconds
from tradewire_router.metrics import Metrics
from tradewire_router.reports.reporter import answer_of

_LOOK_SECONDS = 0.1
_FLUSH_SECONDS = 0.05
_AGAIN_SECONDS = 2.0
_COMPLAIN_SECONDS = 10.0
SILENT_SECONDS = 10.0
"""After how long without a quote a symbol is asked for although there is a stream."""
_ASK_AGAIN_SECONDS = 60.0  # at night a stream is silent for hours


class QuoteRelay:
    """Passes quotes on while its parts run. One process does this for an account: the one that holds its lease."""

    def __init__(
        self,
        state: RouterState,
        broker: Broker,
        bus: Bus,
        clock: Clock,
        log: Log,
        metrics: Metrics,
        *,
        call_seconds: float,
    ) -> None:
        self._state, self._broker, self._bus = state, broker, bus
        self._clock, self._log, self._metrics, self._call_seconds = clock, log, metrics, call_seconds
        self.symbols: tuple[str, ...] = ()
        """What is passed on, those first that matter most."""
        self._chosen = frozenset[str]()
        self._new: dict[str, Quote] = {}
        self._arrived = asyncio.Event()
        self._heard: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._complained = float("-inf")

    def parts(self, may_ask: Callable[[], bool]) -> list[Awaitable[None]]:
        """What must run for quotes to be passed on; nothing for a broker without any, or where quotes are the clock."""
        kind = self._broker.capabilities.quotes
        if kind == "none" or self._clock.kind == "quotes":
            return []
        streaming = [self._follow(may_ask), self._hear()] if kind == "stream" else []
        return [self._choose(), self._publish(), self._poll(may_ask), *streaming]

    async def _choose(self) -> None:
        """Follows the log: which symbols are to be quoted."""
        most = min(self._broker.capabilities.quotes_at_once or MOST_SYMBOLS, MOST_SYMBOLS)
        seen = -1
        told = 0
        while True:
            if self._state.pos != seen:
                seen = self._state.pos
                wanted = concerning(self._state, self._clock.now())
                self.symbols = tuple(wanted[:most])
                self._chosen = frozenset(self.symbols)
                self._metrics.quoted.set(len(self.symbols))
                left_out = len(wanted) - len(self.symbols)
                if left_out > told:
                    first = wanted[most]
                    self._log.warning("the broker quotes no more symbols", most=most, left_out=left_out, first=first)
                told = left_out
            await asyncio.sleep(_LOOK_SECONDS)

    async def _follow(self, may_ask: Callable[[], bool]) -> None:
        """Keeps the broker's subscription to what is chosen."""
        subscribed = frozenset[str]()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            chosen = self._chosen
            if chosen == subscribed or not may_ask():
                continue
            try:
                await answer_of(self._broker.subscribe_quotes(chosen), self._call_seconds)
            except BrokerError as error:
                self._log.warning("the broker does not take a subscription to quotes", error=str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                subscribed = chosen

    async def _hear(self) -> None:
        while True:
            try:
                async for quote in self._broker.quotes():
                    self._take(quote)
            except Exception as error:  # noqa: BLE001 - whatever a feed does, orders go on
                self._log.warning("the broker's quotes broke off", error=str(error))
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _poll(self, may_ask: Callable[[], bool]) -> None:
        """Asks for one silent symbol after the other, as fast as the broker's limits leave room."""
        pause = pause_seconds(self._broker.capabilities)
        while True:
            symbol = self._silent() if may_ask() else None
            if symbol is None:
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            self._asked[symbol] = asyncio.get_running_loop().time()
            try:
                quote = await answer_of(self._broker.quote(symbol), self._call_seconds)
            except BrokerError as error:
                self._complain("the broker does not quote a symbol", symbol, str(error))
            else:
                if quote is not None:
                    self._take(quote)
            await asyncio.sleep(pause)

    def _silent(self) -> str | None:
        """The symbol to ask for: of those due, the one heard of or asked for longest ago. New ones come first."""
        streams = self._broker.capabilities.quotes == "stream"
        silent, again = (SILENT_SECONDS, _ASK_AGAIN_SECONDS) if streams else (0.0, 0.0)
        now, never = asyncio.get_running_loop().time(), float("-inf")
        heard, asked = self._heard, self._asked
        for known in (heard, asked):
            for gone in known.keys() - self._chosen:
                del known[gone]
        due = (s for s in self.symbols if now - heard.get(s, never) >= silent and now - asked.get(s, never) >= again)
        return min(due, key=lambda symbol: max(heard.get(symbol, never), asked.get(symbol, never)), default=None)

    def _take(self, quote: Quote) -> None:
        if fault := fault_of(quote, self._clock.now() + AHEAD_MICROS):
            self._metrics.quotes_refused.inc()
            self._complain("what the broker tells is no quote", quote.symbol, fault)
        elif quote.symbol in self._chosen:
            self._heard[quote.symbol] = asyncio.get_running_loop().time()
            self._new[quote.symbol] = quote
            self._arrived.set()

    async def _publish(self) -> None:
        """Sends what is new at once, and then together what came meanwhile: the newest of each symbol."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            new, self._new = self._new, {}
            venue = self._broker.id
            with contextlib.suppress(Unavailable):  # the next quotes find the way again
                await self._bus.publish_many(
                    [(subjects.quotes(venue, quote.symbol), encode_quote(quote)) for quote in new.values()]
                )
                self._metrics.quotes.inc(len(new))
            self._metrics.quoted_at.set_to_current_time()
            await asyncio.sleep(_FLUSH_SECONDS)

    def _complain(self, what: str, symbol: str, why: str) -> None:
        """Says it in the log, but not for every quote of a broken feed."""
        now = asyncio.get_running_loop().time()
        if now - self._complained >= _COMPLAIN_SECONDS:
            self._complained = now
            self._log.warning(what, symbol=symbol[:32], why=why)
