"""One trade's events make one tree of spans, whoever tells them, and however often."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct

from tests.builders import ORDER, SIGNAL, TIME, approved, denied, fact, new, requested, started, stored
from tradewire import ids
from tradewire.messages import order_events as o
from tradewire.messages.log import Event
from tradewire.messages.registry import decode, new_event
from tradewire.messages.signals_events import SignalReceived
from tradewire.messages.vocabulary import CheckResult
from tradewire.traces.context import TraceContext, span_of, trace_of
from tradewire.traces.span import Span, entered
from tradewire.traces.steps import Steps, command_context

MILLISECOND = 1_000


def happened(*said: tuple[str, Struct], apart: int = 10 * MILLISECOND, taken: int = MILLISECOND) -> list[Event]:
    """Events by their writers, `apart` so long in the ledger's time, each appended within `taken`."""
    events = []
    for number, (writer, data) in enumerate(said):
        if isinstance(data, SignalReceived):
            item = new_event(f"signal-{SIGNAL}", 1, SIGNAL, data, time=TIME, correlation=SIGNAL)
        elif isinstance(data, o.OrderRequested):
            cause = SIGNAL if writer == "ingest" else None
            item = new_event(f"order-{ORDER}", 1, ORDER, data, time=TIME, correlation=SIGNAL, causation=cause)
        else:
            item = new(data, key=str(number))
        event = stored(item, pos=number + 1, version=number + 1, writer=writer)
        at = TIME + apart * number
        events.append(_at(event, at, at - taken))
    return events


def _at(event: Event, at: int, time: int) -> Event:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return Event(**{**fields, "at": at, "time": time})


def received() -> SignalReceived:
    return SignalReceived(
        signal=SIGNAL,
        strategy="momo",
        signal_id="s-1",
        identity="strategy:momo",
        source="nats",
        action="buy",
        symbol="AAPL",
        sha256="0" * 64,
        body=Raw(b"{}"),
    )


TRADE: tuple[tuple[str, Any], ...] = (
    ("ingest", received()),
    ("ingest", requested()),
    ("risk", approved(quiet="switch hours")),
    ("router", started()),
    ("router", fact(o.OrderAccepted)),
    ("router", fact(o.OrderFilled)),
)


def told(events: Iterable[Event], steps: Steps, writers: str = "ingest risk router") -> list[Span]:
    """What is told of events by some of their writers."""
    spans: list[Span] = []
    for event in events:
        if event.writer in writers:
            spans += steps.spans(event, decode(event), {"order": ORDER})
        steps.learn(event)
    return spans


def tree(spans: Iterable[Span]) -> set[tuple[str, str]]:
    """Each span's name and that of the span that it is part of."""
    spans = list(spans)
    names = {span.span: span.name for span in spans}
    return {(names.get(span.parent, span.parent), span.name) for span in spans}


WHOLE = {
    ("", "receive signal"),
    ("receive signal", "append"),
    ("receive signal", "request order"),
    ("request order", "decide order"),
    ("decide order", "append"),
    ("decide order", "submit order"),
    ("submit order", "append"),
    ("submit order", "broker submit"),
    ("broker submit", "order accepted"),
    ("order accepted", "append"),
    ("broker submit", "order filled"),
    ("order filled", "append"),
}


def test_a_trade_is_one_tree_in_the_trace_of_its_signal() -> None:
    spans = told(happened(*TRADE), Steps())
    assert tree(spans) == WHOLE
    assert {span.trace for span in spans} == {trace_of(SIGNAL)}
    assert len({span.span for span in spans}) == len(spans)
    assert all(span.start <= span.end for span in spans)


def test_each_process_tells_its_own_part_and_together_they_tell_the_same() -> None:
    events = happened(*TRADE)
    apart = [span for writer in ("ingest", "risk", "router") for span in told(events, Steps(), writer)]
    assert {span.span: span for span in apart} == {span.span: span for span in told(events, Steps())}


def test_a_process_that_began_at_a_snapshot_tells_the_same_spans() -> None:
    events = happened(*TRADE)
    whole = {span.span: span for span in told(events, Steps())}
    for before in range(1, len(events)):
        steps = Steps()
        for event in events[:before]:
            steps.learn(event)
        for span in told(events[before:], steps):
            assert whole[span.span] == span


def test_times_are_the_events_own() -> None:
    events = happened(*TRADE, apart=10 * MILLISECOND, taken=MILLISECOND)
    spans = {span.name: span for span in told(events, Steps()) if span.name != "append"}
    assert (spans["decide order"].start, spans["decide order"].end) == (events[1].at, events[2].at)
    assert (spans["submit order"].start, spans["submit order"].end) == (events[2].at, events[3].at)
    assert (spans["broker submit"].start, spans["broker submit"].end) == (events[3].at, events[4].time)
    assert (spans["order filled"].start, spans["order filled"].end) == (events[5].time, events[5].at)
    filled = fact(o.OrderFilled, broker_time=TIME + 45 * MILLISECOND)
    (*_, step, _) = told(happened(*TRADE[:5], ("router", filled)), Steps())
    assert (step.start, step.end) == (TIME + 45 * MILLISECOND, TIME + 50 * MILLISECOND)


def test_where_quotes_are_the_clock_only_the_ledgers_times_are_used() -> None:
    events = [_at(event, event.at, 1_000) for event in happened(*TRADE)]
    spans = told(events, Steps("quotes"))
    assert tree(spans) == {(parent, name) for parent, name in WHOLE if name != "append"}
    assert min(span.start for span in spans) == events[0].at


def test_a_decision_says_how_many_checks_there_were_and_what_came_of_them() -> None:
    checks = (CheckResult("switch", "NONE", None, True), CheckResult("val_max", "2", "1", False))
    refused = denied(checks=checks, quiet="hours age", reason="NOTIONAL_ABOVE_MAX")
    (*_, step, _) = told(happened(*TRADE[:2], ("risk", refused)), Steps())
    said = {name.removeprefix("tradewire."): value for name, value in step.attributes.items()}
    assert (said["result"], said["checks"], said["checks_failed"]) == ("denied", 4, 1)
    assert step.failed == "", "to deny is risk's work, and no failure of it"


def test_a_call_ends_with_its_first_answer_alone() -> None:
    events = happened(*TRADE[:4], ("router", fact(o.OrderFilled)), ("router", fact(o.OrderAccepted)))
    spans = told(events, Steps())
    (call,) = [span for span in spans if span.name == "broker submit"]
    assert call.end == events[4].time
    assert call.attributes["tradewire.outcome"] == "filled"


def test_a_second_attempt_is_another_call() -> None:
    lost = o.OrderSubmitUnknown(order=ORDER, attempt=1, client_order_id="c", reason="TIMEOUT")
    never = o.OrderSubmitNeverArrived(order=ORDER, attempt=1, client_order_id="c", evidence="proven")
    second = (("risk", approved(attempt=2)), ("router", started(attempt=2)), ("router", fact(o.OrderAccepted)))
    spans = told(happened(*TRADE[:4], ("router", lost), ("router", never), *second), Steps())
    first, again = (span for span in spans if span.name == "broker submit")
    assert first.failed == "TIMEOUT"
    assert (again.failed, again.attributes["tradewire.outcome"]) == ("", "accepted")
    assert first.span != again.span


def test_what_a_person_or_another_signal_asked_for_is_linked_to_what_they_did() -> None:
    other = ids.signal_uuid("nats", "momo", "s-2")
    by_person = o.OrderCancelRequested(order=ORDER, by="person:anna", reason="enough", request="r-1")
    by_signal = o.OrderCancelRequested(order=ORDER, by="strategy:momo", reason="a signal", request=other)
    events = happened(*TRADE[:2], ("ingest", by_person), ("ingest", by_signal))
    fields = {name: getattr(events[3], name) for name in events[3].__struct_fields__}
    events[3] = Event(**{**fields, "causation_id": other})
    links = [span.links for span in told(events, Steps()) if span.name == "order cancel requested"]
    assert links == [(command_context("r-1"),), (TraceContext(trace_of(other), span_of(other)),)]


def test_an_order_of_risks_own_begins_its_trace() -> None:
    spans = told(happened(("risk", requested())), Steps())
    assert tree(spans) == {("", "request order"), ("request order", "append")}


def test_a_callers_trace_is_linked_and_leads_to_ours() -> None:
    (own, *_) = told(happened(*TRADE[:1]), Steps())
    caller = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    ours, theirs = entered(own, caller, "1" * 16)
    assert (ours.trace, ours.span, ours.parent, ours.links) == (own.trace, own.span, "", (caller,))
    assert (theirs.trace, theirs.parent) == (caller.trace, caller.span)
    assert theirs.links == (TraceContext(own.trace, own.span),)
    not_kept = TraceContext(caller.trace, caller.span, sampled=False)
    (alone,) = entered(own, not_kept, "1" * 16)
    assert (alone.trace, alone.links) == (own.trace, (not_kept,))
    (child,) = entered(own, TraceContext(own.trace, caller.span), "1" * 16)
    assert (child.trace, child.parent, child.links) == (own.trace, caller.span, ())


def test_every_order_event_has_a_place() -> None:
    quantity = {"quantity": Decimal(1)}
    assert tree(told(happened(*TRADE[:4], ("router", fact(o.OrderCanceled))), Steps())) >= {
        ("broker submit", "order canceled")
    }
    asked = o.OrderReplaceRequested(order=ORDER, by="strategy:momo", request="r", **quantity)
    assert ("request order", "order replace requested") in tree(told(happened(*TRADE[:5], ("ingest", asked)), Steps()))
