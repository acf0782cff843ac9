"""The log as spans: each event is the end of a step, which began when the event that caused it was in the log.

Ids derive from event ids and times are the events' own, so whoever tells an event, and however often, tells the same
span. The tables at the foot say what each type of event is called and what it follows.
"""

from collections import OrderedDict
from typing import Any, Final

from msgspec import Struct

from tradewire import ids
from tradewire.messages.log import Event
from tradewire.traces.context import TraceContext, span_of, trace_of
from tradewire.traces.span import Span, Value

ORDER: Final = "order-"
_MOST_ORDERS: Final = 20_000


class Anchor(Struct, frozen=True, gc=False):
    """An event that others follow."""

    event_id: str
    at: int


class _Story(Struct, gc=False):
    """What is remembered of an order: the last event of each type that others follow, and whether its call ended."""

    anchors: dict[str, Anchor]
    answered: bool = True


class Steps:
    """Makes spans of events. It follows the whole log, because a step begins where another process' step ended."""

    def __init__(self, clock: str = "wall") -> None:
        """With a clock other than the wall's, writers' times are of another day, and only the ledger's are used."""
        self._wall = clock == "wall"
        self._stories: OrderedDict[str, _Story] = OrderedDict()

    def learn(self, event: Event) -> None:
        """Takes note of an event, after its spans were made."""
        if not event.stream.startswith(ORDER):
            return
        order = event.stream.removeprefix(ORDER)
        story = self._stories.get(order)
        if story is None:
            story = self._stories[order] = _Story({})
            if len(self._stories) > _MOST_ORDERS:
                self._stories.popitem(last=False)
        if event.type == "OrderSubmitStarted":
            story.answered = False
        elif event.type in _ANSWERS:
            story.answered = True
        if event.type in _ANCHORS:
            story.anchors[event.type] = Anchor(event.event_id, event.at)

    def spans(self, event: Event, data: Any, names: dict[str, str]) -> list[Span]:
        """The spans that end with an event: the step, the append, and the call to the broker that it answers.

        `names` are the ids that its log line has as well.
        """
        if event.correlation_id is None:
            return []
        step = self._step(event, data, names)
        return [step, *self._append(event, data, step), *self._call(event, data, step)]

    def _step(self, event: Event, data: Any, names: dict[str, str]) -> Span:
        parent, began = self._cause(event, data)
        return Span(
            trace=trace_of(event.correlation_id or ""),
            span=span_of(event.event_id),
            parent=parent,
            name=_NAMES.get(event.type) or words(event.type),
            start=min(began, event.at),
            end=event.at,
            kind="consumer" if event.type in _ENTRANCES else "internal",
            attributes=_attributes(event, data, names),
            links=_links(event, data),
            failed=_failure(event.type, data),
        )

    def _cause(self, event: Event, data: Any) -> tuple[str, int]:
        """The span that an event's step is part of, and when it began, as far as that is known."""
        own = event.time if self._wall else event.at
        if event.type in _ENTRANCES:
            return "", own
        if event.type == "OrderRequested":
            return self._cause_of_request(event, data), own
        if not event.stream.startswith(ORDER):
            return span_of(event.correlation_id or ""), own
        order = event.stream.removeprefix(ORDER)
        anchor = self._anchor(order, _FOLLOWS.get(event.type, _CALLED))
        if anchor is None:
            return span_of(order), own
        if event.type in _FOLLOWS or anchor.event_id == order:
            return span_of(anchor.event_id), anchor.at
        told = getattr(data, "broker_time", None)
        return span_of(anchor.event_id, "call"), told if told and self._wall else own

    def _cause_of_request(self, event: Event, data: Any) -> str:
        if data.parent:
            entry = self._anchor(data.parent, _CALLED)
            return span_of(entry.event_id) if entry else span_of(data.parent)
        return span_of(event.correlation_id or "") if event.causation_id == event.correlation_id else ""

    def _anchor(self, order: str, kinds: tuple[str, ...]) -> Anchor | None:
        story = self._stories.get(order)
        if story is None:
            return None
        return next((story.anchors[kind] for kind in kinds if kind in story.anchors), None)

    def _append(self, event: Event, data: Any, step: Span) -> list[Span]:
        if not self._wall or _with_others(event, data):
            return []
        span = span_of(event.event_id, "append")
        start, end = min(event.time, event.at), event.at
        attributes: dict[str, Value] = {"tradewire.event_id": event.event_id, "tradewire.pos": event.pos}
        return [
            Span(
                trace=step.trace,
                span=span,
                parent=step.span,
                name="append",
                start=start,
                end=end,
                kind="client",
                attributes=attributes,
            )
        ]

    def _call(self, event: Event, data: Any, step: Span) -> list[Span]:
        """The call that an answer ends: from the intent in the log to the answer's arrival."""
        story = self._stories.get(event.stream.removeprefix(ORDER))
        if story is None or story.answered or event.type not in _ANSWERS:
            return []
        started = story.anchors["OrderSubmitStarted"]
        end = max(event.time if self._wall else event.at, started.at)
        attributes = {"tradewire.outcome": words(event.type).removeprefix("order ")}
        attributes |= {f"tradewire.{name}": str(getattr(data, name, "")) for name in ("client_order_id", "broker")}
        return [
            Span(
                trace=step.trace,
                span=span_of(started.event_id, "call"),
                parent=span_of(started.event_id),
                name="broker submit",
                start=started.at,
                end=end,
                kind="client",
                attributes={name: value for name, value in attributes.items() if value},
                failed=step.failed,
            )
        ]


def words(kind: str) -> str:
    """The type of an event in words: `OrderSubmitStarted` is "order submit started"."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip()


def _with_others(event: Event, data: Any) -> bool:
    """Whether it is appended with the event that it follows, so that there is one append of both."""
    if event.type not in {"OrderRequested", "NothingToDo"}:
        return False
    return event.causation_id == event.correlation_id or bool(getattr(data, "parent", ""))


def _attributes(event: Event, data: Any, names: dict[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {"tradewire.signal": event.correlation_id or ""}
    found |= {f"tradewire.{name}": value for name, value in names.items()}
    found |= {"tradewire.event": event.type, "tradewire.event_id": event.event_id, "tradewire.pos": event.pos}
    if event.type in DECISIONS:
        every = data.every_check()
        found["tradewire.result"] = words(event.type).removeprefix("order ")
        found["tradewire.checks"] = len(every)
        found["tradewire.checks_failed"] = sum(not check.passed for check in every)
    return found


def command_context(request: str) -> TraceContext:
    """The span of a person's command, by the request id that its sender made."""
    return TraceContext(trace_of(ids.derive("trace", request)), span_of(request, "command"))


def _links(event: Event, data: Any) -> tuple[TraceContext, ...]:
    """What caused it in another trace: a person's command, or a signal that cancels another one's order."""
    cause = event.causation_id
    if cause in {None, event.correlation_id}:
        by, request = (str(getattr(data, name, "")) for name in ("by", "request"))
        return (command_context(request),) if by.startswith("person:") and request else ()
    return (TraceContext(trace_of(cause), span_of(cause)),) if cause and event.type in _ASKED_BY_SIGNALS else ()


def _failure(kind: str, data: Any) -> str:
    if kind not in _FAILURES:
        return ""
    said = (str(getattr(data, name, "") or "") for name in ("code", "reason", "message"))
    return ": ".join(part for part in said if part) or words(kind)


DECISIONS: Final = frozenset(
    {"OrderApproved", "OrderDenied", "OrderHeld", "OrderReplaceApproved", "OrderReplaceDenied"}
)
"""Events that hold checks, and so have to be read whole."""
_ENTRANCES: Final = frozenset({"SignalReceived", "SignalRefused"})
_ASKED_BY_SIGNALS: Final = frozenset({"OrderCancelRequested", "OrderReplaceRequested"})
_FAILURES: Final = frozenset(
    {"SignalRefused", "OrderRejected", "OrderSubmitUnknown", "OrderSubmitNeverArrived", "OrderCancelRejected"}
)
"""What went wrong; a denial is no failure, but risk at its work."""
_CALLED: Final = ("OrderSubmitStarted", "OrderRequested")
_ANSWERS: Final = frozenset(
    {
        "OrderAccepted",
        "OrderRejected",
        "OrderSubmitUnknown",
        "OrderFilled",
        "OrderCanceled",
        "OrderExpired",
        "OrderUnknownResolved",
        "OrderSubmitNeverArrived",
    }
)
_NAMES: Final = {
    "SignalReceived": "receive signal",
    "SignalRefused": "refuse signal",
    "OrderRequested": "request order",
    "OrderApproved": "decide order",
    "OrderDenied": "decide order",
    "OrderHeld": "decide order",
    "OrderSubmitStarted": "submit order",
}
_FOLLOWS: Final[dict[str, tuple[str, ...]]] = {
    "OrderApproved": ("OrderApprovalGranted", "OrderRequested"),
    "OrderDenied": ("OrderApprovalGranted", "OrderRequested"),
    "OrderHeld": ("OrderRequested",),
    "OrderApprovalGranted": ("OrderHeld", "OrderRequested"),
    "OrderApprovalRefused": ("OrderHeld", "OrderRequested"),
    "OrderLapsed": ("OrderApproved", "OrderHeld", "OrderRequested"),
    "OrderSubmitStarted": ("OrderApproved", "OrderRequested"),
    "OrderCanceledLocally": ("OrderCancelRequested", "OrderApproved", "OrderRequested"),
    "OrderCancelRequested": ("OrderRequested",),
    "OrderCancelStarted": ("OrderCancelRequested", "OrderRequested"),
    "OrderCancelRejected": ("OrderCancelStarted", "OrderRequested"),
    "OrderReplaceRequested": ("OrderRequested",),
    "OrderReplaceApproved": ("OrderReplaceRequested", "OrderRequested"),
    "OrderReplaceDenied": ("OrderReplaceRequested", "OrderRequested"),
    "OrderReplaceStarted": ("OrderReplaceApproved", "OrderRequested"),
    "OrderReplaced": ("OrderReplaceStarted", "OrderRequested"),
    "OrderReplaceRejected": ("OrderReplaceStarted", "OrderRequested"),
}
"""What each step follows; whatever is not here is said by the broker of what was sent to it."""
_ANCHORS: Final = frozenset({kind for kinds in (*_FOLLOWS.values(), _CALLED) for kind in kinds})
