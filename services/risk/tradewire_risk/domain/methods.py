"""How many units an amount, a share of equity or a risk comes to: pure arithmetic, always rounded down.

No function makes a size larger than its inputs say: a minimum refuses, it never enlarges. Amounts and prices are in one
currency; `step` is the smallest quantity that is traded.
"""

from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, InvalidOperation

from tradewire.domain.exact import ONE, multiply, subtract
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


def by_risk(amount: Decimal, distance: Decimal, step: Decimal) -> Decimal:
    """What loses no more than `amount` when the price moves by `distance`, which is above zero."""
    return units_within(amount, distance, step)


def kelly(win_rate: Decimal, payoff: Decimal) -> Decimal:
    """Returns Kelly's fraction of equity, f* = (b·p - q) / b, cut to 28 digits; below zero where the odds are bad.

    `win_rate` is p, from 0 to 1, q is what is left of 1, and `payoff` is b, the average win over the average loss, not
    zero. Source: J. L. Kelly, "A New Interpretation of Information Rate", 1956, for a bet that pays b to 1.
    """
    return _FRACTION.divide(subtract(multiply(payoff, win_rate), subtract(ONE, win_rate)), payoff)


def by_kelly(equity: Decimal, fraction: Decimal, share: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """A share (such as a half) of Kelly's fraction of equity, at a price; nothing where the fraction is below zero."""
    return units_within(multiply(equity, multiply(fraction, share)), price, step)
