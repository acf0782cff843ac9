"""Prices, pieces, days: the arithmetic of the paper market."""

from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.paper.desk import HOUR, NOON, Scene
from tradewire.domain.money import is_multiple
from tradewire.messages.vocabulary import OrderType, TimeInForce
from tradewire.settings import Paper
from tradewire_router.paper import checks, market
from tradewire_router.paper.wire import PaperOrder

DAY = 24 * HOUR


@given(
    units=st.integers(1, 10**9),
    count=st.integers(1, 6),
    seed=st.integers(0, 9),
    whole=st.booleans(),
    symbol=st.sampled_from(["AAPL", "BTC/USDT"]),
)
def test_pieces_add_up_and_fit_the_step(units: int, count: int, seed: int, whole: bool, symbol: str) -> None:
    step = Decimal(1) if whole else market.grid(symbol)[1]
    quantity = units * step
    parts = market.cut(quantity, symbol, count, "id", seed)
    assert sum(parts) == quantity
    assert all(part > 0 and is_multiple(part, market.grid(symbol)[1]) for part in parts)
    assert len(parts) <= count


def test_the_share_of_orders_in_pieces_is_the_ratio() -> None:
    terms = Paper(partial_ratio=Decimal("0.25"))
    partial = sum(len(market.pieces(Decimal(100), "AAPL", f"id-{i}", terms)) > 1 for i in range(2000))
    assert 400 < partial < 600
    assert market.pieces(Decimal(100), "AAPL", "id", Paper()) == (Decimal(100),)
    assert all(len(market.pieces(Decimal(100), "AAPL", f"{i}", Paper(partial_ratio=Decimal(1)))) > 1 for i in range(50))


def test_latency_lies_around_its_setting() -> None:
    drawn = [market.latency_seconds(f"id-{i}", Paper(latency_ms=100)) for i in range(500)]
    assert 0.05 <= min(drawn) < 0.06
    assert 0.14 < max(drawn) < 0.15
    assert market.latency_seconds("id", Paper()) == 0


def test_slippage_never_reaches_zero() -> None:
    assert market.slipped(Decimal("0.0001"), "sell", Decimal(9999), "AAPL") == Decimal("0.0001")


def test_a_day_ends_at_four_in_new_york_on_a_weekday() -> None:
    monday_close = 1_773_086_400_000_000  # 2026-03-09 20:00 UTC: summer time began the day before
    assert market.day_end("AAPL", NOON) == monday_close
    assert market.day_end("AAPL", monday_close - 1) == monday_close
    assert market.day_end("AAPL", monday_close) == monday_close + DAY
    friday_evening = monday_close + 4 * DAY
    assert market.day_end("AAPL", friday_evening) == monday_close + 7 * DAY


def test_a_pairs_day_ends_at_midnight() -> None:
    assert market.day_end("BTC/USDT", NOON) == NOON + 6 * HOUR
    assert market.day_end("BTC/USDT", NOON + 6 * HOUR) == NOON + 30 * HOUR


def an_order(symbol: str, **fields: Any) -> PaperOrder:
    """A market order that fits every rule, but for `fields`."""
    quantity = str(market.instrument(symbol, "USD", Paper()).min_quantity)
    given = {"client_order_id": "a", "order": "o", "side": "buy", "quantity": quantity}
    return PaperOrder(symbol=symbol, **{**given, **fields})


def passes(order: PaperOrder) -> bool:
    return isinstance(checks.check(order), checks.Terms)


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USDT"])
def test_what_an_instrument_says_is_what_orders_are_held_to(symbol: str) -> None:
    rules = market.instrument(symbol, "USD", Paper())
    assert passes(an_order(symbol))
    assert passes(an_order(symbol, quantity=f"{rules.step * 3:f}"))
    assert not passes(an_order(symbol, quantity=f"{rules.step / 2:f}"))
    limit = {"order_type": "limit", "limit_price": f"{rules.tick * 3:f}"}
    assert passes(an_order(symbol, **limit))
    assert not passes(an_order(symbol, **limit | {"limit_price": f"{rules.tick / 2:f}"}))
    assert rules.max_quantity is None
    assert passes(an_order(symbol, quantity="9" * 15))


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USDT"])
def test_the_words_of_an_instrument_are_those_that_are_taken(symbol: str) -> None:
    rules = market.instrument(symbol, "USD", Paper())
    prices = {"limit": {"limit_price": "1"}, "stop": {"stop_price": "1"}}
    prices["stop_limit"] = prices["limit"] | prices["stop"]
    taken = [kind for kind in get_args(OrderType) if passes(an_order(symbol, order_type=kind, **prices.get(kind, {})))]
    assert set(taken) == set(rules.order_types)
    assert {word for word in get_args(TimeInForce) if passes(an_order(symbol, time_in_force=word))} == set(
        rules.times_in_force
    )


@pytest.mark.parametrize("allowed", [True, False])
def test_what_may_be_sold_short_is_what_the_broker_lets_be_sold_short(allowed: bool) -> None:
    for symbol in ("AAPL", "BTC/USDT"):
        rules = market.instrument(symbol, "USD", Paper(allow_short=allowed))
        scene = Scene(allow_short=allowed)
        scene.quote("100", "101", symbol=symbol)
        scene.submit("sell", "1", symbol=symbol)
        assert (scene.account.held(symbol) == -1) == allowed
        assert rules.shortable == rules.easy_to_borrow == allowed


def test_stocks_keep_the_hours_of_new_york_and_pairs_keep_none() -> None:
    stock, pair = (market.instrument(symbol, "USD", Paper()) for symbol in ("AAPL", "BTC/USDT"))
    assert (stock.calendar, pair.calendar) == ("XNYS", "")
    assert (stock.tradable, stock.halted, stock.volume) == (True, False, None)
