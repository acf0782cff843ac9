"""Entries that take their exits with them: the orders and events of a group, and what its broker is asked. Pure.

Everything that one call brings about is in the log before the call, in one command: the entry's and the exits' intents,
each in its own stream, and the group's. The exits need no approval: the entry's covers them.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.orders import Order, Status, requested
from tradewire.messages.group_events import GroupClosed, GroupOpened
from tradewire.messages.log import NewEvent
from tradewire.messages.order_events import OrderRequested, OrderSubmitStarted
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import ExitKind
from tradewire_router.brokers.values import GroupRequest, Leg, OrderRequest

PREFIX = "group-"
_EXITS = 2
"""How many exits an entry has at most; those of a further attempt are other orders, with numbers of their own."""


class Group(Struct, frozen=True):
    """A group as the log has it: `orders` are those of its last attempt, the entry first."""

    version: int
    signal: str
    orders: tuple[str, ...]


def group_of(order: Order) -> str:
    """The name of the group that an order's signal makes in its account."""
    return f"{order.signal}-{order.account}"


def exits_of(entry: Order) -> tuple[OrderRequested, ...]:
    """The exits that go with an approved entry, each as an order of its own."""
    made: list[OrderRequested] = []
    for number, each in enumerate(entry.exits, start=1):
        leg = _EXITS * (entry.attempt - 1) + number
        made.append(
            OrderRequested(
                order=ids.order_uuid(entry.signal, entry.account, leg),
                signal=entry.signal,
                signal_id=entry.signal_id,
                strategy=entry.strategy,
                account=entry.account,
                symbol=entry.symbol,
                action="sell" if entry.side == "buy" else "buy",
                identity=entry.identity,
                leg=leg,
                side="sell" if entry.side == "buy" else "buy",
                quantity=entry.quantity,
                order_type=each.order_type,
                limit_price=each.limit_price,
                stop_price=each.stop_price,
                time_in_force=entry.time_in_force,
                reduce_only=True,
                clock="quotes" if entry.clock == "quotes" else "wall",
                parent=entry.order,
                instead_of=made[0].order if made else "",
            )
        )
    return tuple(made)


def exit_of(asked: OrderRequested, *, client_order_id: str, head: str, now: int) -> Order:
    """An exit as it will be once the log shows that it is being sent."""
    order = requested(asked, version=2, time=now, pos=0)
    return replace(order, client_order_id=client_order_id, head=head)


def opening_events(
    entry: Order, started: OrderSubmitStarted, exits: Sequence[OrderRequested], known: Group | None, now: int
) -> list[NewEvent]:
    """The events of a group beside the entry's own `started`, which go into the log with it."""
    name = group_of(entry)
    opened = GroupOpened(group=name, kind=kind_of(entry), orders=(entry.order, *(each.order for each in exits)))
    version = 1 if known is None else known.version + 1
    events = [_event(f"{PREFIX}{name}", version, entry, "GroupOpened", opened, now)]
    for asked in exits:
        stream = f"order-{asked.order}"
        sent = replace(
            started, order=asked.order, attempt=1, client_order_id=client_id_of(asked), head=started.client_order_id
        )
        events.append(_event(stream, 1, entry, "OrderRequested", asked, now, of=asked.order))
        events.append(_event(stream, 2, entry, "OrderSubmitStarted", sent, now, of=asked.order))
    return events


def client_id_of(asked: OrderRequested) -> str:
    """The client order id of an exit. It has one attempt: another attempt at the group has other exits."""
    return ids.client_order_id(asked.order, 1)


def _event(stream: str, version: int, entry: Order, kind: str, data: Any, now: int, *, of: str = "") -> NewEvent:
    event_id = ids.decision_uuid(of or entry.order, kind, 1 if of else entry.attempt)
    return new_event(stream, version, event_id, data, time=now, correlation=entry.signal, causation=None)


def closing_event(name: str, group: Group, now: int) -> NewEvent:
    """Nothing of a group is left to do."""
    closed = GroupClosed(group=name, reason="every order of it has ended")
    event_id = ids.decision_uuid(name, "GroupClosed", 1)
    return new_event(f"{PREFIX}{name}", None, event_id, closed, time=now, correlation=group.signal)


def kind_of(entry: Order) -> Literal["bracket", "oto"]:
    """What an entry with so many exits is called."""
    return "bracket" if len(entry.exits) == _EXITS else "oto"


def group_request(entry: Order, exits: Sequence[Order]) -> GroupRequest:
    """What the broker is asked; the entry and its exits know their client order ids."""
    sent: dict[ExitKind, OrderRequest] = {kind_of_exit(each): order_request(each) for each in exits}
    return GroupRequest(
        kind=kind_of(entry),
        entry=order_request(entry),
        take_profit=sent.get("take_profit"),
        stop_loss=sent.get("stop_loss"),
    )


def order_request(order: Order) -> OrderRequest:
    """What the broker is asked for one order, which has its client order id."""
    if order.side is None or order.client_order_id is None:
        raise AssertionError("an order that is sent has a side and a client order id")
    return OrderRequest(
        client_order_id=order.client_order_id,
        order=order.order,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity if order.notional is None else None,
        notional=order.notional,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        trail_amount=order.trail_amount,
        trail_percent=order.trail_percent,
        extended_hours=order.extended_hours,
        reduce_only=order.reduce_only,
        reference_price=order.price,
    )


def kind_of_exit(order: Order | OrderRequested) -> ExitKind:
    """Profits are taken at a limit, losses are stopped."""
    return "take_profit" if order.order_type == "limit" else "stop_loss"


def leg_of(order: Order) -> Leg | None:
    """An exit that was sent with its entry, as its broker is told after a restart."""
    if not order.head or order.client_order_id is None:
        return None
    if order.status is Status.REJECTED and order.broker_order_id is None:
        return None  # the broker never had it, and there is nothing to ask for
    return Leg(
        client_order_id=order.client_order_id,
        head=order.head,
        kind=kind_of_exit(order),
        symbol=order.symbol,
        broker_order_id=order.broker_order_id,
    )


def overfilled(filled: Sequence[Decimal], quantity: Decimal | None) -> str:
    """What is wrong when the exits of an entry have together closed more than was entered, or nothing."""
    total = sum(filled, Decimal(0))
    return f"the exits of one entry filled {total} of {quantity}" if quantity is not None and total > quantity else ""
