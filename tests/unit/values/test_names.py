"""Names of strategies and accounts, symbols, and signal ids."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.values.outcomes import outcome
from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue


@pytest.mark.parametrize("text", ["a", "momentum", "m2-long_only", "a" * 32])
def test_names(text: str) -> None:
    assert names.is_name(text)
    assert names.name(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("Momentum", "'M' at character 1"),
        ("1a", "does not start with a letter"),
        ("-a", "does not start with a letter"),
        ("a.b", "'.' at character 2"),
        ("m\n", "a newline at character 2"),
        ("a" * 33, "33 characters"),
        ("*", "'*' at character 1"),
    ],
)
def test_what_is_no_name(text: str, problem: str) -> None:
    assert not names.is_name(text)
    with pytest.raises(InvalidValue) as caught:
        names.name(text)
    assert caught.value.code == "NAME_INVALID"
    assert problem in caught.value.message


@pytest.mark.parametrize("text", ["AAPL", "BRK.B", "BTC/USDT", "BTC-USD", "7203", "A" * 32])
def test_symbols(text: str) -> None:
    assert names.is_symbol(text)
    assert names.symbol(text) == text


@pytest.mark.parametrize(
    ("text", "problem", "expected"),
    [
        ("", "empty", "such as AAPL"),
        ("aapl", "lower case", '"AAPL"'),
        ("btc/usdt", "lower case", '"BTC/USDT"'),
        ("NASDAQ:AAPL", "exchange before the colon", '"AAPL"'),
        ("nasdaq:aapl", "exchange before the colon", '"AAPL"'),
        ("BTC_USDT", "'_' at character 4", '"BTC/USDT"'),
        (" AAPL", "a space at character 1", '"AAPL"'),
        ("AAPL\n", "a newline at character 5", '"AAPL"'),
        ("\u0410APL", "U+0410 (CYRILLIC CAPITAL LETTER A) at character 1", '"AAPL"'),
        ("\u0430apl", "U+0430 (CYRILLIC SMALL LETTER A) at character 1", '"AAPL"'),
        ("\u039dVDA", "U+039D (GREEK CAPITAL LETTER NU) at character 1", '"NVDA"'),
        ("\uff21APL", "FULLWIDTH LATIN CAPITAL LETTER A", '"AAPL"'),
        ("AAPL\u200b", "U+200B (ZERO WIDTH SPACE) at character 5", "such as AAPL"),
        ("NQ1!", "'!' at character 4", "such as AAPL"),
        ("../", "does not start with", "such as AAPL"),
        ("*", "'*' at character 1", "such as AAPL"),
        (">", "'>' at character 1", "such as AAPL"),
        ("A\0", "a NUL character at character 2", "such as AAPL"),
        ("A" * 33, "33 characters", "such as AAPL"),
    ],
)
def test_what_is_no_symbol_and_what_was_meant(text: str, problem: str, expected: str) -> None:
    assert not names.is_symbol(text)
    with pytest.raises(InvalidValue) as caught:
        names.symbol(text)
    assert caught.value.code == "SYMBOL_INVALID"
    assert problem in caught.value.message
    assert expected in caught.value.expected


@pytest.mark.parametrize("text", ["a", "7", "momentum:2026-03-09.1_b", "x" * 64])
def test_signal_ids(text: str) -> None:
    assert names.is_signal_id(text)
    assert names.signal_id(text) == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("x" * 65, "65 characters"),
        ("a\0b", "a NUL character at character 2"),
        ("a\n", "a newline at character 2"),
        ("../x", "'/' at character 3"),
        ("a*", "'*' at character 2"),
        ("a>", "'>' at character 2"),
        ("a b", "a space at character 2"),
        (".a", "does not start with a letter or digit"),
        ("\xe9", "U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"),
    ],
)
def test_what_is_no_signal_id(text: str, problem: str) -> None:
    assert not names.is_signal_id(text)
    with pytest.raises(InvalidValue) as caught:
        names.signal_id(text)
    assert caught.value.code == "ID_INVALID"
    assert problem in caught.value.message


@settings(deadline=None)
@given(st.text(max_size=80))
def test_the_checks_agree_and_never_repeat_what_cannot_be_shown(text: str) -> None:
    for check, refuse in (
        (names.is_name, names.name),
        (names.is_symbol, names.symbol),
        (names.is_signal_id, names.signal_id),
    ):
        found = outcome(refuse, text)
        if isinstance(found, InvalidValue):
            assert not check(text)
            assert str(found).isascii()
            assert str(found).isprintable()
        else:
            assert check(text)
            assert found == text


def test_a_long_foreign_value_is_cut() -> None:
    assert quoted("x" * 1000) == '"' + "x" * 40 + '..."'
