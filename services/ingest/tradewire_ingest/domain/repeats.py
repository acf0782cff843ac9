"""Requests that the log holds already: the same one gets its first answer again, and another with its id none.

The table at the foot says when a command is the same as what is recorded.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from tradewire import ids
from tradewire.messages.account_events import FlattenRequested, LimitSet
from tradewire.messages.answers import PublicEvent
from tradewire.messages.control import (
    AcceptCommand,
    AdoptCommand,
    AgreeLimitCommand,
    ApproveCommand,
    CancelCommand,
    ControlCommand,
    ControlReply,
    DenyCommand,
    FlattenCommand,
    HaltCommand,
    KillCommand,
    PauseCommand,
    ResolveCommand,
    ResumeCommand,
    SetLimitCommand,
)
from tradewire.messages.registry import EVENT_TYPES
from tradewire_ingest.domain.commands import Sender, reused
from tradewire_ingest.domain.requests import OF_ORDERS, Recorded
from tradewire_ingest.domain.state import State

_DECODERS: Final = {name: msgspec.json.Decoder(EVENT_TYPES[name].struct) for name in OF_ORDERS}


def repeated(command: ControlCommand, sender: Sender, state: State) -> ControlReply | None:
    """The answer to a request that the log already holds: the first one again, or that its id was another's."""
    known = state.requests.get(command.request)
    return None if known is None else _answer(command, sender, known)


def repeated_of_order(command: ControlCommand, sender: Sender, events: Iterable[PublicEvent]) -> ControlReply | None:
    """The answer to a request that an order's own events hold already; the order may be over by now."""
    for event in events:
        if event.type in OF_ORDERS:
            data: Any = _DECODERS[event.type].decode(event.data)
            if data.request == command.request:
                return _answer(command, sender, Recorded(event.type, data.by, None, (data,), (event.pos,)))
    return None


def _answer(command: ControlCommand, sender: Sender, known: Recorded) -> ControlReply:
    if known.by != sender.identity or not any(_SAME[type(command)](command, known, data) for data in known.said):
        return reused(command)
    code, message = ("PROPOSED", "proposed") if known.kind == "LimitProposed" else ("OK", "recorded")
    return ControlReply(ok=True, code=code, message=message, positions=known.positions, orders=known.orders)  # type: ignore[arg-type]


def _halted(scope: str, level: str, reason: str, known: Recorded, data: Any) -> bool:
    # A halt without a reason takes over the one that stood there.
    return known.kind == "Halted" and (data.scope, data.level) == (scope, level) and reason in ("", data.reason)


def _of_order(kind: str, order: str, known: Recorded, data: Any) -> bool:
    return bool(known.kind == kind and data.order.startswith(order))


def _limits(command: SetLimitCommand, known: Recorded, data: Any) -> bool:
    if known.kind not in {"LimitSet", "LimitProposed"} or (isinstance(data, LimitSet) and data.seconded_by):
        return False
    set_so = all(data.limits.get(name, "") == text for name, text in command.limits.items())
    ends = isinstance(data, LimitSet) and data.expires_at is not None
    return set_so and (bool(command.until) or not ends) and (data.scope, data.reason) == (command.scope, command.reason)


def _agreed(command: AgreeLimitCommand, known: Recorded, data: Any) -> bool:
    cause = ids.command_uuid(command.proposal, "LimitProposed")
    return (
        known.kind == "LimitSet" and bool(data.seconded_by) and (data.scope == command.proposal or known.cause == cause)
    )


_SAME: Final[dict[type[ControlCommand], Callable[[Any, Recorded, Any], bool]]] = {
    CancelCommand: lambda c, known, data: (
        _of_order("OrderCancelRequested", c.order, known, data) and data.reason == c.reason
    ),
    HaltCommand: lambda c, known, data: _halted(c.scope, c.level, c.reason, known, data),
    KillCommand: lambda c, known, data: _halted(c.scope, "KILL", c.reason, known, data),
    PauseCommand: lambda c, known, data: _halted(f"strategy.{c.strategy}", "PAUSED", c.reason, known, data),
    ResumeCommand: lambda c, known, data: known.kind == "Resumed" and (data.scope, data.reason) == (c.scope, c.reason),
    FlattenCommand: lambda c, _known, data: (
        isinstance(data, FlattenRequested) and (data.account, data.reason) == (c.account, c.reason)
    ),
    ApproveCommand: lambda c, known, data: _of_order("OrderApprovalGranted", c.order, known, data),
    DenyCommand: lambda c, known, data: (
        _of_order("OrderApprovalRefused", c.order, known, data) and data.reason == c.reason
    ),
    SetLimitCommand: _limits,
    AgreeLimitCommand: _agreed,
    ResolveCommand: lambda c, known, data: (
        _of_order("OrderResolved", c.order, known, data) and (data.outcome, data.evidence) == (c.outcome, c.evidence)
    ),
    AcceptCommand: lambda c, known, data: (
        known.kind == "BreakAccepted" and data.id.startswith(c.difference) and data.reason == c.reason
    ),
    AdoptCommand: lambda c, known, data: (
        known.kind == "AdoptionRequested" and (data.account, data.reason) == (c.account, c.reason)
    ),
}
