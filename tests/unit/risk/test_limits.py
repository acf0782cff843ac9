"""Limits: read strictly, the tightest of the scopes holds, and what cannot be read denies."""

from decimal import Decimal

import pytest

from tests.unit.risk.builders import Log
from tradewire.domain.limits import Amount, Span, read
from tradewire.errors import InvalidValue
from tradewire.messages.order_events import OrderDenied
from tradewire_risk.domain.limits import Bounds, Rules
from tradewire_risk.domain.reasons import Reason


def rules(log: Log) -> Rules:
    return log.state.rules.of_order("paper", "momo", "AAPL")


def bounds(log: Log) -> Bounds:
    return rules(log).bounds


@pytest.mark.parametrize("scope", ["account.paper", "strategy.momo", "symbol.AAPL"])
def test_the_tightest_scope_holds(scope: str) -> None:
    log = Log()
    tight = {
        "max_order_value": "500",
        "min_order_value": "20",
        "max_signal_age": "5s",
        "duplicate_window": "1m",
        "allowed_symbols": "AAPL,MSFT",
    }
    log.set_limits(tight, scope)
    found = bounds(log)
    assert found.max_order_value == Amount(Decimal(500), "500")
    assert found.min_order_value == Amount(Decimal(20), "20")
    assert found.max_signal_age == Span(5_000_000, "5s")
    assert found.duplicate_window == Span(60_000_000, "1m")
    assert found.allowed_symbols == frozenset({"AAPL", "MSFT"})
    assert found.max_position_value == Amount(Decimal(50_000), "50000")

    loose = {
        "max_order_value": "50000",
        "min_order_value": "1",
        "max_signal_age": "1h",
        "duplicate_window": "1s",
        "allowed_symbols": "",
    }
    log.set_limits(loose, scope)
    other = bounds(Log())
    assert bounds(log) == other
    assert rules(log).limits == {"global": 1, scope: 2}


def test_limits_of_other_scopes_do_not_hold() -> None:
    log = Log()
    for scope in ("account.other", "strategy.other", "symbol.MSFT"):
        log.set_limits({"max_order_value": "1"}, scope)
    assert bounds(log) == bounds(Log())


def test_lists_of_several_scopes_allow_what_is_on_all_of_them() -> None:
    log = Log()
    log.set_limits({"allowed_symbols": "AAPL,MSFT"}, "account.paper")
    log.set_limits({"allowed_symbols": "MSFT,TSLA"}, "strategy.momo")
    assert bounds(log).allowed_symbols == frozenset({"MSFT"})
    log.set_limits({"allowed_symbols": "TSLA"}, "account.paper")
    log.set_limits({"allowed_symbols": "MSFT"}, "symbol.AAPL")
    assert bounds(log).allowed_symbols == frozenset()
    assert log.decide(log.request("s")).reason is Reason.SYMBOL_NOT_ALLOWED


def test_rules_are_compiled_once_and_again_after_a_change() -> None:
    log = Log()
    first = rules(log)
    assert rules(log) is first
    log.approve("s")
    assert rules(log) is first
    log.halt("HALT", "symbol.MSFT")
    again = rules(log)
    assert again is not first
    assert again == first
    log.set_limits({"max_order_value": "1"}, "account.paper")
    assert bounds(log).max_order_value == Amount(Decimal(1), "1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_order_value", "NaN"),
        ("max_order_value", "1e6"),
        ("max_order_value", " 1"),
        ("max_order_value", "1_000"),
        ("max_order_value", "-1"),
        ("max_order_value", ""),
        ("max_open_orders_per_symbol", "2.5"),
        ("max_signal_age", "30"),
        ("max_signal_age", "-5s"),
        ("allowed_symbols", "aapl"),
        ("max_vibes", "1"),
    ],
)
def test_a_limit_that_cannot_be_read_denies_every_order_in_its_scope(name: str, text: str) -> None:
    with pytest.raises(InvalidValue):
        read(name, text)
    log = Log()
    log.set_limits({name: text}, "strategy.momo")
    decided = log.decide(log.request("s"))
    assert decided.reason is Reason.LIMITS_INVALID
    assert isinstance(decided.data, OrderDenied)
    assert f"strategy.momo {name}" in decided.data.message
    assert log.decide(log.request("t", strategy="other")).reason is None


def test_an_unreadable_window_does_not_stop_the_fold() -> None:
    log = Log(limits={"duplicate_window": "soon"})
    assert log.decide(log.request("s")).reason is Reason.LIMITS_INVALID
    assert log.state.rules.longest("duplicate_window") == 0


def test_the_accounts_rules_are_those_of_the_account_and_of_everybody() -> None:
    log = Log()
    log.set_limits({"max_daily_loss": "10"}, "account.paper")
    log.set_limits({"max_daily_loss": "1"}, "strategy.momo")
    assert log.state.rules.of_account("paper").bounds.max_daily_loss == Amount(Decimal(10), "10")
    assert log.state.rules.of_account("other").bounds.max_daily_loss == Amount(Decimal(5000), "5000")
