"""How one JSON value becomes one typed value of a signal. A reader takes the field's path and the value, and returns it
or raises `SignalInvalid`. Nothing is converted that was not meant: true is no number and 1 is no text.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeAlias, get_args

from msgspec import Struct

from tradewire.domain import money, names, times
from tradewire.domain.quoting import SHOWN_LENGTH, quoted
from tradewire.errors import InvalidValue
from tradewire.messages.refusals import Code, SignalInvalid, adopted, refused
from tradewire.messages.strict_json import JsonValue, Number, kind_of

Reader: TypeAlias = Callable[[str, JsonValue], Any]
TEXT_LIMIT = 64
"""Characters of a tag."""


class Field(Struct, frozen=True):
    """One row of a field table: what the reference page says of it, and how it is read.

    A field with an `example` is required.
    """

    name: str
    kind: str
    rule: str
    read: Reader
    example: str = ""


def table(*rows: Field) -> dict[str, Field]:
    """Returns the rows by name."""
    return {row.name: row for row in rows}


def read_fields(
    rows: Mapping[str, Field], given: dict[str, JsonValue], where: str = "", hints: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Reads an object's members by a table, in the order given, then looks for those that are missing.

    `where` is the path of the object with its dot. `hints` says what is right for names that others use.
    """
    result = {}
    for name, value in given.items():
        row = rows.get(name)
        if row is None:
            raise _unknown(rows, name, where, hints or {})
        result[name] = row.read(where + name, value)
    for name, row in rows.items():
        if row.example and name not in result:
            raise refused(Code.FIELD_MISSING, where + name, "is missing", f"such as {row.example}")
    return result


def key_shown(key: str) -> str:
    """Returns a foreign key as it may stand in a path: quoted unless it is a plain word."""
    return key if key.isascii() and key.isidentifier() and len(key) <= SHOWN_LENGTH else quoted(key)


def text(path: str, value: JsonValue) -> str:
    """Reads a JSON text."""
    if isinstance(value, str):
        return value
    raise _wrong_type(
        path, value, f'a text in double quotes, "{value.text}"' if isinstance(value, Number) else "a text"
    )


def boolean(path: str, value: JsonValue) -> bool:
    """Reads true or false; "true" is neither."""
    if isinstance(value, bool):
        return value
    raise _wrong_type(path, value, "true or false, without quotes")


def free_object(path: str, value: JsonValue) -> dict[str, Any]:
    """Reads an object of which nothing is known."""
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    raise _wrong_type(path, value, "an object, {...}")


def nested(rows: Mapping[str, Field], build: Callable[..., Any]) -> Reader:
    """Returns the reader of an object with a table of its own."""

    def read(path: str, value: JsonValue) -> Any:
        if not isinstance(value, dict):
            raise _wrong_type(path, value, f"an object with {' or '.join(rows)}")
        return build(**read_fields(rows, value, path + "."))

    return read


def list_of(item: Reader, limit: int) -> Reader:
    """Returns the reader of a list with at most `limit` entries."""

    def read(path: str, value: JsonValue) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong_type(path, value, "a list, [...]")
        if len(value) > limit:
            raise refused(Code.TOO_MANY, path, f"has {len(value)} entries", f"at most {limit}")
        return tuple(item(f"{path}[{n}]", entry) for n, entry in enumerate(value))

    return read


def word(literal: Any, hints: Mapping[str, str]) -> Reader:
    """Returns the reader of one of a Literal's words. `hints` says what is right for words that others use."""
    words: Sequence[str] = get_args(literal)
    known = {one: one for one in words}  # the Literal's own object: a default is left out on the wire by identity

    def read(path: str, value: JsonValue) -> str:
        given = text(path, value)
        if (same := known.get(given)) is not None:
            return same
        plain = given.strip().lower().replace("-", "_").replace(" ", "_")
        meant = plain if plain in known else hints.get(plain)
        if meant is None:
            meant = next(iter(get_close_matches(plain, words, n=1, cutoff=0.75)), None)
        problem = f"{quoted(given)} is not one of its words"
        raise refused(Code.WORD_UNKNOWN, path, problem, quoted(meant) if meant else "one of " + ", ".join(words))

    return read


def checked(check: Callable[[str], Any]) -> Reader:
    """Returns the reader of a text that a function of the domain checks or converts."""

    def read(path: str, value: JsonValue) -> Any:
        given = text(path, value)
        try:
            return check(given)
        except InvalidValue as error:
            raise adopted(path, error) from None

    return read


def number(check: Callable[[str], Decimal], limit: Decimal | None = None) -> Reader:
    """Returns the reader of a JSON number, or of a decimal in quotes; `limit` is the largest that has a meaning."""

    def read(path: str, value: JsonValue) -> Decimal:
        if isinstance(value, Number):
            given = value.text
        elif isinstance(value, str):
            given = value
        else:
            raise _wrong_type(path, value, 'a number, or a number in double quotes, such as "10.5"')
        try:
            result = check(given)
        except InvalidValue as error:
            raise adopted(path, error) from None
        if limit is not None and result > limit:
            raise refused(Code.NUMBER_OUT_OF_RANGE, path, f"{given} is too large", f"at most {limit}")
        return result

    return read


def instant(path: str, value: JsonValue) -> int:
    """Reads an RFC 3339 time; a bare number is named for what it is."""
    if not isinstance(value, str | Number):
        raise _wrong_type(path, value, 'a time in double quotes, such as "2026-03-09T14:30:00Z"')
    try:
        return times.instant(value.text if isinstance(value, Number) else value)
    except InvalidValue as error:
        raise adopted(path, error) from None


def tag(path: str, value: JsonValue) -> str:
    """Reads a short printable text."""
    given = text(path, value)
    if not 1 <= len(given) <= TEXT_LIMIT:
        raise refused(Code.TEXT_INVALID, path, f"has {len(given)} characters", f"1 to {TEXT_LIMIT}")
    if not given.isprintable():
        raise refused(Code.TEXT_INVALID, path, f"{quoted(given)} cannot be printed", "printable characters")
    return given


def schema(path: str, value: JsonValue) -> int:
    """Reads the format's number, which can only be 1."""
    if not isinstance(value, Number):
        raise _wrong_type(path, value, "the number 1, or no such field")
    if value.text != "1":
        raise refused(Code.SCHEMA_UNKNOWN, path, f"{value.text} is not known", "the number 1, or no such field")
    return 1


above_zero = number(money.positive)
zero_or_above = number(money.not_negative)
signed = number(money.money)
part = number(money.positive, Decimal(1))
fraction = number(money.not_negative, Decimal(1))
percent = number(money.positive, Decimal(100))
name = checked(names.name)
symbol = checked(names.symbol)
signal_id = checked(names.signal_id)


def _kept(value: JsonValue) -> Any:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    return value


def _wrong_type(path: str, value: JsonValue, expected: str) -> SignalInvalid:
    if value is None:
        expected += "; leave the field out if there is none"
    return refused(Code.WRONG_TYPE, path, f"is {kind_of(value)}", expected)


def _unknown(rows: Mapping[str, Field], name: str, where: str, hints: Mapping[str, str]) -> SignalInvalid:
    near = next(iter(get_close_matches(name.lower(), rows, n=1, cutoff=0.7)), None)
    if hint := hints.get(name.lower()):
        expected = hint
    elif near:
        expected = f"{where}{near}"
    elif where:
        expected = " or ".join(rows)
    else:
        expected = "a field of the reference, or the value inside extra"
    return refused(Code.FIELD_UNKNOWN, where + key_shown(name), "is not a field of a signal", expected)
