"""Limits of the scope of a strategy: measured on what the strategy itself has won and lost, and not on the account."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import DAY, MINUTE, NOW, PAPER, SECOND, Log
from tests.unit.risk.test_gauges import shown
from tests.unit.risk.test_results import Trading
from tests.unit.risk.test_standing import only, stands, use
from tradewire.domain.limits import Amount
from tradewire.messages import order_events as o
from tradewire.messages.account_events import Halted, MarksRecorded
from tradewire.messages.registry import decode
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.marks import due_by_time, due_first
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.strategy import StrategyProfile
from tradewire_risk.domain.timers import due_warnings

TODAY, TOMORROW = "2026-01-02", "2026-01-03"


def write(log: Log, due: list[Due]) -> list[Any]:
    return [decode(event) for each in due for event in log.append(each.command)]


def timed(log: Log) -> list[Due]:
    return due_by_time(log.state, log.board, log.now)


def traded(log: Trading, side: Any, quantity: str, price: str = "100", strategy: str = "momo", **fields: Any) -> None:
    """An execution of a strategy, and a quote of its price."""
    log.wait(MINUTE)
    log.quote("AAPL", price)
    order = log.approve(f"n{len(log.events)}", side, quantity, strategy=strategy, **fields)
    log.submit(order)
    log.fill(order, quantity, price)


def holding(limits: dict[str, str], setup: Setup = PAPER, cash: str = "10000") -> Trading:
    """`momo` and `other` hold 10 AAPL each, at 100, of an account with 10,000 whose day has begun."""
    log = Trading(setup, limits={"max_daily_loss": "none", "max_drawdown": "none", "mark_interval": "none"})
    log.cash(cash)
    write(log, due_first(log.state, log.board, log.now))
    traded(log, "buy", "10")
    traded(log, "buy", "10", strategy="other")
    if limits:
        log.set_limits(limits, "strategy.momo", by="anna")
    return log


def at(log: Log, price: str) -> None:
    """The account is marked at a price of AAPL."""
    log.wait(MINUTE)
    log.quote("AAPL", price)
    log.mark("AAPL", price)


ROWS = [
    # 10 AAPL that fall by 20 lose 200, which is 2 percent of 10,000.
    ({"max_daily_loss": "200"}, "80", "79.99", Reason.LOSS_DAILY_LIMIT, "own_loss", "200.10", "200"),
    ({"max_daily_loss_percent": "2"}, "80", "79.99", Reason.LOSS_DAILY_LIMIT, "own_loss_percent", "2.001", "2"),
    ({"max_drawdown": "2"}, "80", "79.99", Reason.LOSS_DRAWDOWN_LIMIT, "own_drawdown", "2.001", "2"),
]


@pytest.mark.parametrize(("limits", "allowed", "denied", "reason", "check", "value", "most"), ROWS)
def test_what_reaches_a_limit_passes_and_what_is_beyond_it_is_denied(
    limits: dict[str, str], allowed: str, denied: str, reason: Reason, check: str, value: str, most: str
) -> None:
    found = []
    for price in (allowed, denied):
        log = holding(limits)
        at(log, price)
        found.append(log.decide(log.request("s", quantity="1")).reason)
        assert log.decide(log.request("other", quantity="1", strategy="other")).reason is None
    assert found == [None, reason]
    decided = log.decide(log.request("t", quantity="1"))
    assert [(c.name, c.value, c.limit) for c in decided.data.checks if not c.passed] == [(check, value, most)]
    assert isinstance(decided.data, o.OrderDenied)
    assert decided.data.message.startswith("momo ")


@pytest.mark.parametrize(("limits", "denied"), [(row[0], row[2]) for row in ROWS])
def test_a_verified_exit_passes(limits: dict[str, str], denied: str) -> None:
    log = holding(limits)
    at(log, denied)
    assert log.decide(log.request("exit", "sell", "10", reduce_only=True)).reason is None


@pytest.mark.parametrize("limit", ["max_daily_loss", "max_daily_loss_percent", "max_drawdown"])
def test_a_limit_that_is_lifted_or_not_set_in_the_scope_measures_nothing(limit: str) -> None:
    for text in ("none", None):
        log = holding({limit: text} if text else {"max_order_value": "5000"})
        at(log, "10")
        decided = log.decide(log.request("s", quantity="1"))
        assert decided.reason is None
        rows = {c.name: c for c in decided.data.every_check() if c.name.startswith("own_")}
        assert {name: (row.value, row.limit) for name, row in rows.items()} == dict.fromkeys(rows, ("", ""))
        assert set(rows) == {"own_loss", "own_loss_percent", "own_drawdown"}


@pytest.mark.parametrize(("limits", "reason"), [(row[0], row[3]) for row in ROWS])
def test_a_missing_mark_denies_entries_of_the_strategy_and_of_nobody_else(
    limits: dict[str, str], reason: Reason
) -> None:
    """Euros that cancel out between two strategies are worth something to neither and nothing to the account."""
    log = holding(limits)
    for strategy, side, price in (
        ("momo", "buy", "10"),
        ("other", "sell", "10"),
        ("x", "buy", "11"),
        ("x", "sell", "11"),
    ):
        log.executed("buy" if side == "buy" else "sell", "1", price, strategy=strategy, symbol="SAP/EUR")
    assert (log.worth(), log.state.accounts.loss("paper")) == (None, Decimal(0))
    log.quote("AAPL", "100")
    decided = log.decide(log.request("s", quantity="1"))
    assert decided.reason is reason
    assert isinstance(decided.data, o.OrderDenied)
    assert "not known" in decided.data.message
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is None
    assert log.decide(log.request("t", quantity="1", strategy="other")).reason is None


def test_what_only_other_strategies_lost_is_not_measured_and_neither_is_what_the_owner_moves() -> None:
    log = holding({"max_daily_loss": "5", "max_daily_loss_percent": "0.1", "max_drawdown": "0.1"})
    traded(log, "sell", "10")
    log.cash("-3000", reason="withdrawal")
    log.cash("-300", reason="fee")
    at(log, "90")
    assert log.decide(log.request("s", quantity="1")).reason is None


def test_the_loss_of_the_day_begins_anew_with_the_day_and_the_drawdown_goes_on() -> None:
    log = holding({"max_daily_loss": "200", "max_drawdown": "3"})
    at(log, "85")
    log.now = NOW + DAY
    log.quote("AAPL", "85")
    write(log, due_first(log.state, log.board, log.now))
    at(log, "71")
    assert log.decide(log.request("enough", quantity="1")).reason is None
    at(log, "64.99")
    assert log.decide(log.request("loss", quantity="2")).reason is Reason.LOSS_DAILY_LIMIT
    log.set_limits({"max_drawdown": "3"}, "strategy.momo", by="anna")
    assert log.decide(log.request("fallen", quantity="3")).reason is Reason.LOSS_DRAWDOWN_LIMIT


def test_the_strategys_window_is_the_longest_of_all_scopes() -> None:
    log = holding({"max_drawdown": "1"})
    log.set_limits({**log.state.controls.limits["global"].limits, "drawdown_window": "1d"})
    days = [TODAY, TOMORROW, "2026-01-04"]
    for day, price in zip(days, ("120", "105", "100"), strict=True):
        log.marked(day, AAPL=price)
    log.now = NOW + 2 * DAY
    log.quote("AAPL", "100")
    # The second day began at 200, where the first had ended, and the third at 50.
    assert log.decide(log.request("a", quantity="1")).reason is Reason.LOSS_DRAWDOWN_LIMIT
    log.marked("2026-01-05", AAPL="100")
    log.now = NOW + 3 * DAY
    log.quote("AAPL", "100")
    assert log.decide(log.request("b", quantity="1")).reason is None
    log.set_limits({"max_drawdown": "1", "drawdown_window": "5d"}, "strategy.momo", by="anna")
    assert log.decide(log.request("c", quantity="1")).reason is Reason.LOSS_DRAWDOWN_LIMIT


def test_the_accounts_highest_equity_is_kept_as_far_back_as_the_strategys_window() -> None:
    """60 lost are 0.6 percent of the 10,000 of the first day, and 1.2 percent of what was left of them later."""
    found = []
    for window in ("5d", "1d"):
        log = holding({"max_drawdown": "1", "drawdown_window": window})
        log.set_limits({**log.state.controls.limits["global"].limits, "drawdown_window": "1d"})
        log.marked(TODAY, AAPL="100")
        log.cash("-5000", reason="withdrawal")
        for day in (TOMORROW, "2026-01-04", "2026-01-05"):
            log.marked(day, AAPL="100")
        log.marked("2026-01-05", AAPL="94")
        log.now = NOW + 3 * DAY
        log.quote("AAPL", "94")
        found.append(log.decide(log.request("s", quantity="1")).reason)
    assert found == [None, Reason.LOSS_DRAWDOWN_LIMIT]


def test_a_strategy_without_executions_has_lost_nothing() -> None:
    log = Log()
    log.set_limits({"max_daily_loss": "1", "max_daily_loss_percent": "1", "max_drawdown": "1"}, "strategy.momo")
    assert log.decide(log.request("s")).reason is None


def test_without_equity_no_percentage_of_it_is_known() -> None:
    log = Trading(limits={"max_daily_loss": "none"})
    log.set_limits({"max_daily_loss_percent": "5"}, "strategy.momo", by="anna")
    log.executed("buy", "1", "100", fee="1")
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    decided = log.decide(log.request("s", quantity="1"))
    assert decided.reason is Reason.LOSS_DAILY_LIMIT
    assert "equity is missing" in decided.data.message  # type: ignore[union-attr]


def test_the_scope_of_a_strategy_no_longer_tightens_the_accounts_limits() -> None:
    log = Log()
    log.set_limits({"max_daily_loss": "1", "max_drawdown": "1", "max_order_value": "10"}, "strategy.momo")
    rules = log.state.rules.of_order("paper", "momo", "AAPL")
    assert rules.account.max_daily_loss == rules.bounds.max_daily_loss == Amount(Decimal(5000), "5000")
    assert rules.strategy is not None
    assert (rules.strategy.max_daily_loss, rules.strategy.max_order_value) == (Amount(Decimal(1), "1"), None)
    assert rules.bounds.max_order_value == Amount(Decimal(10), "10")
    assert log.state.rules.of_order("paper", "other", "AAPL").strategy is None
    assert log.state.rules.limited_strategies() == ("momo",)
    log.set_limits({"max_order_value": "10"}, "strategy.momo")
    assert log.state.rules.limited_strategies() == ()
    log.set_limits({"max_daily_loss": "abc"}, "strategy.momo")
    assert log.decide(log.request("s")).reason is Reason.LIMITS_INVALID


# Trips

TRIPS = [
    ({"max_daily_loss": "200"}, "REDUCE_ONLY", "LOSS_DAILY_LIMIT: loss=200.10 account=paper limit=200"),
    ({"max_daily_loss_percent": "2"}, "REDUCE_ONLY", "LOSS_DAILY_LIMIT: loss=2.001% account=paper limit=2%"),
    ({"max_drawdown": "2"}, "HALT", "LOSS_DRAWDOWN_LIMIT: drawdown=2.001% account=paper limit=2%"),
]


@pytest.mark.parametrize(("limits", "level", "why"), TRIPS)
def test_a_loss_above_its_limit_trips_the_strategy_once_a_day(limits: dict[str, str], level: Any, why: str) -> None:
    log = holding(limits)
    log.wait(MINUTE)
    log.quote("AAPL", "80")
    assert timed(log) == []
    log.wait(SECOND)
    log.quote("AAPL", "79.99")
    (due,) = timed(log)
    recorded, halted = write(log, [due])
    reason = why.partition(":")[0]
    assert (recorded.reason, recorded.marks["AAPL"].price) == (f"{reason} strategy.momo", Decimal("79.99"))
    assert (due.account, due.why) == ("paper", f"{reason} strategy.momo")
    assert halted == Halted(scope="strategy.momo", level=level, by="risk", reason=why, request=halted.request)
    assert timed(log) == []
    assert log.state.controls.level(("account.paper", "strategy.other")) == ("NONE", "")

    log.resume("strategy.momo")
    log.wait(SECOND)
    log.quote("AAPL", "70")
    assert timed(log) == []
    log.wait(DAY)
    log.quote("AAPL", "70")
    write(log, due_first(log.state, log.board, log.now))
    log.wait(SECOND)
    log.quote("AAPL", "40")
    (again,) = timed(log)
    assert again.event_id != due.event_id
    write(log, [again])
    assert log.state.controls.level(("strategy.momo",)) == (level, "strategy.momo")


def test_the_same_trip_has_the_same_id_after_a_restart_and_another_in_another_account() -> None:
    setup = Setup(accounts={"paper": Profile("paper"), "second": Profile("second")})
    log = holding({"max_daily_loss": "200"}, setup)
    log.cash("10000", account="second")
    write(log, due_first(log.state, log.board, log.now))
    log.executed("buy", "10", "100", account="second")
    log.wait(MINUTE)
    log.quote("AAPL", "79")
    before = timed(log)
    log.wait(SECOND)
    log.quote("AAPL", "78")
    first, second = timed(log)
    assert [due.event_id for due in before] == [first.event_id, second.event_id]
    write(log, [first])
    log.resume("strategy.momo")
    (second,) = timed(log)
    (_, halted) = write(log, [second])
    assert halted.reason == "LOSS_DAILY_LIMIT: loss=220 account=second limit=200"


def test_the_account_and_the_strategy_trip_one_after_the_other() -> None:
    log = holding({"max_daily_loss": "200", "max_drawdown": "2"})
    limits = {**log.state.controls.limits["global"].limits, "max_daily_loss": "100"}
    log.set_limits(limits)
    log.wait(MINUTE)
    log.quote("AAPL", "79")
    scopes = []
    while due := timed(log):
        scopes += [(d.scope, d.level) for d in write(log, due) if isinstance(d, Halted)]
    assert scopes == [("account.paper", "REDUCE_ONLY"), ("strategy.momo", "REDUCE_ONLY"), ("strategy.momo", "HALT")]


def test_a_trip_never_lowers_the_strategys_switch() -> None:
    log = holding({"max_daily_loss": "200"})
    log.halt("KILL", "strategy.momo")
    log.wait(MINUTE)
    log.quote("AAPL", "70")
    assert [type(data) for data in write(log, timed(log))] == [MarksRecorded]
    assert log.state.controls.level(("strategy.momo",))[0] == "KILL"


def test_what_strategies_hold_against_each_other_is_marked_as_well() -> None:
    """The account is flat, and each strategy is not."""
    log = holding({"max_daily_loss": "200"})
    traded(log, "sell", "20", strategy="other")
    log.set_limits({**log.state.controls.limits["global"].limits, "mark_interval": "1m"})
    assert log.book().positions["AAPL"].quantity == 0
    log.wait(MINUTE)
    log.quote("AAPL", "95")
    (recorded,) = write(log, timed(log))
    assert recorded.marks["AAPL"].price == 95
    assert (log.worth(), log.worth("other")) == (Decimal(-50), Decimal(50))
    log.wait(SECOND)
    log.quote("AAPL", "79")
    assert [due.why for due in timed(log)] == ["LOSS_DAILY_LIMIT strategy.momo"]


# What people see


def test_what_is_used_of_it_is_shown_and_warned_of_from_the_soft_limit_on() -> None:
    limits = {"max_daily_loss": "200", "max_daily_loss_percent": "none", "max_drawdown": "4"}
    for price, warned in (("84.01", []), ("84", ["max_daily_loss"])):
        log = holding(limits)
        at(log, price)
        due = [d for d in write(log, due_warnings(log.state, log.now)) if d.strategy]
        assert [(d.check, d.strategy, d.limit) for d in due] == [(name, "momo", "200") for name in warned]
        assert log.decide(log.request("s", quantity="1")).reason is None
    account = only(stands(log))
    row = use(account, "max_daily_loss", strategy="momo")
    assert (row.value, row.most, row.percent, row.setting, row.unit, row.warns) == (160, 200, 80, "200", "money", True)
    assert use(account, "max_drawdown", strategy="momo").value == Decimal("1.6")
    assert use(account, "max_drawdown", strategy="momo").setting == "4"
    assert use(account, "max_daily_loss_percent", strategy="momo").setting == "none"
    assert use(account, "max_daily_loss").value == 320


def test_a_limit_is_shown_before_the_first_execution_where_the_strategy_may_trade() -> None:
    strategies = {"momo": StrategyProfile("momo", accounts=frozenset({"second"}))}
    log = Log(Setup(accounts={"paper": Profile("paper"), "second": Profile("second")}, strategies=strategies))
    log.set_limits({"max_daily_loss": "200"}, "strategy.momo")
    log.set_limits({"max_drawdown": "5"}, "strategy.new")
    found = {each.account: {(u.limit, u.strategy) for u in each.uses if u.strategy} for each in stands(log).accounts}
    assert found == {
        "paper": {("max_drawdown", "new")},
        "second": {("max_drawdown", "new"), ("max_daily_loss", "momo")},
    }


def test_gauges_tell_of_strategies_whose_results_are_limited() -> None:
    log = holding({"max_daily_loss": "200"})
    at(log, "90")
    page = shown(log)
    assert page['strategy_day_loss{account="paper",strategy="momo"}'] == 100
    assert page['strategy_drawdown_ratio{account="paper",strategy="momo"}'] == 0.01
    assert page['limit_use_ratio{account="paper",limit="max_daily_loss"}'] == 0.5
    assert not [name for name in page if "other" in name]


def test_where_no_strategy_is_limited_nothing_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    log = holding({})

    def never(*_args: Any) -> None:
        raise AssertionError("worked out")

    monkeypatch.setattr("tradewire.domain.results.worth", never)
    monkeypatch.setattr("tradewire_risk.domain.own.worth", never)
    assert log.decide(log.request("s", quantity="1")).reason is None
    assert [u.limit for u in only(stands(log)).uses if u.strategy == "momo"] == ["max_orders_per_day"]
    assert "strategy_day_loss" not in {name.partition("{")[0] for name in shown(log)}
    assert timed(log) == []
