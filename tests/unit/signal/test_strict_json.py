"""The strict JSON parser by itself."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradewire.messages.strict_json import BODY_LIMIT, DEPTH_LIMIT, JsonInvalid, Number, parse_object

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | TEXT | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.dictionaries(
    TEXT,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
    ),
)


def as_written(value: Any) -> Any:
    """What the parser must give for a value that the standard library wrote."""
    if isinstance(value, dict):
        return {key: as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_written(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Number(json.dumps(value))
    return value


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@settings(deadline=None)
@given(DOCUMENTS, st.booleans())
def test_it_reads_what_the_standard_library_writes(document: dict[str, Any], escaped: bool) -> None:
    body = json.dumps(document, ensure_ascii=escaped).encode()
    if len(body) <= BODY_LIMIT and depth(document) <= DEPTH_LIMIT and all(len(n) <= 64 for n in numbers(document)):
        assert parse_object(body) == as_written(document)
    else:
        with pytest.raises(JsonInvalid):
            parse_object(body)


def numbers(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [json.dumps(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


@pytest.mark.parametrize("text", ["0.10", "1E5", "-0", "1e999999", "12345678901234567890.123456789"])
def test_a_number_keeps_its_text(text: str) -> None:
    assert parse_object(b'{"a":' + text.encode() + b"}") == {"a": Number(text)}


def test_the_deepest_that_is_read_and_one_more() -> None:
    assert parse_object(b'{"a":' * DEPTH_LIMIT + b"1" + b"}" * DEPTH_LIMIT)
    assert parse_object(b'{"a":' + b"[" * 7 + b"]" * 7 + b"}")
    assert parse_object(b'{"a":[' + b",".join([b"{}"] * 50) + b"]}")
    for deep in (b'{"a":' * 9 + b"1" + b"}" * 9, b'{"a":' + b"[" * 8 + b"]" * 8 + b"}"):
        with pytest.raises(JsonInvalid) as caught:
            parse_object(deep)
        assert caught.value.code == "JSON_TOO_DEEP"


def test_a_deep_stack_does_not_let_a_recursion_error_out() -> None:
    def call(levels: int) -> str:
        if levels:
            return call(levels - 1)
        with pytest.raises(JsonInvalid) as caught:
            parse_object(b'{"a":' * 200 + b"1" + b"}" * 200)
        return caught.value.code

    assert call(sys.getrecursionlimit() // 2) == "JSON_TOO_DEEP"


def test_the_size_limit_is_exact_and_can_be_set() -> None:
    body = b'{"a":"' + b"x" * (BODY_LIMIT - 8) + b'"}'
    assert len(body) == BODY_LIMIT
    assert parse_object(body)
    with pytest.raises(JsonInvalid, match="at most 16384 bytes"):
        parse_object(body + b" ")
    assert parse_object(body + b" ", BODY_LIMIT + 1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"a":"\\u0000"}', r"\u0000"),
        (rb'{"a":"\ud83d\ude00"}', "😀"),
        (rb'{"a":"\u00e9"}', "é"),
        (b'{"a":"\x7f"}', "\x7f"),
    ],
)
def test_escapes_that_are_fine(body: bytes, text: str) -> None:
    assert parse_object(body) == {"a": text}


_COMMA = 6 if sys.version_info >= (3, 13) else 7
"""Where a comma before the end is found: at itself, or at what follows it."""


@pytest.mark.parametrize(
    ("body", "position"), [(b'{"a":1,}', _COMMA), (b'{"a":1 "b":2}', 7), (b"{'a':1}", 1), (b'{"a":01}', 6)]
)
def test_an_error_says_where(body: bytes, position: int) -> None:
    with pytest.raises(JsonInvalid, match=f"line 1, column {position + 1}") as caught:
        parse_object(body)
    assert caught.value.position == position


def test_a_doubled_key_is_named() -> None:
    with pytest.raises(JsonInvalid) as caught:
        parse_object(b'{"b":1,"a":{"c":1,"d":2,"c":3}}')
    assert (caught.value.code, caught.value.key) == ("JSON_DUPLICATE_KEY", "c")


@pytest.mark.parametrize("body", [b'{"a":"x\ny"}', b'{"a":"x\ty"}'])
def test_a_raw_control_character_is_named(body: bytes) -> None:
    with pytest.raises(JsonInvalid, match="raw control character"):
        parse_object(body)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:0123456789-.eE\\u nulltruefa', max_size=60).map(str.encode))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    try:
        assert isinstance(parse_object(body), dict)
    except JsonInvalid as error:
        assert error.expected  # noqa: PT017 - either outcome is right, any other error is not
