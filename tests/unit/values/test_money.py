"""The strict parser of numbers, and rounding to a grid."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.values.outcomes import outcome
from tradewire.domain.money import is_multiple, money, not_negative, plain, positive, round_down, round_up
from tradewire.errors import InvalidValue

AMOUNTS = st.from_regex(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", fullmatch=True, alphabet="-.0123456789")
STEPS = st.sampled_from(["1", "0.01", "0.05", "0.0001", "0.000000000001", "100", "0.125"]).map(Decimal)


@pytest.mark.parametrize("text", ["0", "1", "10.50", "-3.25", "999999999999999.999999999999", "0.000000000001"])
def test_plain_digits_are_exact(text: str) -> None:
    assert money(text) == Decimal(text)
    assert plain(money(text)) == text


def test_leading_zeros_change_nothing() -> None:
    assert money("007") == 7


def test_negative_zero_becomes_zero() -> None:
    assert str(money("-0.00")) == "0.00"


@pytest.mark.parametrize(
    ("text", "code", "problem", "expected"),
    [
        ("", "NUMBER_INVALID", "is empty", "plain digits"),
        ("NaN", "NUMBER_NOT_FINITE", "not a finite number", "plain digits"),
        ("sNaN", "NUMBER_NOT_FINITE", "not a finite number", "plain digits"),
        ("-Infinity", "NUMBER_NOT_FINITE", "not a finite number", "plain digits"),
        ("1e999999", "NUMBER_INVALID", "exponent", "written out"),
        ("1E-30", "NUMBER_INVALID", "exponent", "written out"),
        ("1,5", "NUMBER_INVALID", "comma", "a point"),
        ("1_000", "NUMBER_INVALID", "underscore", "digits alone"),
        (" 1 ", "NUMBER_INVALID", "white space", "plain digits"),
        ("1\n", "NUMBER_INVALID", "white space", "plain digits"),
        ("١٢", "NUMBER_INVALID", "other than ASCII", "0 to 9"),
        ("+1", "NUMBER_INVALID", "plus sign", "without a sign"),
        (".5", "NUMBER_INVALID", "one side of the point", "both sides"),
        ("5.", "NUMBER_INVALID", "one side of the point", "both sides"),
        ("0x10", "NUMBER_INVALID", "not a number", "plain digits"),
        ("$5", "NUMBER_INVALID", "not a number", "plain digits"),
        ("1" * 16, "NUMBER_TOO_LARGE", "16 digits before", "at most 15"),
        ("9" * 200_000, "NUMBER_TOO_LARGE", "200000 digits before", "at most 15"),
        ("0.1234567890123", "NUMBER_TOO_PRECISE", "13 digits after", "at most 12"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, code: str, problem: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        money(text)

    assert caught.value.code == code
    assert problem in caught.value.message
    assert expected in caught.value.expected
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["0", "-0", "0.00", "-1"])
def test_positive_wants_more_than_zero(text: str) -> None:
    with pytest.raises(InvalidValue, match="more than zero") as caught:
        positive(text)
    assert caught.value.code == "NUMBER_NOT_POSITIVE"


def test_not_negative_takes_zero_and_refuses_less() -> None:
    assert not_negative("-0") == 0
    with pytest.raises(InvalidValue, match="zero or more"):
        not_negative("-0.01")


@pytest.mark.parametrize(
    ("value", "step", "down", "up"),
    [
        ("33.339", "0.01", "33.33", "33.34"),
        ("33.33", "0.01", "33.33", "33.33"),
        ("99.99", "100", "0", "100"),
        ("-1.5", "1", "-1", "-2"),
        (
            "999999999999999.999999999999",
            "0.000000000001",
            "999999999999999.999999999999",
            "999999999999999.999999999999",
        ),
        ("0.3", "0.125", "0.25", "0.375"),
    ],
)
def test_rounding_to_a_grid(value: str, step: str, down: str, up: str) -> None:
    assert round_down(Decimal(value), Decimal(step)) == Decimal(down)
    assert round_up(Decimal(value), Decimal(step)) == Decimal(up)
    assert is_multiple(Decimal(value), Decimal(step)) is (down == up)


@settings(deadline=None)
@given(AMOUNTS)
def test_plain_text_reads_back(text: str) -> None:
    assert money(plain(money(text))) == money(text)


@settings(deadline=None)
@given(AMOUNTS.map(money), STEPS)
def test_a_value_lies_between_its_grid_points(value: Decimal, step: Decimal) -> None:
    down, up = round_down(value, step), round_up(value, step)
    with localcontext(prec=60):
        assert abs(down) <= abs(value) <= abs(up)
        assert abs(up - down) in {0, step}
    assert is_multiple(down, step)
    assert is_multiple(up, step)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    found = outcome(money, text)
    if isinstance(found, InvalidValue):
        assert found.code.startswith("NUMBER_")
        assert str(found).isascii()
    else:
        assert found.is_finite()
