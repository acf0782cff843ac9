"""From a signal's id one finds its lines in every process' log, and from a line the event in the log."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.system import Up, started_up, tradewire
from tradewire_cli.exits import Exit

SERVICES = ("ingest", "risk", "router", "sequencer", "reader", "paper")
EVERY_ID = {"signal", "trace_id", "order", "event_id", "pos", "account", "strategy"}


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A running system whose processes say everything."""
    with started_up(data, more={"TRADEWIRE_LOG_LEVEL": "debug"}) as system:
        yield system


def lines(up: Up) -> dict[str, list[dict[str, Any]]]:
    """What each service has logged."""
    logs = {name: up.folder.logs / f"{name}.log" for name in SERVICES}
    return {name: [json.loads(line) for line in log.read_text().splitlines()] for name, log in logs.items()}


def test_a_signal_is_found_in_every_log_by_its_id(up: Up, data: Path) -> None:
    sent = tradewire(data, "send", "buy", "AAPL", "10", "--price", "187.25", "--wait", "--json")
    assert sent.code == Exit.DONE, sent.err
    order, signal = sent.json["order"]["order"], sent.json["order"]["signal"]
    story = tradewire(data, "why", order, "--json").json
    trace = story["trace_id"]
    assert trace == signal.replace("-", "")
    assert f"trace {trace}" in tradewire(data, "why", order[:8]).out

    found = {name: [line for line in said if line.get("signal") == signal] for name, said in lines(up).items()}

    events = {name: [line["event"] for line in said] for name, said in found.items() if said}
    assert events["ingest"] == ["signal received", "order requested"]
    assert events["risk"] == ["order approved"]
    assert [event for event in events["router"] if event.startswith("order ")] == [
        "order submit started",
        "order accepted",
        "order filled",
    ]
    assert events["sequencer"] == ["event committed"] * 6
    logged = [line for said in found.values() for line in said]
    assert {line["trace_id"] for line in logged} == {trace}
    for line in logged:
        wanted = EVERY_ID - {"order", "account"} if line["event"] == "signal received" else EVERY_ID
        if line["service"] == "sequencer":
            wanted = {"signal", "trace_id", "event_id", "pos"}
        assert wanted <= line.keys(), line
        assert line.get("order", order) == order
    told = {(line["event_id"], line["pos"]) for line in logged if line["service"] != "sequencer"}
    assert told == {(event["event_id"], event["pos"]) for event in story["events"]} | {
        (signal, line["pos"]) for line in logged if line["event"] == "signal received"
    }
    assert told == {(line["event_id"], line["pos"]) for line in logged if line["service"] == "sequencer"}


def test_events_for_programs_carry_their_ids(data: Path, up: Up) -> None:
    shown = tradewire(data, "events", "--json").lines
    said = {line["pos"]: line["event_id"] for line in lines(up)["sequencer"] if "event_id" in line}
    assert said
    assert said == {event["pos"]: event["event_id"] for event in shown if event["pos"] in said}
    assert all(len(event["event_id"]) == 36 for event in shown)


def test_a_refused_signal_and_a_denied_order_are_found_too(up: Up, data: Path) -> None:
    refused = tradewire(data, "send", "buy", "AAPL", "1", "--account", "elsewhere", "--wait", "--json")
    denied = tradewire(data, "send", "buy", "AAPL", "100", "--price", "187.25", "--wait", "--json")
    assert (refused.code, denied.code) == (Exit.REFUSED, Exit.REFUSED)

    event = tradewire(data, "events", "--json", "--type", "SignalRefused").lines[-1]
    said = lines(up)
    (line,) = [line for line in said["ingest"] if line["event"] == "signal refused"]
    assert (line["event_id"], line["pos"]) == (event["event_id"], event["pos"])
    assert line["trace_id"] == line["signal"].replace("-", "")
    (line,) = [line for line in said["risk"] if line["event"] == "order denied"]
    assert line["order"] == denied.json["order"]["order"]
    assert (line["reason"], line["symbol"]) == ("NOTIONAL_ABOVE_MAX", "AAPL")
    assert line.keys() >= EVERY_ID
