"""What risk appends because of time or a figure: trips, expiries, warnings and counts."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import DAY, MINUTE, NOW, SECOND, Log
from tradewire.messages import account_events as a
from tradewire.messages.registry import decode
from tradewire.messages.system_events import ClockStepped
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.marks import due_by_time
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.timers import MOST_UNRECORDED, due_counts, due_expiries, due_warnings
from tradewire_risk.domain.trips import due_repeats, due_steps


def write(log: Log, due: list[Due]) -> list[Any]:
    return [decode(event) for each in due for event in log.append(each.command)]


def executed(log: Log, *names: str) -> None:
    for name in names:
        quantity = str(1 + "abcdef".index(name))  # no two are duplicates
        order = log.approve(name, quantity=quantity)
        log.submit(order)
        log.fill(order, quantity)


def marked(log: Log, equity: str, day: str = "2026-01-02") -> None:
    log.write(
        "account-paper",
        a.MarksRecorded(account="paper", marks={}, day=day, reason="day", state_pos=1, equity=Decimal(equity)),
    )


def test_a_strategy_that_is_executed_too_often_is_paused_until_a_person_resumes_it() -> None:
    log = Log(limits={"max_repeated_executions": "3", "repeated_execution_window": "10m"})
    executed(log, "a", "b")
    assert due_repeats(log.state, log.now) == []
    executed(log, "c")
    (halted,) = write(log, due_repeats(log.state, log.now))
    assert (halted.scope, halted.level, halted.by) == ("strategy.momo", "PAUSED", "risk")
    assert halted.reason == "REPEATED_EXECUTION_TRIPPED: buy AAPL executed=3 within=10m limit=3"
    assert due_repeats(log.state, log.now) == []

    log.wait(1)
    log.resume("strategy.momo")
    assert due_repeats(log.state, log.now) == []
    executed(log, "d", "e")
    assert due_repeats(log.state, log.now) == []
    executed(log, "f")
    assert len(due_repeats(log.state, log.now)) == 1


def test_the_same_trip_has_the_same_id_and_a_higher_switch_stays() -> None:
    log = Log(limits={"max_repeated_executions": "1"})
    executed(log, "a")
    (first,) = due_repeats(log.state, log.now)
    log.wait(SECOND)
    (again,) = due_repeats(log.state, log.now)
    assert first.event_id == again.event_id
    log.halt("KILL", "strategy.momo")
    assert due_repeats(log.state, log.now) == []


def test_a_drawdown_above_its_limit_halts_the_account_once_a_day() -> None:
    log = Log(limits={"max_drawdown": "10", "drawdown_window": "30d", "max_daily_loss": "none"})
    log.cash("90000")
    marked(log, "100000")
    assert [due.why for due in due_by_time(log.state, log.board, log.now)] == []
    log.cash("-0.01", reason="fee")
    recorded, halted = write(log, due_by_time(log.state, log.board, log.now))
    assert (recorded.reason, recorded.equity) == ("LOSS_DRAWDOWN_LIMIT", Decimal("89999.99"))
    assert (halted.scope, halted.level) == ("account.paper", "HALT")
    assert due_by_time(log.state, log.board, log.now) == []
    log.wait(1)
    log.resume("account.paper")
    assert due_by_time(log.state, log.board, log.now) == []


def test_a_daily_loss_in_percent_reduces_the_account() -> None:
    log = Log(limits={"max_daily_loss_percent": "3"})
    log.cash("10000")
    marked(log, "10000")
    log.cash("-300", reason="fee")
    assert due_by_time(log.state, log.board, log.now) == []
    log.cash("-0.01", reason="fee")
    (_recorded, halted) = write(log, due_by_time(log.state, log.board, log.now))
    assert (halted.level, halted.reason.split(":")[0]) == ("REDUCE_ONLY", "LOSS_DAILY_LIMIT")


def test_a_step_of_the_ledgers_clock_lets_live_accounts_only_reduce_until_they_are_resumed() -> None:
    log = Log(Setup(accounts={"paper": Profile("paper"), "real": Profile("real", live=True)}))
    assert due_steps(log.state, log.now) == []
    log.write("system", ClockStepped(seconds=Decimal("-3.5")))
    (halted,) = write(log, due_steps(log.state, log.now))
    assert (halted.scope, halted.level) == ("account.real", "REDUCE_ONLY")
    assert halted.reason == "CLOCK_STEPPED: step=-3.5s limit=2s"
    assert due_steps(log.state, log.now) == []


def test_limits_that_were_set_for_a_while_give_way_to_those_of_before() -> None:
    log = Log()
    before = {"max_order_value": "500"}
    log.set_limits(before, "account.paper", by="anna")
    log.write(
        "limits-account.paper",
        a.LimitSet(
            scope="account.paper",
            limits={"max_order_value": "900"},
            old=before,
            by="anna",
            reason="today only",
            expires_at=NOW + MINUTE,
        ),
    )
    log.now = NOW + MINUTE - 1
    assert due_expiries(log.state, log.now) == []
    log.now = NOW + MINUTE
    (restored,) = write(log, due_expiries(log.state, log.now))
    assert (restored.limits, restored.old, restored.by) == (before, {"max_order_value": "900"}, "risk")
    assert due_expiries(log.state, log.now) == []


@pytest.mark.parametrize(("held", "warned"), [("79.99", []), ("80", ["max_position_value"])])
def test_it_warns_when_more_of_a_limit_is_used_than_the_soft_limit(held: str, warned: list[str]) -> None:
    log = Log(limits={"max_position_value": "10000", "soft_limit": "80"})
    log.cash("1000000")
    log.hold(held)
    due = due_warnings(log.state, log.now)
    assert [warning.check for warning in write(log, due)] == warned
    assert [each.event_id for each in due_warnings(log.state, log.now)] == [each.event_id for each in due]


def test_a_lifted_soft_limit_warns_of_nothing() -> None:
    log = Log(limits={"max_position_value": "10000", "soft_limit": "none"})
    log.cash("1000000")
    log.hold("100")
    assert due_warnings(log.state, log.now) == []


def test_counts_are_recorded_a_minute_after_they_changed_and_not_again_until_they_change() -> None:
    log = Log()
    log.approve("a")
    log.now += MINUTE - 1
    assert due_counts(log.state, log.now) == []
    log.now += 1
    (recorded,) = write(log, due_counts(log.state, log.now))
    assert (recorded.approved, recorded.day) == ({"momo": 1}, "2026-01-02")
    log.now += DAY
    assert due_counts(log.state, log.now) == []


def test_counts_are_recorded_at_once_when_they_changed_often() -> None:
    log = Log()
    log.approve("a")
    log.state.windows.of("paper").changes = MOST_UNRECORDED - 1
    assert due_counts(log.state, log.now) == []
    log.state.windows.of("paper").changes = MOST_UNRECORDED
    assert len(due_counts(log.state, log.now)) == 1
