"""What a broker said, as events for the log. Pure: the dispatch table is at the foot.

A fact's id derives from what happened, never from how it was learned, so that the reply to a call, the broker's stream
and a question about the same thing give the same event. Facts are about one attempt: what a broker says of an earlier
attempt, which was proven not to have arrived, moves nothing; `strays` names it.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.domain.switches import control_stream
from tradewire.messages import order_events as o
from tradewire.messages.account_events import AccountHalted, ExternalFillBooked, ExternalOrderSeen, Halted
from tradewire.messages.answers import FillRow
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers import events as b
from tradewire_router.brokers.values import BrokerOrder, Execution

ACCEPTED = frozenset({"submitted", "accepted", "held", "partially_filled", "pending_cancel", "pending_replace"})
_ZERO = Decimal(0)


class Teller(Struct, frozen=True):
    """Who speaks: the broker and the account, and the writer's time (µs)."""

    broker: str
    account: str
    now: int


def fact(order: Order, event_id: str, data: Struct, now: int) -> NewEvent:
    """A broker's fact on an order's stream, which is never refused."""
    return new_event(f"order-{order.order}", None, event_id, data, time=now, correlation=order.signal)


def accepted(
    teller: Teller, order: Order, broker_order_id: str, at: int | None, origin: Origin, evidence: str
) -> NewEvent:
    """The venue has the order, of this attempt."""
    data = o.OrderAccepted(
        order=order.order,
        client_order_id=order.client_order_id or "",
        broker=teller.broker,
        account=teller.account,
        evidence=evidence,
        broker_order_id=broker_order_id,
        broker_time=at,
        origin=origin,
    )
    key = f"{order.client_order_id}:accepted"
    return fact(order, ids.status_uuid(teller.broker, order.order, "accepted", key), data, teller.now)


def rejected(teller: Teller, order: Order, code: str, message: str, at: int | None, evidence: str) -> NewEvent:
    """The venue refused the order, of this attempt."""
    data = o.OrderRejected(
        order=order.order,
        client_order_id=order.client_order_id or "",
        broker=teller.broker,
        account=teller.account,
        evidence=evidence,
        code=code,
        message=message,
        broker_time=at,
    )
    key = f"{order.client_order_id}:rejected"
    return fact(order, ids.status_uuid(teller.broker, order.order, "rejected", key), data, teller.now)


def filled(teller: Teller, order: Order, execution: Execution, origin: Origin, evidence: str) -> NewEvent:
    """One execution; the same one has the same id however it was learned."""
    data = o.OrderFilled(
        order=order.order,
        client_order_id=execution.client_order_id,
        broker=teller.broker,
        account=teller.account,
        evidence=evidence,
        broker_order_id=execution.broker_order_id,
        broker_time=execution.at,
        origin=origin,
        strategy=order.strategy,
        symbol=execution.symbol,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        execution=execution.execution,
        fee=execution.fee or _ZERO,
        fee_currency=execution.fee_currency,
        revision=execution.revision,
    )
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    return fact(order, event_id, data, teller.now)


def corrected(
    teller: Teller, order: Order, execution: Execution, old: FillRow, origin: Origin, evidence: str
) -> NewEvent:
    """A broker's new version of an execution; `old` is the one in the log, which it takes the place of."""
    data = o.FillCorrected(
        order=order.order,
        client_order_id=execution.client_order_id,
        broker=teller.broker,
        account=teller.account,
        evidence=evidence,
        broker_order_id=execution.broker_order_id,
        broker_time=execution.at,
        origin=origin,
        strategy=order.strategy,
        symbol=execution.symbol,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        execution=execution.execution,
        fee=execution.fee or _ZERO,
        fee_currency=execution.fee_currency,
        revision=execution.revision,
        replaces=old.revision,
        old_quantity=old.quantity,
        old_price=old.price,
        old_fee=old.fee,
    )
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    return fact(order, event_id, data, teller.now)


def busted(teller: Teller, order: Order, execution: Execution, old: FillRow, origin: Origin, evidence: str) -> NewEvent:
    """An execution that the broker took back; `old` is the one in the log."""
    data = o.FillBusted(
        order=order.order,
        client_order_id=execution.client_order_id,
        broker=teller.broker,
        account=teller.account,
        evidence=evidence,
        broker_order_id=execution.broker_order_id,
        broker_time=execution.at,
        origin=origin,
        strategy=order.strategy,
        symbol=old.symbol,
        side=old.side,
        quantity=old.quantity,
        price=old.price,
        execution=old.execution,
        fee=old.fee,
        fee_currency=old.fee_currency,
        revision=execution.revision,
    )
    # A bust may carry the revision of what it takes back, and is another fact than that.
    event_id = ids.fill_uuid(teller.broker, teller.account, f"{execution.execution}:bust", execution.revision)
    return fact(order, event_id, data, teller.now)


def halted(account: str, reason: str, request: str, now: int) -> list[NewEvent]:
    """The account takes no new order until a person resumes it. `request` is the cause; the same one halts once."""
    scope = f"account.{account}"
    said = AccountHalted(account=account, reason=reason, by="router")
    switch = Halted(scope=scope, level="HALT", by="router", reason=reason, request=request)
    return [
        new_event(stream, None, ids.command_uuid(request, type(data).__name__), data, time=now, correlation=None)
        for stream, data in ((f"account-{account}", said), (control_stream(scope), switch))
    ]


def external_fill(teller: Teller, execution: Execution) -> NewEvent:
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
    )
    event_id = ids.fill_uuid(teller.broker, teller.account, execution.execution, execution.revision)
    return new_event(f"account-{teller.account}", None, event_id, data, time=teller.now, correlation=None)


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
    return new_event(f"account-{teller.account}", None, event_id, data, time=teller.now, correlation=None)


def _ended(
    teller: Teller, order: Order, kind: type[Any], status: str, told: b.OrderEvent | BrokerOrder, **more: Any
) -> NewEvent:
    lookup = isinstance(told, BrokerOrder)
    data = kind(
        order=order.order,
        client_order_id=order.client_order_id or "",
        broker=teller.broker,
        account=teller.account,
        evidence="lookup" if lookup else "message",
        broker_order_id=getattr(told, "broker_order_id", None),
        broker_time=told.updated_at if isinstance(told, BrokerOrder) else told.broker_time,
        origin="lookup" if lookup else getattr(told, "origin", "live"),
        **more,
    )
    key = f"{order.client_order_id}:{status}"
    return fact(order, ids.status_uuid(teller.broker, order.order, status, key), data, teller.now)


def from_lookup(teller: Teller, order: Order, told: BrokerOrder) -> list[NewEvent]:
    """What asking about an order brought, where it moves the order. Its executions are asked for by themselves."""
    unproven = order.status in {Status.SUBMITTING, Status.UNKNOWN}
    if told.status == "rejected":
        return [rejected(teller, order, told.code or "REJECTED", told.reason, told.updated_at, "lookup")]
    events = []
    if unproven and (told.status in ACCEPTED or told.status in {"filled", "canceled", "expired"}):
        events.append(accepted(teller, order, told.broker_order_id, told.submitted_at, "lookup", "lookup"))
    if told.status == "canceled":
        events.append(_ended(teller, order, o.OrderCanceled, "canceled", told, reason=told.reason))
    elif told.status == "expired":
        events.append(_ended(teller, order, o.OrderExpired, "expired", told))
    return events


def _accepted(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    if order.broker_order_id:
        return []  # the submit's own answer has been recorded
    return [accepted(teller, order, told.broker_order_id, told.broker_time, told.origin, "message")]


def _rejected(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    return [rejected(teller, order, told.code, told.message, told.broker_time, "message")]


def _filled(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    return [filled(teller, order, told.execution, told.origin, "message")]


def _canceled(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    return [_ended(teller, order, o.OrderCanceled, "canceled", told, reason=told.reason)]


def _expired(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    return [_ended(teller, order, o.OrderExpired, "expired", told)]


def _cancel_rejected(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    data = o.OrderCancelRejected(
        order=order.order,
        client_order_id=told.client_order_id,
        broker=teller.broker,
        account=teller.account,
        evidence="message",
        broker_order_id=told.broker_order_id,
        broker_time=told.broker_time,
        origin=told.origin,
        code=told.code,
        message=told.message,
    )
    return [
        fact(order, ids.status_uuid(teller.broker, order.order, "cancel_rejected", told.event_key), data, teller.now)
    ]


TRANSLATIONS: dict[type[Any], Callable[[Teller, Order, Any], list[NewEvent]]] = {
    b.OrderAccepted: _accepted,
    b.OrderHeld: _accepted,
    b.OrderRejected: _rejected,
    b.OrderCanceled: _canceled,
    b.OrderExpired: _expired,
    b.CancelRejected: _cancel_rejected,
    b.Fill: _filled,
}


def translate(teller: Teller, order: Order, told: Any) -> list[NewEvent]:
    """The events that a broker's message about an order means; none for one that changes nothing.

    An execution is booked on its order whichever attempt it is of.
    """
    translation = TRANSLATIONS.get(type(told))
    if translation is None or (translation is not _filled and told.client_order_id != order.client_order_id):
        return []
    return translation(teller, order, told)


def strays(order: Order, told: Any) -> str:
    """What is wrong when a broker works or fills an attempt of an order that was proven not to have arrived."""
    if told.client_order_id == order.client_order_id or type(told) not in {b.OrderAccepted, b.OrderHeld, b.Fill}:
        return ""
    return (
        f"the broker has {told.client_order_id}, an attempt of order {order.order} that was proven not to have arrived"
    )
