"""Bars from quotes: what a symbol's quotes said of each UTC day, and of each minute lately. Pure.

A quote's price is its last trade, or the middle of bid and ask; one with a single side and no trade says nothing here.
Quotes tell no volume. A bar goes into the journal when the first quote of a later day comes, and when the process is
stopped; one that is killed forgets what the bars of that day had gathered. Minutes are kept in memory alone.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import add, multiply
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote

DAY = 86_400_000_000
MINUTE = 60_000_000
MINUTES = 1_440
"""How many minutes of a symbol are kept."""
_HALF = Decimal("0.5")


class _OpenBar(Struct, gc=False):
    at: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def bar(self) -> Bar:
        return Bar(self.at, self.open, self.high, self.low, self.close)


class OpenBars:
    """The bar under way of each symbol that was quoted since the start, of one `length` (µs)."""

    def __init__(self, length: int = DAY) -> None:
        self._length = length
        self._bars: dict[str, _OpenBar] = {}

    def take(self, quote: Quote, kept: list[Bar] | None, now: int) -> Bar | None:
        """Takes a quote; when it begins a new day, returns the bar that it ends.

        `kept` are the symbol's bars in the journal; after a restart the newest may be of the same day, and goes on.
        """
        price = _price(quote)
        day = quote.at - quote.at % self._length
        if price is None or day > now:  # a day that has not come would hold up every bar until then
            return None
        last = self._bars.get(quote.symbol) or (kept[-1] if kept else None)
        if last is not None and day < last.at:
            return None
        if last is None or day > last.at:
            self._bars[quote.symbol] = _OpenBar(day, price, price, price, price)
            return last.bar() if isinstance(last, _OpenBar) else None
        if isinstance(last, Bar):
            last = self._bars[quote.symbol] = _OpenBar(last.at, last.open, last.high, last.low, last.close)
        last.high = max(last.high, price)
        last.low = min(last.low, price)
        last.close = price
        return None

    def bar(self, symbol: str) -> Bar | None:
        """The bar under way of a symbol, if there is one."""
        last = self._bars.get(symbol)
        return last.bar() if last is not None else None

    def all(self) -> Iterator[tuple[str, Bar]]:
        """Every bar under way, with its symbol."""
        return ((symbol, last.bar()) for symbol, last in self._bars.items())


class MinuteBars:
    """The minutes of each symbol that were quoted since the start; those without a quote have no bar."""

    def __init__(self) -> None:
        self._open = OpenBars(MINUTE)
        self._kept: dict[str, deque[Bar]] = {}

    def take(self, quote: Quote, now: int) -> None:
        """Takes a quote."""
        if (ended := self._open.take(quote, None, now)) is not None:
            self._kept.setdefault(quote.symbol, deque(maxlen=MINUTES)).append(ended)

    def bars(self, symbol: str, count: int, now: int) -> list[Bar]:
        """The newest minutes that are over, at most `count`, oldest first."""
        bars = finished(list(self._kept.get(symbol, ())), self._open.bar(symbol), now, MINUTE)
        return bars[-count:] if count > 0 else []


def finished(kept: list[Bar], under_way: Bar | None, now: int, length: int = DAY) -> list[Bar]:
    """The bars that are over, oldest first."""
    bars = kept
    if under_way is not None:
        bars = [*(bar for bar in kept if bar.at < under_way.at), under_way]
    return [bar for bar in bars if bar.at + length <= now]


def _price(quote: Quote) -> Decimal | None:
    if quote.last is not None:
        return quote.last
    if quote.bid is None or quote.ask is None:
        return None
    return multiply(add(quote.bid, quote.ask), _HALF)
