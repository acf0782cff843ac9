"""Value at risk: what a book may lose within a day at a confidence of 95 percent, by its symbols' own past.

The book as it stands now is taken through the days of which every symbol in it has a close, and what it would have won
or lost on each is measured twice. Nothing here is random or a float: the same book and bars give the same figures.

- Parametric (variance-covariance): 1.6449 standard deviations of the results, which one day in twenty falls below when
  results are normal around zero. The variance of the book's results is the quadratic form v'Cv of its values v and the
  sample covariances C (n - 1) of the returns, so no matrix is needed.
- Historical simulation: of n days the loss of the k-th worst, k = n / 20 cut to a whole number, which takes the larger
  loss: the worst of 20, the twelfth of 250.

Source: J. C. Hull, "Risk Management and Financial Institutions", 3rd edition, 2012, chapters 15 and 14, where the
figure for 99 percent is the fifth worst of 500 days.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from itertools import pairwise

from msgspec import Struct

from tradewire.domain.exact import QUANTUM, ZERO
from tradewire.messages.account_events import Bar
from tradewire_risk.domain.facts import Facts
from tradewire_risk.domain.portfolio import Portfolio

MOST_DAYS = 250
"""Over how many of the last days it is measured."""
LEAST_DAYS = 20
"""Fewer days tell nothing of the worst in twenty."""
ONE_IN = 20
"""How rarely a day loses more."""
DEVIATIONS = Decimal("1.6449")
"""The 95th percentile of the standard normal distribution."""
SLOT_MICROS = 60_000_000
"""How long a figure serves."""
_DAY = 86_400_000_000
# Far more digits than a price has, because quotients and roots never come out even.
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_CUT = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


class ValueAtRisk(Struct, frozen=True, gc=False):
    """What one day in twenty loses more than, from zero up, in the account's currency, and of how many days that is."""

    parametric: Decimal
    historical: Decimal
    days: int

    @property
    def larger(self) -> Decimal:
        """The more careful of the two."""
        return max(self.parametric, self.historical)


NOTHING_HELD = ValueAtRisk(ZERO, ZERO, 0)


def value_at_risk(values: Mapping[str, Decimal | None], bars: Mapping[str, Sequence[Bar]]) -> ValueAtRisk | None:
    """Returns the value at risk of a book, from the signed value of each symbol and its daily bars.

    None, which is unknown, when a value is missing, when the symbols have fewer than 20 daily changes in common, or
    when a close is not above zero, from which there is no return.
    """
    held: dict[str, Decimal] = {}
    for symbol, value in sorted(values.items()):
        if value is None:
            return None
        if value:
            held[symbol] = value
    if not held:
        return NOTHING_HELD
    results = _results(held, bars)
    if results is None:
        return None
    return ValueAtRisk(_rounded(_parametric(results)), _rounded(_historical(results)), len(results))


class ValuesAtRisk:
    """Every account's value at risk, worked out when it is asked for, at most once a minute."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, ValueAtRisk | None]] = {}

    def of(self, account: str, portfolio: Portfolio, facts: Facts, now: int) -> ValueAtRisk | None:
        """An account's value at risk, not older than the minute of the time `now` (µs); None where it is unknown."""
        slot = now // SLOT_MICROS
        known = self._known.get(account)
        if known is None or known[0] != slot:
            values = {symbol: line.held for symbol, line in portfolio.lines.items()}
            bars = {symbol: facts.bars(account, symbol) for symbol in values}
            known = self._known[account] = (slot, value_at_risk(values, bars))
        return known[1]


def _results(held: Mapping[str, Decimal], bars: Mapping[str, Sequence[Bar]]) -> list[Decimal] | None:
    """What the book would have won on each common day, oldest first; None where nobody can tell."""
    closes = {symbol: {_day(bar): bar.close for bar in bars.get(symbol, ())} for symbol in held}
    days = sorted(set.intersection(*(set(each) for each in closes.values())))[-MOST_DAYS - 1 :]
    if len(days) <= LEAST_DAYS:
        return None
    results = [ZERO] * (len(days) - 1)
    for symbol, value in held.items():
        prices = [closes[symbol][day] for day in days]
        if min(prices) <= ZERO:
            return None
        for n, (before, after) in enumerate(pairwise(prices)):
            won = _WIDE.divide(_WIDE.multiply(value, _WIDE.subtract(after, before)), before)
            results[n] = _WIDE.add(results[n], won)
    return results


def _day(bar: Bar) -> int:
    """The day of a bar: midnights of exchanges lie up to half a day before and after that of UTC."""
    return (bar.at + _DAY // 2) // _DAY


def _parametric(results: Sequence[Decimal]) -> Decimal:
    days = Decimal(len(results))
    mean = _WIDE.divide(_sum(results), days)
    off = [_WIDE.subtract(each, mean) for each in results]
    squares = _sum([_WIDE.multiply(each, each) for each in off])
    variance = _WIDE.divide(squares, _WIDE.subtract(days, Decimal(1)))
    return _WIDE.multiply(DEVIATIONS, _WIDE.sqrt(variance))


def _historical(results: Sequence[Decimal]) -> Decimal:
    worst = sorted(results)[len(results) // ONE_IN - 1]
    return max(_WIDE.minus(worst), ZERO)


def _sum(numbers: Sequence[Decimal]) -> Decimal:
    total = ZERO
    for number in numbers:
        total = _WIDE.add(total, number)
    return total


def _rounded(value: Decimal) -> Decimal:
    cut = _CUT.quantize(value, QUANTUM)
    return value if cut == value else cut
