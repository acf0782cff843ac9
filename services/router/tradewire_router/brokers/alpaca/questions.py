"""What Alpaca is asked about the account, its symbols and their prices."""

import contextlib
import time
from urllib.parse import quote as quoted_in_url

from tradewire.domain import names
from tradewire.domain.times import instant_text
from tradewire.messages.account_events import Bar
from tradewire.messages.bars import LENGTHS
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire_router.brokers import values as v
from tradewire_router.brokers.alpaca import figures
from tradewire_router.brokers.alpaca.budget import Urgency
from tradewire_router.brokers.alpaca.desk import PAGE_SECONDS, Desk
from tradewire_router.brokers.alpaca.settings import AlpacaSettings, why_unauthorized, wrong_account
from tradewire_router.brokers.alpaca.words import Json, time_of, unreadable
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerError,
    NoDataRightsError,
    OrderNotFoundError,
    PermissionDeniedError,
    UnknownSymbolError,
)

_DAY = 86_400_000_000
_TIMEFRAMES: dict[Timeframe, str] = {"1m": "1Min", "5m": "5Min", "15m": "15Min", "1h": "1Hour", "1d": "1Day"}
_MOST_BARS = 10_000
_SPARSE = 6
"""How many times as long as its bars a stretch of time is in which they are looked for."""
_COINS, _SHARES = "v1beta3", "v2"
"""The versions of the market data's URLs."""


class Questions:
    """Each raises BrokerError, or one of words.SHAPELESS for an answer that has not the shape of one."""

    def __init__(self, account: str, desk: Desk, settings: AlpacaSettings) -> None:
        self._account, self._desk, self._settings = account, desk, settings
        self._told_time: tuple[int, int] | None = None
        """Alpaca's time, and when it said that, by our monotonic clock (µs)."""

    async def positions(self) -> list[v.Position]:
        """Every holding that is not zero."""
        told = await self._desk.ask("/positions")
        if not isinstance(told, list):
            raise unreadable("positions", told)  # an object has none, and would read as an account without any
        return [held for held in (figures.position(self._account, each) for each in told) if held.quantity]

    async def balance(self) -> v.Balance:
        """The cash."""
        return figures.balance(self._account, await self.verified())

    async def account(self) -> v.Account:
        """The account as a whole."""
        return figures.account_of(self._account, await self.verified())

    async def verified(self) -> Json:
        """What Alpaca says of the account, which is the one that is meant. Raises WrongEnvironmentError and others."""
        try:
            told = await self._one("/account")
        except PermissionDeniedError:
            raise
        except BrokerAuthenticationError as error:
            message = f"{error.message}; {why_unauthorized(self._settings)}"
            raise BrokerAuthenticationError(message) from None
        if (wrong := wrong_account(self._settings, str(told.get("account_number") or ""))) is not None:
            raise wrong
        return told

    async def clock(self) -> int:
        """Alpaca's time."""
        told = await self._one("/clock")
        if not (at := time_of(told, "timestamp")):
            raise unreadable("the time", told)
        return at

    async def hours(self, symbol: str) -> v.Hours | None:
        """Whether shares are traded now; coins always are."""
        if "/" in symbol:
            return v.Hours(open=True)
        told = await self._one("/clock")
        return v.Hours(open=told["is_open"] is True, opens_at=time_of(told, "next_open"))

    async def _time(self) -> int:
        """Alpaca's time, for which it is asked once an hour."""
        told, here = self._told_time, time.monotonic_ns() // 1000
        if told is None or here - told[1] > LENGTHS["1h"]:
            theirs = await self.clock()
            told = self._told_time = (theirs, time.monotonic_ns() // 1000)
        return told[0] + max(0, here - told[1])

    async def instrument(self, symbol: str) -> v.Instrument:
        """The rules of a symbol. Raises UnknownSymbolError, too."""
        if not names.is_symbol(symbol):
            raise UnknownSymbolError(f"symbol {symbol!r} is not written as symbols are")
        try:
            told = await self._one(f"/assets/{quoted_in_url(symbol, safe='')}")
        except OrderNotFoundError as error:
            raise UnknownSymbolError(error.message) from None
        if not told.get("symbol"):
            raise unreadable("an asset", told)
        price = None
        with contextlib.suppress(BrokerError):  # without a quote the coarser step holds
            latest = await self.quote(symbol)
            price = latest.bid if latest is not None else None
        return figures.instrument(symbol, told, price)

    async def quote(self, symbol: str) -> Quote | None:
        """The latest quote, None where there is none."""
        path = "/crypto/us/latest/quotes" if "/" in symbol else "/stocks/quotes/latest"
        coin = "/" in symbol
        feed = {} if coin else {"feed": self._settings.feed}
        told = await self._data(symbol, path, {"symbols": symbol, **feed})
        return figures.quote(symbol, told, delayed=self._settings.delayed and not coin)

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> list[Bar]:
        """The newest bars that are over, at most `count`, oldest first."""
        at = await self._time()
        coin = "/" in symbol
        # Nights, weekends and minutes without a trade have none; of what is found, the newest are told.
        start = max(0, at - (14 * _DAY + _SPARSE * count * LENGTHS[timeframe]))
        query = {
            "symbols": symbol,
            "timeframe": _TIMEFRAMES[timeframe],
            "start": instant_text(start),
            "sort": "desc",
            "limit": str(min(count + 1, _MOST_BARS)),
        }
        # History of all exchanges that is late is asked for in another way than their quotes.
        feed = "iex" if self._settings.delayed else self._settings.feed
        shares = {} if coin else {"adjustment": "split", "feed": feed}
        path = "/crypto/us/bars" if coin else "/stocks/bars"
        told = await self._data(symbol, path, {**query, **shares})
        return figures.bars(symbol, told, timeframe, at)[-count:]

    async def _one(self, path: str) -> Json:
        told = await self._desk.ask(path)
        if not isinstance(told, dict):
            raise unreadable(f"what {path} is", told)
        return told

    async def _data(self, symbol: str, path: str, query: dict[str, str]) -> Json:
        """Market data. A symbol that it does not know has none."""
        version = _COINS if "/" in symbol else _SHARES
        base = self._settings.data_url
        try:
            told = await self._desk.ask(path, query, Urgency.REPORT, base=base, version=version, seconds=PAGE_SECONDS)
        except PermissionDeniedError as error:
            raise NoDataRightsError(error.message) from None
        if not isinstance(told, dict):
            raise unreadable("market data", told)
        return told
