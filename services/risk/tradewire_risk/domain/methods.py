"""How many units an amount, a share of equity or a risk comes to: pure arithmetic, always rounded down.

No function makes a size larger than its inputs say: a minimum refuses, it never enlarges. Amounts are in the currency
of `price`; `step` is the smallest quantity that is traded.
"""

from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, InvalidOperation

from msgspec import Struct

from tradewire.domain.exact import ONE, ZERO, multiply, subtract
from tradewire.domain.money import round_down, units_within

_PERCENT = Decimal("0.01")
_FRACTION = Context(prec=28, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero])


def percent_of(total: Decimal, percent: Decimal) -> Decimal:
    """Returns `percent` hundredths of a total, exactly."""
    return multiply(multiply(total, percent), _PERCENT)


def by_equity(equity: Decimal, percent: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """A percentage of equity, at a price."""
    return units_within(percent_of(equity, percent), price, step)


def by_position(position: Decimal, percent: Decimal, step: Decimal) -> Decimal:
    """A percentage of what is held, long or short."""
    return round_down(percent_of(position.copy_abs(), percent), step)


def by_risk(amount: Decimal, entry: Decimal, stop: Decimal, step: Decimal) -> Decimal | None:
    """What loses `amount` between entry and stop; None when the two are equal, because nothing measures the risk."""
    distance = subtract(entry, stop).copy_abs()
    return units_within(amount, distance, step) if distance else None


def by_volatility(amount: Decimal, atr: Decimal, multiple: Decimal, step: Decimal) -> Decimal | None:
    """What loses `amount` when the price moves by `multiple` average true ranges; None when it does not move at all."""
    distance = multiply(atr, multiple)
    return units_within(amount, distance, step) if distance > 0 else None


def kelly(win_rate: Decimal, payoff: Decimal) -> Decimal:
    """Returns Kelly's fraction of equity, f* = (b·p − q) / b, from zero up, cut to 28 digits (Kelly 1956).

    `win_rate` is p, from 0 to 1, q is what is left of 1, and `payoff` is b, the average win over the average loss.
    """
    edge = subtract(multiply(payoff, win_rate), subtract(ONE, win_rate))
    return _FRACTION.divide(edge, payoff) if edge > 0 else ZERO


def by_kelly(
    equity: Decimal, win_rate: Decimal, payoff: Decimal, share: Decimal, price: Decimal, step: Decimal
) -> Decimal:
    """A share (such as a half) of Kelly's fraction of equity, at a price."""
    return units_within(multiply(equity, multiply(kelly(win_rate, payoff), share)), price, step)


class Caps(Struct, frozen=True):
    """Between what a combined size must lie: quantities, and values at the price it is sized at."""

    max_quantity: Decimal
    max_value: Decimal
    min_quantity: Decimal = ZERO
    min_value: Decimal = ZERO


def smallest(sizes: list[Decimal], caps: Caps, price: Decimal, step: Decimal) -> Decimal:
    """The smallest of several sizes, cut to the largest allowed; zero when that is below the smallest allowed."""
    size = min(*sizes, round_down(caps.max_quantity, step), units_within(caps.max_value, price, step))
    return ZERO if size < caps.min_quantity or multiply(size, price) < caps.min_value else size
