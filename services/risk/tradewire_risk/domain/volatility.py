"""How far a price moves in a day: Wilder's average true range."""

from collections.abc import Sequence
from decimal import ROUND_UP, Context, Decimal, DivisionByZero, InvalidOperation
from itertools import pairwise

from tradewire.domain.exact import QUANTUM, add, multiply, subtract
from tradewire.messages.account_events import Bar

DAYS = 14
# Up, because a range that is cut would make a size larger.
_UP = Context(prec=40, rounding=ROUND_UP, traps=[InvalidOperation, DivisionByZero])


def true_range(bar: Bar, before: Bar) -> Decimal:
    """The largest of high - low, |high - close before| and |low - close before|."""
    return subtract(max(bar.high, before.close), min(bar.low, before.close))


def average_true_range(bars: Sequence[Bar], days: int = DAYS) -> Decimal | None:
    """Returns ATR(`days`) of bars, oldest first, in the currency of their prices; None for fewer than `days` + 1 bars.

    The first value is the mean of `days` true ranges, and each later one (before * (days - 1) + true range) / days,
    rounded up after 12 decimals. Source: J. Welles Wilder, "New Concepts in Technical Trading Systems", 1978; the first
    bar gives only its close, as in TA-Lib.
    """
    ranges = [true_range(bar, before) for before, bar in pairwise(bars)]
    if len(ranges) < days:
        return None
    count, others = Decimal(days), Decimal(days - 1)
    total = ranges[0]
    for each in ranges[1:days]:
        total = add(total, each)
    average = _UP.divide(total, count)
    for each in ranges[days:]:
        average = _UP.divide(add(multiply(average, others), each), count)
    cut = _UP.quantize(average, QUANTUM)
    return average if cut == average else cut
