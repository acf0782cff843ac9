"""Prices: the latest quote of each symbol, the price that an order is measured at, and rates between currencies."""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE, add, multiply
from tradewire.domain.orders import Order
from tradewire.messages.account_events import Mark
from tradewire.messages.quotes import Quote, fault_of
from tradewire.messages.vocabulary import PriceSource, QuoteUsed, Side
from tradewire_risk.domain.profile import Profile

_HALF = Decimal("0.5")
_PERCENT = Decimal("0.01")

PAR = {"USDT": "USD", "USDC": "USD"}
"""Coins that paper accounts take at one unit of a currency while nobody quotes the pair."""


class Held(Struct, frozen=True, gc=False):
    """A quote and the venue that it came from."""

    quote: Quote
    source: str


class QuoteBoard:
    """The newest quote of each symbol, by the quotes' own time and whatever the venue; those that come late apart."""

    def __init__(self) -> None:
        self._live: dict[str, Held] = {}
        self._delayed: dict[str, Held] = {}

    def hear(self, quote: Quote, source: str, latest: int | None = None) -> bool:
        """Keeps a quote unless a newer one is known; returns False for one that is no quote (`quotes.fault_of`)."""
        if fault_of(quote, latest):
            return False
        kept = self._delayed if quote.delayed else self._live
        held = kept.get(quote.symbol)
        if held is None or quote.at >= held.quote.at:
            kept[quote.symbol] = Held(quote, source)
        return True

    def get(self, symbol: str, allowed: PriceSource = "live") -> Held | None:
        """The newest quote of a symbol that may be used; of one time, the one that came at once."""
        live = self._live.get(symbol)
        if allowed == "live":
            return live
        delayed = self._delayed.get(symbol)
        if live is None or delayed is None:
            return live or delayed
        return delayed if delayed.quote.at > live.quote.at else live

    def mark(self, symbol: str, allowed: PriceSource = "live") -> Mark | None:
        """What a symbol is worth: its last trade, else the middle of bid and ask, else the one there is."""
        held = self.get(symbol, allowed)
        if held is None:
            return None
        quote = held.quote
        price = quote.last
        if price is None and quote.bid is not None and quote.ask is not None:
            price = multiply(add(quote.bid, quote.ask), _HALF)
        price = price or quote.bid or quote.ask
        return None if price is None else Mark(price, quote.at)


def reference(board: QuoteBoard, order: Order, side: Side, profile: Profile) -> QuoteUsed | None:
    """The price at which the market would take the order now: ask for a buyer, bid for a seller, else the last.

    The account's `price_source` says which prices serve: `live` quotes alone; those that come late as well (`delayed`),
    where no newer one is live; and, while the symbol has no quote at all, the signal's own price (`signal`), which is
    for accounts without real money.
    """
    held = board.get(order.symbol, profile.price_source)
    if held is not None:
        quote = held.quote
        price = (quote.ask if side == "buy" else quote.bid) or quote.last
        return None if price is None else QuoteUsed(order.symbol, price, quote.at, held.source, quote.delayed)
    if profile.price_source == "signal" and order.price is not None:
        return QuoteUsed(order.symbol, order.price, order.signal_time or order.requested_at, "signal")
    return None


def entry_price(board: QuoteBoard, order: Order, profile: Profile, now: int) -> Decimal | None:
    """The price that a size is worked out at, in the account's currency: the order's own limit or stop, else what the
    symbol is worth, else the signal's price where `reference` would take it. None when a price or rate is missing."""
    price = order.limit_price or order.stop_price
    if price is None:
        mark = board.mark(order.symbol, profile.price_source)
        if mark is not None:
            price = mark.price
        elif profile.price_source == "signal":
            price = order.price
    currency = settlement_currency(order.symbol, profile.currency)
    if price is None or currency == profile.currency:
        return price
    quoted = rate(board, currency, profile, now)
    return None if quoted is None else multiply(price, quoted.price)


def due_at(used: QuoteUsed, profile: Profile, now: int) -> int:
    """When a price would have come if its venue did not tell it late: by this, prices are compared in age."""
    return min(used.at + profile.price_delay, max(used.at, now)) if used.delayed else used.at


def worst_price(order: Order, side: Side, market: Decimal) -> Decimal:
    """The highest price at which the order can be expected to trade: a buyer's limit binds, a seller's is a floor.

    A buyer's trailing stop is no further above the market than its distance.
    """
    if order.limit_price is not None:
        return order.limit_price if side == "buy" else max(market, order.limit_price)
    if side == "sell":
        return market
    if order.stop_price is not None:
        return max(market, order.stop_price)
    if order.trail_percent is not None:
        return add(market, multiply(multiply(market, order.trail_percent), _PERCENT))
    return market if order.trail_amount is None else add(market, order.trail_amount)


def rate(board: QuoteBoard, currency: str, profile: Profile, now: int) -> QuoteUsed | None:
    """What one unit of a currency is worth in the account's; None when nobody says."""
    pair = f"{currency}/{profile.currency}"
    if currency == profile.currency:
        return QuoteUsed(pair, ONE, now, "same")
    mark = board.mark(pair, profile.price_source)
    held = board.get(pair, profile.price_source)
    if mark is not None and held is not None:
        return QuoteUsed(pair, mark.price, mark.at, held.source, held.quote.delayed)
    if profile.paper and PAR.get(currency) == profile.currency:
        return QuoteUsed(pair, ONE, now, "par")
    return None
