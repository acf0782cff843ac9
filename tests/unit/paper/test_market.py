"""Prices, pieces, days: the arithmetic of the paper market."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.paper.desk import HOUR, NOON
from tradewire.domain.money import is_multiple
from tradewire.settings import Paper
from tradewire_router.paper import market

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
