"""Orders: cancels are facts; a person's yes or no to a held order is a decision at the exact version that was seen.

So an order that lapsed, or that somebody else has answered for, is named with its state instead.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.domain.times import instant_text
from tradewire.messages.control import (
    ApproveCommand,
    CancelCommand,
    ControlReply,
    DenyCommand,
    FlattenCommand,
    ResolveCommand,
)
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.order_events import OrderApprovalGranted, OrderApprovalRefused, OrderCancelRequested
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.commands import Outcome, Plan, Sender, refuse, unknown_account
from tradewire_ingest.domain.state import State

CANCELS_TOGETHER = 200
"""Events in one atomic append, so that a request stays within what the ledger takes."""

OrderCommand = CancelCommand | ApproveCommand | DenyCommand | ResolveCommand


def cancel(command: CancelCommand, order: Order, sender: Sender) -> Outcome:
    """Asks for the end of one order; one that is over is named with its state."""
    if not order.open:
        over = f"order {order.order} is {order.status.value}"
        return refuse("ALREADY_TERMINAL", "order", over, "an order that is still open")
    return Plan((Command((_cancel(command, order, sender, 0),)),), "recorded", (order.order,))


def cancel_matching(command: CancelCommand, sender: Sender, state: State) -> Outcome:
    """Asks for the end of every open order of an account, a strategy and a symbol, whichever are named."""
    if command.account and command.account not in sender.accounts:
        return unknown_account("account", command.account, sender)
    found = state.matching(command.account, command.strategy, command.symbol)
    if not found:
        return ControlReply(ok=True, code="NOTHING_TO_DO", message="no open order matches")
    commands = together(cancels(command, found, sender))
    return Plan(commands, "recorded", tuple(order.order for order in found))


def cancels(command: CancelCommand | FlattenCommand, orders: Iterable[Order], sender: Sender) -> list[NewEvent]:
    """The wish that each of these orders ends."""
    return [_cancel(command, order, sender, ordinal) for ordinal, order in enumerate(orders)]


def together(events: Sequence[NewEvent]) -> tuple[Command, ...]:
    """Events in as few atomic commands as the ledger takes."""
    return tuple(
        Command(tuple(events[first : first + CANCELS_TOGETHER])) for first in range(0, len(events), CANCELS_TOGETHER)
    )


def approve(command: ApproveCommand, order: Order, sender: Sender) -> Outcome:
    """Lets a held order pass, unless whoever asks has sent its signal and is not alone."""
    if problem := _not_waiting(order, sender):
        return problem
    alone = sender.people == 1
    if order.identity == sender.identity and not alone:
        message = f"{sender.identity} has sent the signal of order {order.order}, so somebody else must agree"
        return refuse("NOT_ALLOWED", "order", message, "the key of another person")
    data = OrderApprovalGranted(order=order.order, by=sender.identity, request=command.request, alone=alone)
    return _answered(command, data, order, sender)


def deny(command: DenyCommand, order: Order, sender: Sender) -> Outcome:
    """Refuses a held order."""
    if problem := _not_waiting(order, sender):
        return problem
    data = OrderApprovalRefused(order=order.order, by=sender.identity, reason=command.reason, request=command.request)
    return _answered(command, data, order, sender)


def ambiguous(command: OrderCommand) -> ControlReply:
    """The answer when the beginning of an id fits several orders."""
    message = f"{command.order} is the beginning of several orders' ids"
    return refuse("AMBIGUOUS_ORDER", "order", message, "more of the order's id")


def unknown_order(command: OrderCommand) -> ControlReply:
    """The answer when no order has this id."""
    return refuse("UNKNOWN_ORDER", "order", f"there is no order {command.order}", "the id of an order")


def _not_waiting(order: Order, sender: Sender) -> ControlReply | None:
    if order.status is not Status.HELD:
        because = f": {order.reason}" if order.reason else ""
        granted = f", approved by {order.granted_by}" if order.granted_by else ""
        message = f"order {order.order} is {order.status.value}{because}{granted}"
        return refuse("NOT_HELD", "order", message, "an order that waits for a person")
    if order.deadline is not None and sender.time >= order.deadline:
        message = f"order {order.order} waited for a person until {instant_text(order.deadline)} and lapses"
        return refuse("TOO_LATE", "order", message, "an answer before the deadline")
    return None


def _answered(command: ApproveCommand | DenyCommand, data: Struct, order: Order, sender: Sender) -> Plan:
    event_id = ids.command_uuid(command.request, type(data).__name__)
    stream, version = f"order-{order.order}", order.version + 1
    event = new_event(stream, version, event_id, data, time=sender.time, correlation=order.signal)
    return Plan((Command((event,)),), "recorded", (order.order,))


def _cancel(command: CancelCommand | FlattenCommand, order: Order, sender: Sender, ordinal: int) -> NewEvent:
    data = OrderCancelRequested(order=order.order, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "OrderCancelRequested", ordinal)
    return new_event(f"order-{order.order}", None, event_id, data, time=sender.time, correlation=order.signal)
