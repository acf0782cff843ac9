"""What is wrong with settings that do not decode, in our own words: the key, what was given, what would be right.

The decoder's own message names types of Python's. So when it refuses, the settings are walked beside the structs that
they are decoded to, and the first key that does not fit is told.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

from tradewire.domain.money import plain
from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import SHOWN_LENGTH, quoted
from tradewire.errors import ConfigError

Fits = Callable[[type, Any], Any]
"""Decodes one value; raises ConfigError or ValueError for one that is not of the kind."""

_KINDS: Final[dict[Any, tuple[str, str]]] = {
    bool: ("is neither true nor false", "Write true or false."),
    int: ("is not a whole number", "Write digits alone, such as 10."),
    int | None: ("is not a whole number", "Write digits alone, such as 10."),
    str: ("is not a text", 'Write it in quotes, such as "abc".'),
    Decimal: ("is not a number", 'Write plain digits, such as 10 or "0.5".'),
    list[str]: ("is not a list of texts", 'Write one such as ["AAPL", "MSFT"].'),
    list[str] | None: ("is not a list of texts", 'Write one such as ["AAPL", "MSFT"].'),
}
_EXPONENT_MAX: Final = 100
"""Digits that are worth writing out; a text of a gigabyte is not."""

_MOVED: Final = {
    "paper.currency": "The paper broker keeps an account in the account's currency: set currency in [accounts.NAME].",
}
"""Keys that people look for where they are not."""


def written(value: Any) -> str:
    """A number of a TOML file as text: `Decimal` writes 0.0000001 as 1E-7, which is no way to write an amount here."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _EXPONENT_MAX:
        return plain(value)
    return str(value)


def shown(value: Any) -> str:
    """A value of the settings as a message repeats it: one line, and not too long."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    text = written(value) if isinstance(value, Decimal) else ascii(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."


def first_wrong(raw: Mapping[str, Any], kind: type[Struct], fits: Fits, prefix: str = "") -> ConfigError | None:
    """Returns what to say of the first key that `kind` does not have, or whose value it does not take."""
    fields = {each.name: each.type for each in msgspec.structs.fields(kind)}
    for name in raw:
        if name not in fields:
            key = f"{prefix}{name}"
            return ConfigError(key, "is not a setting", _MOVED.get(key) or hint(name, fields))
    for name, value in raw.items():
        if (found := _wrong(f"{prefix}{name}", value, fields[name], fits)) is not None:
            return found
    return None


def hint(name: str, known: Any, *, key: str = "") -> str:
    """What to do about a name that is no key: the nearest that is one. `key` is how the key is written in the file."""
    if key in _MOVED:
        return _MOVED[key]
    near = nearest(name, known)
    return f"Did you mean {near[0]}?" if near else "Remove it, or see `tradewire config check` for what exists."


def _wrong(key: str, value: Any, kind: Any, fits: Fits) -> ConfigError | None:
    if isinstance(kind, type) and issubclass(kind, Struct):
        if not isinstance(value, Mapping):
            return ConfigError(
                key, f"is {_given(key, value)}, which is not a section", f"Write its keys under [{key}]."
            )
        return first_wrong(value, kind, fits, f"{key}.")
    if get_origin(kind) is dict:
        member = get_args(kind)[1]
        if not isinstance(value, Mapping):
            sections = isinstance(member, type) and issubclass(member, Struct)
            fix = f"Write sections [{key}.NAME]." if sections else f"Write its names under [{key}]."
            return ConfigError(key, f"is {_given(key, value)}, which has no names", fix)
        return next((found for name in value if (found := _wrong(f"{key}.{name}", value[name], member, fits))), None)
    try:
        fits(kind, value)
    except ConfigError as error:
        return ConfigError(key, error.problem, error.fix)
    except ValueError:
        problem, fix = _KINDS.get(kind, ("does not fit", "See `tradewire config check` for every key."))
        words = next((member for member in (kind, *get_args(kind)) if get_origin(member) is Literal), None)
        if words is not None:
            problem, fix = "is none of its words", f"Write {' or '.join(get_args(words))}."
        return ConfigError(key, f"is {_given(key, value)}, which {problem}", fix)
    return None


def _given(key: str, value: Any) -> str:
    """A value as it was given; an address of a database may hold a password."""
    return "something" if key.startswith("postgres") else shown(value)
