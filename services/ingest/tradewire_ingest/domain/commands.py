"""What a person's command leads to: a plan of events, or the answer at once. Pure: time, state and sender come in.

A switch is thrown as a fact, so nothing can refuse it; it is lifted under the exact version that was seen, so that
nobody lifts a switch that was thrown again in the meantime.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.domain.switches import LEVELS, Switch, control_stream
from tradewire.messages.account_events import Halted, Resumed
from tradewire.messages.answers import PublicEvent
from tradewire.messages.control import (
    CancelCommand,
    ControlCode,
    ControlCommand,
    ControlReply,
    HaltCommand,
    KillCommand,
    ResumeCommand,
)
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.order_events import OrderCancelRequested
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.state import State

CANCELS_TOGETHER = 200
"""Cancels in one atomic append, so that a request stays within what the ledger takes."""

_decode_cancel = msgspec.json.Decoder(OrderCancelRequested).decode


class Sender(Struct, frozen=True):
    """Who asks, when (µs since the epoch), and which accounts are configured."""

    identity: str
    time: int
    accounts: frozenset[str]


class Plan(Struct, frozen=True):
    """What to append, which orders it concerns, and what to say when it is in the log."""

    commands: tuple[Command, ...]
    message: str
    orders: tuple[str, ...] = ()


Outcome = Plan | ControlReply


def refuse(code: ControlCode, field: str, message: str, expected: str) -> ControlReply:
    """The answer to a command that is not carried out."""
    return ControlReply(ok=False, code=code, field=field, message=message, expected=expected)


def repeated(command: ControlCommand, sender: Sender, state: State) -> ControlReply | None:
    """The answer to a request that the log already holds: the first one again, or that its id was another's."""
    known = state.requests.get(command.request)
    if known is None:
        return None
    if isinstance(command, CancelCommand):
        same = known.kind == "OrderCancelRequested" and known.orders[0].startswith(command.order)
    else:
        kind = "Resumed" if isinstance(command, ResumeCommand) else "Halted"
        same = (known.kind, known.scope, known.level) == (kind, command.scope, _level(command))
    if not same or (known.by, known.reason) != (sender.identity, command.reason):
        return reused(command)
    return ControlReply(ok=True, code="OK", message="recorded", positions=known.positions, orders=known.orders)


def repeated_cancel(command: CancelCommand, sender: Sender, events: Iterable[PublicEvent]) -> ControlReply | None:
    """The answer to a cancel that an order's own events hold already, which may be over by now."""
    for event in events:
        if event.type == "OrderCancelRequested":
            data = _decode_cancel(event.data)
            if (data.request, data.by, data.reason) == (command.request, sender.identity, command.reason):
                return ControlReply(
                    ok=True, code="OK", message="recorded", positions=(event.pos,), orders=(data.order,)
                )
    return None


def reused(command: ControlCommand) -> ControlReply:
    """The answer when a request's id was used for something else."""
    message = f"{command.request!r} was the id of another request, or of one whose orders are over"
    return refuse("IDEMPOTENCY_CONFLICT", "request", message, "a new request id")


def halt(command: HaltCommand | KillCommand, sender: Sender, state: State) -> Outcome:
    """Throws a scope's switch; one that is already thrown further stays as it is."""
    level = _level(command)
    switch = state.controls.switches.get(command.scope, Switch())
    if problem := _unknown_account(command.scope, switch, sender):
        return problem
    if LEVELS.index(switch.level) > LEVELS.index(level):
        stays = f"{command.scope} is at {switch.level}, which is more than {level}, and stays there"
        return ControlReply(ok=True, code="ALREADY_IN_FORCE", message=stays)
    data = Halted(
        scope=command.scope,
        level=level,  # type: ignore[arg-type]
        by=sender.identity,
        reason=command.reason,
        request=command.request,
    )
    event_id = ids.command_uuid(command.request, "Halted")
    event = new_event(control_stream(command.scope), None, event_id, data, time=sender.time, correlation=None)
    return Plan((Command((event,)),), "recorded")


def resume(command: ResumeCommand, sender: Sender, state: State) -> Outcome:
    """Lifts a scope's switch, under the version at which it was seen."""
    switch = state.controls.switches.get(command.scope, Switch())
    if problem := _unknown_account(command.scope, switch, sender):
        return problem
    if switch.level == "NONE":
        thrown = sorted(scope for scope, held in state.controls.switches.items() if held.level != "NONE")
        expected = " or ".join(thrown) or "nothing: no switch is thrown"
        return refuse("NOT_HALTED", "scope", f"{command.scope} is not halted", expected)
    data = Resumed(scope=command.scope, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "Resumed")
    stream = control_stream(command.scope)
    event = new_event(stream, switch.version + 1, event_id, data, time=sender.time, correlation=None)
    return Plan((Command((event,)),), "recorded")


def cancel_order(command: CancelCommand, order: Order, sender: Sender) -> Outcome:
    """Asks for the end of one order; one that is over is named with its state."""
    if not order.open:
        over = f"order {order.order} is {order.status.value}"
        return refuse("ALREADY_TERMINAL", "order", over, "an order that is still open")
    return Plan((Command((_cancel(command, order, sender, 0),)),), "recorded", (order.order,))


def cancel_matching(command: CancelCommand, sender: Sender, state: State) -> Outcome:
    """Asks for the end of every open order of an account, a strategy and a symbol, whichever are named."""
    if command.account and command.account not in sender.accounts:
        return _no_account("account", command.account, sender)
    found = state.matching(command.account, command.strategy, command.symbol)
    if not found:
        return ControlReply(ok=True, code="NOTHING_TO_DO", message="no open order matches")
    events = [_cancel(command, order, sender, ordinal) for ordinal, order in enumerate(found)]
    return Plan(
        tuple(
            Command(tuple(events[first : first + CANCELS_TOGETHER]))
            for first in range(0, len(events), CANCELS_TOGETHER)
        ),
        "recorded",
        tuple(order.order for order in found),
    )


def ambiguous(command: CancelCommand) -> ControlReply:
    """The answer when the beginning of an id fits several orders."""
    message = f"{command.order} is the beginning of several orders' ids"
    return refuse("AMBIGUOUS_ORDER", "order", message, "more of the order's id")


def unknown_order(command: CancelCommand) -> ControlReply:
    """The answer when no order has this id."""
    return refuse("UNKNOWN_ORDER", "order", f"there is no order {command.order}", "the id of an order")


def _level(command: HaltCommand | KillCommand | ResumeCommand) -> str:
    if isinstance(command, HaltCommand):
        return command.level
    return "KILL" if isinstance(command, KillCommand) else ""


def _cancel(command: CancelCommand, order: Order, sender: Sender, ordinal: int) -> NewEvent:
    data = OrderCancelRequested(order=order.order, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "OrderCancelRequested", ordinal)
    return new_event(f"order-{order.order}", None, event_id, data, time=sender.time, correlation=order.signal)


def _unknown_account(scope: str, switch: Switch, sender: Sender) -> ControlReply | None:
    kind, _, name = scope.partition(".")
    if kind != "account" or name in sender.accounts or switch.level != "NONE":
        return None
    return _no_account("scope", name, sender)


def _no_account(field: str, name: str, sender: Sender) -> ControlReply:
    known = " or ".join(sorted(sender.accounts))
    return refuse("UNKNOWN_ACCOUNT", field, f"{name!r} is no configured account", known)
