"""Value at risk, against figures worked out with fractions, and what holds for every book and every past."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.risk.builders import DAY, MINUTE, NOW, Log
from tradewire.messages.account_events import Bar, BarsReported, LimitWarning
from tradewire.messages.registry import decode
from tradewire_risk.domain.timers import due_warnings
from tradewire_risk.domain.usage import Use, usage_of
from tradewire_risk.domain.value_at_risk import (
    DEVIATIONS,
    LEAST_DAYS,
    MOST_DAYS,
    NOTHING_HELD,
    ValueAtRisk,
    value_at_risk,
)

NEAR = Fraction(1, 10**12)
"""What a figure is rounded to."""


def bars(closes: Sequence[str | Decimal], *, first_day: int = 0, at: int = 0) -> tuple[Bar, ...]:
    """Daily bars with these closes, the first of which is of the day `first_day` and begins `at` µs after midnight."""
    return tuple(
        Bar((first_day + n) * DAY + at, price, price, price, price) for n, price in enumerate(map(Decimal, closes))
    )


def path(returns: Sequence[str], start: str = "1000000000000") -> tuple[Bar, ...]:
    """Bars whose closes change by these parts, so that each return is what is written."""
    closes = [Decimal(start)]
    for each in returns:
        closes.append(closes[-1] * (1 + Decimal(each)))
    return bars(closes)


def returns_of(series: Sequence[Bar]) -> list[Fraction]:
    return [Fraction(b.close - a.close) / Fraction(a.close) for a, b in pairwise(series)]


def covariance(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    n = len(a)
    mean_a, mean_b = sum(a, Fraction(0)) / n, sum(b, Fraction(0)) / n
    return sum(((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True)), Fraction(0)) / (n - 1)


def known(found: ValueAtRisk | None) -> ValueAtRisk:
    assert found is not None
    return found


def assert_root(found: Decimal, square: Fraction) -> None:
    """`found` is the square root of `square`, as near as it is rounded."""
    value = Fraction(found)
    assert max(value - NEAR, Fraction(0)) ** 2 <= square <= (value + NEAR) ** 2


CALM = ["0.01", "-0.01"] * 10
"""Twenty days of mean zero: a variance of 20 · 0.0001 / 19."""


def test_parametric_of_one_symbol_is_deviations_times_the_standard_deviation() -> None:
    found = known(value_at_risk({"AAPL": Decimal(1000)}, {"AAPL": path(CALM)}))

    assert found.days == 20
    variance = Fraction(20, 19) * Fraction(1, 100) ** 2
    assert_root(found.parametric, (1000 * Fraction(DEVIATIONS)) ** 2 * variance)
    assert str(found.parametric).startswith("16.8763")  # 1000 · 1.6449 · 0.0102598


def test_parametric_of_two_symbols_is_that_of_their_covariances() -> None:
    past = {"AAPL": path(CALM), "MSFT": path(["0.02", "0.01", "-0.03", "0"] * 5)}
    found = known(value_at_risk({"AAPL": Decimal(1000), "MSFT": Decimal(-500)}, past))

    a, b = returns_of(past["AAPL"]), returns_of(past["MSFT"])
    variance = 1000**2 * covariance(a, a) + 500**2 * covariance(b, b) - 2 * 1000 * 500 * covariance(a, b)
    assert_root(found.parametric, Fraction(DEVIATIONS) ** 2 * variance)


def test_a_symbol_and_its_mirror_hedge_each_other_to_nothing() -> None:
    past = {"LONG": path(CALM), "SHORT": path(CALM)}
    assert value_at_risk({"LONG": Decimal(70), "SHORT": Decimal(-70)}, past) == ValueAtRisk(Decimal(0), Decimal(0), 20)


@pytest.mark.parametrize(("days", "worst"), [(20, 1), (39, 1), (40, 2), (59, 2), (60, 3), (249, 12), (250, 12)])
def test_historical_is_the_loss_of_the_kth_worst_day(days: int, worst: int) -> None:
    """The losses are 1, 2, … of 10,000, so the k-th worst is days + 1 - k."""
    falls = [f"{-Decimal(n) / 10_000:f}" for n in range(1, days + 1)]
    found = known(value_at_risk({"AAPL": Decimal(10_000)}, {"AAPL": path(falls)}))
    assert abs(Fraction(found.historical) - (days + 1 - worst)) <= NEAR
    assert found.days == days


def test_a_short_position_loses_where_a_long_one_wins() -> None:
    past = {"AAPL": path(["0.05", *["0.001"] * 19])}
    assert known(value_at_risk({"AAPL": Decimal(-1000)}, past)).historical == 50
    assert known(value_at_risk({"AAPL": Decimal(1000)}, past)).historical == 0


def test_the_larger_of_both_counts() -> None:
    assert ValueAtRisk(Decimal(2), Decimal(3), 20).larger == 3
    assert ValueAtRisk(Decimal(4), Decimal(3), 20).larger == 4


def test_it_needs_twenty_changes_and_so_twenty_one_closes() -> None:
    closes = ["100"] * (LEAST_DAYS + 1)
    assert value_at_risk({"AAPL": Decimal(1)}, {"AAPL": bars(closes)}) is not None
    assert value_at_risk({"AAPL": Decimal(1)}, {"AAPL": bars(closes[1:])}) is None
    assert value_at_risk({"AAPL": Decimal(1)}, {}) is None


def test_of_a_longer_past_the_last_250_days_count() -> None:
    crash = ["100", "50", *["50"] * MOST_DAYS]
    assert known(value_at_risk({"A": Decimal(100)}, {"A": bars(crash)})) == ValueAtRisk(Decimal(0), Decimal(0), 250)
    assert known(value_at_risk({"A": Decimal(100)}, {"A": bars(crash[:-1])})).parametric > 0


def test_days_that_only_one_symbol_has_are_taken_in_by_the_next_common_one() -> None:
    """The coin falls by a half on a day on which the share is not traded; both closes around it are common."""
    coin = ["100"] * 15 + ["50"] * 15
    share = bars(["10"] * 30)
    common = {"BTC/USD": bars(coin), "AAPL": share[:15] + share[16:]}
    found = known(value_at_risk({"BTC/USD": Decimal(100), "AAPL": Decimal(100)}, common))
    assert found.days == 28
    assert found.historical == 50


def test_symbols_without_enough_days_in_common_have_no_figure() -> None:
    past = {"A": bars(["10"] * 30), "B": bars(["10"] * 30, first_day=9)}
    assert known(value_at_risk({"A": Decimal(1), "B": Decimal(1)}, past)).days == 20
    past["B"] = bars(["10"] * 30, first_day=10)
    assert value_at_risk({"A": Decimal(1), "B": Decimal(1)}, past) is None


@pytest.mark.parametrize("hours", [-11, -5, 0, 5, 11])
def test_a_day_begins_at_the_midnight_of_its_exchange(hours: int) -> None:
    local = bars(["10"] * 21, first_day=5, at=hours * 60 * MINUTE)
    past = {"A": bars(["10"] * 21, first_day=5), "B": local}
    assert known(value_at_risk({"A": Decimal(1), "B": Decimal(1)}, past)).days == 20


def test_a_missing_value_or_a_price_that_has_no_return_makes_it_unknown() -> None:
    flat = {"A": bars(["10"] * 21), "B": bars(["10"] * 20 + ["0"])}
    assert value_at_risk({"A": Decimal(1), "B": None}, flat) is None
    assert value_at_risk({"A": Decimal(1), "B": Decimal(1)}, flat) is None
    assert value_at_risk({"A": Decimal(1), "B": Decimal(0)}, flat) is not None


def test_an_empty_book_risks_nothing() -> None:
    assert value_at_risk({}, {}) == value_at_risk({"AAPL": Decimal(0)}, {}) == NOTHING_HELD


def test_the_largest_money_that_there_is_has_a_figure() -> None:
    """A return is known to 60 digits, however many the value has."""
    huge = value_at_risk({"A": Decimal(10) ** 60}, {"A": bars(["0.000000000001", "999999999999999"] * 15)})
    assert known(huge).historical > Decimal(10) ** 59


money = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
prices = st.decimals(min_value="0.01", max_value=100_000, places=2)
pasts = st.lists(st.tuples(prices, prices, prices), min_size=21, max_size=60)


def book(drawn: list[tuple[Decimal, Decimal, Decimal]]) -> dict[str, tuple[Bar, ...]]:
    return {name: bars([day[n] for day in drawn]) for n, name in enumerate("ABC")}


@settings(deadline=None)
@given(pasts, st.tuples(money, money, money))
def test_it_is_never_below_zero_and_never_above_the_worst_day(
    drawn: list[tuple[Decimal, Decimal, Decimal]], values: tuple[Decimal, Decimal, Decimal]
) -> None:
    past = book(drawn)
    found = known(value_at_risk(dict(zip("ABC", values, strict=True)), past))

    moves = [returns_of(past[name]) for name in "ABC"]
    results = [
        sum((v * r for v, r in zip(map(Fraction, values), day, strict=True)), Fraction(0))
        for day in zip(*moves, strict=True)
    ]
    assert found.parametric >= 0
    assert 0 <= Fraction(found.historical) <= max(-min(results), Fraction(0)) + NEAR
    if any(values):
        assert_root(found.parametric, Fraction(DEVIATIONS) ** 2 * covariance(results, results))
        assert sum(-result > Fraction(found.historical) + NEAR for result in results) < len(results) / 20


@settings(deadline=None)
@given(pasts, st.tuples(money, money, money), st.integers(-1000, 1000))
def test_it_grows_with_the_size_of_the_book(
    drawn: list[tuple[Decimal, Decimal, Decimal]], values: tuple[Decimal, Decimal, Decimal], factor: int
) -> None:
    past = book(drawn)
    one = known(value_at_risk(dict(zip("ABC", values, strict=True)), past))
    more = known(value_at_risk({name: v * factor for name, v in zip("ABC", values, strict=True)}, past))

    assert abs(Fraction(more.parametric) - abs(factor) * Fraction(one.parametric)) <= (abs(factor) + 1) * NEAR
    if factor >= 0:
        assert abs(Fraction(more.historical) - factor * Fraction(one.historical)) <= (factor + 1) * NEAR


@settings(deadline=None)
@given(pasts, st.tuples(money, money, money))
def test_the_order_of_the_symbols_does_not_matter(
    drawn: list[tuple[Decimal, Decimal, Decimal]], values: tuple[Decimal, Decimal, Decimal]
) -> None:
    past, held = book(drawn), dict(zip("ABC", values, strict=True))
    backwards = dict(reversed(held.items()))
    assert value_at_risk(held, past) == value_at_risk(backwards, dict(reversed(past.items())))


def told(log: Log, series: Sequence[Bar], symbol: str = "AAPL") -> None:
    """The broker tells daily bars."""
    log.write(
        "account-paper", BarsReported(account="paper", broker="paper", symbol=symbol, at=log.now, bars=tuple(series))
    )


def use_of(log: Log, limit: str) -> Use:
    (found,) = [use for use in usage_of(log.state, "paper", log.now) if use.limit == limit]
    return found


def at_risk(log: Log) -> ValueAtRisk | None:
    state = log.state
    return state.values_at_risk.of("paper", state.orders.portfolios.of("paper"), state.facts, log.now)


SLUMP = ["100"] * 20 + ["90"]
"""One day in twenty loses ten percent."""


def risky(limit: str = "100") -> Log:
    """An account of 10,000 that holds 1,000 of AAPL, which lost 100 in one day: parametric 36.78…, historical 100."""
    log = Log(limits={"max_value_at_risk": limit})
    log.cash("10000")
    log.hold("10")
    told(log, bars(SLUMP))
    return log


def warnings(log: Log) -> list[LimitWarning]:
    due = due_warnings(log.state, log.now)
    events = [event for each in due for event in log.append(each.command)]
    return [data for event in events if isinstance(data := decode(event), LimitWarning)]


@pytest.mark.parametrize(("limit", "warns"), [("1.25", True), ("1.250001", False), ("0.01", True), ("none", False)])
def test_use_of_the_limit_warns_from_the_soft_limit_on(limit: str, warns: bool) -> None:
    """80 % of 1.25 % of 10,000 are 100."""
    log = risky(limit)
    assert use_of(log, "max_value_at_risk").value == 100
    assert [warning.check for warning in warnings(log)] == ["max_value_at_risk"] * warns


def test_above_the_limit_nothing_is_denied() -> None:
    log = risky("0.01")
    assert [(warning.value, warning.limit, warning.day) for warning in warnings(log)] == [("100", "1.0000", "")]
    assert log.decide(log.request("s")).reason is None


def test_what_is_not_known_warns_of_nothing() -> None:
    log = Log(limits={"max_value_at_risk": "1"})
    log.cash("10000")
    log.hold("10")
    told(log, bars(SLUMP[1:]))
    assert use_of(log, "max_value_at_risk").value is None
    assert warnings(log) == []


def test_what_is_paid_in_another_currency_counts_at_the_mark_of_its_rate() -> None:
    log = Log()
    log.hold("2", symbol="BTC/EUR", price="500")
    told(log, bars(SLUMP), "BTC/EUR")
    assert at_risk(log) is None
    log.wait(MINUTE)
    log.mark("EUR/USD", "1.5")
    log.hold("0.000001", symbol="BTC/EUR", price="500")
    found = known(at_risk(log))
    assert abs(found.historical - 150) < Decimal("0.001")


def test_orders_that_work_are_not_at_risk_yet() -> None:
    log = risky()
    log.submit(log.approve("more", quantity="10"))
    assert known(at_risk(log)).historical == 100


def test_it_is_worked_out_once_a_minute() -> None:
    log = risky()
    log.now = NOW // MINUTE * MINUTE
    first = at_risk(log)
    log.hold("10")
    log.now += MINUTE - 1
    assert at_risk(log) is first
    log.now += 1
    assert known(at_risk(log)).historical == 200


def test_each_account_has_its_own_past() -> None:
    log = risky()
    log.hold("10", account="other")
    state = log.state
    assert state.values_at_risk.of("other", state.orders.portfolios.of("other"), state.facts, log.now) is None
    assert known(at_risk(log)).days == 20
