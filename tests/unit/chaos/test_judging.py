"""The judge finds each thing that may not be, in a small log and journal where everything else is right."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.chaos.campaign import Outcome, RowResult
from tests.chaos.judging import Judgement, compare, fold

SIGNAL, ORDER, CLIENT = "5" * 36, "0" * 36, "c" * 32
Row = dict[str, Any]


def event(kind: str, stream: str = f"order-{ORDER}", at: int = 10, **data: Any) -> Row:
    return {"type": kind, "stream": stream, "at": at, "time": at, "data": msgspec.json.encode({"order": ORDER, **data})}


def log() -> list[Row]:
    """A signal that became an order, which was sent and filled."""
    return [
        event("SignalReceived", f"signal-{SIGNAL}", signal=SIGNAL, signal_id="s-1"),
        event("OrderRequested", signal=SIGNAL),
        event("OrderApproved", quantity="2"),
        event("OrderSubmitStarted", client_order_id=CLIENT, at=20),
        event("OrderAccepted", client_order_id=CLIENT),
        event("OrderFilled", client_order_id=CLIENT, execution="e-1", quantity="2"),
    ]


def journal() -> list[Row]:
    """The same order at the broker."""
    order = {"client_order_id": CLIENT, "order": ORDER, "symbol": "AAPL", "side": "buy", "quantity": "2"}
    common = {"account": "paper", "client_order_id": CLIENT}
    return [
        {"seq": 1, "at": 1, "kind": "opened", "account": "paper", "currency": "USD", "cash": "1000"},
        {"seq": 2, "at": 30, "kind": "received", "account": "paper", "order": order},
        {"seq": 3, "at": 30, "kind": "accepted", **common, "broker_order_id": "b"},
        {
            "seq": 4,
            "at": 31,
            "kind": "filled",
            **common,
            "execution": "e-1",
            "symbol": "AAPL",
            "side": "buy",
            "quantity": "2",
            "price": "100",
            "fee": "0",
            "cash": "800",
            "position": "2",
            "closed": {},
        },
    ]


READ = {
    "positions": [{"account": "paper", "symbol": "AAPL", "quantity": Decimal(2)}],
    "cash": [{"account": "paper", "currency": "USD", "cash": Decimal(800)}],
}


def judged(
    folder: Path,
    rows: list[Row] | None = None,
    lines: list[Row] | None = None,
    acked: dict[str, str] | None = None,
    read: dict[str, Any] | None = None,
) -> Judgement:
    folder.joinpath("journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines or journal()))
    found = Judgement()
    compare(found, fold(rows or log()), acked or {"s-1": "momo"}, folder, read or READ)
    return found


def test_nothing_is_found_where_nothing_is_wrong(tmp_path: Path) -> None:
    found = judged(tmp_path)
    assert found.clean
    assert (found.signals, found.orders, found.fills, found.outcomes["filled"]) == (1, 1, 1, 1)


@pytest.mark.parametrize(("time", "clean"), [(20, True), (31, False)])
def test_where_the_ledgers_clock_was_wrong_the_routers_tells_when_an_intent_was_written(
    tmp_path: Path, time: int, *, clean: bool
) -> None:
    started = {**event("OrderSubmitStarted", client_order_id=CLIENT, at=600), "time": time}
    found = judged(tmp_path, [*log()[:3], event("ClockStepped", "system"), started, *log()[4:]])
    assert found.clean == clean
    assert clean or found.findings == [f"{CLIENT} was sent before its intent was written down"]


def test_an_acknowledged_signal_that_is_not_in_the_log_is_lost(tmp_path: Path) -> None:
    assert judged(tmp_path, acked={"s-1": "momo", "s-2": "momo"}).lost == ["s-2 was acknowledged and is not in the log"]


def test_what_a_lost_stream_took_along_is_told_where_the_log_tells_of_the_gap(tmp_path: Path) -> None:
    found = judged(tmp_path, [*log(), event("SignalsGapSuspected", "system")], acked={"s-1": "momo", "s-2": "momo"})
    assert found.clean
    assert found.told == ["s-2 was acknowledged and is not in the log"]


def test_a_signal_that_led_to_nothing_is_lost(tmp_path: Path) -> None:
    more = event("SignalReceived", "signal-2", signal="2", signal_id="s-2")
    assert judged(tmp_path, [*log(), more]).lost == ["s-2 was received and nothing became of it"]


def test_a_signal_with_two_orders_is_doubled(tmp_path: Path) -> None:
    more = {**event("OrderRequested"), "data": msgspec.json.encode({"order": "x", "signal": SIGNAL})}
    assert judged(tmp_path, [*log(), more]).doubled == [f"signal {SIGNAL} has 2 orders"]


def test_an_order_received_twice_by_the_broker_is_doubled(tmp_path: Path) -> None:
    again = {**journal()[1], "seq": 5, "at": 40}
    assert judged(tmp_path, lines=[*journal(), again]).doubled == [
        f"line 5: client order id {CLIENT} was received again"
    ]


def test_an_execution_booked_twice_is_doubled(tmp_path: Path) -> None:
    assert "execution e-1 is booked 2 times" in judged(tmp_path, [*log(), log()[-1]]).doubled


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (log()[:-1], "is only in the journal"),
        (log()[:-1], "is open with 0 filled; at the broker it is filled with 2"),
        ([*log()[:4], event("OrderRejected", client_order_id=CLIENT)], "is rejected with 0 filled"),
        (log()[:4], f"order {ORDER} is still submitting"),
        ([*log()[:3]], "the log never meant it"),
        ([*log()[:3], event("OrderSubmitStarted", client_order_id=CLIENT, at=31), *log()[4:]], "before its intent"),
        ([*log(), event("ExternalFillBooked", "account-paper")], "booked as nobody's"),
    ],
)
def test_a_log_that_says_something_else_than_the_broker_is_found(tmp_path: Path, rows: list[Row], words: str) -> None:
    found = judged(tmp_path, rows)
    assert any(words in finding for finding in found.findings), found.findings


def test_an_order_that_the_broker_never_had_must_be_proven_so(tmp_path: Path) -> None:
    lines = journal()[:1]
    read = {"positions": [], "cash": [{"account": "paper", "currency": "USD", "cash": Decimal(1000)}]}
    unproven = judged(tmp_path, log()[:5], lines, read=read)
    assert any("the broker never had it" in finding for finding in unproven.findings)
    never = event("OrderSubmitNeverArrived", client_order_id=CLIENT)
    proven = judged(tmp_path, [*log()[:4], never, event("OrderDenied")], lines, read=read)
    assert proven.clean


def test_cash_and_positions_must_equal_the_brokers(tmp_path: Path) -> None:
    read = {"positions": [], "cash": [{"account": "paper", "currency": "USD", "cash": Decimal(801)}]}
    found = judged(tmp_path, read=read)
    assert [text.partition(":")[0] for text in found.findings] == ["cash of paper", "positions of paper"]


def test_a_run_whose_fault_never_struck_has_failed() -> None:
    clean = Judgement()
    assert Outcome("1", 0, hits=1, judgement=clean).green
    unhit = Outcome("1", 1, hits=0, judgement=clean)
    assert not unhit.green
    assert unhit.findings() == ["the fault never struck"]
    assert not Outcome("1", 2, hits=1, judgement=None).green
    assert not Outcome("1", 3, hits=1, judgement=clean, problems=["not quiet"]).green
    assert RowResult("1", "", [unhit]).verdict == "FAILED"
    assert RowResult("1", "").verdict == "FAILED"
    assert RowResult("1", "", skipped="no tmpfs").verdict == "skipped"
