"""Wilder's average true range, against figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire.messages.account_events import Bar
from tradewire_risk.domain.volatility import average_true_range, true_range


def bar(high: str, low: str, close: str, day: int = 0) -> Bar:
    return Bar(day, Decimal(close), Decimal(high), Decimal(low), Decimal(close))


def flat(count: int, height: str = "2") -> list[Bar]:
    """Bars that reach from 100 up by `height`, and close in their middle."""
    return [bar(str(100 + Decimal(height)), "100", str(100 + Decimal(height) / 2), day) for day in range(count)]


def test_the_true_range_takes_in_a_gap() -> None:
    before = bar("12", "9", "10")
    assert true_range(bar("11", "10", "10.5"), before) == 1
    assert true_range(bar("15", "13", "14"), before) == 5
    assert true_range(bar("8", "7", "7.5"), before) == 3


def test_it_needs_one_bar_more_than_it_has_days() -> None:
    assert average_true_range(flat(14)) is None
    assert average_true_range([]) is None
    assert average_true_range(flat(15)) == 2


def test_each_day_moves_it_by_a_fourteenth() -> None:
    """After 15 bars of range 2 a day of range 16 brings 2 + (16 - 2) / 14 = 3, and one of 3 leaves it there."""
    bars = [*flat(15), bar("117", "101", "109"), bar("110", "107", "109")]
    assert average_true_range(bars[:16]) == 3
    assert average_true_range(bars) == 3


def test_what_does_not_come_out_even_is_rounded_up() -> None:
    """(13 · 2 + 3) / 14 = 2.07142857142857…"""
    bars = [*flat(15), bar("103", "100", "101")]
    assert average_true_range(bars) == Decimal("2.071428571429")


prices = st.decimals(min_value="0.01", max_value=10_000, places=2)
days = st.lists(st.tuples(prices, prices, prices), min_size=15, max_size=40)


@settings(deadline=None)
@given(days)
def test_it_is_the_exact_average_and_less_than_a_unit_of_the_twelfth_decimal_above(
    drawn: list[tuple[Decimal, Decimal, Decimal]],
) -> None:
    bars = [Bar(n, mid, high, low, mid) for n, (low, mid, high) in enumerate(map(sorted, drawn))]
    ranges = [max(b.high - b.low, abs(b.high - a.close), abs(b.low - a.close)) for a, b in pairwise(bars)]
    exact = sum(map(Fraction, ranges[:14]), Fraction(0)) / 14
    for each in ranges[14:]:
        exact = (exact * 13 + Fraction(each)) / 14

    found = average_true_range(bars)

    assert found is not None
    assert 0 <= Fraction(found) - exact < Fraction(1, 10**12) + Fraction(1, 10**20)
