"""Every check, alone: what just passes and what just fails, with the reason that people are told."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.risk.builders import NOW, PAPER, SECOND, Log
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.account_events import AccountHalted
from tradewire.messages.order_events import OrderDenied
from tradewire_risk.domain.decide import Decided
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.reasons import Reason


def only_reason(decided: Decided) -> Reason | None:
    """The reason, after checking that exactly one check failed, or none."""
    failed = [check for check in decided.data.checks if not check.passed]
    assert len(failed) == (decided.reason is not None), failed
    if isinstance(decided.data, o.OrderDenied):
        assert decided.data.reason == decided.reason
        assert "{" not in decided.data.message
        assert decided.data.message.endswith(".")
    return decided.reason


def measured(decided: Decided, name: str) -> tuple[str | None, str | None]:
    (check,) = [check for check in decided.data.every_check() if check.name == name]
    return check.value, check.limit


def verdict(log: Log, order: Order) -> Reason | None:
    return only_reason(log.decide(order))


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [("10000", None), ("10000.0001", Reason.QTY_ABOVE_MAX), ("0.0001", None), ("0.00009", Reason.QTY_BELOW_MIN)],
)
def test_quantity(quantity: str, reason: Reason | None) -> None:
    log = Log(limits={"min_order_value": "0", "max_order_value": "20000"}, price="1")
    decided = log.decide(log.request("s", quantity=quantity))
    assert only_reason(decided) is reason
    assert measured(decided, "qty_max") == (quantity, "10000")
    assert measured(decided, "qty_min") == (quantity, "0.0001")


def test_a_buy_without_quantity_is_denied_by_everything_that_needs_one() -> None:
    log = Log()
    decided = log.decide(log.request("s", quantity=None, action="buy"))
    assert decided.reason is Reason.QTY_BELOW_MIN
    failed = {check.name for check in decided.data.checks if not check.passed}
    assert failed == {"qty_min", "qty_max", "val_min", "val_max", "position"}


def test_a_quantity_of_zero_or_less_is_denied_without_a_minimum() -> None:
    log = Log(limits={"min_order_quantity": "0", "min_order_value": "0"})
    assert verdict(log, log.request("s", quantity="0")) is Reason.QTY_BELOW_MIN


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ("100", None),
        ("100.01", Reason.NOTIONAL_ABOVE_MAX),
        ("0.1", None),
        ("0.09", Reason.NOTIONAL_BELOW_MIN),
    ],
)
def test_order_value(price: str, reason: Reason | None) -> None:
    log = Log(price=price)
    decided = log.decide(log.request("s", quantity="100"))
    assert only_reason(decided) is reason
    assert measured(decided, "val_max") == (str(Decimal(price) * 100), "10000")


@pytest.mark.parametrize(
    ("side", "fields", "value"),
    [
        ("buy", {}, "101"),
        ("sell", {}, "99"),
        ("buy", {"order_type": "limit", "limit_price": Decimal(90)}, "90"),
        ("buy", {"order_type": "limit", "limit_price": Decimal(120)}, "120"),
        ("sell", {"order_type": "limit", "limit_price": Decimal(90)}, "99"),
        ("sell", {"order_type": "limit", "limit_price": Decimal(120)}, "120"),
        ("buy", {"order_type": "stop", "stop_price": Decimal(120)}, "120"),
        ("buy", {"order_type": "stop", "stop_price": Decimal(80)}, "101"),
        ("sell", {"order_type": "stop", "stop_price": Decimal(80)}, "99"),
        ("buy", {"order_type": "stop_limit", "stop_price": Decimal(110), "limit_price": Decimal(111)}, "111"),
    ],
)
def test_an_order_is_valued_at_the_worst_price_to_expect(side: Any, fields: dict[str, Any], value: str) -> None:
    log = Log(price=None)
    log.quote("AAPL", "100", bid="99", ask="101")
    decided = log.decide(log.request("s", side, "1", **fields))
    assert decided.reason is None
    assert measured(decided, "val_max")[0] == value
    assert measured(decided, "price")[0] == ("101" if side == "buy" else "99")


@pytest.mark.parametrize(("quantity", "reason"), [("100", None), ("101", Reason.POSITION_ABOVE_MAX)])
def test_position_counts_what_is_held_and_what_works_on_the_same_side(quantity: str, reason: Reason | None) -> None:
    log = Log(limits={"max_order_value": "20000", "max_position_value": "30000"})
    log.hold("120")
    log.submit(log.approve("working", "buy", "80"))
    log.submit(log.approve("other side", "sell", "50"))
    decided = log.decide(log.request("s", "buy", quantity))
    assert only_reason(decided) is reason
    assert measured(decided, "position") == (str(300 + int(quantity == "101")) + "00", "30000")


@pytest.mark.parametrize(("quantity", "reason"), [("310", None), ("311", Reason.POSITION_ABOVE_MAX)])
def test_position_counts_a_short_side_as_much_as_a_long_one(quantity: str, reason: Reason | None) -> None:
    log = Log(limits={"max_order_value": "90000", "max_position_value": "30000"})
    log.hold("20")
    log.submit(log.approve("working", "sell", "10"))
    assert verdict(log, log.request("s", "sell", quantity)) is reason


@pytest.mark.parametrize(
    ("side", "quantity", "reason"),
    [
        ("sell", "1", None),
        ("sell", "400", None),
        ("sell", "701", Reason.POSITION_ABOVE_MAX),
        ("buy", "1", Reason.POSITION_ABOVE_MAX),
    ],
)
def test_a_position_above_its_limit_may_only_shrink(side: Any, quantity: str, reason: Reason | None) -> None:
    log = Log(limits={"max_order_value": "90000", "max_position_value": "30000"})
    log.hold("400")
    assert verdict(log, log.request("s", side, quantity)) is reason


def test_position_is_valued_at_the_market_even_when_the_limit_price_is_lower() -> None:
    log = Log()
    log.hold("100")
    order = log.request("s", "buy", "10", order_type="limit", limit_price=Decimal(50))
    assert measured(log.decide(order), "position")[0] == "11000"


@pytest.mark.parametrize(("working", "reason"), [(4, None), (5, Reason.OPEN_ORDERS_ABOVE_MAX)])
def test_exactly_as_many_orders_as_allowed_may_be_open(working: int, reason: Reason | None) -> None:
    log = Log(limits={"duplicate_window": "0s"})
    for n in range(working):
        log.submit(log.approve(f"w{n}"))
    log.quote("MSFT", "100")
    log.approve("another symbol", symbol="MSFT")
    decided = log.decide(log.request("s"))
    assert only_reason(decided) is reason
    assert measured(decided, "open") == (str(working + 1), "5")


def test_an_order_that_ended_is_no_longer_open() -> None:
    log = Log(limits={"duplicate_window": "0s", "max_open_orders_per_symbol": "1"})
    first = log.approve("w")
    log.submit(first)
    log.fill(first, "10")
    assert verdict(log, log.request("s")) is None


@pytest.mark.parametrize(("loss", "reason"), [("5000", None), ("5000.01", Reason.LOSS_DAILY_LIMIT)])
def test_daily_loss(loss: str, reason: Reason | None) -> None:
    log = Log()
    log.cash("100000")
    log.cash(f"-{loss}", reason="fee")
    decided = log.decide(log.request("s"))
    assert only_reason(decided) is reason
    assert measured(decided, "loss") == (loss, "5000")


def test_a_loss_that_cannot_be_told_denies_and_an_account_without_events_has_lost_nothing() -> None:
    log = Log()
    assert measured(log.decide(log.request("s")), "loss") == ("0", "5000")
    log.cash("1000")
    log.cash("100", currency="CHF", reason="interest")
    decided = log.decide(log.request("t"))
    assert only_reason(decided) is Reason.LOSS_DAILY_LIMIT
    assert isinstance(decided.data, o.OrderDenied)
    assert "not known" in decided.data.message


@pytest.mark.parametrize(
    ("signal_time", "reason"),
    [
        (NOW - 30 * SECOND, None),
        (NOW - 30 * SECOND - 1, Reason.SIGNAL_STALE),
        (NOW + 2 * SECOND, None),
        (NOW + 2 * SECOND + 1, Reason.SIGNAL_FROM_FUTURE),
    ],
)
def test_signal_time(signal_time: int, reason: Reason | None) -> None:
    log = Log()
    assert verdict(log, log.request("s", signal_time=signal_time)) is reason


def test_a_signal_without_a_time_is_as_old_as_its_request() -> None:
    log = Log(price=None)
    order = log.request("s", signal_time=None)
    log.wait(30 * SECOND)
    log.quote("AAPL", "100")
    assert verdict(log, order) is None
    log.wait(1)
    assert verdict(log, order) is Reason.SIGNAL_STALE


@pytest.mark.parametrize(("valid_until", "reason"), [(NOW, None), (NOW - 1, Reason.SIGNAL_EXPIRED), (NOW + 1, None)])
def test_valid_until(valid_until: int, reason: Reason | None) -> None:
    log = Log()
    assert verdict(log, log.request("s", valid_until=valid_until)) is reason


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (5 * SECOND, None),
        (5 * SECOND + 1, Reason.PRICE_STALE),
        (-5 * SECOND, None),
        (-5 * SECOND - 1, Reason.PRICE_STALE),
    ],
)
def test_price_age(age: int, reason: Reason | None) -> None:
    log = Log(price=None)
    log.quote("AAPL", "100", age=age)
    assert verdict(log, log.request("s")) is reason


def test_without_a_price_everything_that_needs_one_fails() -> None:
    log = Log(price=None)
    decided = log.decide(log.request("s"))
    assert decided.reason is Reason.PRICE_MISSING
    failed = {check.name for check in decided.data.checks if not check.passed}
    assert failed == {"price", "price_age", "val_min", "val_max", "position"}
    assert decided.data.quotes == ()


def test_a_quote_without_the_side_and_without_a_last_price_is_no_price() -> None:
    log = Log(price=None)
    log.quote("AAPL", None, bid="100")
    assert log.decide(log.request("s", "buy")).reason is Reason.PRICE_MISSING
    assert verdict(log, log.request("t", "sell")) is None


FROM_SIGNAL = Setup(
    accounts={"paper": Profile("paper", price_source="signal"), "live": Profile("live", broker="alpaca")}
)


def test_the_signals_price_serves_on_paper_when_it_may_and_nobody_quotes() -> None:
    log = Log(FROM_SIGNAL, price=None)
    decided = log.decide(log.request("s", price=Decimal(50)))
    assert decided.reason is None
    (used,) = decided.data.quotes
    assert (used.symbol, used.price, used.at, used.source) == ("AAPL", Decimal(50), log.now, "signal")

    log.quote("AAPL", "100", age=6 * SECOND)
    assert verdict(log, log.request("quoted", price=Decimal(50))) is Reason.PRICE_STALE


def test_the_signals_price_serves_neither_unasked_nor_elsewhere_than_on_paper() -> None:
    log = Log(PAPER, price=None)
    assert log.decide(log.request("s", price=Decimal(50))).reason is Reason.PRICE_MISSING
    live = Log(FROM_SIGNAL, limits={"allowed_symbols": "AAPL"}, price=None)
    assert live.decide(live.request("s", account="live", price=Decimal(50))).reason is Reason.PRICE_MISSING


@pytest.mark.parametrize(
    ("symbol", "allowed", "reason"),
    [
        ("AAPL", "", None),
        ("AAPL", "AAPL,MSFT", None),
        ("AAPL", "MSFT", Reason.SYMBOL_NOT_ALLOWED),
        ("AAPL", "AAP", Reason.SYMBOL_NOT_ALLOWED),
    ],
)
def test_allowed_symbols(symbol: str, allowed: str, reason: Reason | None) -> None:
    log = Log(limits={"allowed_symbols": allowed})
    assert verdict(log, log.request("s", symbol=symbol)) is reason


def test_elsewhere_than_on_paper_no_list_allows_nothing() -> None:
    live = Setup(accounts={"paper": Profile("paper", broker="alpaca")})
    log = Log(live)
    assert verdict(log, log.request("s")) is Reason.SYMBOL_NOT_ALLOWED
    log = Log(live, limits={"allowed_symbols": "AAPL"})
    assert verdict(log, log.request("s")) is None


def test_an_exit_needs_no_place_on_the_list_and_no_gain() -> None:
    log = Log(limits={"allowed_symbols": "MSFT"})
    log.hold("100")
    log.cash("-6000", reason="fee")
    assert log.decide(log.request("s", "sell", "10")).reason is Reason.SYMBOL_NOT_ALLOWED
    decided = log.decide(log.request("exit", "sell", "10", reduce_only=True))
    assert decided.reason is None
    assert all(check.passed for check in decided.data.checks)
    assert measured(decided, "loss") == ("6000", "5000")


@pytest.mark.parametrize("level", ["HALT", "KILL"])
@pytest.mark.parametrize("scope", ["global", "account.paper", "strategy.momo", "symbol.AAPL"])
def test_a_switch_in_any_scope_stops_all_orders(level: Any, scope: str) -> None:
    log = Log()
    log.hold("100")
    log.halt(level, scope)
    assert verdict(log, log.request("s")) is Reason.KILL_SWITCH_ON
    decided = log.decide(log.request("exit", None, None))
    assert only_reason(decided) is Reason.KILL_SWITCH_ON
    assert isinstance(decided.data, o.OrderDenied)
    assert decided.data.message == f"The switch of {scope} stands at {level}."
    log.resume(scope)
    assert verdict(log, log.request("t", quantity="11")) is None


def test_a_switch_of_another_scope_stops_nothing() -> None:
    log = Log()
    for scope in ("account.other", "strategy.other", "symbol.MSFT"):
        log.halt("KILL", scope)
    assert verdict(log, log.request("s")) is None


def test_reduce_only_lets_verified_exits_pass_and_nothing_else() -> None:
    log = Log()
    log.hold("100")
    log.halt("REDUCE_ONLY")
    assert verdict(log, log.request("entry", "buy")) is Reason.TRADING_REDUCE_ONLY
    assert verdict(log, log.request("plain sell", "sell")) is Reason.TRADING_REDUCE_ONLY
    assert verdict(log, log.request("exit", "sell", reduce_only=True)) is None
    assert verdict(log, log.request("close", None, None)) is None


def test_an_account_that_a_fact_halted_takes_no_order_until_a_person_resumes_it() -> None:
    log = Log()
    log.write("account-paper", AccountHalted(account="paper", reason="overfill", by="router"))
    assert verdict(log, log.request("s")) is Reason.KILL_SWITCH_ON
    log.resume("account.paper")
    assert verdict(log, log.request("t", quantity="11")) is None


@pytest.mark.parametrize(
    ("side", "quantity", "reason"),
    [
        ("sell", "60", None),
        ("sell", "60.0001", Reason.REDUCE_ONLY_ABOVE_POSITION),
        ("buy", "10", Reason.REDUCE_ONLY_ABOVE_POSITION),
    ],
)
def test_reduce_only_closes_no_more_than_is_held_and_not_being_closed(
    side: Any, quantity: str, reason: Reason | None
) -> None:
    log = Log()
    log.hold("100")
    log.submit(log.approve("working exit", "sell", "40"))
    assert verdict(log, log.request("s", side, quantity, reduce_only=True)) is reason


def test_reduce_only_buys_back_a_short_position() -> None:
    log = Log()
    log.hold("-50")
    assert verdict(log, log.request("s", "buy", "50", reduce_only=True)) is None
    assert verdict(log, log.request("t", "buy", "51", reduce_only=True)) is Reason.REDUCE_ONLY_ABOVE_POSITION
    assert verdict(log, log.request("u", "sell", "10", reduce_only=True)) is Reason.REDUCE_ONLY_ABOVE_POSITION


def test_nothing_to_close() -> None:
    log = Log()
    log.request("s", None, None)
    assert [decided.reason for decided in log.run()] == [Reason.NOTHING_TO_CLOSE]
    log.hold("10")
    log.submit(log.approve("exit", "sell", "10"))
    decided = log.decide(log.request("t", None, None))
    assert decided.reason is Reason.NOTHING_TO_CLOSE
    assert measured(decided, "close") == ("0", "")


def test_an_exit_may_be_as_large_as_what_it_closes() -> None:
    log = Log(limits={"max_order_quantity": "50", "max_order_value": "1000"})
    log.hold("100")
    decided = log.decide(log.request("s", None, None))
    assert only_reason(decided) is None
    assert measured(decided, "qty_max") == ("100", "100")
    assert measured(decided, "val_max") == ("10000", "10000")


def test_an_exit_is_not_below_the_smallest_sizes_either() -> None:
    log = Log(limits={"min_order_value": "1000"})
    log.hold("5")
    assert verdict(log, log.request("s", None, None)) is Reason.NOTIONAL_BELOW_MIN


def test_an_unknown_order_blocks_its_account_and_symbol_until_it_is_settled() -> None:
    log = Log()
    lost = log.approve("lost", "buy", "10")
    log.submit(lost)
    assert verdict(log, log.request("before", quantity="11")) is None
    log.unknown(lost)
    assert verdict(log, log.request("s", quantity="12")) is Reason.UNKNOWN_OUTSTANDING
    log.quote("MSFT", "100")
    assert verdict(log, log.request("other", symbol="MSFT")) is None
    log.accept(lost)
    assert verdict(log, log.request("t", quantity="13")) is None


def test_an_unknown_order_keeps_its_exposure() -> None:
    log = Log(limits={"max_position_value": "2000"})
    lost = log.approve("lost", "buy", "10")
    log.submit(lost)
    log.unknown(lost)
    decided = log.decide(log.request("s", "buy", "10.01"))
    assert measured(decided, "position") == ("2001.00", "2000")


def test_an_account_that_is_not_configured_is_unknown() -> None:
    log = Log()
    decided = log.decide(log.request("s", account="nobody"))
    assert decided.reason is Reason.ACCOUNT_UNKNOWN


@pytest.mark.parametrize("action", ["replace", "cancel"])
def test_an_action_that_risk_cannot_size_is_denied_by_name(action: Any) -> None:
    log = Log()
    decided = log.decide(log.request("s", "buy", action=action))
    assert only_reason(decided) is Reason.ACTION_UNSUPPORTED
    assert measured(decided, "action")[0] == action


def test_a_cancel_request_comes_before_everything_else() -> None:
    log = Log(price=None)
    log.halt("KILL")
    order = log.request("s")
    log.write(f"order-{order.order}", o.OrderCancelRequested(order=order.order, by="anna", reason="typo", request="r"))
    decided = log.decide(log.order(order.order))
    assert decided.reason is Reason.CANCEL_REQUESTED
    assert measured(decided, "cancel")[0] == "anna"


@pytest.mark.parametrize(("apart", "reason"), [(10 * SECOND - 1, Reason.DUPLICATE_ORDER), (10 * SECOND, None)])
def test_an_equal_order_inside_the_window_is_a_duplicate(apart: int, reason: Reason | None) -> None:
    log = Log()
    log.approve("first")
    log.wait(apart)
    log.quote("AAPL", "100")
    assert verdict(log, log.request("second")) is reason


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "sell"},
        {"quantity": "11"},
        {"strategy": "other"},
        {"account": "second"},
        {"symbol": "MSFT"},
        {"price": Decimal(100)},
        {"order_type": "limit", "limit_price": Decimal(100)},
        {"order_type": "stop", "stop_price": Decimal(100)},
    ],
)
def test_an_order_that_differs_in_anything_is_no_duplicate(fields: dict[str, Any]) -> None:
    log = Log(Setup(accounts={"paper": Profile("paper"), "second": Profile("second")}))
    log.quote("MSFT", "100")
    log.approve("first")
    assert verdict(log, log.request("second", **fields)) is None


@pytest.mark.parametrize(("apart", "reason"), [(10 * SECOND - 1, Reason.DUPLICATE_ORDER), (10 * SECOND, None)])
def test_an_order_that_was_held_is_a_duplicate_of_a_later_one(apart: int, reason: Reason | None) -> None:
    log = Log()
    order = log.request("first")
    stream, later = f"order-{order.order}", NOW + 60 * SECOND
    held = o.OrderHeld(
        order=order.order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="X", deadline=later
    )
    log.write(stream, held)
    log.wait(apart)
    log.quote("AAPL", "100")
    log.approve("second")
    log.write(stream, o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    assert verdict(log, log.order(order.order)) is reason


def test_legs_of_one_signal_are_no_duplicates_of_each_other() -> None:
    log = Log()
    log.approve("signal", leg=0)
    assert verdict(log, log.request("signal", leg=1)) is None


def test_an_equal_quantity_in_other_digits_is_a_duplicate() -> None:
    log = Log()
    log.approve("first", quantity="10")
    assert verdict(log, log.request("second", quantity="10.00")) is Reason.DUPLICATE_ORDER


def test_what_was_denied_or_rejected_may_be_tried_again() -> None:
    log = Log(price=None)
    log.request("denied")
    assert [d.reason for d in log.run()] == [Reason.PRICE_MISSING]
    log.quote("AAPL", "100")
    rejected = log.approve("rejected")
    log.submit(rejected)
    log.fact(o.OrderRejected, rejected, code="X", message="no")
    assert verdict(log, log.request("again")) is None


def test_what_was_filled_in_part_and_canceled_may_not_be_tried_again_at_once() -> None:
    log = Log()
    first = log.approve("first")
    log.submit(first)
    log.fill(first, "1")
    log.fact(o.OrderCanceled, first)
    assert verdict(log, log.request("again")) is Reason.DUPLICATE_ORDER


CRYPTO = Setup(accounts={"paper": Profile("paper"), "live": Profile("live", broker="alpaca")})


def test_another_currency_is_converted_at_its_quote() -> None:
    log = Log(CRYPTO)
    log.quote("SAP/EUR", "100")
    log.quote("EUR/USD", "1.2")
    decided = log.decide(log.request("s", quantity="10", symbol="SAP/EUR"))
    assert only_reason(decided) is None
    assert measured(decided, "val_max")[0] == "1200.0"
    assert measured(decided, "position")[0] == "1200.0"
    assert [used.symbol for used in decided.data.quotes] == ["SAP/EUR", "EUR/USD"]


def test_another_currency_without_a_quote_is_denied() -> None:
    log = Log(CRYPTO)
    log.quote("SAP/EUR", "100")
    decided = log.decide(log.request("s", symbol="SAP/EUR"))
    assert decided.reason is Reason.RATE_MISSING
    assert isinstance(decided.data, o.OrderDenied)
    assert decided.data.message == "There is no quote for EUR/USD."


def test_an_old_rate_makes_the_price_old() -> None:
    log = Log(CRYPTO)
    log.quote("SAP/EUR", "100")
    log.quote("EUR/USD", "1.2", age=6 * SECOND)
    assert verdict(log, log.request("s", symbol="SAP/EUR")) is Reason.PRICE_STALE


def test_paper_takes_dollar_coins_at_par_and_live_does_not() -> None:
    log = Log(CRYPTO, limits={"allowed_symbols": "BTC/USDT"})
    log.quote("BTC/USDT", "60000")
    decided = log.decide(log.request("s", quantity="0.1", symbol="BTC/USDT"))
    assert only_reason(decided) is None
    assert [(used.symbol, used.price, used.source) for used in decided.data.quotes] == [
        ("BTC/USDT", Decimal(60000), "sim"),
        ("USDT/USD", Decimal(1), "par"),
    ]
    live = log.decide(log.request("t", quantity="0.1", symbol="BTC/USDT", account="live"))
    assert live.reason is Reason.RATE_MISSING


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("max_order_quantity", "qty_max"),
        ("min_order_quantity", "qty_min"),
        ("max_order_value", "val_max"),
        ("min_order_value", "val_min"),
        ("max_position_value", "position"),
        ("max_daily_loss", "loss"),
        ("max_open_orders_per_symbol", "open"),
        ("max_signal_age", "age"),
        ("max_signal_ahead", "ahead"),
        ("max_price_age", "price_age"),
        ("duplicate_window", "dup"),
    ],
)
def test_a_limit_that_nobody_set_denies(name: str, check: str) -> None:
    log = Log()
    left = {key: text for key, text in log.state.controls.limits["global"].limits.items() if key != name}
    log.set_limits(left)
    decided = log.decide(log.request("s"))
    assert [c.name for c in decided.data.checks if not c.passed] == [check]
    assert isinstance(decided.data, o.OrderDenied)
    assert decided.data.message == f"The limit {name} is not set."


def test_without_an_expiry_nothing_is_approved() -> None:
    log = Log()
    left = {k: text for k, text in log.state.controls.limits["global"].limits.items() if k != "approval_ttl"}
    log.set_limits(left)
    assert verdict(log, log.request("s")) is Reason.LIMITS_INVALID


def test_spans_and_small_numbers_are_told_as_people_write_them() -> None:
    limits = {"min_order_quantity": "0", "min_order_value": "0", "max_signal_age": "90s"}
    log = Log(limits=limits, price="0.000001")
    old = log.request("s", quantity="0.0000001", signal_time=NOW - 217_404_220_228_998)
    decided = log.decide(old)
    assert isinstance(decided.data, o.OrderDenied)
    assert decided.data.message == "The signal is 2516d 6h old; at most 1m 30s is allowed."
    assert measured(decided, "age") == ("2516d 6h", "1m 30s")
    assert measured(decided, "qty_max")[0] == "0.0000001"
    assert measured(decided, "price")[0] == "0.000001"
    assert measured(decided, "val_max")[0] == measured(decided, "position")[0] == "0.0000000000001"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"asset_class": "option"}, "AAPL cannot be valued yet: it is option, and not equity or crypto."),
        ({"asset_class": "future", "multiplier": Decimal(5)}, "it is future"),
        ({"multiplier": Decimal(100)}, "it is multiplier 100, and not multiplier 1."),
        ({"price_magnifier": Decimal(100)}, "it is prices times 100, and not prices as they are."),
        ({"currency": "GBP"}, "it is paid in GBP, and not paid in USD."),
    ],
)
def test_what_cannot_be_valued_is_refused_by_name(fields: dict[str, Any], says: str) -> None:
    log = Log()
    log.instrument("AAPL", **fields)
    decided = log.decide(log.request("s"))
    assert decided.reason is Reason.INSTRUMENT_UNSUPPORTED
    assert isinstance(decided.data, OrderDenied)
    assert says in decided.data.message


def test_stocks_in_the_accounts_currency_and_pairs_in_any_are_supported() -> None:
    log = Log()
    log.instrument("AAPL", expiry="", name="Apple")
    assert verdict(log, log.request("s")) is None
    log.instrument("BTC/USDT", asset_class="crypto", currency="USDT", step=Decimal("0.1"))
    log.quote("BTC/USDT", "100")
    assert verdict(log, log.request("t", symbol="BTC/USDT", quantity="1")) is None
