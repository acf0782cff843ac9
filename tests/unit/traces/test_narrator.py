"""A process tells what it appended itself, once, with the ids of the log; what it cannot tell is no trouble."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from tests.builders import ORDER, SIGNAL, TIME
from tests.unit.traces.test_steps import TRADE, happened
from tradewire.messages.log import Event, Frame
from tradewire.runtime import logs
from tradewire.traces.context import TraceContext
from tradewire.traces.narrator import Narrator
from tradewire.traces.span import Span

CALLER = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")


class Log:
    """What was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    error = info


class Kept:
    """Spans as they were offered."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def offer(self, spans: list[Span]) -> None:
        self.spans += spans


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    yield
    logs.set_level("info")


def frame(events: list[Event]) -> Frame:
    return Frame("log", 1, events[0].pos, events[0].pos, events[-1].pos, "", tuple(events))


def narrator(writer: str = "risk", account: str = "", *, leads: bool = True, sink: Kept | None = None) -> Narrator:
    return Narrator(Log(), writer, lambda: leads, account, sink=sink)


def lines(told: Narrator) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = told._log.lines
    return found


def test_a_line_has_the_ids_of_its_event_and_order() -> None:
    events = happened(*TRADE)
    told = narrator()
    told.hear(frame(events))
    ((said, fields),) = lines(told)
    assert said == "order approved"
    assert {name: fields[name] for name in ("signal", "order", "event_id", "pos", "account", "strategy")} == {
        "signal": SIGNAL,
        "order": ORDER,
        "event_id": events[2].event_id,
        "pos": 3,
        "account": "paper",
        "strategy": "momo",
    }


def test_what_an_event_does_not_say_of_its_order_is_known_from_its_request() -> None:
    events = happened(*TRADE)
    told = narrator("router")
    told.restore(events[:3])
    told.hear(frame(events[3:]))
    assert [said for said, _ in lines(told)] == ["order submit started", "order accepted", "order filled"]
    assert {(fields["account"], fields["strategy"], fields["symbol"]) for _, fields in lines(told)} == {
        ("paper", "momo", "AAPL")
    }


def test_whoever_does_not_lead_and_a_router_of_another_account_tell_nothing() -> None:
    events = happened(*TRADE)
    for silent in (narrator(leads=False, sink=Kept()), narrator("router", "elsewhere", sink=Kept())):
        silent.hear(frame(events))
        assert lines(silent) == []
        assert isinstance(silent._sink, Kept)
        assert silent._sink.spans == []
    own = narrator("router", "paper")
    own.hear(frame(events))
    assert len(lines(own)) == 3


def test_a_successor_tells_what_its_predecessor_may_have_died_over() -> None:
    events = happened(*TRADE, apart=50_000_000)
    leading = False
    kept = Kept()
    told = Narrator(Log(), "router", lambda: leading, "paper", sink=kept)
    for each in events[:3]:
        told.past(frame([each]))
    told.restore(events[:4])
    for each in events[3:5]:
        told.hear(frame([each]))
    assert kept.spans == [], "another one leads"
    leading = True
    told.hear(frame(events[5:]))
    names = [span.name for span in kept.spans]
    assert names == ["order accepted", "append", "broker submit", "order filled", "append"], "the last minute alone"
    assert [said for said, _ in lines(told)] == ["order filled"], "lines are not written twice"
    assert {span.span: span for span in kept.spans}.items() <= {
        span.span: span for span in told_by_one("router", events)
    }.items()


def told_by_one(writer: str, events: list[Event]) -> list[Span]:
    """What a process tells that has led all the time."""
    kept = Kept()
    narrator(writer, sink=kept).hear(frame(events))
    return kept.spans


def test_below_its_level_nothing_is_told_nor_read_unless_spans_are_made() -> None:
    logs.set_level("warning")
    (event, *_) = happened(*TRADE)
    unreadable = replace(event, writer="risk", data=Raw(b"not JSON"))
    told = narrator()
    told.hear(frame([unreadable]))
    assert lines(told) == []
    kept = Kept()
    told = narrator(sink=kept)
    told.hear(frame(happened(*TRADE)))
    assert (lines(told), [span.name for span in kept.spans]) == ([], ["decide order", "append"])


def test_what_cannot_be_told_is_said_once_and_raises_nothing() -> None:
    assert logs.wants(logging.INFO)
    (event, *_) = happened(*TRADE)
    unreadable = replace(event, writer="risk", data=Raw(b"not JSON"))
    told = narrator()
    for _ in range(3):
        told.hear(frame([unreadable]))
    assert [said for said, _ in lines(told)] == ["what happened cannot be told"]


def test_a_publisher_is_linked_to_the_signal_that_it_sent_and_no_other() -> None:
    kept = Kept()
    told = narrator("ingest", sink=kept)
    assert told.callers is not None
    told.callers.note(SIGNAL, CALLER, TIME - 5_000)
    told.callers.note("another", None, TIME)
    told.hear(frame(happened(*TRADE)))
    root, theirs, *_ = kept.spans
    assert (root.links, root.start) == ((CALLER,), TIME - 5_000)
    assert (theirs.trace, theirs.parent, theirs.start) == (CALLER.trace, CALLER.span, TIME - 5_000)
    assert all(not span.links for span in kept.spans[2:])
    kept.spans.clear()
    told.hear(frame(happened(*TRADE)))
    assert not kept.spans[0].links, "told again, it has the same id and no caller any more"
    assert kept.spans[0].span == root.span
