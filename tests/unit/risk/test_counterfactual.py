"""Recorded decisions made again under other limits: what changes, what follows from it, and that nothing else does."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.risk.builders import DAY, MINUTE, SECOND, Log
from tests.unit.risk.replay_digest import steps
from tests.unit.risk.scenario import OFTEN, SETUP, STEPS, Scenario
from tradewire.domain.orders import Order
from tradewire.errors import LogCorrupt
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import SizeAsked
from tradewire_risk.domain.counterfactual.replay import Bound, Replay
from tradewire_risk.domain.counterfactual.report import Tally
from tradewire_risk.domain.marks import due_by_time, due_first
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.trips import due_repeats

Overlay = dict[str, dict[str, str]]
lives = st.lists(st.tuples(st.sampled_from([*STEPS, *OFTEN]), st.integers(0, 999)), max_size=60)


def replay(log: Log, overlay: Mapping[str, dict[str, str]] | None = None, **bounds: Any) -> Any:
    """A Report, untyped so that its decimals can be held against plain numbers."""
    engine = Replay(log.state.setup, dict(overlay or {}), **bounds)
    for event in log.events:
        engine.feed(event)
    return engine.finish()


def everywhere(**limits: str) -> Overlay:
    return {"global": limits}


def only(report: Any) -> Any:
    (account,) = report.accounts
    return account


def trade(log: Log, name: str, side: Any = "buy", quantity: str | None = "10", at: str = "100", **fields: Any) -> Order:
    """An order that is approved, sent and filled, a minute after what was before."""
    log.wait(MINUTE)
    log.quote(fields.get("symbol", "AAPL"), at)
    order = log.approve(name, side, quantity, **fields)
    log.submit(order)
    log.accept(order)
    filled = log.order(order.order)
    assert filled.quantity is not None
    log.fill(filled, str(filled.quantity), at)
    return filled


def ladder() -> Log:
    """Three buys of 10 at 100, 110 and 120, and everything sold at 130."""
    log = Log(price=None)
    log.cash("100000")
    for number, price in enumerate(("100", "110", "120")):
        trade(log, f"buy{number}", at=price)
    trade(log, "out", None, None, "130", action="close")
    return log


def test_under_the_recorded_limits_nothing_changes() -> None:
    log = ladder()
    held = log.state.controls.limits["global"].limits
    report = replay(log, everywhere(**held))
    assert (report.changes, report.unreproduced, report.limits) == ((), (), ())
    assert report.was == report.would == Tally(approved=4)
    account = only(report)
    assert not account.differs
    assert (account.result_was, account.peak_was) == (600, 3600)


def test_a_close_that_had_no_price_has_none_again() -> None:
    log = ladder()
    trade(log, "held", at="100")
    log.wait(MINUTE)
    log.board = QuoteBoard()
    denied = log.decide(log.request("out again", None, None, action="close"))
    assert denied.reason is Reason.PRICE_MISSING
    log.append(denied.command)
    report = replay(log, everywhere(max_order_value="9999"))
    assert (report.changes, report.unreproduced) == ((), ())


def test_a_smaller_position_limit_denies_what_goes_above_it_and_leaves_its_executions_out() -> None:
    report = replay(ladder(), everywhere(max_position_value="2200"))
    assert [(c.symbol, c.was.verdict, c.was.quantity, c.would.verdict, c.would.reason) for c in report.changes] == [
        ("AAPL", "approved", Decimal(10), "denied", "POSITION_ABOVE_MAX"),
        ("AAPL", "approved", Decimal(30), "approved", ""),
    ]
    assert report.changes[1].would.quantity == 20
    assert (report.was, report.would) == (Tally(approved=4), Tally(approved=3, denied=1))
    assert (report.dropped, report.scaled, report.unknown) == (1, 1, 0)
    account = only(report)
    assert (account.peak_was, account.peak_would) == (3600, 2200)
    assert (account.result_was, account.result_would) == (600, 500)
    assert account.holdings == ()
    (changed,) = report.limits
    assert (changed.scope, changed.limit, changed.was, changed.would) == (
        "global",
        "max_position_value",
        "50000",
        "2200",
    )


def test_later_decisions_rest_on_what_would_have_been() -> None:
    log = ladder()
    trade(log, "again", at="100")
    report = replay(log, everywhere(max_order_value="1050"))
    verdicts = [(c.was.verdict, c.would.verdict, c.would.quantity) for c in report.changes]
    assert verdicts == [("approved", "denied", None), ("approved", "denied", None), ("approved", "approved", 10)]
    assert [c.would.reason for c in report.changes][:2] == ["NOTIONAL_ABOVE_MAX"] * 2
    assert only(report).result_would == 300


def test_a_close_of_what_was_never_bought_finds_nothing() -> None:
    report = replay(ladder(), everywhere(max_order_value="900"))
    assert [c.would.reason for c in report.changes] == ["NOTIONAL_ABOVE_MAX"] * 3 + ["NOTHING_TO_CLOSE"]
    assert report.would == Tally(denied=4)
    assert (only(report).result_would, only(report).peak_would) == (0, 0)


def test_an_exit_that_would_be_denied_leaves_the_position_and_its_value() -> None:
    log = Log(price=None)
    log.cash("100000")
    trade(log, "in", at="100")
    log.wait(MINUTE)
    log.quote("AAPL", "120", age=4 * SECOND)
    out = log.approve("out", None, None, action="close")
    log.submit(out)
    log.fill(out, "10", "120")
    trade(log, "other", symbol="MSFT", at="50")
    log.wait(MINUTE)
    log.mark("MSFT", "55")

    report = replay(log, everywhere(max_price_age="3s"))

    assert [(c.action, c.would.reason) for c in report.changes] == [("close", "PRICE_STALE")]
    account = only(report)
    assert [(h.symbol, h.was, h.would) for h in account.holdings] == [("AAPL", 0, 10)]
    assert (account.result_was, account.result_would) == (250, 250)


def test_what_would_be_approved_and_was_not_trades_nothing_and_counts_as_an_order() -> None:
    log = Log(limits={"max_order_value": "900", "max_orders_per_day": "2"}, price=None)
    log.cash("100000")
    for number in range(3):
        log.wait(MINUTE)
        log.quote("AAPL", "100")
        log.request(f"large{number}", "buy", "10")
        log.run()
    report = replay(log, everywhere(max_order_value="5000"))
    assert [(c.was.reason, c.would.verdict) for c in report.changes] == [("NOTIONAL_ABOVE_MAX", "approved")] * 2
    assert (report.unknown, report.other_reason) == (2, 1)
    assert (report.was, report.would) == (Tally(denied=3), Tally(approved=2, denied=1))
    account = only(report)
    assert (account.result_would, account.holdings) == (0, ())
    assert not log.state.accounts.position("paper", "AAPL")


def test_a_size_that_follows_equity_is_another_and_its_executions_and_fees_are_scaled() -> None:
    log = Log(price=None)
    log.cash("10000")
    trade(log, "lost", "buy", "50", "100", symbol="MSFT")
    trade(log, "out", None, None, "60", action="close", symbol="MSFT")
    log.wait(MINUTE)
    log.quote("AAPL", "50")
    order = log.approve("sized", "buy", None, size=SizeAsked("percent_of_equity", Decimal(50)))
    assert order.quantity == 80
    log.submit(order)
    log.fill(order, "30", "50", "3")
    log.fill(order, "50", "50", "5")
    log.wait(MINUTE)
    log.mark("AAPL", "55")

    report = replay(log, {"symbol.MSFT": {"max_order_value": "100"}})

    assert [(c.symbol, c.was.quantity, c.would.quantity) for c in report.changes] == [
        ("MSFT", 50, None),
        ("MSFT", 50, None),
        ("AAPL", 80, 100),
    ]
    account = only(report)
    assert [(h.symbol, h.was, h.would) for h in account.holdings] == [("AAPL", 80, 100)]
    assert (account.result_was, account.result_would) == (-2000 + 400 - 8, 500 - 10)
    assert (report.dropped, report.scaled) == (2, 2)


def test_a_scaled_order_is_filled_to_the_last_digit_and_a_bust_takes_all_of_its_part_back() -> None:
    log = Log(price=None)
    log.cash("10000")
    trade(log, "first", "buy", "10", "100")
    second = trade(log, "second", "buy", "20", "100")
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    out = log.approve("out", None, None, action="close")
    log.submit(out)
    log.accept(out)
    for part in ("7", "11", "12"):
        log.fill(log.order(out.order), part, "100", "0.3")
    assert second.quantity == 20

    report = replay(log, everywhere(max_order_value="1500"))

    assert [(c.was.quantity, c.would.quantity) for c in report.changes] == [(20, None), (30, 10)]
    account = only(report)
    assert account.holdings == ()
    assert (account.result_was, account.result_would) == (Decimal("-0.9"), Decimal("-0.3"))
    assert report.scaled == 3


def test_an_order_that_would_need_a_person_trades_nothing_and_its_recorded_approval_is_kept_where_it_was_held() -> None:
    log = Log(limits={"approval_threshold": "2000", "approval_deadline": "5m"}, price=None)
    log.cash("100000")
    trade(log, "small")
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    held = log.request("large", "buy", "30")
    log.run()
    log.write(f"order-{held.order}", o.OrderApprovalGranted(order=held.order, by="person:bob", request="r"))
    log.run()
    log.submit(log.order(held.order))
    log.fill(log.order(held.order), "30")

    assert not replay(log, everywhere(approval_threshold="2500")).changes
    report = replay(log, everywhere(approval_threshold="500"))
    assert [(c.was.verdict, c.would.verdict) for c in report.changes] == [("approved", "held")]
    assert [(h.was, h.would) for h in only(report).holdings] == [(40, 30)]
    free = replay(log, everywhere(approval_threshold="none"))
    assert [(c.was.verdict, c.would.verdict) for c in free.changes] == [("held", "approved")]
    assert free.unknown == 1
    assert [(h.was, h.would) for h in only(free).holdings] == [(40, 10)]


def marked(log: Log, price: str | None = None) -> None:
    """Risk marks at a price, and throws what it must."""
    log.wait(MINUTE)
    if price is not None:
        log.quote("AAPL", price)
    for due in due_first(log.state, log.board, log.now):
        log.append(due.command)
    for due in due_by_time(log.state, log.board, log.now):
        log.append(due.command)


def loss_log() -> Log:
    """A loss of 800 that trips, an entry that is denied for it, and one a day later, after a resume."""
    log = Log(limits={"max_daily_loss": "500", "max_price_age": "5m", "mark_interval": "1s"}, price=None)
    log.cash("100000")
    marked(log)
    trade(log, "buy", "buy", "40", "100")
    marked(log, "80")
    assert log.state.controls.switches["account.paper"].level == "REDUCE_ONLY"
    log.quote("AAPL", "80")
    log.request("denied", "buy", "1")
    (decided,) = log.run()
    assert decided.reason == "TRADING_REDUCE_ONLY"
    log.wait(DAY)
    marked(log, "80")
    log.resume("account.paper")
    trade(log, "later", "buy", "1", "80")
    return log


def test_a_trip_of_the_log_stays_and_a_looser_limit_takes_it_away() -> None:
    log = loss_log()
    same = replay(log, everywhere(max_daily_loss="500"))
    assert (same.changes, same.unreproduced, same.other_reason) == ((), (), 0)
    assert (same.trips_was, same.trips_would) == (1, 1)
    loose = replay(log, everywhere(max_daily_loss="2000"))
    assert [(c.was.reason, c.would.verdict) for c in loose.changes] == [("TRADING_REDUCE_ONLY", "approved")]
    assert (loose.trips_was, loose.trips_would) == (1, 0)


def test_a_tighter_limit_trips_at_the_marks_of_the_log() -> None:
    log = Log(limits={"max_price_age": "5m", "mark_interval": "1s"}, price=None)
    log.cash("100000")
    marked(log)
    trade(log, "buy", "buy", "40", "100")
    marked(log, "80")
    trade(log, "more", "buy", "1", "80")
    report = replay(log, everywhere(max_daily_loss="500"))
    assert [(c.was.verdict, c.would.reason) for c in report.changes] == [("approved", "TRADING_REDUCE_ONLY")]
    assert (report.trips_was, report.trips_would) == (0, 1)


def test_a_limit_of_a_strategys_own_loss_trips_the_strategy_at_the_marks_of_the_log() -> None:
    log = Log(limits={"max_price_age": "5m", "mark_interval": "1s"}, price=None)
    log.cash("100000")
    marked(log)
    trade(log, "mine", "buy", "40", "100")
    trade(log, "theirs", "buy", "40", "100", strategy="other")
    log.set_limits({"max_daily_loss": "700"}, "strategy.momo", by="anna")
    marked(log, "80")
    assert log.state.controls.switches["strategy.momo"].level == "REDUCE_ONLY"
    log.quote("AAPL", "80")
    log.request("denied", "buy", "1")
    log.request("passes", "buy", "2", strategy="other")
    assert [each.reason for each in log.run()] == ["TRADING_REDUCE_ONLY", None]

    same = replay(log, {"strategy.momo": {"max_daily_loss": "700"}})
    assert (same.changes, same.unreproduced, same.other_reason) == ((), (), 0)
    assert (same.trips_was, same.trips_would) == (1, 1)
    loose = replay(log, {"strategy.momo": {"max_daily_loss": "900"}})
    assert [(c.was.reason, c.would.verdict) for c in loose.changes] == [("TRADING_REDUCE_ONLY", "approved")]
    assert (loose.trips_was, loose.trips_would) == (1, 0)
    tight = replay(log, {"strategy.other": {"max_daily_loss": "700"}})
    assert [(c.was.verdict, c.would.reason) for c in tight.changes] == [("approved", "TRADING_REDUCE_ONLY")]


def test_a_strategy_pauses_after_as_many_executions_as_the_other_limit_says() -> None:
    log = Log(limits={"max_repeated_executions": "3", "repeated_execution_window": "1h"}, price=None)
    log.cash("100000")
    for number in range(3):
        trade(log, f"buy{number}")
    for due in due_repeats(log.state, log.now):
        log.append(due.command)
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    log.request("fourth")
    (decided,) = log.run()
    assert decided.reason == "STRATEGY_PAUSED"

    same = replay(log, everywhere(max_repeated_executions="3"))
    assert (same.changes, same.unreproduced, same.other_reason) == ((), (), 0)
    loose = replay(log, everywhere(max_repeated_executions="5"))
    assert [(c.was.reason, c.would.verdict) for c in loose.changes] == [("STRATEGY_PAUSED", "approved")]
    tight = replay(log, everywhere(max_repeated_executions="2"))
    assert [(c.was.verdict, c.would.reason) for c in tight.changes] == [("approved", "STRATEGY_PAUSED")]


def test_the_buying_power_is_moved_by_what_was_not_bought() -> None:
    log = Log(limits={"max_balance_age": "1h"}, price=None)
    log.cash("3000")
    log.balances("3000")
    trade(log, "first", "buy", "20")
    log.balances("1000")
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    log.request("second", "buy", "15")
    (decided,) = log.run()
    assert decided.reason == "BUYING_POWER_INSUFFICIENT"
    report = replay(log, everywhere(max_order_value="1800"))
    assert [(c.was.verdict, c.would.verdict) for c in report.changes] == [
        ("approved", "denied"),
        ("denied", "approved"),
    ]


def test_what_a_working_order_ties_up_is_free_where_it_would_not_work() -> None:
    log = Log(limits={"max_balance_age": "1h"}, price=None)
    log.cash("3000")
    log.balances("3000")
    log.quote("AAPL", "100")
    order = log.approve("rests", "buy", "20", order_type="limit", limit_price=Decimal(100))
    log.submit(order)
    log.fact(o.OrderAccepted, order, broker_order_id="b1")
    log.balances("1000", reserved=Decimal(2000))
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    log.request("second", "buy", "15")
    log.run()
    report = replay(log, everywhere(max_order_value="1800"))
    assert [(c.was.verdict, c.would.verdict) for c in report.changes] == [
        ("approved", "denied"),
        ("denied", "approved"),
    ]


def test_limits_of_people_that_are_set_later_are_laid_over_too() -> None:
    log = ladder()
    log.set_limits({"max_order_value": "3000"}, "account.paper", "anna")
    trade(log, "large", "buy", "20")
    report = replay(log, {"account.paper": {"max_order_value": "1500"}})
    assert [c.would.reason for c in report.changes] == ["NOTIONAL_ABOVE_MAX"]
    assert [(c.scope, c.was, c.would) for c in report.limits] == [("account.paper", "3000", "1500")]


@pytest.mark.parametrize("since", ["pos", "time"])
def test_limits_hold_from_where_they_are_said_to(since: str) -> None:
    log = ladder()
    third = [event for event in log.events if event.type == "OrderRequested"][2]
    bound = Bound(pos=third.pos) if since == "pos" else Bound(time=third.time)
    report = replay(log, everywhere(max_order_value="900"), since=bound)
    assert [(c.was.quantity, c.would.quantity) for c in report.changes] == [(10, None), (30, 20)]
    assert (report.decisions, report.first) == (2, third.pos)
    assert (only(report).result_was, only(report).result_would) == (500, 400)


def test_what_comes_later_is_not_looked_at() -> None:
    log = ladder()
    second = [event for event in log.events if event.type == "OrderRequested"][1]
    for bound in (Bound(pos=second.pos - 1), Bound(time=second.time)):
        report = replay(log, everywhere(max_order_value="900"), until=bound)
        assert (report.decisions, report.last) == (1, second.pos - 1)


def test_only_one_account_is_decided_again() -> None:
    log = Log(SETUP, price=None)
    log.cash("100000")
    log.cash("100000", account="second")
    trade(log, "a")
    trade(log, "b", account="second")
    report = replay(log, everywhere(max_order_value="900"), account="second")
    assert [c.account for c in report.changes] == ["second"]
    assert (report.decisions, only(report).account) == (1, "second")


def test_what_the_log_does_not_tell_leaves_a_decision_as_it_was() -> None:
    log = ladder()
    unknown = Replay(type(log.state.setup)(accounts={}), everywhere(max_order_value="900"))
    for event in log.events:
        unknown.feed(event)
    report = unknown.finish()
    assert [c.would.reason for c in report.unreproduced] == ["ACCOUNT_UNKNOWN"] * 4
    assert (report.changes, report.was) == ((), report.would)
    assert not only(report).differs


def test_a_limit_price_is_measured_from_the_middle_that_the_log_tells() -> None:
    log = Log(limits={"max_price_away": "3", "max_price_away_passive": "20"}, price=None)
    log.cash("100000")
    log.quote("AAPL", "100", bid="99", ask="102")
    log.approve("near", "buy", "1", order_type="limit", limit_price=Decimal("102.5"))
    log.approve("far", "buy", "1", order_type="limit", limit_price=Decimal(90))
    log.approve("sell", "sell", "1", order_type="limit", limit_price=Decimal(110))
    assert not replay(log, everywhere(max_price_away="2.5", max_price_away_passive="10")).changes
    report = replay(log, everywhere(max_price_away="2.49", max_price_away_passive="9.99"))
    assert [c.would.reason for c in report.changes] == ["PRICE_OUTSIDE_COLLAR"] * 3


def test_a_limit_that_was_lifted_is_measured_from_the_middle_as_well() -> None:
    log = Log(limits={"max_price_away": "none", "max_price_away_passive": "none"}, price=None)
    log.cash("100000")
    log.quote("AAPL", "100", bid="99", ask="102")
    log.approve("far", "buy", "1", order_type="limit", limit_price=Decimal(90))
    assert not replay(log, everywhere(max_price_away="10", max_price_away_passive="10")).changes
    report = replay(log, everywhere(max_price_away="9.99", max_price_away_passive="9.99"))
    assert [c.would.reason for c in report.changes] == ["PRICE_OUTSIDE_COLLAR"]


def test_a_gap_in_the_log_is_no_log() -> None:
    log = ladder()
    engine = Replay(log.state.setup, everywhere(max_order_value="900"))
    engine.feed(log.events[0])
    with pytest.raises(LogCorrupt, match="position 3 follows 1"):
        engine.feed(log.events[2])


@settings(max_examples=60, deadline=None)
@given(lives)
def test_with_nothing_laid_over_every_decision_of_every_life_comes_out_the_same(life: list[Any]) -> None:
    report = replay(Scenario().run([("quote", 1), *life]).log)
    assert (report.changes, report.unreproduced, report.other_reason) == ((), (), 0)
    assert report.was == report.would
    assert not any(account.differs for account in report.accounts)


@settings(max_examples=30, deadline=None)
@given(lives, st.sampled_from(["500", "1500", "4000"]))
def test_the_same_log_and_limits_give_the_same_bytes(life: list[Any], most: str) -> None:
    log = Scenario().run([("quote", 1), *life]).log
    overlay = everywhere(max_position_value=most, max_order_value=most)
    first, second = (msgspec.json.encode(replay(log, overlay)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("seed", range(3))
def test_a_tight_limit_changes_a_long_life_for_its_own_reason(seed: int) -> None:
    log = Scenario().run(steps(seed, 400)).log
    report = replay(log, everywhere(max_order_value="600"))
    assert not report.unreproduced
    first = report.changes[0]
    assert (first.was.verdict, first.would.reason) == ("approved", "NOTIONAL_ABOVE_MAX")
