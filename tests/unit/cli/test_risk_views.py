"""Where risk stands, what it would decide and what other limits would have changed, as people see it."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import ORDER, TIME
from tests.unit.cli.builders import NOW, order, seen, widest
from tradewire.domain.orders import Status
from tradewire.messages.risk_queries import (
    AccountStanding,
    Checked,
    InstrumentRow,
    ProbationRow,
    RiskStatus,
    SwitchRow,
    UseRow,
)
from tradewire.messages.vocabulary import CheckResult
from tradewire_cli.views import checked, plain, replayed, risk, why
from tradewire_risk.domain.counterfactual.report import (
    AccountOutcome,
    Change,
    Holding,
    LimitChange,
    Outcome,
    Report,
    Tally,
)

USES = (
    UseRow(limit="max_gross_exposure", unit="money", setting="200", value=Decimal(100_000), most=Decimal(200_000),
           percent=Decimal(50)),
    UseRow(limit="max_position_value", unit="money", setting="50000", value=Decimal(45_000), most=Decimal(50_000),
           percent=Decimal(90), warns=True, symbol="AAPL"),
    UseRow(limit="max_orders_per_day", unit="count", setting="100", value=Decimal(120), most=Decimal(100),
           percent=Decimal(120), warns=True, strategy="momo"),
    UseRow(limit="max_drawdown", unit="percent", setting="10", value=Decimal("2.5"), most=Decimal(10),
           percent=Decimal(25)),
    UseRow(limit="max_open_positions", unit="count", setting="none", value=Decimal(3)),
    UseRow(limit="max_open_orders", unit="count", setting="", value=Decimal(3)),
)  # fmt: skip


def account(**changes: Any) -> AccountStanding:
    fields: dict[str, Any] = {
        "account": "paper",
        "broker": "alpaca",
        "currency": "USD",
        "day": "2026-01-02",
        "equity": Decimal(100_000),
        "loss": Decimal(12),
        "reconciled": True,
        "available": Decimal(55_000),
        "balances_at": TIME - 12_000_000,
        "uses": USES,
    }
    return AccountStanding(**{**fields, **changes})


def status(*accounts: AccountStanding, **changes: Any) -> RiskStatus:
    fields: dict[str, Any] = {
        "pos": 1234,
        "at": TIME,
        "clock": "wall",
        "instance": "risk-1",
        "undecided": 0,
        "accounts": accounts,
        "switches": (),
        "held": (),
    }
    return RiskStatus(**{**fields, **changes})


def line_of(page: str, *words: str) -> str:
    (line,) = [line for line in page.splitlines() if all(word in line for word in words)]
    return line


@pytest.mark.parametrize("width", [60, 80, 120])
def test_each_limit_says_what_is_used_of_it(width: int) -> None:
    page = seen(risk.status(status(account()), width, NOW), width)

    assert line_of(page, "max_gross_exposure").split()[1:3] == ["100,000.00", "200,000.00"]
    assert "50 %" in line_of(page, "max_gross_exposure")
    assert "2.50 %" in line_of(page, "max_drawdown")
    assert "not set: denies" in line_of(page, "max_open_orders")
    assert line_of(page, "lifted by name") == "lifted by name: max_open_positions"
    assert widest(page) <= width


def test_an_account_on_a_dry_run_says_so() -> None:
    words = "on a dry run: what passes every check is denied all the same, and nothing is sent"
    assert words in seen(risk.status(status(account(dry_run=True)), 120, NOW), 120)
    assert "dry run" not in seen(risk.status(status(account()), 120, NOW), 120)


def test_a_bar_is_as_full_as_the_limit_is_used() -> None:
    page = seen(risk.status(status(account()), 120, NOW), 120)

    assert line_of(page, "max_gross_exposure").count("█") == 6
    assert line_of(page, "max_position_value").count("█") == 10
    assert line_of(page, "max_orders_per_day").count("█") == 12
    assert line_of(page, "max_drawdown").count("█") == 3
    assert "AAPL" in line_of(page, "max_position_value")
    assert "momo" in line_of(page, "max_orders_per_day")


def test_an_account_says_what_the_broker_told_and_when() -> None:
    told = (
        InstrumentRow(symbol="AAPL", at=TIME - 3_600_000_000),
        InstrumentRow(symbol="IBM", at=TIME, problem="halted"),
    )
    page = seen(risk.status(status(account(instruments=told)), 120, NOW), 120)

    assert "paper at alpaca, USD, day 2026-01-02" in page
    assert "equity 100,000.00, lost today 12.00, to buy with 55,000.00, told 12s ago" in page
    assert "the broker's rules of 2 symbols, the oldest of AAPL, told 1h ago" in page
    assert "IBM is halted at the broker" in page

    unknown = account(equity=None, available=None, balances_at=None, reconciled=False)
    page = seen(risk.status(status(unknown), 120, NOW), 120)
    assert "equity –, lost today 12.00, to buy with –; the broker has told no balances" in page
    assert "the log and the broker disagree" in page


def test_switches_tell_trips_from_what_people_did() -> None:
    switches = (
        SwitchRow(scope="account.paper", level="REDUCE_ONLY", by="risk", reason="LOSS_DAILY_LIMIT: loss=9", at=TIME),
        SwitchRow(scope="strategy.momo", level="PAUSED", by="person:anna", reason="", at=TIME),
    )
    page = seen(risk.status(status(account(), switches=switches), 120, NOW), 120)

    assert "tripped: LOSS_DAILY_LIMIT: loss=9" in line_of(page, "account.paper is at REDUCE_ONLY since")
    assert "by person:anna: no reason" in line_of(page, "strategy.momo is at PAUSED since")
    assert "switches: none is thrown" in seen(risk.status(status(account()), 120, NOW), 120)


def test_what_waits_is_told() -> None:
    held = order(status=Status.HELD, reason="APPROVAL_REQUIRED", deadline=NOW)
    new = (ProbationRow(strategy="momo", executions=1, needed=5, cap="100"),)
    found = status(account(probation=new, more=7), held=(held,), held_more=2, undecided=3)
    page = seen(risk.status(found, 120, NOW), 120)

    assert held.order[:8] in line_of(page, "APPROVAL_REQUIRED")
    assert "and 2 more" in page
    assert "and 7 more rows" in page
    assert "on probation, orders worth 100 at most: momo (1 of 5 executions)" in page
    assert "3 orders wait to be decided" in page


CHECKS = (
    CheckResult("cancel", "", "", True),
    CheckResult("qty_min", "10", "0.0001", True),
    CheckResult("lot", "10", "0.01", True),
    CheckResult("age", "21ms", "30s", True),
    CheckResult("val_max", "18725.00", "10000", False),
    CheckResult("position", "60000", "50000.50", True),
    CheckResult("balances", None, "1m", False),
)


def answer(**changes: Any) -> Checked:
    fields: dict[str, Any] = {
        "pos": 9,
        "at": TIME,
        "outcome": "denied",
        "strategy": "momo",
        "account": "paper",
        "symbol": "AAPL",
        "action": "buy",
        "side": "buy",
        "quantity": Decimal(100),
        "currency": "USD",
        "checks": CHECKS,
        "limits": {"global": 3},
        "control": {},
        "price": Decimal("187.25"),
        "value": Decimal(18725),
        "cost": Decimal(18725),
        "reason": "NOTIONAL_ABOVE_MAX",
        "message": "too much",
    }
    return Checked(**{**fields, **changes})


@pytest.mark.parametrize(
    ("name", "value", "limit", "left"),
    [
        ("val_max", "18725.00", "10000", "-8725"),
        ("val_max", "1", "10000", "9999"),
        ("qty_min", "10", "0.0001", "9.9999"),
        ("val_min", "5", "10", "-5"),
        ("open", "5", "5", "0"),
        ("lot", "10", "0.01", None),
        ("age", "21ms", "30s", None),
        ("gross", "5", "none", None),
        ("gross", None, "10", None),
        ("cancel", "", "", None),
    ],
)
def test_a_margin_is_what_is_left_to_the_limit(name: str, value: str | None, limit: str, left: str | None) -> None:
    found = why.margin(CheckResult(name, value, limit, True))
    assert (None if found is None else why.trimmed(found)) == left


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_would_be_decided_begins_with_what_failed(width: int) -> None:
    page = seen(checked.checked(answer(notes=("Ask later.",)), width, NOW), width)
    rows = [line.split() for line in page.splitlines()]

    assert rows[0][:4] == ["buy", "100", "AAPL", "in"]
    assert "NOTIONAL_ABOVE_MAX: too much" in page
    names = [row[0] for row in rows if row and row[-1] in {"passed", "failed"} and len(row) > 3]
    assert names == ["val_max", "balances", "qty_min", "lot", "age", "position"]
    assert ["val_max", "18725.00", "10000", "-8725", "failed"] in rows
    assert ["position", "60000", "50000.50", "-9999.5", "passed"] in rows
    assert "passed with nothing to measure: cancel" in page
    assert "Ask later." in page
    assert widest(page) <= width


def test_an_approval_and_a_held_order_say_until_when() -> None:
    page = seen(checked.checked(answer(outcome="approved", reason="", message="", until=NOW), 120, NOW))
    assert "would be approved now" in page
    assert "the approval would hold until" in page
    assert "it would count as 18,725.00 USD at 187.25, taking 18,725.00 of what there is to buy with" in page
    held = answer(outcome="held", reason="APPROVAL_REQUIRED", message="", until=NOW)
    assert "a person must approve it until" in seen(checked.checked(held, 120, NOW))


def test_programs_get_each_check_with_its_margin() -> None:
    known = json.loads(plain.document(checked.document(answer(until=TIME))))
    assert known["checks"][4] == {
        "check": "val_max",
        "value": "18725.00",
        "limit": "10000",
        "margin": "-8725",
        "passed": False,
    }
    assert known["checks"][0]["margin"] is None
    assert known["until"].endswith("Z")


APPROVED = Outcome(verdict="approved", side="buy", quantity=Decimal(10))
DENIED = Outcome(verdict="denied", reason="POSITION_ABOVE_MAX", message="too much")


def change(was: Outcome = APPROVED, would: Outcome = DENIED) -> Change:
    return Change(
        pos=5,
        time=TIME,
        order=ORDER,
        strategy="momo",
        account="paper",
        symbol="AAPL",
        action="buy",
        asked=Decimal(10),
        was=was,
        would=would,
    )


def report(*changes: Change, **more: Any) -> Report:
    fields: dict[str, Any] = {
        "first": 1,
        "last": 1234,
        "since": TIME,
        "until": TIME,
        "limits": (LimitChange(scope="global", limit="max_position_value", was="50000", would="25000"),),
        "decisions": 40,
        "was": Tally(approved=38, denied=2),
        "would": Tally(approved=37, denied=3),
        "changes": changes,
        "unreproduced": (),
        "other_reason": 0,
        "unknown": 0,
        "dropped": 0,
        "scaled": 0,
        "trips_was": 0,
        "trips_would": 0,
        "accounts": (
            AccountOutcome(
                account="paper",
                currency="USD",
                peak_was=Decimal(52_000),
                peak_would=Decimal(24_000),
                result_was=Decimal(500),
                result_would=None,
                holdings=(Holding(symbol="AAPL", was=Decimal(10), would=Decimal(0)),),
            ),
            AccountOutcome(
                account="other",
                currency="EUR",
                peak_was=Decimal(1),
                peak_would=Decimal(1),
                result_was=None,
                result_would=None,
                holdings=(),
            ),
        ),
    }
    return Report(**{**fields, **more})


def test_no_change_is_said_in_one_line_without_figures() -> None:
    page = seen(replayed.report(report(limits=()), 120, NOW, 50))
    assert "the limits are those of the log" in page
    assert "no change: every decision would be the same" in page
    assert "40 decisions made again" in page
    assert "gross peak" not in page
    nothing = seen(replayed.report(report(first=0, decisions=0), 120, NOW, 50))
    assert "nothing lies there; the log was read up to position 1,234" in nothing
    assert "no order was decided there" in nothing


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_change_is_told_with_what_it_comes_to(width: int) -> None:
    found = report(change(), dropped=1, scaled=2, unknown=1, other_reason=3)
    page = seen(replayed.report(found, width, NOW, 50), width)

    assert "global: max_position_value 50000 → 25000" in page
    assert "1 decision would change" in page
    assert "approved 10" in line_of(page, ORDER[:8])
    assert "POSITION_ABOVE_MAX" in page
    assert line_of(page, "at the end").split()[-2:] == ["10", "0"]
    assert "other" not in page.replace("another", "")
    for said in (
        "left out: 1 execution of",
        "in proportion: 2 executions",
        "for another reason: 3 orders",
        "unknown: ",
    ):
        assert said in page
    assert widest(page) <= width


def test_what_comes_out_otherwise_anyway_is_named() -> None:
    page = seen(replayed.report(report(unreproduced=(change(),)), 120, NOW, 50))
    assert "left as they were: 1 decision that" in page
    assert ORDER[:8] in page
    assert "more; -n 0 shows all" not in page


@pytest.mark.parametrize(("most", "rows", "rest"), [(50, 5, True), (0, 12, False)])
def test_of_what_comes_out_otherwise_anyway_the_rest_is_counted(most: int, rows: int, rest: bool) -> None:
    found = report(change(), unreproduced=(change(),) * 12)
    changed, left = seen(replayed.report(found, 160, NOW, most), 160).split("left as they were: 12 decisions")
    times = [[line.split()[1] for line in part.splitlines() if line.startswith(ORDER[:8])] for part in (changed, left)]

    assert len(times[1]) == rows
    assert set(times[1]) == set(times[0])
    assert ("and 7 more; -n 0 shows all" in left) is rest


def test_of_many_changes_the_first_are_shown() -> None:
    changes = [
        change(),
        change(DENIED, APPROVED),
        change(would=Outcome(verdict="approved", side="buy", quantity=Decimal(4))),
    ]
    page = seen(replayed.report(report(*changes), 120, NOW, 2))
    assert "and 1 more; -n 0 shows all" in page
    assert "not POSITION_ABOVE_MAX" in page
    assert "another size" in seen(replayed.report(report(*changes), 120, NOW, 0))


def test_trips_are_counted_where_there_are_any() -> None:
    page = seen(replayed.report(report(change(), trips_was=0, trips_would=2), 120, NOW, 50))
    assert line_of(page, "trips").split() == ["trips", "0", "2"]
