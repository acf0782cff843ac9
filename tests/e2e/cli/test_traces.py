"""One paper trade is one trace over its processes, at a real OTLP/HTTP receiver; nothing depends on the receiver."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.collector import Collector, Seen, collecting
from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tradewire import ids
from tradewire.subjects import MANUAL_STRATEGY
from tradewire.traces.context import trace_of
from tradewire_cli.exits import Exit

_LIMIT_SECONDS = 60.0
CALLER = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
TREE = {
    ("", "receive signal", "ingest"),
    ("receive signal", "append", "ingest"),
    ("append", "commit", "sequencer"),
    ("receive signal", "request order", "ingest"),
    ("request order", "decide order", "risk"),
    ("decide order", "append", "risk"),
    ("decide order", "submit order", "router"),
    ("submit order", "append", "router"),
    ("submit order", "broker submit", "router"),
    ("broker submit", "order accepted", "router"),
    ("order accepted", "append", "router"),
    ("broker submit", "order filled", "router"),
    ("order filled", "append", "router"),
}


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def up(data: Path, collector: Collector) -> Iterator[Up]:
    """A running system that exports."""
    where = {"TRADEWIRE_TRACES_OTLP_ENDPOINT": collector.url}
    with started_up(data, '[risk]\nmax_signal_age = "10m"\n', more=where) as system:
        yield system


def until(holds: Callable[[], object], said: Callable[[], object] = lambda: "it did not come about") -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < end, said()
        time.sleep(0.05)


def tree(spans: list[Seen]) -> set[tuple[str, str, str]]:
    """Each span's parent's name, its name, and its process."""
    names = {span.span: span.name for span in spans}
    return {(names.get(span.parent, span.parent), span.name, span.service.removeprefix("tradewire-")) for span in spans}


def trade(data: Path, symbol: str, **more: str) -> str:
    """Buys, and returns the trace that the story names."""
    sent: Said = tradewire(data, "send", "buy", symbol, "2", "--price", "50", "--wait", "--json", more=more)
    assert sent.code == Exit.DONE, sent.err
    found: str = tradewire(data, "why", sent.json["order"]["order"], "--json").json["trace_id"]
    return found


def assert_whole(collector: Collector, trace: str) -> list[Seen]:
    """One tree, with nothing in it twice."""
    until(lambda: tree(collector.of(trace)) >= TREE, lambda: TREE - tree(collector.of(trace)))
    spans = collector.of(trace)
    assert tree(spans) == TREE
    assert len({(span.span, span.name, span.service) for span in spans}) == len({span.span for span in spans})
    return spans


def test_a_trade_is_one_trace_over_four_processes(up: Up, data: Path, collector: Collector) -> None:
    spans = assert_whole(collector, trade(data, "AAPL"))
    said = {span.name: span.attributes for span in spans}
    assert said["decide order"]["tradewire.result"] == "approved"
    assert said["decide order"]["tradewire.checks"] > 10
    assert said["decide order"]["tradewire.checks_failed"] == 0
    assert said["broker submit"]["tradewire.outcome"] in {"accepted", "filled"}
    assert said["order filled"]["tradewire.account"] == "paper"
    assert not any(span.failed for span in spans)


def test_it_is_one_trace_when_risk_is_killed_before_it_decides(up: Up, data: Path, collector: Collector) -> None:
    trade(data, "KO")
    until(lambda: risks(collector))
    first = risks(collector)
    trace = trace_of(ids.signal_uuid("nats", MANUAL_STRATEGY, "killed-1"))
    risk = up.run.processes["risk"].pid
    os.kill(risk, signal.SIGSTOP)
    tradewire(data, "send", "buy", "MSFT", "2", "--price", "50", "--id", "killed-1")
    until(lambda: "request order" in {span.name for span in collector.of(trace)})
    assert "decide order" not in {span.name for span in collector.of(trace)}
    os.kill(risk, signal.SIGKILL)

    spans = assert_whole(collector, trace)

    decided = {span.instance for span in spans if span.service == "tradewire-risk"}
    assert (len(decided), decided & first) == (1, set()), "another process decided this one"


def test_what_risk_had_decided_but_not_told_when_it_was_killed_is_told_by_its_successor(
    up: Up, data: Path, collector: Collector
) -> None:
    collector.loses = "tradewire-risk"
    try:
        trace = trade(data, "WMT")
        until(lambda: trace in {span.trace for span in collector.lost})
        os.kill(up.run.processes["risk"].pid, signal.SIGKILL)
    finally:
        collector.loses = ""

    spans = assert_whole(collector, trace)

    again = {span.span: span for span in spans}
    lost = [span for span in collector.lost if span.trace == trace]
    assert {span.name for span in lost} == {"decide order", "append"}
    for span in lost:
        assert (again[span.span].start, again[span.span].end) == (span.start, span.end)


def risks(collector: Collector) -> set[str]:
    """The instances of risk that were heard so far."""
    return {span.instance for span in tuple(collector.spans) if span.service == "tradewire-risk"}


def test_a_caller_in_a_trace_of_its_own_is_led_to_ours_and_back(up: Up, data: Path, collector: Collector) -> None:
    trace = trade(data, "IBM", TRACEPARENT=f"00-{CALLER[0]}-{CALLER[1]}-01")

    (root,) = [span for span in assert_whole(collector, trace) if not span.parent]
    until(lambda: collector.of(CALLER[0]))
    (theirs,) = collector.of(CALLER[0])
    assert root.links == (CALLER,)
    assert (theirs.parent, theirs.name, theirs.links) == (CALLER[1], "receive signal", ((trace, root.span),))


def test_a_command_is_a_span_of_a_trace_of_its_own_and_its_commit_is_part_of_it(
    up: Up, data: Path, collector: Collector
) -> None:
    caller = ("5" * 32, "6" * 16)
    more = {"TRACEPARENT": f"00-{caller[0]}-{caller[1]}-01"}
    said = tradewire(data, "halt", "symbol.KO", "--reason", "lunch", more=more)
    assert said.code == Exit.DONE, said.err
    until(lambda: collector.of(caller[0]))
    (command,) = [span for span in collector.spans if span.name == "command" and span.trace != caller[0]]
    (theirs,) = collector.of(caller[0])
    assert (command.links, theirs.parent, theirs.links) == ((caller,), caller[1], ((command.trace, command.span),))
    assert command.attributes["tradewire.verb"] == "halt"
    until(lambda: len(collector.of(command.trace)) == 2)
    assert tree(collector.of(command.trace)) == {("", "command", "ingest"), ("command", "commit", "sequencer")}


def test_trading_goes_on_while_the_collector_hangs(up: Up, data: Path, collector: Collector) -> None:
    collector.holds = True
    try:
        trade(data, "PEP")
        until(collector.held.is_set)
        trade(data, "COST")
        assert collector.holds
    finally:
        collector.release()
    assert_whole(collector, trade(data, "MMM"))
