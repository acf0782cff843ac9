"""Decimal arithmetic that never rounds unnoticed.

Python's own `a * b` rounds to the 28 digits of the thread's context, without a word. The functions here are exact, or
raise `decimal.Inexact`; the one that divides, `share`, says how it cuts, and its callers keep what was cut off.
"""

from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow

ZERO = Decimal(0)
ONE = Decimal(1)
QUANTUM = Decimal("1E-12")
"""The finest step of a quotient that is kept: as fine as the money that Tradewire accepts."""

# A quantity and a price have at most 27 digits each, a multiplier too; the rest is room for sums.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
_CUT = Context(prec=200, rounding=ROUND_DOWN, traps=[InvalidOperation, DivisionByZero, Overflow])
_SHOWN = Context(prec=28, traps=[InvalidOperation, DivisionByZero, Overflow])

add = _EXACT.add
subtract = _EXACT.subtract
multiply = _EXACT.multiply
negate = _EXACT.minus
ratio = _SHOWN.divide
"""A quotient to look at, rounded half-even to 28 digits. It never goes into stored state."""


def share(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Returns `total * part / whole`, cut towards zero after 12 decimals.

    It is never more than `total` while `part <= whole`. What is cut off stays with whoever keeps `total - share`, so no
    digit is lost.
    """
    quotient = _CUT.divide(multiply(total, part), whole)
    cut = _CUT.quantize(quotient, QUANTUM)
    return quotient if cut == quotient else (cut or ZERO)
