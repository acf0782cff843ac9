"""Every control at its exact boundary: what reaches the limit passes, and the smallest step beyond it is denied."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.risk.builders import DAY, MINUTE, NOW, SECOND, Log
from tradewire.domain.hours import trading_window
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import SizeAsked
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.sessions import Session
from tradewire_risk.domain.strategy import StrategyProfile

Prepare = Callable[[Log], None]


def nothing(_log: Log) -> None:
    """For a control that needs no history."""


def rich(log: Log) -> None:
    log.cash("10000")


def holding(quantity: str, symbol: str = "AAPL") -> Prepare:
    def prepare(log: Log) -> None:
        log.cash("10000")
        log.quote(symbol, "100")
        log.hold(quantity, symbol=symbol)

    return prepare


def resting(side: str, price: str) -> Prepare:
    def prepare(log: Log) -> None:
        log.hold("100")
        log.submit(log.approve("rest", side, "5", order_type="limit", limit_price=Decimal(price)))  # type: ignore[arg-type]

    return prepare


def told(**fields: Any) -> Prepare:
    return lambda log: log.instrument(**fields)


def traded(*volumes: str, held: str = "") -> Prepare:
    """Daily bars with these volumes, oldest first, and a position."""

    def prepare(log: Log) -> None:
        one, first = Decimal(100), log.now - len(volumes) * DAY
        bars = tuple(a.Bar(first + n * DAY, one, one, one, one, Decimal(volume)) for n, volume in enumerate(volumes))
        told = a.BarsReported(account="paper", broker="paper", symbol="AAPL", at=log.now, bars=bars)
        log.write("account-paper", told)
        if held:
            log.hold(held)

    return prepare


def limited(price: str) -> dict[str, Any]:
    return {"order_type": "limit", "limit_price": Decimal(price)}


Ask = dict[str, Any]
"""What differs from a request to buy 10 AAPL at the market."""

BOUNDARIES: dict[str, tuple[dict[str, str], Prepare, Ask, Ask, Reason]] = {
    "gross": (
        {"max_gross_exposure": "20"},
        rich,
        {"quantity": "20"},
        {"quantity": "20.0001"},
        Reason.GROSS_EXPOSURE_ABOVE_MAX,
    ),
    "gross counts what is short": (
        {"max_gross_exposure": "20"},
        holding("-10", "MSFT"),
        {"quantity": "10"},
        {"quantity": "10.0001"},
        Reason.GROSS_EXPOSURE_ABOVE_MAX,
    ),
    "net": (
        {"max_net_exposure": "20"},
        rich,
        {"quantity": "20"},
        {"quantity": "20.0001"},
        Reason.NET_EXPOSURE_ABOVE_MAX,
    ),
    "net counts what is short against it": (
        {"max_net_exposure": "10"},
        holding("-10", "MSFT"),
        {"quantity": "20"},
        {"quantity": "20.0001"},
        Reason.NET_EXPOSURE_ABOVE_MAX,
    ),
    "open value": (
        {"max_open_exposure": "20"},
        rich,
        {"quantity": "20"},
        {"quantity": "20.0001"},
        Reason.OPEN_NOTIONAL_ABOVE_MAX,
    ),
    "concentration": (
        {"max_concentration": "25"},
        holding("5"),
        {"quantity": "20"},
        {"quantity": "20.0001"},
        Reason.CONCENTRATION_ABOVE_MAX,
    ),
    "share of a day's volume": (
        {"max_volume_share": "5"},
        traded(*["190"] * 5, *["200"] * 18, "100", "300"),
        {"quantity": "10"},
        {"quantity": "10.0001"},
        Reason.CONCENTRATION_ABOVE_MAX,
    ),
    "share of a day's volume, with what is held": (
        {"max_volume_share": "5"},
        traded("200", held="4"),
        {"quantity": "6"},
        {"quantity": "6.0001"},
        Reason.CONCENTRATION_ABOVE_MAX,
    ),
    "cushion": (
        {"market_order_cushion": "3", "max_order_value": "1030"},
        nothing,
        {"quantity": "10"},
        {"quantity": "10.0001"},
        Reason.NOTIONAL_ABOVE_MAX,
    ),
    "collar, aggressive": (
        {"max_price_away": "3"},
        nothing,
        limited("103"),
        limited("103.01"),
        Reason.PRICE_OUTSIDE_COLLAR,
    ),
    "collar, passive": (
        {"max_price_away_passive": "20"},
        nothing,
        limited("80"),
        limited("79.99"),
        Reason.PRICE_OUTSIDE_COLLAR,
    ),
    "collar of a sale": (
        {"max_price_away": "3", "max_price_away_passive": "20"},
        holding("100"),
        {"side": "sell", **limited("97")},
        {"side": "sell", **limited("96.99")},
        Reason.PRICE_OUTSIDE_COLLAR,
    ),
    "short": (
        {"allow_short": "no"},
        holding("10"),
        {"side": "sell", "quantity": "10"},
        {"side": "sell", "quantity": "10.0001"},
        Reason.SHORT_NOT_ALLOWED,
    ),
    "lot": (
        {},
        told(step=Decimal("0.5"), min_quantity=Decimal("0.5")),
        {"quantity": "1.5"},
        {"quantity": "1.25"},
        Reason.QTY_LOT_INVALID,
    ),
    "smallest lot": (
        {},
        told(step=Decimal(1), min_quantity=Decimal(5)),
        {"quantity": "5"},
        {"quantity": "4"},
        Reason.QTY_LOT_INVALID,
    ),
    "largest lot": (
        {},
        told(step=Decimal(1), min_quantity=Decimal(1), max_quantity=Decimal(20)),
        {"quantity": "20"},
        {"quantity": "21"},
        Reason.QTY_LOT_INVALID,
    ),
    "tick": (
        {},
        told(tick=Decimal("0.05")),
        limited("99.95"),
        limited("99.96"),
        Reason.PRICE_TICK_INVALID,
    ),
    "smallest notional": (
        {},
        told(min_notional=Decimal(500)),
        {"quantity": "5"},
        {"quantity": "4.99"},
        Reason.NOTIONAL_BELOW_MIN,
    ),
    "type": (
        {},
        told(order_types=("market",)),
        {},
        limited("100"),
        Reason.ORDER_TYPE_UNSUPPORTED,
    ),
    "time in force": (
        {},
        told(times_in_force=("day",)),
        {},
        {"time_in_force": "gtc"},
        Reason.ORDER_TYPE_UNSUPPORTED,
    ),
    "restricted": (
        {"restricted_symbols": "MSFT,TSLA"},
        lambda log: log.quote("MSFT", "100"),
        {},
        {"symbol": "MSFT"},
        Reason.SYMBOL_RESTRICTED,
    ),
    "self trade, by a limit": (
        {},
        resting("sell", "101"),
        limited("100.99"),
        limited("101"),
        Reason.SELF_TRADE_PREVENTED,
    ),
    "self trade, by a market order": (
        {},
        resting("sell", "100"),
        limited("99"),
        {},
        Reason.SELF_TRADE_PREVENTED,
    ),
    "self trade, of another strategy": (
        {},
        resting("buy", "100"),
        {"side": "sell", "strategy": "other", **limited("100.01")},
        {"side": "sell", "strategy": "other", **limited("100")},
        Reason.SELF_TRADE_PREVENTED,
    ),
    "open positions": (
        {"max_open_positions": "1"},
        holding("1"),
        {},
        {"symbol": "MSFT"},
        Reason.OPEN_POSITIONS_ABOVE_MAX,
    ),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_what_reaches_a_limit_passes_and_what_is_beyond_it_is_denied(name: str) -> None:
    limits, prepare, allowed, denied, reason = BOUNDARIES[name]
    found = []
    for asked in (allowed, denied):
        log = Log(limits=limits or None)
        log.quote("MSFT", "100")
        prepare(log)
        log.wait(MINUTE)
        log.quote("AAPL", "100")
        log.quote("MSFT", "100")
        fields = {"side": "buy", "quantity": "10", **asked}
        found.append(log.decide(log.request("s", fields.pop("side"), fields.pop("quantity"), **fields)).reason)
    assert found == [None, reason]


@pytest.mark.parametrize("volumes", [(), ("0", "0")])
def test_without_a_known_volume_a_share_of_it_lets_only_exits_pass(volumes: tuple[str, ...]) -> None:
    log = Log(limits={"max_volume_share": "5"})
    log.hold("10")
    traded(*volumes)(log)
    decided = log.decide(log.request("entry", "buy", "1"))
    assert (decided.reason, "daily bars" in decided.data.message) == (Reason.CONCENTRATION_ABOVE_MAX, True)  # type: ignore[union-attr]
    assert log.decide(log.request("exit", "sell", "10", reduce_only=True)).reason is None


def test_buying_power_is_what_the_broker_says_less_what_was_approved_since() -> None:
    log = Log()
    log.balances("3000")
    log.approve("first", "buy", "10")
    assert log.decide(log.request("enough", quantity="20")).reason is None
    assert log.decide(log.request("more", quantity="20.0001")).reason is Reason.BUYING_POWER_INSUFFICIENT


def test_two_orders_of_one_batch_cannot_spend_the_same_money() -> None:
    log = Log()
    log.balances("1500")
    log.request("a", quantity="10")
    log.request("b", quantity="10", strategy="other")
    assert [each.reason for each in log.run()] == [None, Reason.BUYING_POWER_INSUFFICIENT]


def test_what_was_not_filled_is_given_back_and_what_was_is_not() -> None:
    log = Log()
    log.balances("2000")
    order = log.approve("first", "buy", "10")
    log.submit(order)
    log.accept(order)
    log.fill(order, "4")
    log.fact(o.OrderCanceled, order)
    assert log.decide(log.request("enough", quantity="16")).reason is None
    assert log.decide(log.request("more", quantity="16.0001")).reason is Reason.BUYING_POWER_INSUFFICIENT


def test_a_report_counts_what_the_broker_knew_when_it_was_asked() -> None:
    log = Log()
    log.balances("3000")
    known = log.approve("known", "buy", "10")
    log.submit(known)
    log.fact(o.OrderAccepted, known, broker_order_id="b-1")
    asked_at = len(log.events)
    log.approve("unknown", "buy", "5")
    log.balances("2000", state_pos=asked_at, at=log.now)
    assert log.decide(log.request("enough", quantity="15")).reason is None
    assert log.decide(log.request("more", quantity="15.0001")).reason is Reason.BUYING_POWER_INSUFFICIENT


def test_an_exit_costs_nothing() -> None:
    log = Log()
    log.hold("10")
    log.balances("0")
    assert log.decide(log.request("exit", "sell", "10", reduce_only=True)).reason is None
    assert log.decide(log.request("plain", "sell", "10")).reason is None
    assert log.decide(log.request("entry", "buy", "1")).reason is Reason.BUYING_POWER_INSUFFICIENT


@pytest.mark.parametrize(("fact", "limit"), [("balances", "max_balance_age"), ("instrument", "max_instrument_age")])
def test_a_fact_that_is_missing_or_old_denies(fact: str, limit: str) -> None:
    reason = Reason.BALANCES_UNKNOWN if fact == "balances" else Reason.INSTRUMENT_UNKNOWN
    log = Log(limits={limit: "60s"})
    assert log.decide(log.request("missing")).reason is reason
    if fact == "balances":
        log.balances("100000")
    else:
        log.instrument("AAPL")
    log.wait(60 * SECOND)
    log.quote("AAPL", "100")
    assert log.decide(log.request("old enough")).reason is None
    log.wait(1)
    assert log.decide(log.request("too old")).reason is reason


@pytest.mark.parametrize("state", [{"tradable": False}, {"halted": True}])
def test_a_symbol_that_cannot_be_traded_is_denied(state: dict[str, bool]) -> None:
    log = Log()
    log.instrument("AAPL", **state)
    assert log.decide(log.request("s")).reason is Reason.INSTRUMENT_HALTED


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"shortable": True, "easy_to_borrow": True}, None),
        ({"shortable": True, "easy_to_borrow": False}, Reason.SHORT_NOT_LOCATED),
        ({"shortable": False, "easy_to_borrow": True}, Reason.SHORT_NOT_LOCATED),
    ],
)
def test_what_is_sold_short_must_be_there_to_borrow(fields: dict[str, bool], reason: Reason | None) -> None:
    log = Log()
    log.instrument("AAPL", **fields)
    assert log.decide(log.request("s", "sell", "1")).reason is reason


def test_a_quantity_is_rounded_down_to_the_step_only_where_the_limits_say_so() -> None:
    log = Log(limits={"rounding": "down"})
    log.instrument("AAPL", step=Decimal("0.5"), min_quantity=Decimal("0.5"))
    decided = log.decide(log.request("s", quantity="1.74"))
    assert isinstance(decided.data, o.OrderApproved)
    assert decided.data.quantity == Decimal("1.5")
    assert [tuple(msgspec.to_builtins(each)) for each in decided.data.sizing] == [("asked", "1.74"), ("step", "0.5")]
    assert log.decide(log.request("too little", quantity="0.49")).reason is Reason.QTY_BELOW_MIN
    log.set_limits({"rounding": "reject"}, "account.paper")
    assert log.decide(log.request("t", quantity="1.74")).reason is Reason.QTY_LOT_INVALID


def test_coins_are_never_sold_short() -> None:
    log = Log()
    log.quote("BTC/USD", "100")
    assert log.decide(log.request("s", "sell", "1", symbol="BTC/USD")).reason is Reason.SHORT_NOT_ALLOWED


@pytest.mark.parametrize(("limit", "span"), [("max_orders_per_second", SECOND), ("max_orders_per_minute", MINUTE)])
def test_the_rate_of_a_strategy_is_bounded_and_recovers(limit: str, span: int) -> None:
    log = Log(limits={limit: "2"})
    for n in range(4):
        log.request(f"s{n}", quantity=str(n + 1))
    log.request("other", strategy="other", quantity="9")
    assert [each.reason for each in log.run()] == [None, None, *[Reason.RATE_LIMIT_EXCEEDED] * 2, None]
    assert log.decide(log.request("again", quantity="7")).reason is Reason.RATE_LIMIT_EXCEEDED
    log.wait(span)
    log.quote("AAPL", "100")
    assert log.decide(log.request("later", quantity="8")).reason is None


def test_the_orders_of_a_day_are_counted_by_strategy_and_by_account() -> None:
    log = Log(limits={"max_orders_per_day": "3"})
    log.set_limits({"max_orders_per_day": "2"}, "strategy.momo")
    log.approve("a")
    log.approve("b", quantity="11")
    log.request("c", quantity="12")
    assert [each.reason for each in log.run()] == [Reason.ORDER_COUNT_DAILY_MAX]
    log.approve("d", strategy="other")
    assert log.decide(log.request("e", strategy="other", quantity="13")).reason is Reason.ORDER_COUNT_DAILY_MAX
    log.wait(86_400 * SECOND)
    log.quote("AAPL", "100")
    assert log.decide(log.request("f", strategy="other")).reason is None


def test_a_strategy_rests_between_two_entries_and_may_leave_at_any_time() -> None:
    log = Log(limits={"cooldown": "5m"})
    log.hold("10")
    log.approve("entry", quantity="1")
    entered = log.now
    log.now = entered + 5 * MINUTE - 1
    log.quote("AAPL", "100")
    assert log.decide(log.request("early", quantity="2")).reason is Reason.STRATEGY_COOLDOWN
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is None
    log.now = entered + 5 * MINUTE
    assert log.decide(log.request("rested", quantity="2")).reason is None


def test_what_is_executed_too_often_in_a_row_is_denied_until_the_window_is_over() -> None:
    log = Log(limits={"max_repeated_executions": "2", "repeated_execution_window": "10m"})
    for name, quantity in (("a", "1"), ("b", "2")):
        order = log.approve(name, quantity=quantity)
        log.submit(order)
        log.fill(order, "0.5")
        log.fill(order, "0.5")
    assert log.decide(log.request("c")).reason is Reason.REPEATED_EXECUTION_TRIPPED
    assert log.decide(log.request("d", "sell", "1")).reason is None
    log.wait(10 * MINUTE + 1)
    log.quote("AAPL", "100")
    assert log.decide(log.request("e")).reason is None


def test_a_paused_strategy_may_only_leave() -> None:
    log = Log()
    log.hold("10")
    log.write(
        "control-strategy.momo", a.Halted(scope="strategy.momo", level="PAUSED", by="anna", reason="x", request="r")
    )
    assert log.decide(log.request("entry")).reason is Reason.STRATEGY_PAUSED
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is None
    assert log.decide(log.request("other", strategy="other")).reason is None
    log.resume("strategy.momo")
    assert log.decide(log.request("again", quantity="2")).reason is None


def test_while_the_log_and_the_broker_disagree_only_exits_pass() -> None:
    log = Log()
    log.hold("10")
    log.write("account-paper", a.ReconciliationBroken(account="paper", broker="paper", differences=(), epoch=1))
    assert log.decide(log.request("entry")).reason is Reason.RECONCILIATION_BREAK
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is None
    log.write(
        "account-paper",
        a.ReconciliationMended(account="paper", broker="paper", state_pos=1, orders=0, executions=0, epoch=1),
    )
    assert log.decide(log.request("again", quantity="2")).reason is None


def test_the_days_loss_in_percent_of_what_the_day_began_with() -> None:
    log = Log(limits={"max_daily_loss_percent": "3"})
    log.cash("10000")
    log.write(
        "account-paper",
        a.MarksRecorded(account="paper", marks={}, day="2026-01-02", reason="day", state_pos=1),
    )
    log.cash("-300", reason="fee")
    assert log.decide(log.request("at it")).reason is None
    log.cash("-0.01", reason="fee")
    assert log.decide(log.request("above")).reason is Reason.LOSS_DAILY_LIMIT


def test_the_drawdown_is_measured_from_the_highest_equity_of_its_window() -> None:
    log = Log(limits={"max_drawdown": "10", "drawdown_window": "2d"})
    log.cash("9000")
    for day, high in (("2025-12-30", "20000"), ("2026-01-01", "10000")):
        log.write(
            "account-paper",
            a.MarksRecorded(account="paper", marks={}, day=day, reason="day", state_pos=1, equity=Decimal(high)),
        )
    assert log.decide(log.request("at it")).reason is None
    log.cash("-0.01", reason="fee")
    assert log.decide(log.request("below")).reason is Reason.LOSS_DRAWDOWN_LIMIT


def test_a_strategy_that_is_new_to_the_account_sends_small_orders_only() -> None:
    log = Log(limits={"probation_orders": "2", "probation_order_value": "100"})
    order = log.approve("first", quantity="1")
    assert log.decide(log.request("large", quantity="1.0001")).reason is Reason.PROBATION_CAP
    log.submit(order)
    log.fill(order, "0.5")
    assert log.decide(log.request("larger", quantity="1.0002")).reason is Reason.PROBATION_CAP
    log.fill(order, "0.5")
    assert log.decide(log.request("proven", quantity="1.0003")).reason is None
    assert log.decide(log.request("other", quantity="1.0004", strategy="other")).reason is Reason.PROBATION_CAP


def test_the_accounts_open_orders_are_counted_over_all_symbols() -> None:
    log = Log(limits={"max_open_orders": "2"})
    log.quote("MSFT", "100")
    for symbol in ("AAPL", "MSFT"):
        log.request(symbol, symbol=symbol)
    log.request("more", quantity="2")
    assert [each.reason for each in log.run()] == [None, None, Reason.OPEN_ORDERS_ABOVE_MAX]


@pytest.mark.parametrize("limit", ["max_gross_exposure", "max_net_exposure", "max_concentration", "max_open_exposure"])
def test_without_a_known_equity_nothing_is_measured_against_it(limit: str) -> None:
    log = Log(limits={limit: "100"})
    assert log.decide(log.request("s")).reason is not None
    log.cash("-5")
    assert log.decide(log.request("t")).reason is not None
    log.cash("100000")
    assert log.decide(log.request("u")).reason is None


def test_a_position_without_a_price_has_no_exposure_to_measure() -> None:
    log = Log(limits={"max_gross_exposure": "100"})
    log.cash("100000")
    log.hold("10", symbol="BTC/EUR")
    assert log.decide(log.request("s")).reason is Reason.GROSS_EXPOSURE_ABOVE_MAX


def test_an_order_above_the_threshold_waits_for_a_person_and_is_measured_again() -> None:
    log = Log(limits={"approval_threshold": "1000", "approval_deadline": "5m"})
    assert log.decide(log.request("at it", quantity="10")).reason is None
    order = log.request("above", quantity="10.0001")
    decided = log.decide(order)
    assert decided.reason is Reason.APPROVAL_REQUIRED
    assert isinstance(decided.data, o.OrderHeld)
    assert decided.data.deadline == NOW + 5 * MINUTE
    assert next(check for check in decided.data.checks if not check.passed).name == "approval"

    log.append(decided.command)
    log.write(f"order-{order.order}", o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    assert log.decide(log.order(order.order)).reason is None
    log.set_limits({"max_order_value": "1000"}, "account.paper")
    assert log.decide(log.order(order.order)).reason is Reason.NOTIONAL_ABOVE_MAX


def test_a_person_has_as_long_as_the_deadline_says_whatever_the_age_of_signals() -> None:
    log = Log(limits={"approval_threshold": "500", "max_signal_age": "30s"})
    late, order = log.request("late", signal_time=NOW - 31 * SECOND), log.request("held", signal_time=NOW - 30 * SECOND)
    assert log.decide(late).reason is Reason.SIGNAL_STALE
    log.append(log.decide(order).command)
    log.wait(4 * MINUTE)
    log.quote("AAPL", "100")
    assert log.decide(log.request("old", signal_time=NOW)).reason is Reason.SIGNAL_STALE
    log.write(f"order-{order.order}", o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    assert log.decide(log.order(order.order)).reason is None


def test_a_strategys_first_order_with_real_money_waits_for_a_person() -> None:
    log = Log(Setup(accounts={"paper": Profile("paper", live=True)}), limits={"allowed_symbols": "AAPL"})
    order = log.request("first", strategy="momo")
    decided = log.decide(order)
    assert decided.reason is Reason.APPROVAL_REQUIRED
    row = next(check for check in decided.data.checks if not check.passed)
    assert (row.name, row.value, row.limit) == ("approval", "1000", "first live order")

    log.append(decided.command)
    log.write(f"order-{order.order}", o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    granted = log.decide(log.order(order.order))
    assert granted.reason is None
    log.append(granted.command)
    log.submit(log.order(order.order))
    log.accept(log.order(order.order))
    log.fill(log.order(order.order), "1")
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    assert log.decide(log.request("second", strategy="momo", quantity="2")).reason is None
    assert log.decide(log.request("other", strategy="reef", quantity="3")).reason is Reason.APPROVAL_REQUIRED


OPEN, CLOSE = NOW - 60 * MINUTE, NOW
"""A session that ends now."""
SESSIONS = (
    Session(OPEN, CLOSE, OPEN - 60 * MINUTE, CLOSE + 60 * MINUTE),
    Session(OPEN + DAY, CLOSE + DAY, OPEN + DAY - 60 * MINUTE, CLOSE + DAY + 60 * MINUTE),
)


@pytest.mark.parametrize(
    ("hours", "at", "asked", "reason"),
    [
        ("regular", CLOSE - 1, {}, None),
        ("regular", CLOSE, {}, Reason.MARKET_CLOSED),
        ("extended", CLOSE - 1, {}, None),
        ("extended", CLOSE, {}, Reason.MARKET_CLOSED),
        ("extended", CLOSE, limited("100"), None),
        ("extended", CLOSE + 60 * MINUTE - 1, limited("100"), None),
        ("extended", CLOSE + 60 * MINUTE, limited("100"), Reason.MARKET_CLOSED),
        ("always", CLOSE + 60 * MINUTE, {}, None),
        ("regular", CLOSE + 60 * MINUTE, {"time_in_force": "opg"}, None),
        ("regular", CLOSE - 1, {"time_in_force": "cls"}, None),
        ("regular", OPEN + 30 * DAY, {"time_in_force": "opg"}, Reason.MARKET_CLOSED),
        ("regular", CLOSE + 60 * MINUTE, {"time_in_force": "gtc"}, Reason.MARKET_CLOSED),
        ("regular", CLOSE + 60 * MINUTE, {"side": "sell", "quantity": "1", "reduce_only": True}, None),
        ("regular", OPEN + 30 * DAY, {}, Reason.MARKET_CLOSED),
    ],
)
def test_orders_are_taken_in_the_hours_that_the_limit_names(
    hours: str, at: int, asked: dict[str, Any], reason: Reason | None
) -> None:
    log = Log(limits={"market_hours": hours})
    log.state.calendars["XNYS"] = SESSIONS
    log.hold("10")
    log.now = at
    log.instrument("AAPL", calendar="XNYS")
    log.quote("AAPL", "100")
    fields = {"side": "buy", "quantity": "2", **asked}
    assert log.decide(log.request("s", fields.pop("side"), fields.pop("quantity"), **fields)).reason is reason


def test_a_calendar_that_nobody_loaded_is_not_open() -> None:
    log = Log(limits={"market_hours": "regular"})
    log.instrument("AAPL", calendar="XNYS")
    assert log.decide(log.request("s")).reason is Reason.MARKET_CLOSED
    log.instrument("BTC/USD", asset_class="crypto")
    log.quote("BTC/USD", "100")
    assert log.decide(log.request("coins", symbol="BTC/USD")).reason is None


def profiled(**fields: Any) -> Log:
    strategies = {"momo": StrategyProfile("momo", **fields)}
    log = Log(Setup(accounts={"paper": Profile("paper")}, strategies=strategies))
    log.hold("10")
    return log


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mode": "off"}, Reason.STRATEGY_OFF),
        ({"windows": (trading_window("Mon-Fri 09:00-15:00"),)}, Reason.STRATEGY_WINDOW_CLOSED),
        ({"order_types": frozenset({"limit"})}, Reason.STRATEGY_ORDER_TYPE_NOT_ALLOWED),
        ({"sides": "short"}, Reason.STRATEGY_SIDE_NOT_ALLOWED),
        ({"repeat": "ignore"}, Reason.STRATEGY_REPEAT_IGNORED),
        ({"mode": "approve"}, Reason.APPROVAL_REQUIRED),
    ],
)
def test_a_profile_bounds_entries_and_no_exits(fields: dict[str, Any], reason: Reason) -> None:
    log = profiled(**fields)
    assert log.decide(log.request("entry")).reason is reason
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is None
    assert log.decide(log.request("other", strategy="other")).reason is None


def test_an_order_that_its_strategys_mode_holds_says_so_in_its_checks() -> None:
    log = profiled(mode="approve")
    decided = log.decide(log.request("entry"))
    assert isinstance(decided.data, o.OrderHeld)
    [check] = [check for check in decided.data.every_check() if check.name == "approval"]
    assert (check.limit, check.passed) == ("mode approve", False)


def test_a_profile_bounds_how_many_symbols_are_held() -> None:
    log = profiled(max_open_positions=1)
    log.quote("MSFT", "100")
    assert log.decide(log.request("more")).reason is None
    assert log.decide(log.request("second", symbol="MSFT")).reason is Reason.OPEN_POSITIONS_ABOVE_MAX
    assert log.decide(log.request("other", symbol="MSFT", strategy="other")).reason is None


def test_a_target_is_what_is_to_be_held_whatever_the_profile_does_with_entries() -> None:
    log = profiled(repeat="ignore")
    target = SizeAsked("target_quantity", Decimal(30))
    decided = log.decide(log.request("s", None, None, action="target", size=target))
    assert isinstance(decided.data, o.OrderApproved)
    assert decided.data.quantity == 20


def test_a_profile_names_the_accounts_for_exits_too() -> None:
    log = profiled(accounts=frozenset({"elsewhere"}))
    assert log.decide(log.request("entry")).reason is Reason.STRATEGY_ACCOUNT_NOT_ALLOWED
    assert log.decide(log.request("exit", "sell", "1", reduce_only=True)).reason is Reason.STRATEGY_ACCOUNT_NOT_ALLOWED


def test_an_entry_against_the_position_turns_it_where_the_profile_says_so() -> None:
    log = profiled(repeat="reverse")
    decided = log.decide(log.request("turn", "sell", "5"))
    assert isinstance(decided.data, o.OrderApproved)
    assert decided.data.quantity == 15
    assert [tuple(msgspec.to_builtins(each)) for each in decided.data.sizing] == [("asked", "5"), ("reversed", "10")]
