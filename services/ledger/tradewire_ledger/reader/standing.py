"""Which events stand: those that a snapshot carries beside the open orders, because services still act on them.

Each stands in a slot. A later event of the same slot takes its place, so a slot per version keeps a stream whole and a
slot per stream keeps its latest event. The table at the foot is the whole rule.
"""

from collections.abc import Callable
from typing import Any

from tradewire.messages.log import Event

Slots = dict[str, int | None]
"""Slot -> the position that stands in it from now on, or None when nothing does."""


def slots_of(event: Event, data: Any) -> Slots:
    """Returns the slots that an event fills or empties; most fill and empty none."""
    rule = _RULES.get(event.type)
    return rule(event, data) if rule else {}


def _every_version(event: Event, _data: Any) -> Slots:
    return {f"{event.stream}/{event.version}": event.pos}


def _latest(event: Event, _data: Any) -> Slots:
    return {event.stream: event.pos}


def _latest_of_type(event: Event, _data: Any) -> Slots:
    return {f"{event.stream}/{event.type}": event.pos}


def _latest_of_reason(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/{event.type}/{data.reason}": event.pos}


def _latest_of_symbol(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/{event.type}/{data.symbol}": event.pos}


def _latest_of_key(event: Event, data: Any) -> Slots:
    return {f"account-{data.account}/{event.type}/{data.kind} {data.key}": event.pos}


def _opening(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/{event.type}/opening": event.pos} if data.cursor else {}


def _external_seen(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/external {data.broker_order_id}": event.pos}


def _external_ended(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/external {data.broker_order_id}": None}


def _every_part(event: Event, data: Any) -> Slots:
    return {f"{event.stream}/{event.type}/{data.restored}/{data.part}": event.pos}


def _nothing_to_do(event: Event, _data: Any) -> Slots:
    return {event.stream: None}


def _order_requested(_event: Event, data: Any) -> Slots:
    return {f"signal-{data.signal}": None}


def _group_closed(event: Event, _data: Any) -> Slots:
    return {f"{event.stream}/{version}": None for version in range(1, event.version)}


_RULES: dict[str, Callable[[Event, Any], Slots]] = {
    # Switches and limits are folded version by version; a halt that a fact threw counts among the switches.
    "Halted": _every_version,
    "Resumed": _every_version,
    "LimitSet": _every_version,
    "LimitProposed": _every_version,
    "AccountHalted": _latest_of_type,
    # Of a lease and of what is repeated, the latest says all.
    "LeaseGranted": _latest,
    "LeaseReleased": _latest,
    "MarksRecorded": _latest_of_reason,
    "FlattenRequested": _latest_of_type,
    # Where the log of an account with a long past begins.
    "CashMoved": _opening,
    "ReconciliationBroken": _latest_of_type,
    "ReconciliationMended": _latest_of_type,
    "AdoptionRequested": _latest_of_type,
    "AccountAdopted": _latest_of_type,
    "BreakAccepted": _latest_of_key,
    "ExternalOrderSeen": _external_seen,
    "ExternalOrderEnded": _external_ended,
    "BalancesReported": _latest_of_type,
    "InstrumentReported": _latest_of_symbol,
    "BarsReported": _latest_of_symbol,
    "WindowsRecorded": _latest_of_type,
    "SignalsGapSuspected": _latest_of_type,
    # Each restore stands until its routers have asked their brokers, and who has not is not known here.
    "LogRestored": _every_version,
    "AccountRecovered": _every_part,
    "ClockStepped": _latest_of_type,
    # A signal stands until somebody has made an order of it or found nothing to do, a group until it is closed.
    "SignalReceived": _latest,
    "NothingToDo": _nothing_to_do,
    "OrderRequested": _order_requested,
    "GroupOpened": _every_version,
    "GroupExitRequested": _every_version,
    "GroupClosed": _group_closed,
}
