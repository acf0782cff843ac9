"""What ingest does with what comes in. The tables at the foot are the whole of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from tradewire.domain.orders import Order
from tradewire.messages.control import (
    AcceptCommand,
    AdoptCommand,
    AgreeLimitCommand,
    ApproveCommand,
    CancelCommand,
    ControlCommand,
    DenyCommand,
    FlattenCommand,
    HaltCommand,
    KillCommand,
    PauseCommand,
    ResolveCommand,
    ResumeCommand,
    SetLimitCommand,
)
from tradewire.messages.log import NewEvent
from tradewire.messages.signal import Signal
from tradewire_ingest.domain import break_commands, limit_commands, order_commands, resolve_commands, switch_commands
from tradewire_ingest.domain.commands import Outcome, Sender
from tradewire_ingest.domain.order_commands import OrderCommand
from tradewire_ingest.domain.reactions import (
    Context,
    Message,
    Reaction,
    cancel_orders,
    received,
    replace_order,
    request_order,
)
from tradewire_ingest.domain.repeats import repeated, repeated_of_order
from tradewire_ingest.domain.state import State
from tradewire_ingest.lookups import Found, NotOne

FindOrder = Callable[[str], Awaitable[Found | NotOne]]
"""Asks the reader for an order by the beginning of its id, open or over."""
Decide = Callable[[Any, Sender, State, FindOrder], Awaitable[Outcome]]
"""Decides a command."""


def on_signal(signal: Signal, uuid: str, message: Message, context: Context) -> tuple[NewEvent, ...]:
    """The events of a signal: that it came in, and what its action leads to."""
    return (received(signal, uuid, message, context), *SIGNALS[signal.action](signal, uuid, message, context))


async def on_command(command: ControlCommand, sender: Sender, state: State, find_order: FindOrder) -> Outcome:
    """What a person's command leads to; a request that the log holds gets its first answer again."""
    return repeated(command, sender, state) or await COMMANDS[type(command)](command, sender, state, find_order)


async def _cancel(command: CancelCommand, sender: Sender, state: State, find_order: FindOrder) -> Outcome:
    if not command.order:
        return order_commands.cancel_matching(command, sender, state)
    return await _of_order(command, sender, state, find_order)


async def _of_order(command: OrderCommand, sender: Sender, state: State, find_order: FindOrder) -> Outcome:
    match state.with_prefix(command.order):
        case [order]:
            return ORDERS[type(command)](command, order, sender, state)
        case [_, *_]:
            return order_commands.ambiguous(command)
    match await find_order(command.order):
        case Found(order, events):
            return repeated_of_order(command, sender, events) or ORDERS[type(command)](command, order, sender, state)
        case NotOne.AMBIGUOUS:
            return order_commands.ambiguous(command)
        case _:
            return order_commands.unknown_order(command)


def _at_once(decide: Callable[[Any, Sender, State], Outcome]) -> Decide:
    """A command that the state alone decides."""

    async def carry_out(command: ControlCommand, sender: Sender, state: State, _find: FindOrder) -> Outcome:
        return decide(command, sender, state)

    return carry_out


SIGNALS: dict[str, Reaction] = {
    "buy": request_order,
    "sell": request_order,
    "close": request_order,
    "reduce": request_order,
    "target": request_order,
    "cancel": cancel_orders,
    "replace": replace_order,
}

ORDERS: dict[type[ControlCommand], Callable[[Any, Order, Sender, State], Outcome]] = {
    CancelCommand: lambda command, order, sender, _state: order_commands.cancel(command, order, sender),
    ApproveCommand: lambda command, order, sender, _state: order_commands.approve(command, order, sender),
    DenyCommand: lambda command, order, sender, _state: order_commands.deny(command, order, sender),
    ResolveCommand: resolve_commands.resolve,
}

COMMANDS: dict[type[ControlCommand], Decide] = {
    CancelCommand: _cancel,
    ApproveCommand: _of_order,
    DenyCommand: _of_order,
    ResolveCommand: _of_order,
    AcceptCommand: _at_once(break_commands.accept),
    AdoptCommand: _at_once(break_commands.adopt),
    HaltCommand: _at_once(switch_commands.halt),
    KillCommand: _at_once(switch_commands.halt),
    PauseCommand: _at_once(switch_commands.pause),
    ResumeCommand: _at_once(switch_commands.resume),
    FlattenCommand: _at_once(switch_commands.flatten),
    SetLimitCommand: _at_once(limit_commands.set_limits),
    AgreeLimitCommand: _at_once(limit_commands.agree),
}
