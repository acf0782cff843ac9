"""The lines of the journal: everything that the paper broker received and decided, in order.

`seq` counts lines from 1 without a gap, `at` is the broker's time in microseconds. The lines in EVENTS are what clients
hear; those that end an order carry the whole order, so that it can be read back without anything else.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec
from msgspec import Struct

from tradewire.domain.exact import ZERO
from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import Side
from tradewire_router.brokers.values import Activity, ActivityKind, BrokerOrder, Execution
from tradewire_router.paper.wire import PaperOrder


class _Line(Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    seq: int
    at: int
    account: str


class Opened(_Line, frozen=True, kw_only=True, tag="opened"):
    """An account begins with this cash."""

    currency: str
    cash: Decimal


class Received(_Line, frozen=True, kw_only=True, tag="received"):
    """A submit came in, whatever becomes of it: a duplicate too."""

    order: PaperOrder


class Duplicate(_Line, frozen=True, kw_only=True, tag="duplicate"):
    """The submit just received was refused because its client order id was taken."""

    client_order_id: str


class Dropped(_Line, frozen=True, kw_only=True, tag="dropped"):
    """A submit that was received and not yet placed when the process ended; it never will be."""

    client_order_id: str


class Accepted(_Line, frozen=True, kw_only=True, tag="accepted"):
    """The order works. `reserved` is the cash that a buy holds back; `pieces` are the quantities that it fills in."""

    client_order_id: str
    broker_order_id: str
    reserved: Decimal = ZERO
    expires_at: int | None = None
    pieces: tuple[Decimal, ...] = ()


class Rejected(_Line, frozen=True, kw_only=True, tag="rejected"):
    """The order was refused. Its quantity is zero in `closed` when it was no number."""

    client_order_id: str
    broker_order_id: str
    code: str
    message: str
    closed: BrokerOrder


class Triggered(_Line, frozen=True, kw_only=True, tag="triggered"):
    """A stop price was reached at `price`."""

    client_order_id: str
    broker_order_id: str
    price: Decimal


class Filled(_Line, frozen=True, kw_only=True, tag="filled"):
    """An execution, and the account's cash and holding after it. `closed` is the order when this completes it.

    Price and fee are in `currency`; `cash` is that of all currencies together, one for one.
    """

    client_order_id: str
    broker_order_id: str
    execution: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    currency: str
    cash: Decimal
    position: Decimal
    closed: BrokerOrder | None = None


class CancelReceived(_Line, frozen=True, kw_only=True, tag="cancel_received"):
    """Somebody asked to cancel."""

    client_order_id: str


class Canceled(_Line, frozen=True, kw_only=True, tag="canceled"):
    """The order works no more."""

    client_order_id: str
    broker_order_id: str
    reason: str
    closed: BrokerOrder


class Expired(_Line, frozen=True, kw_only=True, tag="expired"):
    """The order's day is over."""

    client_order_id: str
    broker_order_id: str
    closed: BrokerOrder


class Happened(_Line, frozen=True, kw_only=True, tag="happened"):
    """Something beside executions, and the account's cash and holding after it; `change` is of the holding."""

    activity: str
    what: ActivityKind
    amount: Decimal
    currency: str
    cash: Decimal
    symbol: str = ""
    change: Decimal = ZERO
    position: Decimal = ZERO
    ratio: Decimal | None = None
    price: Decimal | None = None
    text: str = ""
    told: bool = True


class BarKept(_Line, frozen=True, kw_only=True, tag="bar"):
    """A symbol's daily bar, which is of no account: at the day's end, or as it stands when the process is stopped."""

    symbol: str
    bar: Bar


Line = (
    Opened
    | Received
    | Duplicate
    | Dropped
    | Accepted
    | Rejected
    | Triggered
    | Filled
    | CancelReceived
    | Canceled
    | Expired
    | Happened
    | BarKept
)
EventLine = Accepted | Rejected | Triggered | Filled | Canceled | Expired
EVENTS: frozenset[type[Struct]] = frozenset({Accepted, Rejected, Triggered, Filled, Canceled, Expired})

encode_line = msgspec.json.Encoder().encode
decode_line: Callable[[bytes], Line] = msgspec.json.Decoder(Line).decode
decode_event: Callable[[bytes], EventLine] = msgspec.json.Decoder(EventLine).decode


class Head(Struct, frozen=True, gc=False):
    """The part of a line by which it is picked when the journal is read again."""

    seq: int
    at: int
    account: str
    kind: str


EVENT_KINDS = frozenset({"accepted", "rejected", "triggered", "filled", "canceled", "expired"})
decode_head = msgspec.json.Decoder(Head).decode


def execution_of(line: Filled) -> Execution:
    """The execution that a line tells."""
    return Execution(
        account=line.account,
        client_order_id=line.client_order_id,
        broker_order_id=line.broker_order_id,
        execution=line.execution,
        symbol=line.symbol,
        side=line.side,
        quantity=line.quantity,
        price=line.price,
        at=line.at,
        fee=line.fee,
        fee_currency=line.currency,
    )


def activity_of(line: Happened) -> Activity:
    """The activity that a line tells."""
    return Activity(
        account=line.account,
        activity=line.activity,
        kind=line.what,
        at=line.at,
        amount=line.amount,
        currency=line.currency,
        symbol=line.symbol,
        quantity=line.change,
        ratio=line.ratio,
        price=line.price,
        text=line.text,
    )
