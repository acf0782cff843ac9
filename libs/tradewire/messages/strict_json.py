"""One JSON object from bytes that a stranger wrote, or one error that says what is wrong with them.

The standard parser does the work in C, one pass; hooks refuse duplicate keys and NaN and keep each number as it was
written. What it lets through besides (NUL and surrogate escapes, depth) is looked for only where it can occur.
"""

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Any, NoReturn, TypeAlias

from msgspec import Struct

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

BODY_LIMIT = 16 * 1024
"""Bytes."""
DEPTH_LIMIT = 8
NUMBER_LIMIT = 64
"""Characters of one number."""

JsonValue: TypeAlias = "bool | str | Number | list[JsonValue] | dict[str, JsonValue] | None"


class Number(Struct, frozen=True, gc=False):
    """A JSON number as it was written, never a float."""

    text: str


class JsonInvalid(InvalidValue):
    """The bytes are not one strict JSON object. `key` is the doubled key, `position` the character where it breaks."""

    def __init__(self, code: str, message: str, expected: str, *, key: str = "", position: int | None = None) -> None:
        super().__init__(code, message, expected)
        self.key, self.position = key, position


def parse_object(body: bytes, limit: int = BODY_LIMIT) -> dict[str, JsonValue]:
    """Returns the object that the bytes spell.

    Raises:
        JsonInvalid: BODY_EMPTY, BODY_TOO_LARGE (more than `limit` bytes), or one of the JSON_ codes.
    """
    if len(body) > limit:
        raise JsonInvalid("BODY_TOO_LARGE", f"the message has {len(body)} bytes", f"at most {limit} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(body, error) from None
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise (_too_deep() if _is_deep(text) else _malformed(text, error)) from None
    except RecursionError:
        raise _too_deep() from None
    if body.count(b"{") + body.count(b"[") > DEPTH_LIMIT or b"\\u" in body:
        _inspect(value)
    if type(value) is not dict:
        raise JsonInvalid("JSON_NOT_OBJECT", f"the message is {kind_of(value)}", 'one JSON object, {"id": ...}')
    return value


def kind_of(value: object) -> str:
    """Returns what a JSON value is, in words for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{str(value).lower()}, a boolean"
    if isinstance(value, Number):
        return f"the number {value.text}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a list" if isinstance(value, list) else "an object"


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    result = dict(pairs)
    if len(result) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise JsonInvalid("JSON_DUPLICATE_KEY", f"the key {quoted(twice)} is there twice", "each key once", key=twice)
    return result


def _number(text: str) -> Number:
    if len(text) > NUMBER_LIMIT:
        raise JsonInvalid(
            "JSON_NUMBER_TOO_LONG", f"a number has {len(text)} characters", f"at most {NUMBER_LIMIT} characters"
        )
    return Number(text)


def _constant(text: str) -> NoReturn:
    raise JsonInvalid("JSON_NOT_FINITE", f"{text} is not JSON", "a number in plain digits")


_decode: Any = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_number, parse_int=_number, parse_constant=_constant
).decode
_texts = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_surrogate = re.compile("[\ud800-\udfff]").search


def _is_deep(text: str) -> bool:
    """Whether what breaks off was nested too deep before: how deep the decoder goes differs by version of Python."""
    steps = (1 if each in "[{" else -1 for each in _texts.sub("", text) if each in "[]{}")
    return max(accumulate(steps), default=0) > DEPTH_LIMIT


def _inspect(value: JsonValue) -> None:
    """Walks level by level, so that no depth of nesting can exhaust the stack."""
    level: list[JsonValue] = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, str):
                _inspect_text(item)
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
        if not below:
            return
        level = below
    if any(isinstance(item, list | dict) for item in level):
        raise _too_deep()
    for item in level:
        if isinstance(item, str):
            _inspect_text(item)


def _inspect_text(text: str) -> None:
    if "\0" in text:
        raise JsonInvalid("JSON_NUL", f"{quoted(text)} has a NUL character", "text without \\u0000")
    if _surrogate(text):
        raise JsonInvalid("JSON_SURROGATE", f"{quoted(text)} has half a surrogate pair", "whole characters, in UTF-8")


def _too_deep() -> JsonInvalid:
    return JsonInvalid("JSON_TOO_DEEP", "objects and lists are nested too deep", f"at most {DEPTH_LIMIT} levels")


def _not_utf8(body: bytes, error: UnicodeDecodeError) -> JsonInvalid:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return JsonInvalid("JSON_BOM", "the message starts with a UTF-16 byte order mark", "UTF-8 without a mark")
    return JsonInvalid("JSON_ENCODING", f"byte {error.start} is not UTF-8", "text in UTF-8")


def _malformed(text: str, error: json.JSONDecodeError) -> JsonInvalid:
    if text.startswith("\ufeff"):
        return JsonInvalid("JSON_BOM", "the message starts with a byte order mark", "UTF-8 without a mark")
    if not text.strip(" \t\r\n"):
        return JsonInvalid("BODY_EMPTY", "the message has no body", 'one JSON object, {"id": ...}')
    where = f"at line {error.lineno}, column {error.colno}"
    before, at = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if error.msg == "Extra data":
        return JsonInvalid(
            "JSON_MANY_DOCUMENTS", f"something follows the object {where}", "one JSON object alone", position=error.pos
        )
    # Python 3.13 points at the comma, earlier ones at what follows it.
    after_comma = at[1:].lstrip() if at.startswith(",") else at if before.endswith(",") else ""
    if after_comma.startswith(("}", "]")):
        return JsonInvalid(
            "JSON_TRAILING_COMMA",
            f"a comma stands before the end {where}",
            "no comma after the last",
            position=error.pos,
        )
    if at.startswith(("\u201c", "\u201d", "\u2018", "\u2019", "'")):
        return JsonInvalid(
            "JSON_MALFORMED",
            f"a key or text is not in straight double quotes {where}",
            'quotes like "this"',
            position=error.pos,
        )
    if error.msg.startswith("Invalid control character"):
        code = "JSON_NUL" if at.startswith("\0") else "JSON_MALFORMED"
        expected = "text without control characters; a newline is written \\n"
        return JsonInvalid(code, f"a text has a raw control character {where}", expected, position=error.pos)
    problem = "the message ends too early" if not at else f"this is not JSON {where} ({error.msg})"
    return JsonInvalid("JSON_MALFORMED", problem, "one JSON object", position=error.pos)
