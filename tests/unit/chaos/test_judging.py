"""The judge finds each thing that may not be, in a small log and journal where everything else is right."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.chaos.campaign import Outcome, RowResult
from tests.chaos.judging import Judgement, compare
from tests.chaos.story import fold
from tests.chaos.theirs import Theirs, at_paper, at_twin
from tests.twins.kit.judge import Sent, Trade, Verdict

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
    compare(found, fold(rows or log()), acked or {"s-1": "momo"}, at_paper(folder), read or READ)
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


def at_broker(*trades: Trade, **fields: Any) -> Theirs:
    """The same order at a twin, which calls executions by other ids."""
    quantity = sum((trade.quantity for trade in trades), Decimal(0))
    ours = sum((trade.quantity for trade in trades if trade.client_order_id == CLIENT), Decimal(0))
    cash = Decimal(1000) - sum((trade.quantity * trade.price for trade in trades), Decimal(0))
    told: dict[str, Any] = {
        "sent": {CLIENT: Sent(at=30, times=1, state="filled", filled=ours)},
        "trades": list(trades),
        "cash": cash,
        "positions": {"AAPL": quantity},
        **fields,
    }
    return at_twin(Verdict(**told), "paper", {"hand"})


def judged_at_twin(rows: list[Row], theirs: Theirs, cash: str = "800", quantity: int = 2) -> Judgement:
    found = Judgement()
    positions = [{"account": "paper", "symbol": "AAPL", "quantity": Decimal(quantity)}]
    read = {"positions": positions, "cash": [{"account": "paper", "currency": "USD", "cash": Decimal(cash)}]}
    compare(found, fold(rows), {"s-1": "momo"}, theirs, read)
    return found


FILL: dict[str, Any] = {"client_order_id": CLIENT, "execution": "e-1", "quantity": "2", "price": "100"}
FILLED = [*log()[:-1], event("OrderFilled", **FILL)]
TWO = Trade(CLIENT, Decimal(2), Decimal(100))


def test_executions_at_a_twin_are_compared_by_what_they_say() -> None:
    assert judged_at_twin(FILLED, at_broker(TWO)).clean
    lost = judged_at_twin(log()[:-1], at_broker(TWO))
    assert lost.lost == [f"execution of {CLIENT}, 2 at 100, is not in the log"]
    again = event("OrderFilled", **{**FILL, "execution": "e-2"})
    assert judged_at_twin([*FILLED, again], at_broker(TWO)).doubled == [
        f"execution of {CLIENT}, 2 at 100, is in the log and not there"
    ]


def test_corrections_and_busts_count_as_they_stand() -> None:
    corrected = [*FILLED, event("FillCorrected", **{**FILL, "price": "99"})]
    assert judged_at_twin(corrected, at_broker(Trade(CLIENT, Decimal(2), Decimal(99))), cash="802").clean
    assert judged_at_twin(corrected, at_broker(TWO)).doubled
    busted = [*FILLED, event("FillBusted", **FILL)]
    assert judged_at_twin(busted, at_broker(positions={}), cash="1000", quantity=0).clean
    assert judged_at_twin(busted, at_broker(TWO)).lost


def test_what_was_refused_at_the_door_was_rejected_or_never_arrived() -> None:
    refused = at_broker(sent={CLIENT: Sent(at=30, times=1, state="refused")}, positions={})
    for end in ("OrderRejected", "OrderSubmitNeverArrived"):
        rows = [*log()[:4], event(end, client_order_id=CLIENT), event("OrderDenied")]
        assert judged_at_twin(rows, refused, cash="1000", quantity=0).clean
    assert not judged_at_twin(log()[:5], refused, cash="1000", quantity=0).clean


def test_what_others_did_must_be_booked_as_nobodys() -> None:
    theirs = at_broker(TWO, Trade("hand", Decimal(1), Decimal(50)), others={"hand": "filled"})
    external = event("ExternalFillBooked", "account-paper", quantity="1", price="50")
    assert judged_at_twin([*FILLED, external], theirs, cash="750", quantity=3).clean
    assert judged_at_twin(FILLED, theirs, cash="750", quantity=3).findings == [
        "0 fills were booked as nobody's, and 1 are"
    ]
    strange = at_broker(TWO, others={"who": "open"})
    assert judged_at_twin(FILLED, strange).findings == ["the broker has who, which nobody sent"]


def test_commission_must_equal_the_brokers() -> None:
    theirs = at_broker(TWO, fees=Decimal("0.01"), cash=Decimal("799.99"))
    fee = event("CashMoved", "account-paper", reason="fee", amount="-0.01")
    assert judged_at_twin([*FILLED, fee], theirs, cash="799.99").clean
    wrong = judged_at_twin(FILLED, theirs, cash="799.99")
    assert wrong.findings == ["commission of paper: ours 0, the broker's 0.01"]


def test_an_order_that_people_settled_counts_by_its_cash_and_position_alone() -> None:
    theirs, story = at_broker(positions={}), fold(FILLED)
    theirs.leave_out(CLIENT)
    story.leave_out(CLIENT)
    found = Judgement()
    cash = [{"account": "paper", "currency": "USD", "cash": Decimal(1000)}]
    compare(found, story, {"s-1": "momo"}, theirs, {"positions": [], "cash": cash})
    assert found.clean


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
    assert RowResult("1", "", not_applicable="no tmpfs").verdict == "not applicable"
