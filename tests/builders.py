"""Short ways to say what tests are about: events and orders with only what matters spelled out."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct

from tradewire import ids
from tradewire.messages import order_events as o
from tradewire.messages.log import Command, Event, Guard, NewEvent
from tradewire.messages.registry import new_event
from tradewire.messages.signals_events import NothingToDo
from tradewire.messages.vocabulary import CheckResult

SIGNAL = ids.signal_uuid("nats", "momo", "s-1")
ORDER = ids.order_uuid(SIGNAL, "paper", 0)
CLIENT = ids.client_order_id(ORDER, 1)
TIME = 1_700_000_000_000_000


def new(data: Struct, *, stream: str = f"order-{ORDER}", version: int | None = None, key: str = "") -> NewEvent:
    """An event to append, with an id derived from its content and `key`."""
    event_id = ids.derive("test", stream, type(data).__name__, repr(data), key)
    return new_event(stream, version, event_id, data, time=TIME, correlation=SIGNAL)


def stored(item: NewEvent, *, pos: int, version: int, writer: str = "router") -> Event:
    """An event as the log has it."""
    return Event(
        pos,
        item.stream,
        version,
        item.event_id,
        item.type,
        item.schema,
        TIME,
        item.time,
        writer,
        item.correlation_id,
        item.causation_id,
        Raw(bytes(item.data)),
    )


def command(*events: NewEvent, guards: Iterable[tuple[str, int]] = ()) -> Command:
    return Command(events, tuple(Guard(stream, version) for stream, version in guards))


def nothing(key: str, *, version: int | None = 1, reason: str = "test") -> NewEvent:
    """A signal's event that any test may append as ingest: each `key` is a stream of its own."""
    signal = ids.signal_uuid("nats", "momo", key)
    data = NothingToDo(signal=signal, reason=reason)
    return new_event(
        f"signal-{signal}", version, ids.derive("test", key, str(version)), data, time=TIME, correlation=signal
    )


def requested(**changes: Any) -> o.OrderRequested:
    fields: dict[str, Any] = {
        "order": ORDER,
        "signal": SIGNAL,
        "signal_id": "s-1",
        "strategy": "momo",
        "account": "paper",
        "symbol": "AAPL",
        "action": "buy",
        "identity": "strategy:momo",
        "side": "buy",
        "quantity": Decimal(10),
    }
    return o.OrderRequested(**{**fields, **changes})


def approved(**changes: Any) -> o.OrderApproved:
    fields: dict[str, Any] = {
        "order": ORDER,
        "attempt": 1,
        "state_pos": 1,
        "checks": (CheckResult("max_order_quantity", "10", "100", True),),
        "limits": {"global": 1},
        "control": {"global": 0},
        "signal": SIGNAL,
        "strategy": "momo",
        "account": "paper",
        "symbol": "AAPL",
        "side": "buy",
        "quantity": Decimal(10),
        "order_type": "market",
        "time_in_force": "day",
        "expires_at": TIME + 30_000_000,
    }
    return o.OrderApproved(**{**fields, **changes})


def denied(**changes: Any) -> o.OrderDenied:
    fields: dict[str, Any] = {
        "order": ORDER,
        "attempt": 1,
        "state_pos": 1,
        "checks": (CheckResult("max_order_quantity", "10", "1", False),),
        "limits": {"global": 1},
        "control": {"global": 0},
        "reason": "QTY_ABOVE_MAX",
        "message": "10 is above 1",
    }
    return o.OrderDenied(**{**fields, **changes})


def started(**changes: Any) -> o.OrderSubmitStarted:
    fields: dict[str, Any] = {
        "order": ORDER,
        "attempt": 1,
        "client_order_id": CLIENT,
        "account": "paper",
        "broker": "paper",
        "epoch": 1,
        "state_pos": 2,
    }
    return o.OrderSubmitStarted(**{**fields, **changes})


def fact(kind: type[Any], **changes: Any) -> Any:
    """A broker's fact about the order."""
    fields: dict[str, Any] = {
        "order": ORDER,
        "client_order_id": CLIENT,
        "broker": "paper",
        "account": "paper",
        "evidence": "message",
        "broker_order_id": "B1",
    }
    if issubclass(kind, o.OrderFilled):
        fields |= {
            "strategy": "momo",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": Decimal(10),
            "price": Decimal(100),
            "execution": "E1",
        }
    return kind(**{**fields, **changes})
