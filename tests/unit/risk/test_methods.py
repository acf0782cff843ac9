"""Sizes as pure arithmetic: the tables that users of older systems know, and that nothing is ever rounded up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire_risk.domain import methods
from tradewire_risk.domain.methods import Caps

ONE = Decimal(1)
CAPS = Caps(max_quantity=Decimal(1000), max_value=Decimal(10000), min_quantity=Decimal(1), min_value=Decimal(100))


def combined(equity: int, price: Decimal, stop: Decimal | None, percent: Decimal) -> Decimal:
    """A percentage of equity of at most 20, and 2 percent of equity at risk; 20 percent where no stop measures it."""
    total = Decimal(equity)
    sizes = [methods.by_equity(total, min(percent, Decimal(20)), price, ONE)]
    risk = None if stop is None else methods.by_risk(methods.percent_of(total, Decimal(2)), price, stop, ONE)
    sizes.append(methods.by_equity(total, Decimal(20), price, ONE) if risk is None else risk)
    return methods.smallest(sizes, CAPS, price, ONE)


@pytest.mark.parametrize(
    ("equity", "price", "stop", "percent", "size"),
    [
        (100_000, "150", "145", "5", "33"),
        (100_000, "150", "120", "20", "66"),
        (100_000, "150", "145", "20", "66"),
        (20_000, "50", "30", "20", "20"),
        (30_000, "100", None, "20", "60"),
        (500_000, "12", "11.9", "20", "833"),
        (500_000, "3", "2.9", "20", "1000"),
        (100_000, "12000", "11000", "20", "0"),
        # A minimum never makes a size larger than its risk allows: these two are refused.
        (1_000, "40", "39", "5", "0"),
        (1_000, "60", "30", "5", "0"),
    ],
)
def test_percent_and_risk_together(equity: int, price: str, stop: str | None, percent: str, size: str) -> None:
    assert combined(equity, Decimal(price), Decimal(stop) if stop else None, Decimal(percent)) == Decimal(size)


@pytest.mark.parametrize(
    ("equity", "percent", "entry", "stop", "size"),
    [
        (100_000, 1, 100, 98, 500),
        (100_000, 2, 150, 145, 400),
        (50_000, 1, 200, 196, 125),
        (100_000, 1, 50, 49, 1000),
        (100_000, 1, 98, 100, 500),
    ],
)
def test_risk(equity: int, percent: int, entry: int, stop: int, size: int) -> None:
    amount = methods.percent_of(Decimal(equity), Decimal(percent))
    assert methods.by_risk(amount, Decimal(entry), Decimal(stop), ONE) == size


def test_a_stop_at_the_entry_measures_no_risk() -> None:
    assert methods.by_risk(Decimal(1000), Decimal(100), Decimal("100.0"), ONE) is None


def test_a_fixed_risk_and_a_percentage_of_equity() -> None:
    assert methods.by_risk(Decimal(1000), Decimal(175), Decimal(170), ONE) == 200
    assert methods.by_equity(Decimal(100_000), Decimal(5), Decimal(175), ONE) == 28


def test_volatility() -> None:
    assert methods.by_volatility(Decimal(1000), Decimal("4.5"), Decimal(2), ONE) == 111
    assert methods.by_volatility(Decimal(1000), Decimal(0), Decimal(2), ONE) is None


@pytest.mark.parametrize(
    ("win_rate", "payoff", "fraction", "shares"),
    [
        ("0.55", "1.5", "0.25", 83),
        ("0.60", "2.0", "0.40", 133),
        ("0.52", "1.2", "0.12", 40),
        ("0.50", "1.0", "0", 0),
        ("0.40", "1.0", "0", 0),
    ],
)
def test_kelly(win_rate: str, payoff: str, fraction: str, shares: int) -> None:
    p, b = Decimal(win_rate), Decimal(payoff)
    assert methods.kelly(p, b) == Decimal(fraction)
    assert methods.by_kelly(Decimal(100_000), p, b, Decimal("0.5"), Decimal(150), ONE) == shares


def test_a_percentage_of_a_position_long_or_short() -> None:
    assert methods.by_position(Decimal(10), Decimal(50), ONE) == 5
    assert methods.by_position(Decimal(-7), Decimal(50), ONE) == 3
    assert methods.by_position(Decimal(-7), Decimal(50), Decimal("0.1")) == Decimal("3.5")


amounts = st.decimals(min_value=0, max_value=10**9, places=4)
prices = st.decimals(min_value="0.0001", max_value=10**6, places=4)
steps = st.sampled_from([ONE, Decimal("0.000001"), Decimal("0.00000001"), Decimal(100)])


@given(amounts, prices, steps)
def test_what_is_bought_costs_no_more_than_the_amount_and_one_step_more_would(
    amount: Decimal, price: Decimal, step: Decimal
) -> None:
    size = methods.by_equity(amount, Decimal(100), price, step)
    assert size * price <= amount < (size + step) * price


@given(st.lists(amounts, min_size=1, max_size=4), prices, steps)
def test_a_combined_size_is_zero_or_within_every_cap(sizes: list[Decimal], price: Decimal, step: Decimal) -> None:
    size = methods.smallest(sizes, CAPS, price, step)
    assert size <= min(sizes)
    assert size == 0 or (CAPS.min_quantity <= size <= CAPS.max_quantity and size * price <= CAPS.max_value)
    assert size == 0 or size * price >= CAPS.min_value
