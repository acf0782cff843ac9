"""What is asked on `bars.<shard>.query.<account>` and answered by the account's router: bars that it has kept."""

from typing import Final

import msgspec
from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import Timeframe

MAX_QUESTION_BYTES: Final = 1_024
MOST_BARS: Final = 2_000
LENGTHS: Final[dict[Timeframe, int]] = {
    "1m": 60_000_000,
    "5m": 300_000_000,
    "15m": 900_000_000,
    "1h": 3_600_000_000,
    "1d": 86_400_000_000,
}
"""How long a bar of each timeframe is, in microseconds; a day is that of the market, whatever its hours."""


class BarsQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The newest `count` bars of a symbol; those alone that begin before a time (µs) where `before` is set."""

    symbol: str
    timeframe: Timeframe = "1d"
    count: int = 100
    before: int | None = None


class BarsPage(Struct, frozen=True, kw_only=True, tag="bars", tag_field="kind"):
    """Bars, oldest first; none where none were kept. The unfinished one is left out."""

    account: str
    broker: str
    symbol: str
    timeframe: Timeframe
    bars: tuple[Bar, ...]


class BarsRefused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """Why there is no answer, and what would have been right."""

    code: str
    message: str
    expected: str = ""


encode = msgspec.json.Encoder().encode
decode_reply = msgspec.json.Decoder(BarsPage | BarsRefused).decode
_decode = msgspec.json.Decoder(BarsQuestion).decode


def read_question(payload: bytes) -> BarsQuestion:
    """Reads a question.

    Raises:
        InvalidValue: it is none; the message names the field.
    """
    if len(payload) > MAX_QUESTION_BYTES:
        raise InvalidValue("INVALID_MESSAGE", f"the question has {len(payload)} bytes", f"{MAX_QUESTION_BYTES} at most")
    try:
        question = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        expected = "an object with symbol, and timeframe, count and before where wanted"
        raise InvalidValue("INVALID_MESSAGE", f"the question cannot be read: {error}", expected) from None
    names.symbol(question.symbol)
    if not 1 <= question.count <= MOST_BARS:
        raise InvalidValue("INVALID_FIELD", f"count is {quoted(str(question.count))}", f"1 to {MOST_BARS}")
    if question.before is not None and not 0 < question.before < 1 << 62:
        raise InvalidValue("INVALID_FIELD", "before is no time", "microseconds since the epoch")
    return question
