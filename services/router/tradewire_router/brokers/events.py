"""What a broker tells by itself: ordered, at least once, nothing lost.

`event_key` names the fact, not the message: a fact that comes twice, or by stream and by query, has one key.
`cursor` is where to resume after this event. `raw` is what the broker sent, without secrets.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers.values import BrokerOrder, Cursor, Execution


class _Event(Struct, frozen=True, kw_only=True, gc=False):
    event_key: str
    broker_time: int | None
    received_at: int
    origin: Origin = "live"
    cursor: Cursor | None = None
    raw: bytes = b""


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
    """The link is up and something on it does not work."""

    broker: str
    account: str
    reason: str


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
    """An execution. Its key is `fill:<broker>:<account>:<execution>:<revision>`, also when found by a query."""

    client_order_id: str
    execution: Execution


class FillCorrected(Fill, frozen=True, kw_only=True):
    """An execution restated: it takes the place of revision `replaces`."""

    replaces: int


class FillBusted(Fill, frozen=True, kw_only=True):
    """An execution taken back."""


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
    | OrderReplaced
    | CancelRejected
)
BrokerEvent = (
    SessionUp
    | SessionDown
    | SessionDegraded
    | OrderEvent
    | Fill
    | FillCorrected
    | FillBusted
    | Commission
    | BalanceSnapshot
    | PositionSnapshot
    | ExternalOrderSeen
    | BrokerNotice
)


def fill_key(broker: str, account: str, execution: str, revision: int) -> str:
    """The key of an execution, however it was learned."""
    return f"fill:{broker}:{account}:{execution}:{revision}"


def order_key(broker: str, account: str, broker_order_id: str, status: str, ordinal: int = 0) -> str:
    """The key of a change of an order's status; `ordinal` tells repeated ones apart."""
    return f"order:{broker}:{account}:{broker_order_id}:{status}:{ordinal}"
