"""New terms at a broker: which are to be sent, what an answer means, and the events that say so. Pure.

Whatever a broker answers to a replacement, what counts is what it says of the two orders afterwards: the old one, and
the one that may have come in its place.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire import ids
from tradewire.domain.exact import add
from tradewire.domain.orders import Order, Replacement
from tradewire.messages import order_events as o
from tradewire.messages.log import NewEvent
from tradewire_router.brokers.results import Absent, Found, Lookup
from tradewire_router.brokers.values import TERMINAL, BrokerOrder, OrderChanges
from tradewire_router.domain.translate import Source, Teller, of_order

NEVER_ARRIVED = "REPLACE_NEVER_ARRIVED"
BY_OTHERS = "REPLACED_BY_OTHERS"
EXPIRED = "REPLACE_APPROVAL_EXPIRED"
_BEGINS = frozenset({"pending_submit", "unknown"})


class Settled(Struct, frozen=True):
    """What became of new terms: in force under another order of the broker's, refused, or not known yet.

    `absent`: as far as one answer goes, the broker has nothing of them; once that lasts, it is proof.
    """

    kind: Literal["replaced", "refused", "absent", "open"]
    order: BrokerOrder | None = None
    code: str = ""
    message: str = ""


_OPEN = Settled("open")


def next_id(order: Order) -> str:
    """The client order id of the next order that may take an order's place."""
    return ids.client_order_id(order.order, order.attempt, order.revision + 1)


def changes_of(order: Order, new: Replacement, client_order_id: str) -> OrderChanges:
    """What the broker is asked."""
    return OrderChanges(
        client_order_id=client_order_id,
        quantity=new.quantity,
        limit_price=new.limit_price,
        stop_price=new.stop_price,
    )


def settled(new: Replacement, old_told: Lookup, new_told: Lookup, *, in_place: bool) -> Settled:
    """What answers about the old order and the one in its place mean; `in_place`: the broker changes the old one."""
    old = old_told.order if isinstance(old_told, Found) else None
    if in_place:
        if old is None or old.status == "pending_replace":
            return _OPEN
        return Settled("replaced", old) if _has(old, new) else Settled("absent")
    if isinstance(new_told, Found):
        return followed(old, new_told.order)
    if old is None or not isinstance(new_told, Absent) or old.status == "pending_replace":
        return _OPEN
    if old.status == "replaced":
        return Settled("refused", code=BY_OTHERS, message="another order than ours has taken its place at the broker")
    return Settled("absent")


def followed(old: BrokerOrder | None, new: BrokerOrder) -> Settled:
    """What the broker's order of new terms and the one before it say; None where it does not tell of the old one."""
    if new.status == "rejected":
        message = new.reason or "the broker rejected the order that was to take its place"
        return Settled("refused", code=new.code or "REJECTED", message=message)
    if old is not None and old.status == "replaced":
        return Settled("replaced", new)
    ended = old is not None and old.status in TERMINAL
    return Settled("replaced", new) if ended and new.status not in _BEGINS else _OPEN


def _has(told: BrokerOrder, new: Replacement) -> bool:
    """Whether an order has terms."""
    pairs: tuple[tuple[Decimal | None, Decimal | None], ...] = (
        (new.quantity, told.quantity),
        (new.limit_price, told.limit_price),
        (new.stop_price, told.stop_price),
    )
    return all(wanted is None or wanted == has for wanted, has in pairs)


def replaced(teller: Teller, order: Order, new: Replacement, told: BrokerOrder) -> NewEvent:
    """The new terms are in force."""
    client = new.client_order_id or ""
    event_id = ids.status_uuid(teller.broker, order.order, "replaced", f"{client}:replaced")
    source = Source("lookup", "lookup", told.broker_order_id, told.updated_at)
    terms = {"quantity": new.quantity, "limit_price": new.limit_price, "stop_price": new.stop_price}
    return of_order(teller, order, event_id, o.OrderReplaced, source, client=client, revision=order.revision, **terms)


def renewed(teller: Teller, order: Order, revision: int, told: BrokerOrder, filled: Decimal) -> NewEvent:
    """Terms are in force that a lost part of the log sent; `filled` is what its earlier revisions were filled."""
    event_id = ids.status_uuid(teller.broker, order.order, "replaced", f"{told.client_order_id}:replaced")
    source = Source(f"found after a restore: {told.status}", "lookup", told.broker_order_id, told.updated_at)
    return of_order(
        teller,
        order,
        event_id,
        o.OrderReplaced,
        source,
        client=told.client_order_id,
        revision=revision,
        quantity=add(filled, told.quantity),
        limit_price=told.limit_price,
        stop_price=told.stop_price,
    )


def turned_down(teller: Teller, order: Order, revision: int, told: BrokerOrder) -> NewEvent:
    """The newest terms that a lost part of the log sent are not in force; `told` is the order that is."""
    event_id = ids.status_uuid(teller.broker, order.order, "replace_rejected", f"{revision}:found:replace_rejected")
    source = Source("found after a restore", "lookup", told.broker_order_id, told.updated_at)
    message = "the broker rejected the order that was to take its place"
    return of_order(
        teller,
        order,
        event_id,
        o.OrderReplaceRejected,
        source,
        client=told.client_order_id,
        revision=revision,
        code="REJECTED",
        message=message,
    )


def refused(teller: Teller, order: Order, new: Replacement, *, code: str, message: str, evidence: str) -> NewEvent:
    """The new terms are not in force, and the order is as it was."""
    event_id = ids.status_uuid(teller.broker, order.order, "replace_rejected", f"{new.request}:replace_rejected")
    return of_order(
        teller,
        order,
        event_id,
        o.OrderReplaceRejected,
        Source(evidence, broker_order_id=order.broker_order_id),
        client=order.client_order_id,
        revision=order.revision,
        code=code,
        message=message,
    )
