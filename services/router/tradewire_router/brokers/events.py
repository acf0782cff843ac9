"""What a broker tells by itself: ordered, at least once, nothing lost.

`event_key` names the fact, not the message: a fact that comes twice, or by stream and by query, has one key.
`cursor` is where to resume after this event.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire.messages.vocabulary import BrokerPart, Origin
from tradewire_router.brokers.values import BrokerOrder, Cursor, Execution


class _Event(Struct, frozen=True, kw_only=True, gc=False):
    event_key: str
    broker_time: int | None
    received_at: int
    origin: Origin = "live"
    cursor: Cursor | None = None


class SessionUp(_Event, frozen=True, kw_only=True):
    """The link works; what happened meanwhile follows where the broker can replay it."""

    broker: str
    account: str


class SessionDown(_Event, frozen=True, kw_only=True):
    """The link is gone; the adapter reconnects by itself."""

    broker: str
    account: str
    reason: str


class SessionDegraded(_Event, frozen=True, kw_only=True):
    """The link is up and a part of it does not work: `SessionRecovered` ends it, and `SessionUp` that of orders."""

    broker: str
    account: str
    part: BrokerPart
    reason: str


class SessionRecovered(_Event, frozen=True, kw_only=True):
    """A part of the link that was degraded works again."""

    broker: str
    account: str
    part: BrokerPart


class _OrderEvent(_Event, frozen=True, kw_only=True):
    client_order_id: str
    broker_order_id: str


class OrderAccepted(_OrderEvent, frozen=True, kw_only=True):
    """The order works."""


class OrderHeld(_OrderEvent, frozen=True, kw_only=True):
    """The order lives and does not work yet: a child of another, or waiting for a locate."""

    reason: str


class OrderRejected(_OrderEvent, frozen=True, kw_only=True):
    """The broker refused the order, at once or later."""

    code: str
    message: str


class OrderUpdated(_OrderEvent, frozen=True, kw_only=True):
    """Something else about a working order changed, such as a stop that was triggered."""

    reason: str


class OrderCanceled(_OrderEvent, frozen=True, kw_only=True):
    """The order works no more."""

    filled_quantity: Decimal
    reason: str


class OrderExpired(_OrderEvent, frozen=True, kw_only=True):
    """The order's time is over."""

    filled_quantity: Decimal


class OrderCompleted(_OrderEvent, frozen=True, kw_only=True):
    """The order is filled, at whatever quantity.

    It is told after the last execution of an order that may fill at another quantity than it was sent with, because it
    is for an amount of money, or one of two exits.
    """


class OrderReplaced(_OrderEvent, frozen=True, kw_only=True):
    """The order has new terms, or a new order took its place."""

    replaced_by: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class CancelRejected(_OrderEvent, frozen=True, kw_only=True):
    """The broker would not cancel; the order is as it was."""

    code: str
    message: str


class Fill(_Event, frozen=True, kw_only=True):
    """An execution. Its key is `fill:<broker>:<account>:<execution>:<revision>`, also when found by a query.

    `told_as` is the id by which the broker corrects this version or takes it back, where that is another than
    `execution.execution`. A query may not tell it.
    """

    client_order_id: str
    execution: Execution
    told_as: str = ""


class FillCorrected(Fill, frozen=True, kw_only=True):
    """An execution restated: it takes the place of revision `replaces`.

    Where this session has not heard of the one before, `execution.execution` is empty, and the log has it: by the id
    `previous`, or by its terms. `filled` is what the order has filled from then on, where the broker says it.
    """

    replaces: int
    previous: str = ""
    filled: Decimal | None = None


class FillBusted(Fill, frozen=True, kw_only=True):
    """An execution taken back; `previous` and an empty `execution.execution` are as in FillCorrected."""

    previous: str = ""


class Commission(_Event, frozen=True, kw_only=True):
    """The fee of an execution that was told without it."""

    execution: str
    fee: Decimal
    fee_currency: str


class BalanceSnapshot(_Event, frozen=True, kw_only=True):
    """An asset's balance at a time."""

    account: str
    asset: str
    total: Decimal
    available: Decimal


class PositionSnapshot(_Event, frozen=True, kw_only=True):
    """A holding at a time."""

    account: str
    symbol: str
    quantity: Decimal


class ExternalOrderSeen(_Event, frozen=True, kw_only=True):
    """An order that carries no client order id of ours."""

    order: BrokerOrder


class InstrumentChanged(_Event, frozen=True, kw_only=True):
    """The rules of a symbol are not what they were, such as when it is halted: they are to be asked for again."""

    symbol: str


class BrokerNotice(_Event, frozen=True, kw_only=True):
    """Words of the broker that change nothing."""

    code: str
    text: str


OrderEvent = (
    OrderAccepted
    | OrderHeld
    | OrderRejected
    | OrderUpdated
    | OrderCanceled
    | OrderExpired
    | OrderCompleted
    | OrderReplaced
    | CancelRejected
)
BrokerEvent = (
    SessionUp
    | SessionDown
    | SessionDegraded
    | SessionRecovered
    | OrderEvent
    | Fill
    | FillCorrected
    | FillBusted
    | Commission
    | BalanceSnapshot
    | PositionSnapshot
    | ExternalOrderSeen
    | InstrumentChanged
    | BrokerNotice
)


def fill_key(broker: str, account: str, execution: str, revision: int) -> str:
    """The key of an execution, however it was learned."""
    return f"fill:{broker}:{account}:{execution}:{revision}"


def order_key(broker: str, account: str, broker_order_id: str, status: str, ordinal: int = 0) -> str:
    """The key of a change of an order's status; `ordinal` tells repeated ones apart."""
    return f"order:{broker}:{account}:{broker_order_id}:{status}:{ordinal}"
