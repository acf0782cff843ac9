"""A small log for tests of ingest: events with positions and versions as the ledger would give them."""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from tradewire import ids
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Event, Frame, NewEvent
from tradewire.messages.registry import decode, new_event
from tradewire_ingest.domain.state import State

NOW = 1_772_000_000_000_000


class Log:
    """Numbers what is appended to it, and folds it into `state`."""

    def __init__(self) -> None:
        self.state = State()
        self.events: list[Event] = []
        self._versions: dict[str, int] = {}

    def append(self, *events: NewEvent) -> list[Event]:
        """Appends events as one frame."""
        first = len(self.events) + 1
        stored = []
        for new in events:
            version = self._versions.get(new.stream, 0) + 1
            assert new.version in {None, version}
            self._versions[new.stream] = version
            pos = len(self.events) + 1
            event = Event(
                pos,
                new.stream,
                version,
                new.event_id,
                new.type,
                new.schema,
                NOW,
                new.time,
                "test",
                new.correlation_id,
                new.causation_id,
                new.data,
            )
            self.events.append(event)
            stored.append(event)
        self.state.apply(Frame("log", 1, first, first, len(self.events), "", tuple(stored)))
        return stored

    def add(self, stream: str, data: Struct) -> Event:
        """Appends one event."""
        count = str(len(self.events))
        [event] = self.append(new_event(stream, None, ids.derive("test", count), data, time=NOW, correlation=None))
        return event

    def order(
        self, name: str, *, strategy: str = "momo", account: str = "paper", symbol: str = "AAPL", person: str = ""
    ) -> str:
        """Requests an order, of a strategy's signal or a person's, and returns its id."""
        signal = ids.signal_uuid("nats", strategy, name)
        order = ids.order_uuid(signal, account, 0)
        self.add(
            f"order-{order}",
            o.OrderRequested(
                order=order,
                signal=signal,
                signal_id=name,
                strategy=strategy,
                account=account,
                symbol=symbol,
                action="buy",
                identity=f"person:{person}" if person else f"strategy:{strategy}",
                side="buy",
                quantity=Decimal(10),
            ),
        )
        return order

    def deny(self, order: str) -> None:
        """Ends an order by a denial."""
        data = o.OrderDenied(
            order=order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="X", message="no"
        )
        self.add(f"order-{order}", data)

    def hold(self, order: str, deadline: int = NOW + 1) -> str:
        """Makes an order wait for a person."""
        data = o.OrderHeld(
            order=order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="BIG", deadline=deadline
        )
        self.add(f"order-{order}", data)
        return order

    def limit(self, scope: str, limits: dict[str, str], **fields: Any) -> None:
        """Sets a scope's limits."""
        held = self.state.controls.limits.get(scope)
        old = held.limits if held else {}
        told = {"by": "configuration", "reason": "test", "request": f"r{len(self.events)}", **fields}
        self.add(f"limits-{scope}", a.LimitSet(scope=scope, limits=limits, old=old, **told))

    def halt(self, scope: str, level: Any = "HALT") -> None:
        """Throws a switch."""
        data = a.Halted(scope=scope, level=level, by="person:anna", reason="test", request=f"r{len(self.events)}")
        self.add(f"control-{scope}", data)


def stored(new: NewEvent) -> Any:
    """The struct inside an event to append."""
    return decode(Event(1, new.stream, 1, new.event_id, new.type, new.schema, 0, 0, "", None, None, new.data))


def body(**fields: Any) -> bytes:
    """A signal's body: a small buy, with fields changed; None leaves a field out."""
    given = {"id": "s-1", "symbol": "AAPL", "action": "buy", "quantity": "10", **fields}
    return msgspec.json.encode({key: value for key, value in given.items() if value is not None})
