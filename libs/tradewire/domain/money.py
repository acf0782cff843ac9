"""Money, quantities, prices and percentages: the one strict parser of decimal numbers, and how they are rounded.

`Decimal(text)` takes "NaN", "1_000", " 1 ", Arabic digits and "1e999999", which takes minutes to convert. Text from
outside becomes a Decimal here and nowhere else.
"""

import re
from decimal import Context, Decimal, DivisionByZero, InvalidOperation

from tradewire.domain.exact import add, multiply
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

INTEGER_DIGITS = 15
FRACTION_DIGITS = 12

# Wide enough for the whole quotient of any value by any step; the default 28 digits are not.
_WIDE = Context(prec=200, traps=[InvalidOperation, DivisionByZero])

_is_number = re.compile(rf"-?[0-9]{{1,{INTEGER_DIGITS}}}(?:\.[0-9]{{1,{FRACTION_DIGITS}}})?").fullmatch
_is_long_number = re.compile(r"-?[0-9]+(?:\.[0-9]+)?").fullmatch
_is_power = re.compile(r"[+-]?[0-9.]+[eE][+-]?[0-9]+").fullmatch
_PLAIN = 'plain digits, such as "10" or "0.5"'
_NOT_FINITE = {"nan", "snan", "inf", "infinity"}


def money(text: str) -> Decimal:
    """Returns the number that the text spells: ASCII digits, at most 15 before the point and 12 after it.

    Negative zero becomes zero. Trailing zeros are kept.

    Raises:
        InvalidValue: NUMBER_INVALID, NUMBER_NOT_FINITE, NUMBER_TOO_LARGE or NUMBER_TOO_PRECISE.
    """
    if _is_number(text) is None:
        raise _refused(text)
    value = Decimal(text)
    return value or value.copy_abs()


def not_negative(text: str) -> Decimal:
    """Returns a number that is zero or above.

    Raises:
        InvalidValue: as `money`, and NUMBER_NEGATIVE.
    """
    value = money(text)
    if value < 0:
        raise InvalidValue("NUMBER_NEGATIVE", f"{text} is below zero", "zero or more")
    return value


def positive(text: str) -> Decimal:
    """Returns a number above zero.

    Raises:
        InvalidValue: as `money`, and NUMBER_NOT_POSITIVE.
    """
    value = money(text)
    if value <= 0:
        raise InvalidValue("NUMBER_NOT_POSITIVE", f"{text} is {'below zero' if value else 'zero'}", "more than zero")
    return value


def plain(value: Decimal) -> str:
    """Returns the number without an exponent, so that `money` reads it back; `str` writes 0.0000001 as 1E-7."""
    text = str(value)
    return format(value, "f") if "E" in text else text


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Says whether the value lies on the grid of a lot, a tick or a precision; `step` is above zero."""
    return not _WIDE.remainder(value, step)


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """Returns the nearest multiple of `step` towards zero: quantities, and the limit price of a buy."""
    return multiply(_WIDE.divide_int(value, step), step)


def units_within(amount: Decimal, price: Decimal, step: Decimal) -> Decimal:
    """Returns the largest multiple of `step` that costs no more than `amount` at `price` a unit; never below zero.

    `price` and `step` are above zero. The quotient is exact before it is cut.
    """
    return multiply(_WIDE.divide_int(amount, multiply(price, step)), step) if amount > 0 else Decimal(0)


def round_up(value: Decimal, step: Decimal) -> Decimal:
    """Returns the nearest multiple of `step` away from zero: the limit price of a sell."""
    below = round_down(value, step)
    return below if below == value else add(below, step.copy_sign(value))


def _refused(text: str) -> InvalidValue:
    code, problem, expected = "NUMBER_INVALID", "is not a number", _PLAIN
    bare = text.strip().lstrip("+-").lower()
    if not text:
        problem = "is empty"
    elif bare in _NOT_FINITE:
        code, problem, expected = "NUMBER_NOT_FINITE", "is not a finite number", _PLAIN
    elif _is_long_number(text):
        whole, _, fraction = text.lstrip("-").partition(".")
        if len(whole) > INTEGER_DIGITS:
            code, problem = "NUMBER_TOO_LARGE", f"has {len(whole)} digits before the point"
            expected = f"at most {INTEGER_DIGITS} digits before the point"
        else:
            code, problem = "NUMBER_TOO_PRECISE", f"has {len(fraction)} digits after the point"
            expected = f"at most {FRACTION_DIGITS} digits after the point; it is never rounded for you"
    elif text != text.strip():
        problem = "has white space around it"
    elif not text.isascii():
        problem, expected = "has characters other than ASCII", "the digits 0 to 9 and a point"
    elif _is_power(text):
        problem, expected = "has an exponent", 'all digits written out, such as "1000" for 1e3'
    elif "_" in text:
        problem, expected = "has an underscore", 'digits alone, such as "1000"'
    elif "," in text:
        problem, expected = "has a comma", 'a point before the fraction and no thousands marks, such as "1000.5"'
    elif text.startswith("+"):
        problem, expected = "has a plus sign", "the number without a sign"
    elif text.startswith((".", "-.")) or text.endswith("."):
        problem, expected = "has no digit on one side of the point", 'digits on both sides, such as "0.5"'
    return InvalidValue(code, f"{quoted(text)} {problem}", expected)
