"""People's commands on a small log: what each leads to."""

from typing import Any

import msgspec
from msgspec.structs import replace

from tests.unit.ingest.building import NOW, Log, stored
from tradewire.domain.orders import Order, Status
from tradewire.messages.answers import PublicEvent
from tradewire.messages.control import ControlReply
from tradewire.messages.control_parse import parse
from tradewire.settings import Account
from tradewire_ingest.domain.commands import Outcome, Plan, Sender
from tradewire_ingest.handlers import on_command
from tradewire_ingest.lookups import Found, NotOne

ANNA = Sender("person:anna", NOW, {"paper": Account(), "second": Account()}, people=2)
BOB = replace(ANNA, identity="person:bob")
LIVE = replace(ANNA, accounts={"paper": Account(), "real": Account(live=True)})


async def nothing_found(_beginning: str) -> Found | NotOne:
    return NotOne.UNKNOWN


async def carry_out(log: Log, verb: str, sender: Sender = ANNA, find: Any = nothing_found, **fields: Any) -> Outcome:
    """What a command leads to."""
    command = parse(verb, msgspec.json.encode({"request": "r-1", **fields}))
    return await on_command(command, sender, log.state, find)


async def done(log: Log, verb: str, sender: Sender = ANNA, **fields: Any) -> Any:
    """Carries a command out and returns what its last event says."""
    events = planned(await carry_out(log, verb, sender, **fields))
    log.append(*events)
    return stored(events[-1])


def planned(outcome: Outcome) -> list[Any]:
    """The events that are to be appended."""
    assert isinstance(outcome, Plan), outcome
    return [event for command in outcome.commands for event in command.events]


def answered(outcome: Outcome) -> ControlReply:
    """What is answered without appending anything."""
    assert isinstance(outcome, ControlReply), outcome
    return outcome


def public(log: Log) -> tuple[PublicEvent, ...]:
    """The log as the reader tells it."""
    return tuple(
        PublicEvent(
            pos=event.pos,
            at=event.at,
            time="",
            stream=event.stream,
            version=event.version,
            type=event.type,
            account=None,
            order=None,
            signal=None,
            data=event.data,
        )
        for event in log.events
    )


def reader_of(log: Log, order: Order, status: Status) -> Any:
    """A reader that knows an order, which is over."""

    async def find(_beginning: str) -> Found | NotOne:
        return Found(replace(order, status=status), public(log))

    return find
