"""What a process has appended, told as the log shows it: a line and a few spans an event, with its ids.

It hears the tail, so that what it tells has a position and a restart makes no difference; and nobody waits for it.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tradewire.messages.log import Event, Frame
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.registry import decode, decode_for_state
from tradewire.runtime import logs
from tradewire.runtime.logs import Log
from tradewire.traces.context import TraceContext, span_of
from tradewire.traces.span import Sink, Span, entered
from tradewire.traces.steps import DECISIONS, Steps, words

_ORDER = "order-"
_MOST_ORDERS = 20_000
_MOST_CALLERS = 10_000
_MOST_UNTOLD = 1_000
_UNTOLD_MICROSECONDS = 60_000_000
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


class Callers:
    """What publishers said of their own traces, until the signal is in the log."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, tuple[TraceContext | None, int]] = OrderedDict()

    def note(self, cause: str, context: TraceContext | None, since: int) -> None:
        """Keeps who called, and since when the message waited (microseconds), for a signal or a refusal."""
        self._said[cause] = (context, since)
        if len(self._said) > _MOST_CALLERS:
            self._said.popitem(last=False)

    def enter(self, spans: list[Span], cause: str) -> list[Span]:
        """The spans of a signal that has come in, with its caller's trace beside ours."""
        context, since = self._said.pop(cause, (None, 0))
        first, *others = spans
        if since:
            first = replace(first, start=min(since, first.start))
        return [*entered(first, context, span_of(cause, "caller")), *others]


class Narrator:
    """Tells what this process has appended. `leads` says whether it is the one of its kind that does."""

    def __init__(
        self,
        log: Log,
        writer: str,
        leads: Callable[[], bool],
        account: str = "",
        *,
        sink: Sink | None = None,
        clock: str = "wall",
    ) -> None:
        """With an `account`, only orders of it are told of: every router has the same writer's name.

        Without a `sink` there are no spans, and nothing is done for them.
        """
        self._log, self._writer, self._leads, self._account = log, writer, leads, account
        self._sink, self._steps = sink, Steps(clock) if sink is not None else None
        self.callers = Callers() if sink is not None else None
        self._orders = Orders()
        self._untold: deque[tuple[int, list[Span]]] = deque(maxlen=_MOST_UNTOLD)
        """Spans of whoever led before, by the ledger's time: some of them may have died with it."""
        self._failed = False

    @property
    def wants_past(self) -> bool:
        """Whether what happened shortly before the start is to be told: a predecessor may have died over it."""
        return self._sink is not None

    def past(self, frame: Frame) -> None:
        """Keeps what a predecessor may not have told any more. It raises nothing."""
        self._safely(frame, self._keep)

    def restore(self, events: Iterable[Event]) -> None:
        """Learns what is open from a snapshot, and tells nothing of it again."""
        if self._idle:
            return
        for event in events:
            self._learn(event)

    def hear(self, frame: Frame) -> None:
        """Tells what a frame of the log has of this process. It raises nothing: nobody's work depends on it."""
        if self._idle:
            return
        if self._leads():
            self._tell_untold(frame.events[-1].at)
            self._safely(frame, self._tell)
        else:
            self._safely(frame, self._keep)

    def _safely(self, frame: Frame, handle: Callable[[Event], None]) -> None:
        try:
            for event in frame.events:
                self._orders.learn(event)
                if event.writer == self._writer and event.correlation_id is not None:
                    handle(event)
                if self._steps is not None:
                    self._steps.learn(event)
        except Exception as error:  # noqa: BLE001 - whatever a line cannot say, the work goes on
            if not self._failed:
                self._log.error("what happened cannot be told", pos=frame.first_pos, exc_info=error)
            self._failed = True

    @property
    def _idle(self) -> bool:
        return self._sink is None and not logs.wants(logging.INFO)

    def _learn(self, event: Event) -> None:
        self._orders.learn(event)
        if self._steps is not None:
            self._steps.learn(event)

    def _tell(self, event: Event) -> None:
        read = self._read(event)
        if read is None:
            return
        data, names = read
        if event.type not in _TOLD_AT_THE_DOOR and logs.wants(logging.INFO):
            signal, pos = event.correlation_id, event.pos
            self._log.info(words(event.type), signal=signal, event_id=event.event_id, pos=pos, **names)
        if self._sink is not None and self._steps is not None and self.callers is not None:
            spans = self._steps.spans(event, data, names)
            if event.event_id == event.correlation_id:
                spans = self.callers.enter(spans, event.event_id)
            self._sink.offer(spans)

    def _keep(self, event: Event) -> None:
        if self._steps is not None and (read := self._read(event)) is not None:
            self._untold.append((event.at, self._steps.spans(event, *read)))

    def _tell_untold(self, now: int) -> None:
        """Tells the spans of the last minute before this process led: the same as its predecessor's, if that lived."""
        while self._untold and self._sink is not None:
            at, spans = self._untold.popleft()
            if at >= now - _UNTOLD_MICROSECONDS:
                self._sink.offer(spans)

    def _read(self, event: Event) -> tuple[Any, dict[str, str]] | None:
        """What an event says, and the names in its line; None for another account's."""
        whole = self._sink is not None and event.type in DECISIONS
        data = decode(event) if whole else decode_for_state(event)
        order = event.stream.removeprefix(_ORDER) if event.stream.startswith(_ORDER) else ""
        named = self._orders.get(order)
        account = getattr(data, "account", "") or (named.account if named else "")
        if self._account and account != self._account:
            return None
        return data, _ids(order, account, data, named) | _said(data, named)


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
