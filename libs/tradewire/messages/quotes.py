"""Quotes on `quotes.<venue>.<symbol>`: what the market says, not what we recorded."""

from decimal import Decimal

import msgspec
from msgspec import Struct


class Quote(Struct, frozen=True, gc=False):
    """Best bid and ask and the last trade, of one symbol at one time (microseconds since the epoch)."""

    symbol: str
    at: int
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None


decode_quote = msgspec.json.Decoder(Quote).decode
encode_quote = msgspec.json.Encoder().encode
