"""Every event type: its struct, its schema number, who may write it, and on which streams.

Adding an event is adding its struct and its line here, and a golden file. An unknown type or schema is an error for
whoever folds the log: nothing is skipped.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from tradewire.errors import UnknownEvent
from tradewire.messages import account_events as a
from tradewire.messages import broker_events as b
from tradewire.messages import command_events as c
from tradewire.messages import group_events as g
from tradewire.messages import order_events as o
from tradewire.messages import signals_events as s
from tradewire.messages import system_events as y
from tradewire.messages import window_events as w
from tradewire.messages.log import Event, NewEvent


class EventType(Struct, frozen=True):
    """One row of the table. `writers` are the processes that may append it; `stream` is the prefix of its streams."""

    name: str
    struct: type[Struct]
    schema: int
    stream: str
    writers: frozenset[str]


def _rows(stream: str, *rows: tuple[type[Struct], str]) -> list[EventType]:
    return [EventType(t.__name__, t, 1, stream, frozenset(writers.split())) for t, writers in rows]


_TABLE = [
    *_rows(
        "signal-",
        (s.SignalReceived, "ingest"),
        (s.SignalRefused, "ingest"),
        (s.NothingToDo, "ingest"),
    ),
    *_rows("command-", (c.CommandRefused, "ingest")),
    *_rows(
        "system",
        (s.SignalsStreamSeen, "ingest"),
        (s.SignalsGapSuspected, "ingest"),
        (y.ClockStepped, "sequencer"),
        (y.LogRestored, "restore"),
    ),
    *_rows(
        "order-",
        (o.OrderRequested, "ingest risk router"),
        (o.OrderCancelRequested, "ingest"),
        (o.OrderReplaceRequested, "ingest"),
        (o.OrderApprovalGranted, "ingest"),
        (o.OrderApprovalRefused, "ingest"),
        (o.OrderApproved, "risk"),
        (o.OrderDenied, "risk"),
        (o.OrderHeld, "risk"),
        (o.OrderReplaceApproved, "risk"),
        (o.OrderReplaceDenied, "risk"),
        (o.OrderLapsed, "risk router"),
        (o.OrderSubmitStarted, "router"),
        (o.OrderReplaceStarted, "router"),
        (o.OrderCancelStarted, "router"),
        (o.OrderCanceledLocally, "router"),
        (o.OrderAccepted, "router"),
        # Ingest writes a broker's fact only behind a person's OrderResolved, in the same command.
        (o.OrderResolved, "ingest"),
        (o.OrderRejected, "router ingest"),
        (o.OrderSubmitUnknown, "router"),
        (o.OrderUnknownResolved, "router"),
        (o.OrderSubmitNeverArrived, "router"),
        (o.OrderAdopted, "router"),
        (o.OrderFilled, "router ingest"),
        (o.FillAttributed, "router"),
        (o.FillCorrected, "router"),
        (o.FillBusted, "router"),
        (o.OrderCanceled, "router ingest"),
        (o.OrderExpired, "router ingest"),
        (o.OrderCompleted, "router"),
        (o.OrderReplaced, "router"),
        (o.OrderReplaceRejected, "router"),
        (o.OrderCancelRejected, "router"),
    ),
    *_rows(
        "account-",
        (a.CashMoved, "router ingest"),
        (a.CorporateAction, "router"),
        (a.PositionAdjusted, "router ingest"),
        (a.MarksRecorded, "risk"),
        (a.AccountHalted, "ingest risk router"),
        (a.ReconciliationBroken, "router"),
        (a.ReconciliationMended, "router"),
        (a.FlattenRequested, "ingest"),
        (a.AdoptionRequested, "ingest"),
        (a.AccountAdopted, "router"),
        (b.BrokerLost, "router"),
        (b.BrokerConnected, "router"),
        (b.BrokerDegraded, "router"),
        (b.BrokerRecovered, "router"),
        (b.ExternalOrderSeen, "router"),
        (b.ExternalOrderEnded, "router"),
        (b.ExternalFillBooked, "router"),
        (a.AccountRecovered, "router"),
        (a.BalancesReported, "router"),
        (a.InstrumentReported, "router"),
        (a.BarsReported, "router"),
        (a.LimitWarning, "risk"),
        (w.WindowsRecorded, "risk"),
    ),
    *_rows("break-", (a.BreakAccepted, "ingest")),
    *_rows("control-", (a.Halted, "ingest risk router restore"), (a.Resumed, "ingest")),
    *_rows("limits-", (a.LimitSet, "ingest risk"), (a.LimitProposed, "ingest")),
    *_rows("lease-", (y.LeaseGranted, "sequencer"), (y.LeaseReleased, "sequencer")),
    *_rows("group-", (g.GroupOpened, "router"), (g.GroupExitRequested, "router"), (g.GroupClosed, "router")),
]

EVENT_TYPES: dict[str, EventType] = {row.name: row for row in _TABLE}
_BY_STRUCT: dict[type[Struct], EventType] = {row.struct: row for row in _TABLE}
_DECODERS: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {
    (row.name, row.schema): msgspec.json.Decoder(row.struct) for row in _TABLE
}
_GROUNDS = frozenset({"checks", "quiet", "quotes", "mid", "sizing", "limits", "control"})
"""What a decision rests on: most of its bytes, for whoever looks into it later."""


def _without_grounds(struct: type[Struct]) -> type[Struct]:
    fields = msgspec.structs.fields(struct)
    if "checks" not in {field.name for field in fields}:
        return struct
    kept: list[Any] = [
        (f.name, f.type) if f.required else (f.name, f.type, f.default) for f in fields if f.name not in _GROUNDS
    ]
    return msgspec.defstruct(struct.__name__, kept, frozen=True, kw_only=True, gc=False)


_STATE_DECODERS: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {
    (row.name, row.schema): msgspec.json.Decoder(_without_grounds(row.struct)) for row in _TABLE
}
_encode = msgspec.json.Encoder().encode


def decode(event: Event) -> Any:
    """Returns the struct inside an event.

    Raises:
        UnknownEvent: for a type or schema that this build does not know.
    """
    return _decode(_DECODERS, event)


def decode_for_state(event: Event) -> Any:
    """Returns the struct inside an event without what a decision rests on, which no state is made from.

    Raises:
        UnknownEvent: as `decode`.
    """
    return _decode(_STATE_DECODERS, event)


def _decode(decoders: dict[tuple[str, int], msgspec.json.Decoder[Any]], event: Event) -> Any:
    try:
        decoder = decoders[event.type, event.schema]
    except KeyError:
        raise unknown(event) from None
    return decoder.decode(event.data)


def unknown(event: Event) -> UnknownEvent:
    """Returns what to raise for an event that this build does not know."""
    what = f"{event.type} schema {event.schema} at position {event.pos}"
    return UnknownEvent(f"{what} is not known to this build: start the build that wrote it, or a newer one")


def new_event(
    stream: str,
    version: int | None,
    event_id: str,
    data: Struct,
    *,
    time: int,
    correlation: str | None,
    causation: str | None = None,
) -> NewEvent:
    """Wraps a fact for appending. `version` is the one that it must get, or None for a fact that is never refused."""
    row = _BY_STRUCT[type(data)]
    return NewEvent(stream, version, event_id, row.name, row.schema, time, correlation, causation, Raw(_encode(data)))
