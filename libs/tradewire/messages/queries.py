"""What is asked on `ledger.<shard>.query.<what>`: one JSON object, strictly read. The answers are in `answers`."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.money import money
from tradewire.domain.orders import Status
from tradewire.domain.quoting import SHOWN_LENGTH, quoted
from tradewire.errors import InvalidValue
from tradewire.messages.answers import QueryCode, QueryError
from tradewire.messages.registry import EVENT_TYPES

MAX_QUERY_BYTES: Final = 64 * 1024
MAX_ROWS: Final = 1000
MAX_FRAMES: Final = 256
MIN_PREFIX: Final = 4
MAX_TEXT: Final = 64
MAX_POS: Final = (1 << 62) - 1
EXTERNAL: Final = "EXTERNAL"
"""The strategy of executions that belong to no order of ours."""


class _Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    pass


class OrdersQuery(_Query, frozen=True, kw_only=True):
    """Orders, newest first. `since` is when they were requested; an empty filter filters nothing."""

    open: bool | None = None
    account: str = ""
    strategy: str = ""
    symbol: str = ""
    status: str = ""
    since: int | None = None
    limit: int = 100
    cursor: str = ""


class OrderQuery(_Query, frozen=True, kw_only=True):
    """One order by its id, a unique beginning of it, or its signal's id, with its events after position `after`."""

    id: str
    after: int = 0


class FillsQuery(_Query, frozen=True, kw_only=True):
    """Executions, corrections and busts, newest first; with `effective`, those alone that count in a position."""

    order: str = ""
    account: str = ""
    strategy: str = ""
    symbol: str = ""
    effective: bool = False
    since: int | None = None
    limit: int = 100
    cursor: str = ""


class PositionsQuery(_Query, frozen=True, kw_only=True):
    """Positions, open ones unless `flat`, valued at `prices` where one is given and at the last mark elsewhere."""

    account: str = ""
    symbol: str = ""
    flat: bool = False
    prices: dict[str, str] = {}
    cursor: str = ""


class AccountsQuery(_Query, frozen=True, kw_only=True):
    """Accounts: cash, equity and the trading day."""

    account: str = ""


class InstrumentsQuery(_Query, frozen=True, kw_only=True):
    """The rules of symbols as brokers last told them, by account and symbol.

    `text` is looked for in symbols, names, and what sources call them; upper and lower case are the same.
    """

    text: str = ""
    account: str = ""
    limit: int = 100
    cursor: str = ""


class EventsQuery(_Query, frozen=True, kw_only=True):
    """The log, event by event: after a position upwards, or `backward` from before a position.

    A page may come back with few or no events and `more`: it was cut by how much was looked through.
    """

    after: int = 0
    before: int | None = None
    backward: bool = False
    type: str = ""
    stream: str = ""
    account: str = ""
    strategy: str = ""
    order: str = ""
    limit: int = 100


class FramesQuery(_Query, frozen=True, kw_only=True):
    """The log, frame by frame, after a frame: for whoever needs more than the stream keeps."""

    after: int = 0
    limit: int = 100


class ControlQuery(_Query, frozen=True, kw_only=True):
    """The switches and limits in force."""


class DigestQuery(_Query, frozen=True, kw_only=True):
    """The digest of the read model, which a rebuild at the same position must give again."""


class StatusQuery(_Query, frozen=True, kw_only=True):
    """How far the log and the read model are."""


Query = (
    OrdersQuery
    | OrderQuery
    | FillsQuery
    | PositionsQuery
    | AccountsQuery
    | InstrumentsQuery
    | EventsQuery
    | FramesQuery
    | ControlQuery
    | DigestQuery
    | StatusQuery
)
QUERIES: Final[dict[str, type[Query]]] = {
    "orders": OrdersQuery,
    "order": OrderQuery,
    "fills": FillsQuery,
    "positions": PositionsQuery,
    "accounts": AccountsQuery,
    "instruments": InstrumentsQuery,
    "events": EventsQuery,
    "frames": FramesQuery,
    "control": ControlQuery,
    "digest": DigestQuery,
    "status": StatusQuery,
}

_DECODERS = {what: msgspec.json.Decoder(kind) for what, kind in QUERIES.items()}

ORDER_ID: Final = re.compile(r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.ASCII)
_ID = re.compile(r"\A[!-~]{1,64}\Z", re.ASCII)
_STREAM = re.compile(r"\A[!-~]{1,128}\Z", re.ASCII)
_ORDERS_CURSOR = re.compile(rf"\A\d{{1,18}}\.{ORDER_ID.pattern[2:]}", re.ASCII)
_FILLS_CURSOR = re.compile(r"\A\d{1,18}\.\d{1,18}\Z", re.ASCII)
_STATUSES = frozenset(status.value for status in Status)
_NAMES = "1 to 32 of a-z, 0-9, _ and -, beginning with a letter"


def _is_money(text: str) -> bool:
    try:
        money(text)
    except InvalidValue:
        return False
    return True


def _is_position(number: int) -> bool:
    return 0 <= number <= MAX_POS


def _is_position_key(cursor: str) -> bool:
    account, _, symbol = cursor.partition(" ")
    return names.is_name(account) and names.is_symbol(symbol)


def _are_prices(prices: dict[str, str]) -> bool:
    return all(names.is_symbol(symbol) and _is_money(price) for symbol, price in prices.items())


def _within(rows: int) -> Callable[[Any], bool]:
    return lambda limit: 1 <= limit <= rows


_ANY: Callable[[Any], bool] = lambda _: True  # noqa: E731 - a row's entry

# Each field, whichever query it is in: what fits it, and what to say of that.
_FIELDS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "account": (names.is_name, _NAMES),
    "strategy": (lambda text: text == EXTERNAL or names.is_name(text), f"{_NAMES}, or {EXTERNAL}"),
    "symbol": (names.is_symbol, "a symbol such as AAPL, BRK.B or BTC/USDT"),
    "status": (_STATUSES.__contains__, f"one of {', '.join(sorted(_STATUSES))}"),
    "type": (EVENT_TYPES.__contains__, "the name of an event type, such as OrderFilled"),
    "stream": (_STREAM.match, "the name of a stream, such as control-global"),
    "order": (ORDER_ID.match, "an order's id: 36 characters of lowercase hex and hyphens"),
    "text": (lambda text: len(text) <= MAX_TEXT and text.isprintable(), f"{MAX_TEXT} printable characters at most"),
    "id": (_ID.match, f"an order's id, the first {MIN_PREFIX} or more characters of it, or its signal's id"),
    "open": (_ANY, "true, false or nothing"),
    "backward": (_ANY, "true or false"),
    "flat": (_ANY, "true or false"),
    "effective": (_ANY, "true or false"),
    "prices": (_are_prices, 'prices by symbol, as texts such as {"AAPL": "187.25"}'),
    "since": (_is_position, "microseconds since the epoch"),
    "after": (_is_position, "a position, 0 or more"),
    "before": (_is_position, "a position, 0 or more"),
    "limit": (_within(MAX_ROWS), f"1 to {MAX_ROWS}"),
    "cursor": (_ANY, "the cursor of the page before, unchanged"),
}
_SPECIAL: dict[tuple[type[Struct], str], tuple[Callable[[Any], Any], str]] = {
    (FramesQuery, "limit"): (_within(MAX_FRAMES), f"1 to {MAX_FRAMES}"),
    (FramesQuery, "after"): (_is_position, "a frame's number, 0 or more"),
    (OrdersQuery, "cursor"): (_ORDERS_CURSOR.match, _FIELDS["cursor"][1]),
    (FillsQuery, "cursor"): (_FILLS_CURSOR.match, _FIELDS["cursor"][1]),
    (PositionsQuery, "cursor"): (_is_position_key, _FIELDS["cursor"][1]),
    (InstrumentsQuery, "cursor"): (_is_position_key, _FIELDS["cursor"][1]),
}


class QueryRefused(InvalidValue):
    """A question that has no answer as it stands; `field` is the part of it that is wrong."""

    def __init__(self, code: QueryCode, field: str, message: str, expected: str) -> None:
        super().__init__(code, message, expected)
        self.query_code, self.field = code, field

    def reply(self) -> QueryError:
        """What whoever asked is told."""
        return QueryError(code=self.query_code, message=self.message, field=self.field, expected=self.expected)


def parse(what: str, payload: bytes) -> Query:
    """Reads a question; an empty message asks with every default.

    Raises:
        QueryRefused: nothing is called so, or the message is not what it needs.
    """
    decoder = _DECODERS.get(what)
    if decoder is None:
        raise QueryRefused("UNKNOWN_QUERY", "", f"nobody answers {quoted(what)}", ", ".join(QUERIES))
    if len(payload) > MAX_QUERY_BYTES:
        raise QueryRefused(
            "INVALID_MESSAGE", "", f"the message has {len(payload)} bytes", f"{MAX_QUERY_BYTES} bytes at most"
        )
    try:
        query = decoder.decode(payload or b"{}")
    except msgspec.ValidationError as error:
        raise _explain(str(error), decoder.type) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise QueryRefused(
            "INVALID_MESSAGE", "", f"the message is not JSON: {error}", "one JSON object in UTF-8"
        ) from None
    _verify(query)
    return query


def _explain(problem: str, kind: type[Query]) -> QueryRefused:
    what, _, where = problem.partition(" - at `$.")
    field = re.split(r"[.\[`]", where)[0]
    known = kind.__struct_fields__
    named = what.split("`")[1] if "`" in what else ""
    if "missing required field" in what:
        return QueryRefused("MISSING_FIELD", named, f"{named} is missing", _rule(kind, named)[1])
    if "unknown field" in what:
        expected = ", ".join(known) or "no fields"
        return QueryRefused("UNKNOWN_FIELD", named, f"{quoted(named)} is not a field of this query", expected)
    if field in known:
        return QueryRefused("INVALID_FIELD", field, f"{field}: {what[:1].lower()}{what[1:]}", _rule(kind, field)[1])
    return QueryRefused("INVALID_MESSAGE", "", what, "one JSON object")


def _rule(kind: type[Struct], field: str) -> tuple[Callable[[Any], Any], str]:
    return _SPECIAL.get((kind, field)) or _FIELDS[field]


def _verify(query: Query) -> None:
    for field in query.__struct_fields__:
        value = getattr(query, field)
        if value is None or (value in ("", {}) and field != "id"):
            continue
        fits, expected = _rule(type(query), field)
        if not fits(value):
            shown = quoted(value) if isinstance(value, str) else str(value)[:SHOWN_LENGTH]
            raise QueryRefused("INVALID_FIELD", field, f"{field} is {shown}", expected)
