"""Quotes on `quotes.<venue>.<symbol>`: what the market says, not what we recorded."""

from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from tradewire.domain import names

AHEAD_MICROS: Final = 5_000_000
"""How far ahead of a clock here the time of a quote may lie."""
_DIGITS, _DECIMALS = 15, 12


class Quote(Struct, frozen=True, gc=False):
    """Best bid and ask and the last trade, of one symbol at one time (microseconds since the epoch).

    The time is the venue's own, of the newest price in it: who passes a quote on never says when that was. `delayed` is
    a quote that the venue gives to this account late, usually by a quarter of an hour.
    """

    symbol: str
    at: int
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    delayed: bool = False


decode_quote = msgspec.json.Decoder(Quote).decode
encode_quote = msgspec.json.Encoder().encode


def fault_of(quote: Quote, latest: int | None = None) -> str:
    """Why a quote is none of a market, in words, or nothing.

    A price is above zero, with at most 15 digits before and 12 after the point, and no exponent. A bid above the ask is
    no quote of a market; where they are equal, it is locked. A time after `latest` (microseconds since the epoch) is
    none either, because such a quote would stand in the way of all true ones until then.
    """
    if not names.is_symbol(quote.symbol):
        return "it has no symbol"
    if quote.at <= 0:
        return "it has no time"
    if latest is not None and quote.at > latest:
        return "its time has not come yet"
    prices = (("bid", quote.bid), ("ask", quote.ask), ("last", quote.last))
    for name, price in prices:
        if price is not None and not _is_price(price):
            return f"its {name} is no price"
    if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
        return "it is crossed"
    return "" if any(price is not None for _, price in prices) else "it has no price"


def _is_price(price: Decimal) -> bool:
    if not price.is_finite() or price <= 0 or price.adjusted() >= _DIGITS:
        return False
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and -_DECIMALS <= exponent <= 0
