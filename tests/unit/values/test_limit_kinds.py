"""Limits as somebody writes them: what is refused as a mistake, where each means something, and what lifts it."""

import pytest

from tradewire.domain.limits import (
    EVERYWHERE,
    KINDS,
    LIFTED,
    OF_STRATEGY,
    WHOLE,
    crossed,
    places,
    read,
    verify,
    verify_scope,
)
from tradewire.domain.nearest import nearest
from tradewire.errors import InvalidValue
from tradewire.settings import Risk

NO_TIME = [
    "max_signal_age",
    "max_price_age",
    "max_balance_age",
    "max_instrument_age",
    "approval_ttl",
    "approval_deadline",
    "mark_interval",
    "drawdown_window",
    "repeated_execution_window",
]


@pytest.mark.parametrize("name", NO_TIME)
@pytest.mark.parametrize("text", ["0s", "0ms", "0d"])
def test_a_span_of_zero_is_refused_where_it_leaves_no_time(name: str, text: str) -> None:
    with pytest.raises(InvalidValue, match=f"{text} leaves no time") as refused:
        verify(name, text)
    assert ("none" in refused.value.expected) == (KINDS[name].lift == LIFTED)
    assert read(name, text).micros == 0  # an older log may hold it
    assert verify(name, "1ms").micros == 1_000


@pytest.mark.parametrize("name", ["duplicate_window", "cooldown", "max_signal_ahead"])
def test_a_span_of_zero_is_taken_where_it_means_something(name: str) -> None:
    assert verify(name, "0s").micros == 0


@pytest.mark.parametrize(
    ("name", "text", "message", "expected"),
    [
        ("approval_ttl", "none", "none is not for approval_ttl: an approval that nobody sends must lapse", "5m"),
        ("approval_deadline", "none", "an order that nobody answers for must lapse", "5m"),
        ("allowed_symbols", "none", "none is not a symbol", "an empty text"),
        ("restricted_symbols", "none", "none is not a symbol", "an empty text"),
        ("max_daily_loss_percent", "100.01", "100.01 percent is never reached", "100 percent at most, or none"),
        ("max_drawdown", "101", "101 percent is never reached", "100 percent at most, or none"),
        ("soft_limit", "150", "150 percent is never reached", "100 percent at most, or none"),
        ("max_order_value", "05", '"05" has a sign or a zero in front', "digits alone"),
        ("max_order_value", "00.5", '"00.5" has a sign or a zero in front', "digits alone"),
        ("min_order_value", "-0", '"-0" has a sign or a zero in front', "digits alone"),
        ("max_price_age", "05s", '"05s" has a sign or a zero in front', "digits alone"),
        ("max_ordr_value", "5", '"max_ordr_value" is no limit', "max_order_value"),
        ("order_value", "5", '"order_value" is no limit', "max_order_value"),
        ("planet", "5", '"planet" is no limit', "a name that `tradewire limits` shows"),
    ],
)
def test_what_can_only_be_a_mistake_is_refused_with_the_fix(name: str, text: str, message: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        verify(name, text)
    assert message in refused.value.message
    assert expected in refused.value.expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_drawdown", "100"),
        ("max_drawdown", "none"),
        ("max_gross_exposure", "200"),
        ("max_order_value", "0.5"),
        ("min_order_value", "0"),
        ("allowed_symbols", "0700.HK,AAPL"),
        ("mark_interval", "none"),
    ],
)
def test_what_stands_at_the_edge_is_taken(name: str, text: str) -> None:
    assert verify(name, text) == read(name, text)


def test_every_default_may_be_written() -> None:
    for name, kind in KINDS.items():
        text = getattr(Risk(), name)
        assert verify(name, text) == read(name, text)
        if kind.lift is not None:
            verify(name, kind.lift)


@pytest.mark.parametrize(
    ("name", "scopes"),
    [
        ("max_open_orders", WHOLE),
        ("max_gross_exposure", WHOLE),
        ("max_net_exposure", WHOLE),
        ("max_open_exposure", WHOLE),
        ("max_value_at_risk", WHOLE),
        ("mark_interval", WHOLE),
        ("soft_limit", WHOLE),
        ("max_drawdown", (*WHOLE, "strategy")),
        ("drawdown_window", (*WHOLE, "strategy")),
        ("max_order_value", EVERYWHERE),
    ],
)
def test_a_limit_is_refused_where_it_means_nothing(name: str, scopes: tuple[str, ...]) -> None:
    for kind in EVERYWHERE:
        scope = kind if kind == "global" else f"{kind}.x"
        if kind in scopes:
            verify_scope(name, scope)
        else:
            with pytest.raises(InvalidValue, match=f"{name} has no effect in {scope}") as refused:
                verify_scope(name, scope)
            assert refused.value.expected == places(name)


def test_what_limits_a_strategys_own_results_means_something_in_its_scope() -> None:
    assert all("strategy" in KINDS[name].scopes for name in OF_STRATEGY)
    assert places("max_drawdown") == "global, broker.NAME, account.NAME or strategy.NAME"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"min_order_value": "11", "max_order_value": "10"}, ("min_order_value", "max_order_value")),
        ({"min_order_quantity": "2", "max_order_quantity": "1"}, ("min_order_quantity", "max_order_quantity")),
        ({"min_order_value": "10", "max_order_value": "10"}, None),
        ({"min_order_value": "11", "max_order_value": "none"}, None),
        ({"min_order_value": "11"}, None),
        ({"min_order_value": "11", "max_order_value": "much"}, None),
    ],
)
def test_a_least_above_the_most_is_found(texts: dict[str, str], found: tuple[str, str] | None) -> None:
    assert crossed(texts) == found


def test_what_was_probably_meant_is_found_whatever_its_case() -> None:
    assert nearest("max_ordr_value", KINDS) == ["max_order_value"]
    assert nearest("filled", ["FillBusted", "OrderFilled"], 3)[0] == "OrderFilled"
    assert nearest("", ["a"]) == nearest("xyz", ["a"]) == []
