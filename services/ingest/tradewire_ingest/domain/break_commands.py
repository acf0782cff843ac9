"""Differences between an account and its broker: accepted by a person one by one, or adopted as its beginning.

A break is accepted once: its acceptance is the first event of the break's own stream.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire import ids
from tradewire.domain.breaks import ABSENT, Break
from tradewire.domain.money import money
from tradewire.messages.account_events import AdoptionRequested, BreakAccepted, CashMoved, PositionAdjusted
from tradewire.messages.control import AcceptCommand, AdoptCommand, ControlReply
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.commands import Outcome, Plan, Sender, refuse, unknown_account
from tradewire_ingest.domain.state import State

_SHOW = "one of those that `tradewire reconcile show` lists"


def accept(command: AcceptCommand, sender: Sender, state: State) -> Outcome:
    """Takes the broker's word for a difference, and books what that changes."""
    matching = [each for each in state.breaks.left() if each.id.startswith(command.difference)]
    if len(matching) > 1:
        message = f"{command.difference} is the beginning of several breaks' ids"
        return refuse("AMBIGUOUS_BREAK", "difference", message, "more of the break's id")
    if not matching:
        return _gone(command, state)
    [found] = matching
    price = money(command.price) if command.price else found.price
    if problem := _not_to_be_accepted(command, found, price):
        return problem
    return Plan((Command(tuple(_events(command, found, price, sender))),), f"{_words(found)} is accepted")


def adopt(command: AdoptCommand, sender: Sender, state: State) -> Outcome:
    """Asks the account's router to begin the log with what the broker has, as long as they have never agreed."""
    account = command.account
    if account not in sender.accounts:
        return unknown_account("account", account, sender)
    standing = state.breaks.of(account)
    if standing.adoption is not None:
        message = f"{standing.adoption.by} has asked for it, and the router of {account} has not done it yet"
        return ControlReply(ok=True, code="ALREADY_IN_FORCE", message=message)
    if standing.agreed:
        left = sum(1 for _ in standing.left())
        message = f"the log and the broker have agreed on {account} before, so its opening state is in the log"
        expected = (
            "`tradewire reconcile accept` for each difference since" if left else "an account that was never compared"
        )
        return refuse("ALREADY_OPENED", "account", message, expected)
    data = AdoptionRequested(account=account, by=sender.identity, reason=command.reason, request=command.request)
    event_id = ids.command_uuid(command.request, "AdoptionRequested")
    return Plan((Command((_fact(f"account-{account}", event_id, data, sender),)),), "recorded")


def _gone(command: AcceptCommand, state: State) -> ControlReply:
    accepted = (
        said
        for account in tuple(state.breaks.accounts())
        for key, said in state.breaks.of(account).accepted.items()
        if key.startswith(command.difference)
    )
    if (said := next(accepted, None)) is not None:
        message = f"{said.kind} {said.key} of {said.account} was accepted by {said.by}: {said.reason}"
        return refuse("NO_BREAK", "difference", message, _SHOW)
    message = f"there is no break {command.difference}: it is gone, or its figures have changed"
    return refuse("NO_BREAK", "difference", message, _SHOW)


def _not_to_be_accepted(command: AcceptCommand, found: Break, price: Decimal | None) -> ControlReply | None:
    kind, theirs = found.found.kind, found.found.theirs
    if kind == "order" and theirs == ABSENT:
        message = f"{_words(found)}: the broker does not know the order, and the log must say what became of it"
        return refuse("NOT_ALLOWED", "difference", message, "`tradewire resolve ORDER --as … --evidence …`")
    if kind == "position" and price is None:
        message = f"{_words(found)}: nobody says what a unit was worth"
        return refuse("MISSING_FIELD", "price", message, 'a price, such as "101.25"')
    if command.price and kind != "position":
        return refuse("INVALID_FIELD", "price", f"{_words(found)} has no price", "none")
    return None


def _events(command: AcceptCommand, found: Break, price: Decimal | None, sender: Sender) -> list[NewEvent]:
    told = found.found
    accepted = BreakAccepted(
        id=found.id,
        account=found.account,
        kind=told.kind,
        key=told.key,
        ours=told.ours,
        theirs=told.theirs,
        by=sender.identity,
        reason=command.reason,
        request=command.request,
    )
    event_id = ids.command_uuid(command.request, "BreakAccepted")
    stream, time = f"break-{found.id}", sender.time
    events = [new_event(stream, 1, event_id, accepted, time=time, correlation=None)]
    if told.kind == "cash":
        moved = CashMoved(
            account=found.account,
            amount=found.change,
            currency=told.key,
            reason="accepted",
            broker=found.broker,
            by=sender.identity,
            why=command.reason,
            request=command.request,
        )
        event_id = ids.command_uuid(command.request, "CashMoved")
        events.append(_fact(f"account-{found.account}", event_id, moved, sender))
    elif told.kind == "position" and price is not None:
        adjusted = PositionAdjusted(
            account=found.account,
            symbol=told.key,
            quantity=found.change,
            price=price,
            reason="accepted",
            broker=found.broker,
            by=sender.identity,
            why=command.reason,
            request=command.request,
        )
        event_id = ids.command_uuid(command.request, "PositionAdjusted")
        events.append(_fact(f"account-{found.account}", event_id, adjusted, sender))
    return events


def _fact(stream: str, event_id: str, data: Struct, sender: Sender) -> NewEvent:
    return new_event(stream, None, event_id, data, time=sender.time, correlation=None)


def _words(found: Break) -> str:
    told = found.found
    return f"{told.kind} {told.key} of {found.account}: log {told.ours}, broker {told.theirs}"
