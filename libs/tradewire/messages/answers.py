"""What the reader answers to the questions of `queries`, and what it announces to people.

An answer is of one of the kinds below, named in its `kind`; `error` says which field was wrong and what would have
been right. Every other one says at which position of the log it holds. Times are microseconds since the epoch, money
and quantities are texts. Pages are cut by rows and by size: a cursor that is not empty asks for the next.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from tradewire.domain.orders import Order
from tradewire.domain.switches import Limits, Switch
from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.log import Frame
from tradewire.messages.vocabulary import Side

MAX_REPLY_BYTES: Final = 900 * 1024
"""What one answer may weigh: NATS carries a megabyte."""

QueryCode = Literal[
    "INVALID_MESSAGE",
    "MISSING_FIELD",
    "UNKNOWN_FIELD",
    "INVALID_FIELD",
    "UNKNOWN_QUERY",
    "UNKNOWN_ORDER",
    "AMBIGUOUS_ORDER",
    "TOO_LARGE",
    "UNAVAILABLE",
    "FAILED",
]


class PublicEvent(Struct, frozen=True, kw_only=True, gc=False):
    """An event as people see it, here and on `events.<shard>.<account>.<type>.<order>`.

    `at` is the ledger's clock, `time` the writer's as RFC 3339 text. What it is not about is null; older readers
    leave `event_id` out.
    """

    pos: int
    at: int
    time: str
    stream: str
    version: int
    type: str
    account: str | None
    order: str | None
    signal: str | None
    data: Raw
    event_id: str = ""


class QueryError(Struct, frozen=True, kw_only=True, tag="error", tag_field="kind", gc=False):
    """Why there is no answer. After UNAVAILABLE the same may be asked again."""

    code: QueryCode
    message: str
    field: str = ""
    expected: str = ""


class _Reply(Struct, frozen=True, kw_only=True, tag_field="kind", gc=False):
    pos: int


class OrdersPage(_Reply, frozen=True, kw_only=True, tag="orders"):
    """Orders as the log tells them."""

    orders: tuple[Order, ...]
    cursor: str = ""


class OrderStory(_Reply, frozen=True, kw_only=True, tag="order"):
    """An order and the events of its stream and its signal's, in order. `after` is set when there are more."""

    order: Order
    events: tuple[PublicEvent, ...]
    after: int | None = None


class FillRow(Struct, frozen=True, kw_only=True, gc=False):
    """An execution as it was booked at `pos`. A bust is what was taken back; what was superseded counts no more."""

    pos: int
    event: Literal["fill", "correction", "bust", "external"]
    order: str | None
    strategy: str
    account: str
    broker: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    execution: str
    revision: int
    time: int
    broker_time: int | None = None
    superseded_by: int | None = None


class FillsPage(_Reply, frozen=True, kw_only=True, tag="fills"):
    """Executions."""

    fills: tuple[FillRow, ...]
    cursor: str = ""


class PositionRow(Struct, frozen=True, kw_only=True, gc=False):
    """A holding. Cost and results are FIFO and gross; without a price it has no value, which is not zero.

    `priced_at` is when the mark was, or null when the price was given with the question.
    """

    account: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None
    multiplier: Decimal
    cost: Decimal
    realized: Decimal
    fees: Decimal
    price: Decimal | None = None
    priced_at: int | None = None
    value: Decimal | None = None
    unrealized: Decimal | None = None


class PositionsPage(_Reply, frozen=True, kw_only=True, tag="positions"):
    """Positions by account and symbol."""

    positions: tuple[PositionRow, ...]
    cursor: str = ""


class CashRow(Struct, frozen=True, kw_only=True, gc=False):
    """One currency of an account; `…_today` count since the trading day began."""

    currency: str
    cash: Decimal
    realized_today: Decimal
    fees_today: Decimal
    moved_today: Decimal


class AccountRow(Struct, frozen=True, kw_only=True, gc=False):
    """An account at its last marks. Equity and the day's result are null, with `problem`, while a mark is missing."""

    account: str
    currency: str
    cash: tuple[CashRow, ...]
    day: str
    equity_at_day_start: Decimal
    equity: Decimal | None = None
    day_result: Decimal | None = None
    problem: str = ""


class AccountsPage(_Reply, frozen=True, kw_only=True, tag="accounts"):
    """Accounts by name."""

    accounts: tuple[AccountRow, ...]


class InstrumentRules(Struct, frozen=True, kw_only=True, gc=False):
    """A symbol's rules as its broker last told them, and what sources call it beside its name, by source."""

    rules: InstrumentReported
    aliases: dict[str, tuple[str, ...]] = {}


class InstrumentsPage(_Reply, frozen=True, kw_only=True, tag="instruments"):
    """Instruments by account and symbol."""

    instruments: tuple[InstrumentRules, ...]
    cursor: str = ""


class EventsPage(_Reply, frozen=True, kw_only=True, tag="events"):
    """Events, in the order that was asked for. Go on `after` (or, backward, `before`) `next` while there is `more`."""

    events: tuple[PublicEvent, ...]
    next: int
    more: bool


class FramesPage(_Reply, frozen=True, kw_only=True, tag="frames"):
    """Frames; `more` when others follow."""

    frames: tuple[Frame, ...]
    more: bool


class ControlState(_Reply, frozen=True, kw_only=True, tag="control"):
    """Switches and limits by scope, as folded from the log; `brokers` are the configured accounts', by account."""

    switches: dict[str, Switch]
    limits: dict[str, Limits]
    brokers: dict[str, str] = {}


class DigestReply(_Reply, frozen=True, kw_only=True, tag="digest"):
    """sha256 (hex) over all tables, and of each."""

    log_id: str
    digest: str
    tables: dict[str, str]


class StatusReply(_Reply, frozen=True, kw_only=True, tag="status"):
    """The log's head and the read model's position; `lag` is the positions between. Open orders are by status."""

    log_id: str
    head: int
    frame: int
    lag: int
    open_orders: dict[str, int]
    accounts: int
    halted: tuple[str, ...]


Reply = (
    OrdersPage
    | OrderStory
    | FillsPage
    | PositionsPage
    | AccountsPage
    | InstrumentsPage
    | EventsPage
    | FramesPage
    | ControlState
    | DigestReply
    | StatusReply
    | QueryError
)

encode = msgspec.json.Encoder().encode
decode_reply = msgspec.json.Decoder(Reply).decode
decode_public_event = msgspec.json.Decoder(PublicEvent).decode
