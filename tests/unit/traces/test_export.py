"""Spans reach a real OTLP/HTTP receiver; one that hangs, refuses or is gone is nobody's trouble but the spans'."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.builders import ORDER, SIGNAL, TIME
from tests.collector import collecting
from tradewire import ids
from tradewire.settings import Settings, Traces
from tradewire.traces.context import TraceContext, span_of, trace_of
from tradewire.traces.export import QUEUE_SPANS, Exporter
from tradewire.traces.span import Span
from tradewire_cli.engines.ports import free_port

_LIMIT_SECONDS = 60.0


class Log:
    """What was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    warning = info


class Running:
    """An exporter with what it logs and counts."""

    def __init__(self, url: str, sample: str) -> None:
        self.log, self.registry = Log(), CollectorRegistry()
        settings = Settings(traces=Traces(otlp_endpoint=url, sample=Decimal(sample)))
        self.exporter = Exporter(settings, "risk", "risk-1", self.registry, self.log)

    def count(self, outcome: str) -> int:
        return int(self.registry.get_sample_value("tradewire_trace_spans_total", {"outcome": outcome}) or 0)


@contextmanager
def exporting(url: str, sample: str = "1") -> Iterator[Running]:
    running = Running(url, sample)
    try:
        yield running
    finally:
        running.exporter.close()


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def span(name: str = "decide order", signal: str = SIGNAL, **more: Any) -> Span:
    return Span(trace=trace_of(signal), span=span_of(ORDER, name), name=name, start=TIME, end=TIME + 250, **more)


def test_a_span_arrives_as_it_is() -> None:
    other = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    with collecting() as collector:
        with exporting(collector.url) as running:
            sent = span(
                parent=span_of(ORDER), kind="client", links=(other,), failed="no", attributes={"n": 3, "a": "b"}
            )
            running.exporter.offer([sent])
        (seen,) = collector.spans
    assert collector.paths == ["/v1/traces"]
    assert (seen.service, seen.instance) == ("tradewire-risk", "risk-1")
    assert (seen.trace, seen.span, seen.parent) == (sent.trace, sent.span, sent.parent)
    assert (seen.name, seen.start, seen.end, seen.kind) == ("decide order", TIME, TIME + 250, 3)
    assert (seen.attributes, seen.failed) == ({"n": 3, "a": "b"}, "no")
    assert seen.links == ((other.trace, other.span),)
    assert running.count("exported") == 1


def test_no_credentials_are_exported() -> None:
    with collecting() as collector:
        with exporting(collector.url) as running:
            why = "https://anna:hunter2@broker refused: token=hunter2"
            running.exporter.offer([span(failed=why, attributes={"tradewire.message": why})])
        (seen,) = collector.spans
    assert "hunter2" not in f"{seen.failed} {seen.attributes}"
    assert "@broker refused" in seen.failed
    assert "@broker refused" in seen.attributes["tradewire.message"]


def test_a_collector_that_hangs_holds_up_nobody_and_costs_a_bounded_queue() -> None:
    with collecting() as collector:
        collector.holds = True
        running = Running(collector.url, "1")
        running.exporter.offer([span("first")])
        until(collector.held.is_set)
        for number in range(QUEUE_SPANS + 1_000):
            running.exporter.offer([span(str(number))])
        dropped = running.count("dropped")
        running.exporter.close()
        assert collector.holds, "all this went on while the collector answered nothing"
        assert collector.spans == []
    assert dropped >= 1_000 - 512, "what one call has in hand makes room for as many"


def test_a_collector_that_is_gone_is_said_once_and_its_return_once() -> None:
    port = free_port()
    with exporting(f"http://127.0.0.1:{port}/v1/traces/") as running:
        for number in range(2):
            running.exporter.offer([span(f"lost {number}")])
            until(lambda: running.count("failed") > number)  # noqa: B023 - asked at once
        assert [event for event, _ in running.log.lines] == ["traces cannot be exported; trading goes on"]
        assert str(port) in running.log.lines[0][1]["url"]
        assert running.log.lines[0][1]["why"]
        with collecting(port) as collector:
            running.exporter.offer([span("kept")])
            until(lambda: running.count("exported"))
            assert [seen.name for seen in collector.spans] == ["kept"]
        assert [event for event, _ in running.log.lines][1:] == ["traces are exported again"]


def test_a_collector_that_refuses_loses_the_batch_and_nothing_else() -> None:
    with collecting() as collector, exporting(collector.url) as running:
        collector.refuses = 400
        running.exporter.offer([span("refused")])
        until(lambda: running.count("failed"))
        collector.refuses = 0
        running.exporter.offer([span("taken")])
        until(lambda: running.count("exported"))
        assert [seen.name for seen in collector.spans] == ["taken"]
        assert "400" in running.log.lines[0][1]["why"]


def test_every_process_samples_the_same_traces() -> None:
    signals = [ids.signal_uuid("nats", "momo", str(number)) for number in range(400)]
    with collecting() as collector:
        for _ in range(2):
            with exporting(collector.url, "0.25") as running:
                for signal in signals:
                    running.exporter.offer([span(signal=signal)])
        traces = [seen.trace for seen in collector.spans]
    assert sorted(traces[: len(traces) // 2]) == sorted(traces[len(traces) // 2 :])
    assert 60 <= len(set(traces)) <= 140
    with collecting() as collector:
        with exporting(collector.url, "0") as running:
            running.exporter.offer([span()])
        assert collector.spans == []


WITHOUT_PACKAGES = """
import sys
sys.modules["opentelemetry"] = None
from tradewire.runtime.service import run
run("risk", None)
"""

OFF = """
import sys
import tradewire_ingest.__main__, tradewire_risk.__main__, tradewire_router.__main__
import tradewire_ledger.sequencer.__main__, tradewire_cli.__main__
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf", "requests"))])
"""


def test_without_its_packages_the_start_ends_with_2_and_says_what_to_install() -> None:
    env = {"TRADEWIRE_TRACES_OTLP_ENDPOINT": "http://127.0.0.1:4318"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PACKAGES], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "traces.otlp_endpoint" in done.stderr
    assert "pip install 'tradewire[traces]'" in done.stderr


def test_without_a_collector_nothing_of_opentelemetry_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("service", ["ingest"])
def test_a_service_without_a_collector_has_no_exporter(service: str) -> None:
    program = f"""
from tradewire.runtime.service import Service
from tradewire.settings import Settings
made = Service({service!r}, Settings())
print(made.traces, made.narrator(lambda: True).callers)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "None None"
