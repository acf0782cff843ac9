"""Switches: thrown as facts, so that nothing can refuse them, and lifted under the exact version that was seen.

So nobody lifts a switch that was thrown again in the meantime.
"""

from typing import Literal

from tradewire import ids
from tradewire.domain.switches import LEVELS, Switch, control_stream
from tradewire.messages.account_events import FlattenRequested, Halted, Resumed
from tradewire.messages.control import (
    ControlReply,
    FlattenCommand,
    HaltCommand,
    KillCommand,
    PauseCommand,
    ResumeCommand,
)
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.commands import (
    Outcome,
    Plan,
    Sender,
    refuse,
    unknown_account,
    unknown_scope,
    unknown_strategy,
)
from tradewire_ingest.domain.order_commands import cancels, together
from tradewire_ingest.domain.state import State

Thrown = Literal["PAUSED", "REDUCE_ONLY", "HALT", "KILL"]


def halt(command: HaltCommand | KillCommand, sender: Sender, state: State) -> Outcome:
    """Throws a scope's switch; one that is already thrown further stays as it is."""
    level: Thrown = command.level if isinstance(command, HaltCommand) else "KILL"
    return _throw(command, command.scope, level, sender, state)


def pause(command: PauseCommand, sender: Sender, state: State) -> Outcome:
    """Throws a strategy's switch to PAUSED; one that is already thrown further stays as it is."""
    return _throw(command, f"strategy.{command.strategy}", "PAUSED", sender, state)


def _throw(
    command: HaltCommand | KillCommand | PauseCommand, scope: str, level: Thrown, sender: Sender, state: State
) -> Outcome:
    switch = state.controls.switches.get(scope, Switch())
    if switch.level == "NONE" and (problem := unknown_scope(scope, sender)):
        return problem
    if LEVELS.index(switch.level) > LEVELS.index(level):
        stays = f"{scope} is at {switch.level}, which is more than {level}, and stays there"
        return ControlReply(ok=True, code="ALREADY_IN_FORCE", message=stays)
    # Whoever halts once more without a word must not hide why it was halted.
    reason = command.reason or (switch.reason if switch.level == level else "")
    data = Halted(scope=scope, level=level, by=sender.identity, reason=reason, request=command.request)
    event_id = ids.command_uuid(command.request, "Halted")
    event = new_event(control_stream(scope), None, event_id, data, time=sender.time, correlation=None)
    return Plan((Command((event,)),), "recorded", warning=unknown_strategy(scope, sender, state))


def resume(command: ResumeCommand, sender: Sender, state: State) -> Outcome:
    """Lifts a scope's switch, under the version at which it was seen."""
    switch = state.controls.switches.get(command.scope, Switch())
    if switch.level == "NONE":
        if problem := unknown_scope(command.scope, sender):
            return problem
        thrown = sorted(scope for scope, held in state.controls.switches.items() if held.level != "NONE")
        message = f"{command.scope} is not halted{'' if thrown else ', and nothing else is'}"
        return refuse("NOT_HALTED", "scope", message, " or ".join(thrown))
    if problem := _of_ones_own(command.scope, switch, sender) or _settled_alone(command.scope, switch, sender, state):
        return problem
    data = Resumed(scope=command.scope, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "Resumed")
    stream = control_stream(command.scope)
    event = new_event(stream, switch.version + 1, event_id, data, time=sender.time, correlation=None)
    return Plan((Command((event,)),), "recorded")


def _of_ones_own(scope: str, switch: Switch, sender: Sender) -> ControlReply | None:
    """Where real money is at stake, whoever has thrown a switch does not lift it, unless there is nobody else."""
    if switch.level == "PAUSED" or switch.by != sender.identity:
        return None
    return _needs_another(scope, f"{switch.by} has put {scope} at {switch.level}", sender)


def _settled_alone(scope: str, switch: Switch, sender: Sender, state: State) -> ControlReply | None:
    """Nor does whoever has taken the broker's word about a difference since the switch was thrown."""
    kind, _, account = scope.partition(".")
    if kind != "account" or state.breaks.of(account).settled_at.get(sender.identity, -1) < switch.at:
        return None
    since = f"since {scope} was put at {switch.level}"
    return _needs_another(scope, f"{sender.identity} has settled what differed {since}", sender)


def _needs_another(scope: str, why: str, sender: Sender) -> ControlReply | None:
    """The refusal where real money is at stake and somebody else could agree, or may be there to."""
    if sender.people == 1 or not sender.is_live(scope):
        return None
    message = f"{why}, where real money is at stake, so somebody else must agree"
    if sender.people is None:
        message += "; how many people may give commands is not known (ingest.people)"
    return refuse("NOT_ALLOWED", "scope", message, "the key of another person")


def flatten(command: FlattenCommand, sender: Sender, state: State) -> Outcome:
    """Asks for the end of every position of an account, and of every order that may still change one."""
    if command.account not in sender.accounts:
        return unknown_account("account", command.account, sender)
    data = FlattenRequested(account=command.account, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "FlattenRequested")
    event = new_event(f"account-{command.account}", None, event_id, data, time=sender.time, correlation=None)
    working = state.matching(command.account, "", "")
    # The wish comes first: what is canceled after it is not taken for a close that somebody withdraws.
    events = [event, *cancels(command, working, sender)]
    return Plan(together(events), "recorded", tuple(order.order for order in working))
