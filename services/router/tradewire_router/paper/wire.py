"""What the paper broker and its client say over TCP: frames of 4 bytes length (big-endian) and msgpack.

A client says Hello once, then asks as much as it likes without waiting; every answer carries the request's number.
Events are lines of the journal, sent as they stand there; the number of the last one is the cursor to resume from.
Decimals are text in both directions.
"""

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from tradewire.domain.exact import ZERO
from tradewire.messages.vocabulary import AssetClass, OrderType, Side, Timeframe, TimeInForce
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.results import CancelOutcome
from tradewire_router.brokers.values import Activity, ActivityKind, BrokerOrder, Execution, OrderRequest

VERSION = 1
MAX_REQUEST_BYTES = 64 << 10
MAX_ANSWER_BYTES = 64 << 20


class PaperOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An OrderRequest as received: the same fields, but amounts are the text that was sent, so each can be judged."""

    client_order_id: str
    order: str
    symbol: str
    side: Side
    quantity: str | None = None
    notional: str | None = None
    order_type: OrderType = "market"
    time_in_force: TimeInForce = "day"
    limit_price: str | None = None
    stop_price: str | None = None
    trail_amount: str | None = None
    trail_percent: str | None = None
    asset_class: AssetClass | None = None
    extended_hours: bool = False
    post_only: bool = False
    reduce_only: bool = False
    expire_at: int | None = None
    reference_price: str | None = None
    tags: tuple[str, ...] = ()


FaultKind = Literal[
    "reject",
    "drop_response",
    "delay_response",
    "delay_before",
    "place_late",
    "duplicate_event",
    "partial",
    "mute_stream",
    "disconnect",
    "silence",
    "unlisted",
]


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One misbehaviour for tests, for the next `times` orders of the connection's account; silence and unlisted are
    for questions.

    reject: refused with `code`. drop_response: placed and never answered. delay_response: placed, answered after
    `delay_ms`. delay_before: received, placed and answered after `delay_ms`. place_late: never answered, placed after
    `delay_ms`. duplicate_event: each event of the order is sent twice. partial: filled in `pieces`, one a quote.
    mute_stream: events are held back for `delay_ms`. disconnect: placed, and the connection cut instead of an answer.
    silence: a question about the account as a whole, an instrument or bars is never answered. unlisted: the list of
    open orders is empty.
    """

    kind: FaultKind
    times: int = 1
    code: str = "ORDER_REJECTED"
    delay_ms: int = 0
    pieces: int = 2
    symbol: str = ""


class Hello(Struct, frozen=True, tag="hello", array_like=True):
    """The first frame. Events after `cursor` follow; None means from now on."""

    version: int
    token: str
    account: str
    cursor: int | None = None


class _Request(Struct, frozen=True, array_like=True, gc=False):
    number: int


class Submit(_Request, frozen=True, tag="submit"):
    """A new order, as the server reads it."""

    order: PaperOrder


class SubmitOut(_Request, frozen=True, tag="submit"):
    """The same frame, as the client writes it."""

    order: OrderRequest


class Cancel(_Request, frozen=True, tag="cancel"):
    """Cancel by client order id."""

    client_order_id: str


class FindOrder(_Request, frozen=True, tag="find"):
    """Answered by a list of one BrokerOrder or none."""

    client_order_id: str


class OpenOrders(_Request, frozen=True, tag="open"):
    """Answered by a list of BrokerOrder."""


class OrdersSince(_Request, frozen=True, tag="orders"):
    """Orders received at or after `at`, a page at a time. Answered by OrderPage."""

    at: int
    after: int = 0


class ExecutionsSince(_Request, frozen=True, tag="executions"):
    """Executions after a journal number, a page at a time. Answered by ExecutionPage."""

    after: int


class ActivitiesSince(_Request, frozen=True, tag="activities"):
    """What happened beside executions after a journal number, a page at a time. Answered by ActivityPage."""

    after: int


class Happening(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happens to an account, for tests: cash of `amount`, a change of a holding by `quantity`.

    A split multiplies the holding by `ratio`, and cancels the symbol's working orders. What is not `told` is in no list
    of activities, so that nobody but a look at positions and balances finds it.
    """

    kind: ActivityKind
    amount: Decimal = ZERO
    symbol: str = ""
    quantity: Decimal = ZERO
    ratio: Decimal | None = None
    price: Decimal | None = None
    text: str = ""
    told: bool = True


class Happen(_Request, frozen=True, tag="happen"):
    """Makes something happen; allowed only where faults are. Answered by the activity's id."""

    happening: Happening


class Positions(_Request, frozen=True, tag="positions"):
    """Answered by a list of Position."""


class Balances(_Request, frozen=True, tag="balances"):
    """Answered by a list of Balance."""


class AccountInfo(_Request, frozen=True, tag="account"):
    """Answered by an Account."""


class InstrumentOf(_Request, frozen=True, tag="instrument"):
    """Answered by an Instrument or a failure."""

    symbol: str


class QuoteOf(_Request, frozen=True, tag="quote"):
    """Answered by a list of one Quote or none."""

    symbol: str


class BarsOf(_Request, frozen=True, tag="bars"):
    """Answered by a list of Bar."""

    symbol: str
    timeframe: Timeframe
    count: int


class Clock(_Request, frozen=True, tag="clock"):
    """Answered by microseconds."""


class Arm(_Request, frozen=True, tag="arm"):
    """Arms a fault; allowed only when the broker was started for that."""

    fault: Fault


class Disarm(_Request, frozen=True, tag="disarm"):
    """Clears all faults of the account."""


Request = (
    Submit
    | Cancel
    | FindOrder
    | OpenOrders
    | OrdersSince
    | ExecutionsSince
    | ActivitiesSince
    | Happen
    | Positions
    | Balances
    | AccountInfo
    | InstrumentOf
    | QuoteOf
    | BarsOf
    | Clock
    | Arm
    | Disarm
)


class OrderPage(Struct, frozen=True):
    """A page of orders; `after` asks for the next one, None at the end."""

    orders: list[BrokerOrder]
    after: int | None


class ExecutionPage(Struct, frozen=True):
    """A page of executions, the journal number that was read to, and whether that is the end."""

    executions: list[Execution]
    after: int
    done: bool


class ActivityPage(Struct, frozen=True):
    """A page of activities, the journal number that was read to, and whether that is the end."""

    activities: list[Activity]
    after: int
    done: bool


class Welcome(Struct, frozen=True, tag="welcome", array_like=True):
    """The answer to Hello: `head` is the number of the newest journal line, `now` the broker's time."""

    head: int
    now: int
    currency: str


class Refused(Struct, frozen=True, tag="refused", array_like=True):
    """The connection is not wanted, and ends."""

    code: str
    message: str


class Submitted(Struct, frozen=True, tag="submitted", array_like=True, gc=False):
    """An order is accepted when `code` is empty; else refused, and `existing` is the order that has its id, if any."""

    number: int
    broker_order_id: str
    at: int
    code: str = ""
    message: str = ""
    existing: BrokerOrder | None = None


class CancelAnswer(Struct, frozen=True, tag="canceling", array_like=True, gc=False):
    """What came of a cancel."""

    number: int
    outcome: CancelOutcome


class Answer(Struct, frozen=True, tag="answer", array_like=True, gc=False):
    """The answer to a query, in msgpack."""

    number: int
    body: Raw


class Failed(Struct, frozen=True, tag="failed", array_like=True, gc=False):
    """A request that could not be carried out."""

    number: int
    code: str
    message: str


class Events(Struct, frozen=True, tag="events", array_like=True, gc=False):
    """Journal lines, in order; `live` is False for those that happened before this connection heard them."""

    live: bool
    lines: list[bytes]


Reply = Welcome | Refused | Submitted | CancelAnswer | Answer | Failed | Events

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(Request).decode
decode_hello = msgspec.msgpack.Decoder(Hello).decode
decode_reply = msgspec.msgpack.Decoder(Reply).decode


class FrameTooLong(BrokerError):  # noqa: N818 - named for what it says
    """A frame above the limit of its reader; the connection cannot be read on."""

    code = "FRAME_TOO_LONG"


def frame(message: Struct) -> bytes:
    """Returns a message as it goes over the wire."""
    payload = encode(message)
    return len(payload).to_bytes(4, "big") + payload


class Framer:
    """Cuts a byte stream into frames of at most `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the frames that are complete with `data`.

        Raises:
            FrameTooLong: a frame announces more than the limit.
        """
        if self._rest:
            data = self._rest + data
        frames, at, end = [], 0, len(data)
        while end - at >= 4:
            size = int.from_bytes(data[at : at + 4], "big")
            if size > self._limit:
                raise FrameTooLong(f"a frame of {size} bytes was announced; at most {self._limit} are read")
            if end - at - 4 < size:
                break
            frames.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        self._rest = data[at:]
        return frames
