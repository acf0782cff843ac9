"""What ingest does with what comes in. The two tables at the foot are the whole of it."""

from collections.abc import Awaitable, Callable
from typing import Any

from tradewire.messages.control import (
    CancelCommand,
    ControlCommand,
    HaltCommand,
    KillCommand,
    ResumeCommand,
)
from tradewire.messages.log import NewEvent
from tradewire.messages.signal import Signal
from tradewire_ingest.domain import commands
from tradewire_ingest.domain.commands import Outcome, Sender
from tradewire_ingest.domain.reactions import Context, Message, Reaction, cancel_orders, received, request_order
from tradewire_ingest.domain.state import State
from tradewire_ingest.lookups import Found, NotOne

FindOrder = Callable[[str], Awaitable[Found | NotOne]]
"""Asks the reader for an order by the beginning of its id, open or over."""


def on_signal(signal: Signal, uuid: str, message: Message, context: Context) -> tuple[NewEvent, ...]:
    """The events of a signal: that it came in, and what its action leads to."""
    return (received(signal, uuid, message, context), *SIGNALS[signal.action](signal, uuid, context))


async def on_command(command: ControlCommand, sender: Sender, state: State, find_order: FindOrder) -> Outcome:
    """What a person's command leads to; a request that the log holds gets its first answer again."""
    known = commands.repeated(command, sender, state)
    return known or await COMMANDS[type(command)](command, sender, state, find_order)


async def _cancel(command: CancelCommand, sender: Sender, state: State, find_order: FindOrder) -> Outcome:
    if not command.order:
        return commands.cancel_matching(command, sender, state)
    match state.with_prefix(command.order):
        case [order]:
            return commands.cancel_order(command, order, sender)
        case [_, *_]:
            return commands.ambiguous(command)
    match await find_order(command.order):
        case Found(order, events):
            return commands.repeated_cancel(command, sender, events) or commands.cancel_order(command, order, sender)
        case NotOne.AMBIGUOUS:
            return commands.ambiguous(command)
        case _:
            return commands.unknown_order(command)


async def _halt(command: HaltCommand | KillCommand, sender: Sender, state: State, _find: FindOrder) -> Outcome:
    return commands.halt(command, sender, state)


async def _resume(command: ResumeCommand, sender: Sender, state: State, _find: FindOrder) -> Outcome:
    return commands.resume(command, sender, state)


SIGNALS: dict[str, Reaction] = {
    "buy": request_order,
    "sell": request_order,
    "close": request_order,
    "reduce": request_order,
    "target": request_order,
    "cancel": cancel_orders,
}

COMMANDS: dict[type[ControlCommand], Callable[[Any, Sender, State, FindOrder], Awaitable[Outcome]]] = {
    CancelCommand: _cancel,
    HaltCommand: _halt,
    KillCommand: _halt,
    ResumeCommand: _resume,
}
