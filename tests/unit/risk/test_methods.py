"""Sizes as pure arithmetic: the figures that users of older systems know, and that nothing is ever rounded up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire_risk.domain import methods

ONE = Decimal(1)


@pytest.mark.parametrize(
    ("equity", "percent", "distance", "size"),
    [
        (100_000, 1, 2, 500),
        (100_000, 2, 5, 400),
        (50_000, 1, 4, 125),
        (100_000, 1, 1, 1000),
        (100_000, 2, 30, 66),
        (-5, 2, 30, 0),
    ],
)
def test_risk(equity: int, percent: int, distance: int, size: int) -> None:
    amount = methods.percent_of(Decimal(equity), Decimal(percent))
    assert methods.by_risk(amount, Decimal(distance), ONE) == size


def test_a_fixed_risk_and_a_percentage_of_equity() -> None:
    assert methods.by_risk(Decimal(1000), Decimal(5), ONE) == 200
    assert methods.by_equity(Decimal(100_000), Decimal(5), Decimal(175), ONE) == 28


@pytest.mark.parametrize(
    ("win_rate", "payoff", "fraction", "shares"),
    [
        ("0.55", "1.5", "0.25", 83),
        ("0.60", "2.0", "0.40", 133),
        ("0.52", "1.2", "0.12", 40),
        ("0.50", "1.0", "0", 0),
        ("0.40", "1.0", "-0.2", 0),
        ("0", "3", "-0.3333333333333333333333333333", 0),
        ("1", "3", "1", 333),
    ],
)
def test_kelly(win_rate: str, payoff: str, fraction: str, shares: int) -> None:
    found = methods.kelly(Decimal(win_rate), Decimal(payoff))
    assert found == Decimal(fraction)
    assert methods.by_kelly(Decimal(100_000), found, Decimal("0.5"), Decimal(150), ONE) == shares


def test_a_percentage_of_a_position_long_or_short() -> None:
    assert methods.by_position(Decimal(10), Decimal(50), ONE) == 5
    assert methods.by_position(Decimal(-7), Decimal(50), ONE) == 3
    assert methods.by_position(Decimal(-7), Decimal(50), Decimal("0.1")) == Decimal("3.5")


amounts = st.decimals(min_value=0, max_value=10**9, places=4)
prices = st.decimals(min_value="0.0001", max_value=10**6, places=4)
steps = st.sampled_from([ONE, Decimal("0.000001"), Decimal("0.00000001"), Decimal(100)])


@settings(deadline=None)
@given(amounts, prices, steps)
def test_what_is_bought_costs_no_more_than_the_amount_and_one_step_more_would(
    amount: Decimal, price: Decimal, step: Decimal
) -> None:
    size = methods.by_equity(amount, Decimal(100), price, step)
    assert size * price <= amount < (size + step) * price


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=1, places=6), st.decimals(min_value="0.01", max_value=100, places=4))
def test_kellys_fraction_grows_the_money_fastest(win_rate: Decimal, payoff: Decimal) -> None:
    """At the fraction the expected growth does not slope: p·b·(1 - f) = q·(1 + b·f)."""
    f = methods.kelly(win_rate, payoff)
    slope = win_rate * payoff * (1 - f) - (1 - win_rate) * (1 + payoff * f)
    assert abs(slope) < Decimal("1E-20")
    assert f <= win_rate
