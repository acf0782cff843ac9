"""What ingest knows from the log: the open orders, the switches, and which SIGNALS stream it last worked on.

It is folded from the log alone. Orders that are over are forgotten; whoever asks about one is answered by the reader.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct

from tradewire.domain import orders
from tradewire.domain.breaks import FOLDED as BREAKS
from tradewire.domain.breaks import Breaks
from tradewire.domain.orders import Order
from tradewire.domain.switches import Controls
from tradewire.errors import LogCorrupt, TransitionError
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import EVENT_TYPES, decode_for_state, unknown
from tradewire_ingest.domain.requests import OF_ORDERS, Requests

_CONTROL = frozenset({"Halted", "Resumed", "LimitSet", "LimitProposed", "AccountHalted", "FlattenRequested"})
Key = tuple[str, str, str]


class StreamSeen(Struct, frozen=True):
    """The random name of a SIGNALS stream, and the position where the log tells of it."""

    instance: str
    pos: int


class SnapshotLike(Protocol):
    """The part of a snapshot that is folded here."""

    @property
    def events(self) -> tuple[Event, ...]: ...


class State:
    """The open orders by id and by (strategy, account, symbol), and the switches."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.controls = Controls()
        self.requests = Requests()
        self.breaks = Breaks()
        """What differs between the accounts and their brokers."""
        self.strategies: set[str] = set()
        """Those whose orders were seen: the open ones of the snapshot, and all since."""
        self.stream_seen: StreamSeen | None = None
        """The SIGNALS stream that the log told of last; a snapshot does not say."""
        self._by_key: dict[Key, dict[str, None]] = {}

    def restore(self, snapshot: SnapshotLike) -> None:
        """Forgets everything and begins at a snapshot."""
        self.__init__()  # type: ignore[misc]
        self._fold(snapshot.events)

    def apply(self, frame: Frame) -> None:
        """Folds one frame.

        Raises:
            LogCorrupt: an event contradicts what the log said before.
            UnknownEvent: this build does not know an event.
        """
        self._fold(frame.events)

    def open_orders(self, strategy: str, account: str, symbol: str) -> list[Order]:
        """The open orders of a strategy in an account and symbol, oldest first."""
        return [self.orders[order] for order in self._by_key.get((strategy, account, symbol), ())]

    def matching(self, account: str, strategy: str, symbol: str) -> list[Order]:
        """The open orders of an account, a strategy and a symbol, oldest first; an empty text matches all."""
        return [
            order
            for order in self.orders.values()
            if account in {"", order.account} and strategy in {"", order.strategy} and symbol in {"", order.symbol}
        ]

    def with_prefix(self, prefix: str) -> list[Order]:
        """The open orders whose id begins so, oldest first."""
        return [order for order in self.orders.values() if order.order.startswith(prefix)]

    def _fold(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.stream.startswith("order-"):
                self._order(event)
            elif event.type in _CONTROL:
                data = decode_for_state(event)
                self.controls.fold(event, data)
                self.requests.fold(event, data)
            elif event.type in BREAKS:
                data = decode_for_state(event)
                self.breaks.fold(event.type, event.time, data)
                self.requests.fold(event, data)
            elif event.type == "SignalsStreamSeen":
                self.stream_seen = StreamSeen(decode_for_state(event).instance, event.pos)
            else:
                _require_known(event)

    def _order(self, event: Event) -> None:
        name = event.stream[6:]
        before = self.orders.get(name)
        if before is None and event.version > 1:
            _require_known(event)  # a late fact of an order that is over
            return
        data = decode_for_state(event)
        try:
            order = orders.evolve(before, event, data)
        except TransitionError as error:
            raise LogCorrupt(str(error)) from error
        if event.type in OF_ORDERS:
            self.requests.fold(event, data)
        if before is None:
            self.strategies.add(order.strategy)
        if order.open:
            self.orders[name] = order
            if before is None:
                self._by_key.setdefault(_key(order), {})[name] = None
        else:
            self._forget(name, order)

    def _forget(self, name: str, order: Order) -> None:
        self.orders.pop(name, None)
        key = _key(order)
        if (held := self._by_key.get(key)) is not None:
            held.pop(name, None)
            if not held:
                del self._by_key[key]


def fold_order(events: Iterable[Event]) -> Order | None:
    """An order from its stream, whole.

    Raises:
        TransitionError: the events contradict each other.
    """
    order: Order | None = None
    for event in events:
        order = orders.evolve(order, event, decode_for_state(event))
    return order


def _key(order: Order) -> Key:
    return order.strategy, order.account, order.symbol


def _require_known(event: Event) -> Any:
    row = EVENT_TYPES.get(event.type)
    if row is None or row.schema != event.schema:
        raise unknown(event)
    return row
