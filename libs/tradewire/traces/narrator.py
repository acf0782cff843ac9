"""What a process has appended, told as the log shows it: a line an event, with its ids.

It hears the tail, so that a line has the position; and it hears nothing else, so that it cannot be in anybody's way.
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from tradewire.messages.log import Event, Frame
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.registry import decode_for_state
from tradewire.runtime import logs
from tradewire.runtime.logs import Log

_ORDER = "order-"
_MOST_ORDERS = 20_000
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_SAID = ("signal_id", "reason", "code", "message", "execution", "quantity", "price", "outcome")
"""What a line says of an event beside its ids, where the event has it."""
_TOLD_AT_THE_DOOR = frozenset({"SignalRefused"})


class Named(Struct, frozen=True, gc=False):
    """What lines about an order say of it."""

    account: str
    strategy: str
    signal_id: str
    symbol: str


class Orders:
    """What the newest orders are called, from the log alone."""

    def __init__(self) -> None:
        self._named: OrderedDict[str, Named] = OrderedDict()

    def learn(self, event: Event) -> None:
        """Takes note of an order's request; other events say nothing new."""
        if event.type != "OrderRequested":
            return
        data: OrderRequested = decode_for_state(event)
        self._named[data.order] = Named(data.account, data.strategy, data.signal_id, data.symbol)
        if len(self._named) > _MOST_ORDERS:
            self._named.popitem(last=False)

    def get(self, order: str) -> Named | None:
        """What an order is called, if its request was heard."""
        return self._named.get(order)


class Narrator:
    """Tells what this process has appended. `leads` says whether it is the one of its kind that does."""

    def __init__(self, log: Log, writer: str, leads: Callable[[], bool], account: str = "") -> None:
        """With an `account`, only orders of it are told of: every router has the same writer's name."""
        self._log, self._writer, self._leads, self._account = log, writer, leads, account
        self._orders = Orders()
        self._failed = False

    def restore(self, events: Iterable[Event]) -> None:
        """Learns what is open from a snapshot, and tells nothing of it again."""
        if self._idle:
            return
        for event in events:
            self._orders.learn(event)

    def hear(self, frame: Frame) -> None:
        """Tells what a frame of the log has of this process. It raises nothing: nobody's work depends on it."""
        if self._idle:
            return
        try:
            for event in frame.events:
                self._orders.learn(event)
                if event.writer == self._writer and event.correlation_id is not None:
                    self._tell(event)
        except Exception as error:  # noqa: BLE001 - whatever a line cannot say, the work goes on
            if not self._failed:
                self._log.error("what happened cannot be told", pos=frame.first_pos, exc_info=error)
            self._failed = True

    @property
    def _idle(self) -> bool:
        return not logs.wants(logging.INFO)

    def _tell(self, event: Event) -> None:
        if event.type in _TOLD_AT_THE_DOOR or not self._leads():
            return
        data = decode_for_state(event)
        order = event.stream.removeprefix(_ORDER) if event.stream.startswith(_ORDER) else ""
        named = self._orders.get(order)
        account = getattr(data, "account", "") or (named.account if named else "")
        if self._account and account != self._account:
            return
        self._log.info(
            _WORD.sub(" ", event.type).lower(),
            signal=event.correlation_id,
            event_id=event.event_id,
            pos=event.pos,
            **_ids(order, account, data, named),
            **_said(data, named),
        )


def _ids(order: str, account: str, data: Any, named: Named | None) -> dict[str, str]:
    strategy = getattr(data, "strategy", "") or (named.strategy if named else "")
    found = {"order": order, "account": account, "strategy": strategy}
    return {name: value for name, value in found.items() if value}


def _said(data: Any, named: Named | None) -> dict[str, str]:
    found = {"symbol": getattr(data, "symbol", "") or (named.symbol if named else "")}
    if named is not None:
        found["signal_id"] = named.signal_id
    found |= {name: str(value) for name in _SAID if (value := getattr(data, name, None)) not in {None, ""}}
    return {name: value for name, value in found.items() if value}
