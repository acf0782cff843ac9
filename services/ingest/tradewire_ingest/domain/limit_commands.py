"""Limits of a scope: changed by one person, or proposed by one and agreed to by another, at the exact version seen.

What is temporary lies over what is permanent, and a permanent change of some limits leaves others that are temporary in
force until their time. What two people have agreed to is the whole of a scope's limits.
"""

from typing import Final

from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.limit_terms import Changes, Terms, changed, difference, events_of, terms_of
from tradewire.domain.limits import crossed, loosens
from tradewire.domain.quoting import quoted
from tradewire.domain.switches import GLOBAL, Limits, Proposal, limits_stream
from tradewire.domain.times import SECOND, instant_text, span_text
from tradewire.messages.account_events import LimitProposed, LimitSet
from tradewire.messages.control import AgreeLimitCommand, ControlReply, SetLimitCommand
from tradewire.messages.control_parse import is_scope, moment
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.commands import Outcome, Plan, Sender, refuse, unknown_scope, unknown_strategy
from tradewire_ingest.domain.state import State

LOOSE_AT_MOST: Final = 31 * 86_400 * SECOND
"""How long one person may let more pass where real money is at stake (µs)."""


def set_limits(command: SetLimitCommand, sender: Sender, state: State) -> Outcome:
    """Changes a scope's limits, or proposes it where it lets more pass with real money and nobody has seconded it."""
    outcome = _set_limits(command, sender, state)
    if isinstance(outcome, ControlReply):
        return outcome
    return replace(outcome, warning=unknown_strategy(command.scope, sender, state))


def _set_limits(command: SetLimitCommand, sender: Sender, state: State) -> Outcome:
    scope, held = command.scope, state.controls.limits.get(command.scope)
    if held is None and (problem := unknown_scope(scope, sender)):
        return problem
    if problem := _kept_by_configuration(command, sender):
        return problem
    held = held or Limits()
    before = terms_of(held, sender.time)
    changes: Changes = {name: text or None for name, text in command.limits.items()}
    after = _temporary(command, before, changes, sender) if command.until else _permanent(before, changes)
    if isinstance(after, ControlReply):
        return after
    if problem := _crossed(changes, after):
        return problem
    if (after, after.in_force) == (before, held.limits):
        return ControlReply(ok=True, code="ALREADY_IN_FORCE", message=f"{scope} has these limits already")
    looser = [
        name
        for name, text in changes.items()
        if loosens(name, before.base.get(name), text) or loosens(name, held.limits.get(name), text)
    ]
    if not looser or not sender.is_live(scope):
        return _set(command, held, after, changes, sender)
    if command.until and after.until is not None:
        return _too_long(scope, after.until, looser, sender) or _set(command, held, after, changes, sender)
    if sender.people is None or sender.people < 2:
        return _alone(scope, looser, sender)
    return _propose(command, held, after, sender)


def agree(command: AgreeLimitCommand, sender: Sender, state: State) -> Outcome:
    """Puts in force what somebody else has proposed, unless the limits have changed since."""
    found = _proposal(command.proposal, state)
    if found is None:
        return _no_proposal(command, state)
    scope, held, proposal = found
    if proposal.by == sender.identity:
        message = f"{proposal.by} has proposed the limits of {scope}, so somebody else must agree"
        return refuse("NOT_ALLOWED", "proposal", message, "the key of another person")
    reason = f"{proposal.reason}; {command.reason}" if command.reason else proposal.reason
    first = LimitSet(
        scope=scope,
        limits={},
        old={},
        by=proposal.by,
        reason=reason,
        request=command.request,
        seconded_by=sender.identity,
    )
    cause = ids.command_uuid(proposal.request, "LimitProposed")
    said = f"{_words(difference(held.limits, proposal.limits))} in {scope}, as {proposal.by} has proposed"
    return Plan((_append(first, held, Terms(proposal.limits), sender, cause),), said)


def _permanent(before: Terms, changes: Changes) -> Terms:
    over = {name: text for name, text in before.over.items() if name not in changes}
    return Terms(changed(before.base, changes), over, before.until if over else None)


def _temporary(command: SetLimitCommand, before: Terms, changes: Changes, sender: Sender) -> Terms | ControlReply:
    until = moment(command.until, sender.time)
    if until <= sender.time:
        return refuse("INVALID_FIELD", "until", f"until {instant_text(until)} is over already", "a time to come")
    others = ", ".join(name for name in before.over if name not in changes)
    if others and until != before.until and before.until is not None:
        message = (
            f"{command.scope} has other limits, {others}, until {instant_text(before.until)}; one time holds for all"
        )
        return refuse("INVALID_FIELD", "until", message, f"the same time, or {others} named with yours")
    over = difference(before.base, changed(before.base, before.over | changes))
    return Terms(before.base, over, until if over else None)


def _kept_by_configuration(command: SetLimitCommand, sender: Sender) -> ControlReply | None:
    if command.scope != GLOBAL:
        return None
    for name, text in command.limits.items():
        if not text and name in sender.limits:
            message = f"the configuration sets {name} for everything, so it cannot be taken away"
            return refuse("INVALID_FIELD", f"limits.{name}", message, f"another text, or another risk.{name} there")
    return None


def _crossed(changes: Changes, after: Terms) -> ControlReply | None:
    """The answer to changes after which no order could pass, now or when what is temporary is over."""
    for texts in (after.in_force, after.base):
        pair = crossed(texts)
        if pair is not None and not changes.keys().isdisjoint(pair):
            low, high = pair
            message = f"{low} {texts[low]} would be above {high} {texts[high]}, so that no order could pass"
            field = next(name for name in pair if name in changes)
            return refuse("INVALID_FIELD", f"limits.{field}", message, "a least below the most; to stop, halt")
    return None


def _too_long(scope: str, until: int, looser: list[str], sender: Sender) -> ControlReply | None:
    if until - sender.time <= LOOSE_AT_MOST:
        return None
    message = f"{', '.join(looser)} would let more pass in {scope} until {instant_text(until)}"
    return refuse("INVALID_FIELD", "until", message, f"at most {span_text(LOOSE_AT_MOST)} where real money is at stake")


def _alone(scope: str, looser: list[str], sender: Sender) -> ControlReply:
    message = f"{', '.join(looser)} would let more pass in {scope}, where real money is at stake"
    if sender.people is None:
        message += ", and how many people may give commands is not known (ingest.people)"
    return refuse(
        "NOT_ALLOWED", "until", message, 'an end, such as until "4h": without one, a second person must agree'
    )


def _propose(command: SetLimitCommand, held: Limits, after: Terms, sender: Sender) -> Plan:
    data = LimitProposed(
        scope=command.scope,
        limits=after.base,
        old=held.limits,
        by=sender.identity,
        reason=command.reason,
        request=command.request,
    )
    event_id = ids.command_uuid(command.request, "LimitProposed")
    stream = limits_stream(command.scope)
    event = new_event(stream, held.version + 1, event_id, data, time=sender.time, correlation=None)
    said = f"{command.scope} would let more pass with real money, so a second person must agree; so far nothing changes"
    said += _superseded(held)
    return Plan((Command((event,)),), said, code="PROPOSED")


def _set(command: SetLimitCommand, held: Limits, after: Terms, changes: Changes, sender: Sender) -> Plan:
    first = LimitSet(
        scope=command.scope, limits={}, old={}, by=sender.identity, reason=command.reason, request=command.request
    )
    said = f"{_words(changes)} in {command.scope}"
    if command.until and after.until is not None:
        said += f" until {instant_text(after.until)}, then as before"
    return Plan((_append(first, held, after, sender, None),), said + _superseded(held))


def _append(first: LimitSet, held: Limits, after: Terms, sender: Sender, cause: str | None) -> Command:
    return Command(
        tuple(
            new_event(
                limits_stream(first.scope),
                held.version + 1 + ordinal,
                ids.command_uuid(first.request, "LimitSet", ordinal),
                data,
                time=sender.time,
                correlation=None,
                causation=cause,
            )
            for ordinal, data in enumerate(events_of(first, held, after))
        )
    )


def _proposal(named: str, state: State) -> tuple[str, Limits, Proposal] | None:
    for scope, held in state.controls.limits.items():
        if held.proposal is not None and named in (scope, held.proposal.request):
            return scope, held, held.proposal
    return None


def _no_proposal(command: AgreeLimitCommand, state: State) -> ControlReply:
    named = command.proposal
    known = state.requests.get(named)
    scope = named if is_scope(named) else known.said[0].scope if known and known.kind == "LimitProposed" else ""
    waiting = sorted(each for each, held in state.controls.limits.items() if held.proposal is not None)
    expected = " or ".join(waiting) or "nothing: no limits wait for a second person"
    held = state.controls.limits.get(scope)
    if held is None:
        message = f"no limits are proposed in {named}" if scope else f"{quoted(named)} has proposed no limits"
    elif held.proposal is not None:
        message = f"another proposal, by {held.proposal.by}, has taken its place in {scope}"
    else:
        set_at = f"version {held.version} of {scope} was set by {held.by} at {instant_text(held.at)}"
        message = f"no limits are proposed in {scope} any more: {set_at}"
    return refuse("NO_PROPOSAL", "proposal", message, expected)


def _superseded(held: Limits) -> str:
    return f"; what {held.proposal.by} had proposed stands no more" if held.proposal is not None else ""


def _words(changes: Changes) -> str:
    return ", ".join(f"{name}={text}" if text else f"no {name}" for name, text in changes.items())
