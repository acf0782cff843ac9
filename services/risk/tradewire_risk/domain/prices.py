"""Prices: the latest quote of each symbol, the price that an order is measured at, and rates between currencies."""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE, add, multiply
from tradewire.domain.orders import Order
from tradewire.messages.account_events import Mark
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import QuoteUsed, Side
from tradewire_risk.domain.profile import Profile

_HALF = Decimal("0.5")
_DIGITS, _DECIMALS = 15, 12

PAR = {"USDT": "USD", "USDC": "USD"}
"""Coins that paper accounts take at one unit of a currency while nobody quotes the pair."""


class Held(Struct, frozen=True, gc=False):
    """A quote and the venue that it came from."""

    quote: Quote
    source: str


def _crossed(quote: Quote) -> bool:
    return quote.bid is not None and quote.ask is not None and quote.bid > quote.ask


def _sane(price: Decimal | None) -> bool:
    if price is None:
        return True
    if not price.is_finite() or price <= 0 or price.adjusted() >= _DIGITS:
        return False
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and -_DECIMALS <= exponent <= 0


class QuoteBoard:
    """The newest quote of each symbol, by the quotes' own time and whatever the venue."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def hear(self, quote: Quote, source: str, latest: int | None = None) -> bool:
        """Keeps a quote unless a newer one is known; returns False for one that is no quote at all.

        A price is above zero, with at most 15 digits before and 12 after the point, and no exponent. A bid above the
        ask is no quote of a market; where they are equal, it is locked. A quote of a time after `latest` is none
        either, because it would stand in the way of all true ones until then.
        """
        sane = _sane(quote.bid) and _sane(quote.ask) and _sane(quote.last) and not _crossed(quote)
        if not sane or not names.is_symbol(quote.symbol) or quote.at <= 0:
            return False
        if latest is not None and quote.at > latest:
            return False
        held = self._held.get(quote.symbol)
        if held is None or quote.at >= held.quote.at:
            self._held[quote.symbol] = Held(quote, source)
        return True

    def get(self, symbol: str) -> Held | None:
        """The newest quote of a symbol."""
        return self._held.get(symbol)

    def mark(self, symbol: str) -> Mark | None:
        """What a symbol is worth: its last trade, else the middle of bid and ask, else the one there is."""
        held = self._held.get(symbol)
        if held is None:
            return None
        quote = held.quote
        price = quote.last
        if price is None and quote.bid is not None and quote.ask is not None:
            price = multiply(add(quote.bid, quote.ask), _HALF)
        price = price or quote.bid or quote.ask
        return None if price is None else Mark(price, quote.at)


def reference(board: QuoteBoard, order: Order, side: Side, profile: Profile, from_signal: bool) -> QuoteUsed | None:
    """The price at which the market would take the order now: ask for a buyer, bid for a seller, else the last.

    The signal's own price serves only on a paper account that allows it, and only while the symbol has no quote.
    """
    held = board.get(order.symbol)
    if held is not None:
        quote = held.quote
        price = (quote.ask if side == "buy" else quote.bid) or quote.last
        return None if price is None else QuoteUsed(order.symbol, price, quote.at, held.source)
    if from_signal and profile.paper and order.price is not None:
        return QuoteUsed(order.symbol, order.price, order.signal_time or order.requested_at, "signal")
    return None


def entry_price(board: QuoteBoard, order: Order, profile: Profile, now: int, from_signal: bool) -> Decimal | None:
    """The price that a size is worked out at, in the account's currency: the order's own limit or stop, else what the
    symbol is worth, else the signal's price where `reference` would take it. None when a price or rate is missing."""
    price = order.limit_price or order.stop_price
    if price is None:
        mark = board.mark(order.symbol)
        if mark is not None:
            price = mark.price
        elif from_signal and profile.paper:
            price = order.price
    currency = settlement_currency(order.symbol, profile.currency)
    if price is None or currency == profile.currency:
        return price
    quoted = rate(board, currency, profile, now)
    return None if quoted is None else multiply(price, quoted.price)


def worst_price(order: Order, side: Side, market: Decimal) -> Decimal:
    """The highest price at which the order can be expected to trade: a buyer's limit binds, a seller's is a floor."""
    if order.limit_price is not None:
        return order.limit_price if side == "buy" else max(market, order.limit_price)
    if order.stop_price is not None and side == "buy":
        return max(market, order.stop_price)
    return market


def rate(board: QuoteBoard, currency: str, profile: Profile, now: int) -> QuoteUsed | None:
    """What one unit of a currency is worth in the account's; None when nobody says."""
    pair = f"{currency}/{profile.currency}"
    if currency == profile.currency:
        return QuoteUsed(pair, ONE, now, "same")
    mark = board.mark(pair)
    held = board.get(pair)
    if mark is not None and held is not None:
        return QuoteUsed(pair, mark.price, mark.at, held.source)
    if profile.paper and PAR.get(currency) == profile.currency:
        return QuoteUsed(pair, ONE, now, "par")
    return None
