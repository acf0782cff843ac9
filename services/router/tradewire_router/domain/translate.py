"""What a broker said, as events for the log. Pure: `MEANINGS` is the table.

A fact's id derives from what happened, never from how it was learned, so that the reply to a call, the broker's stream
and a question about the same thing give the same event. Facts are about one attempt: what a broker says of an earlier
attempt, which was proven not to have arrived, moves nothing; `strays` names it.
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.domain.switches import control_stream
from tradewire.messages import order_events as o
from tradewire.messages.account_events import AccountHalted, Halted
from tradewire.messages.broker_events import ExternalFillBooked, ExternalOrderEnded, ExternalOrderSeen
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers import events as b
from tradewire_router.brokers.values import BrokerOrder, Execution

ARRIVED = frozenset(
    {
        "submitted",
        "accepted",
        "held",
        "partially_filled",
        "pending_cancel",
        "pending_replace",
        "filled",
        "canceled",
        "expired",
        "replaced",
    }
)
"""What a broker says only of an order that it took."""
_ZERO = Decimal(0)
_BY_OTHERS = "somebody else replaced it at the broker"


class Teller(Struct, frozen=True):
    """Who speaks: the broker and the account, and the writer's time (µs)."""

    broker: str
    account: str
    now: int


def fact(order: Order, event_id: str, data: Struct, now: int) -> NewEvent:
    """A broker's fact on an order's stream, which is never refused."""
    return new_event(f"order-{order.order}", None, event_id, data, time=now, correlation=order.signal)


class Source(Struct, frozen=True):
    """How a fact was learned: `evidence` says where, `at` is the broker's time (µs)."""

    evidence: str
    origin: Origin = "live"
    broker_order_id: str | None = None
    at: int | None = None


_NAMES: dict[type[Any], str] = {
    o.OrderAccepted: "accepted",
    o.OrderRejected: "rejected",
    o.OrderCanceled: "canceled",
    o.OrderExpired: "expired",
    o.OrderCompleted: "completed",
    o.OrderCancelRejected: "cancel_rejected",
}
"""A status in the ids of its events, which must never change."""


def of_order(
    teller: Teller, order: Order, event_id: str, kind: type[Any], source: Source, *, client: str | None, **more: Any
) -> NewEvent:
    """A fact of any kind; `more` are the fields that only this kind has, `client` is the broker's name of the order."""
    data = kind(
        order=order.order,
        client_order_id=client or "",
        broker=teller.broker,
        account=teller.account,
        evidence=source.evidence,
        broker_order_id=source.broker_order_id,
        broker_time=source.at,
        origin=source.origin,
        **more,
    )
    return fact(order, event_id, data, teller.now)


def of_execution(
    teller: Teller, order: Order, event_id: str, kind: type[Any], execution: Execution, source: Source, **more: Any
) -> NewEvent:
    """A fact about an execution, in the terms that it has now unless `more` says otherwise."""
    terms: dict[str, Any] = {
        "strategy": order.strategy,
        "symbol": execution.symbol,
        "side": execution.side,
        "quantity": execution.quantity,
        "price": execution.price,
        "execution": execution.execution,
        "fee": execution.fee or _ZERO,
        "fee_currency": execution.fee_currency,
        "revision": execution.revision,
    }
    client = execution.client_order_id
    return of_order(teller, order, event_id, kind, source, client=client, **{**terms, **more})


def _status(teller: Teller, order: Order, kind: type[Any], source: Source, *, key: str = "", **more: Any) -> NewEvent:
    """A status of this attempt. It comes once, unless the broker's own `key` tells several apart."""
    name = _NAMES[kind]
    event_id = ids.status_uuid(teller.broker, order.order, name, key or f"{order.client_order_id}:{name}")
    return of_order(teller, order, event_id, kind, source, client=order.client_order_id, **more)


def accepted(
    teller: Teller, order: Order, broker_order_id: str, at: int | None, origin: Origin, evidence: str
) -> NewEvent:
    """The venue has the order, of this attempt."""
    return _status(teller, order, o.OrderAccepted, Source(evidence, origin, broker_order_id, at))


def rejected(teller: Teller, order: Order, code: str, message: str, at: int | None, evidence: str) -> NewEvent:
    """The venue refused the order, of this attempt."""
    return _status(teller, order, o.OrderRejected, Source(evidence, at=at), code=code, message=message)


def filled(
    teller: Teller, order: Order, execution: Execution, origin: Origin, evidence: str, told_as: str = ""
) -> NewEvent:
    """One execution; the same one has the same id however it was learned."""
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    source = Source(evidence, origin, execution.broker_order_id, execution.at)
    return of_execution(teller, order, event_id, o.OrderFilled, execution, source, told_as=told_as)


def halted(account: str, reason: str, request: str, now: int) -> list[NewEvent]:
    """The account takes no new order until a person resumes it. `request` is the cause; the same one halts once."""
    scope = f"account.{account}"
    said = AccountHalted(account=account, reason=reason, by="router")
    switch = Halted(scope=scope, level="HALT", by="router", reason=reason, request=request)
    return [
        new_event(stream, None, ids.command_uuid(request, type(data).__name__), data, time=now, correlation=None)
        for stream, data in ((f"account-{account}", said), (control_stream(scope), switch))
    ]


def account_event(teller: Teller, event_id: str, data: Struct) -> NewEvent:
    """An event of the account, which is never refused."""
    return new_event(f"account-{teller.account}", None, event_id, data, time=teller.now, correlation=None)


def external_fill(teller: Teller, execution: Execution, told_as: str = "") -> NewEvent:
    """An execution that belongs to no order of ours."""
    data = ExternalFillBooked(
        account=teller.account,
        broker=teller.broker,
        broker_order_id=execution.broker_order_id,
        symbol=execution.symbol,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        execution=execution.execution,
        fee=execution.fee or _ZERO,
        fee_currency=execution.fee_currency,
        revision=execution.revision,
        broker_time=execution.at,
        told_as=told_as,
    )
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    return account_event(teller, event_id, data)


def external_order(teller: Teller, order: BrokerOrder) -> NewEvent:
    """An order at the broker that no signal of ours caused."""
    data = ExternalOrderSeen(
        account=teller.account,
        broker=teller.broker,
        broker_order_id=order.broker_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
    )
    event_id = ids.status_uuid(teller.broker, teller.account, "external", order.broker_order_id)
    return account_event(teller, event_id, data)


def external_end(teller: Teller, broker_order_id: str, symbol: str) -> NewEvent:
    """The end of an order at the broker that no signal of ours caused."""
    data = ExternalOrderEnded(
        account=teller.account, broker=teller.broker, broker_order_id=broker_order_id, symbol=symbol
    )
    event_id = ids.status_uuid(teller.broker, teller.account, "external ended", broker_order_id)
    return account_event(teller, event_id, data)


def from_lookup(teller: Teller, order: Order, told: BrokerOrder, *, superseded: bool = False) -> list[NewEvent]:
    """What asking about an order brought, where it moves the order. Its executions are asked for by themselves.

    `superseded`: it may have been us who replaced it, in a part of the log that is lost.
    """
    source = Source("lookup", "lookup", told.broker_order_id, told.updated_at)
    if told.status == "rejected":
        return [_status(teller, order, o.OrderRejected, source, code=told.code or "REJECTED", message=told.reason)]
    events: list[NewEvent] = []
    if told.status in ARRIVED and order.status in {Status.SUBMITTING, Status.UNKNOWN}:
        events.append(accepted(teller, order, told.broker_order_id, told.submitted_at, "lookup", "lookup"))
    if told.status == "canceled":
        events.append(_status(teller, order, o.OrderCanceled, source, reason=told.reason))
    elif told.status == "expired":
        events.append(_status(teller, order, o.OrderExpired, source))
    elif told.status == "filled" and ends_by_word(order):
        events.append(_status(teller, order, o.OrderCompleted, source))
    elif told.status == "replaced" and _by_others(order, told.client_order_id, superseded=superseded):
        events.append(_status(teller, order, o.OrderCanceled, source, reason=_BY_OTHERS))
    return events


def _by_others(order: Order, client_order_id: str, *, superseded: bool) -> bool:
    """Whether it cannot be us who replaced an order; where it may be, both orders are asked about."""
    ours = order.replacing is not None and order.replacing.stage != "requested"
    return order.client_order_id == client_order_id and not ours and not superseded


def ends_by_word(order: Order) -> bool:
    """Whether an order may be filled at another quantity than its own: one for money, and one of two exits."""
    return order.notional is not None or bool(order.parent)


MEANINGS: dict[type[Any], tuple[type[Any], tuple[str, ...]]] = {
    b.OrderAccepted: (o.OrderAccepted, ()),
    b.OrderHeld: (o.OrderAccepted, ()),
    b.OrderRejected: (o.OrderRejected, ("code", "message")),
    b.OrderCanceled: (o.OrderCanceled, ("reason",)),
    b.OrderExpired: (o.OrderExpired, ()),
    b.OrderCompleted: (o.OrderCompleted, ()),
    b.CancelRejected: (o.OrderCancelRejected, ("code", "message")),
}
"""What a broker's message about the status of an order means: the event, and the fields that it takes over."""


def translate(teller: Teller, order: Order, told: Any, *, superseded: bool = False) -> list[NewEvent]:
    """The events that a broker's message about an order means; none for one that changes nothing.

    An execution is booked on its order whichever attempt it is of. `superseded` is as in `from_lookup`.
    """
    if type(told) is b.Fill:
        return [filled(teller, order, told.execution, told.origin, "message", told.told_as)]
    if type(told) is b.OrderReplaced and _by_others(order, told.client_order_id, superseded=superseded):
        source = Source("message", told.origin, told.broker_order_id, told.broker_time)
        return [_status(teller, order, o.OrderCanceled, source, reason=_BY_OTHERS)]
    meaning = MEANINGS.get(type(told))
    if meaning is None or told.client_order_id != order.client_order_id:
        return []
    kind, fields = meaning
    if kind is o.OrderAccepted and order.broker_order_id:
        return []  # the submit's own answer has been recorded
    if kind is o.OrderCompleted and not ends_by_word(order):
        return []  # its executions say it
    source = Source("message", told.origin, told.broker_order_id, told.broker_time)
    key = told.event_key if kind is o.OrderCancelRejected else ""  # of which there may be several
    taken = {field: getattr(told, field) for field in fields}
    return [_status(teller, order, kind, source, key=key, **taken)]


def strays(order: Order, told: Any) -> str:
    """What is wrong when a broker works or fills an attempt of an order that was proven not to have arrived."""
    if told.client_order_id == order.client_order_id or type(told) not in {b.OrderAccepted, b.OrderHeld, b.Fill}:
        return ""
    ours = (ids.client_order_id(order.order, order.attempt, number) for number in range(order.revision + 2))
    if order.client_order_id is not None and told.client_order_id in ours:
        return ""  # it was, or is to be, in the order's place
    return (
        f"the broker has {told.client_order_id}, an attempt of order {order.order} that was proven not to have arrived"
    )
