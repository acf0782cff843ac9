"""What strategies, accounts, people, symbols and signals may be called, and what is wrong with any other name.

A subject, a stream or a file name is built from checked names only. The grammars match whole texts; `$` would let a
newline through at the end.
"""

import re
import unicodedata

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

_name = re.compile(r"[a-z][a-z0-9_-]{0,31}").fullmatch
_symbol = re.compile(r"[A-Z0-9][A-Z0-9./-]{0,31}").fullmatch
_signal_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}").fullmatch
_strange_in_symbol = re.compile(r"[^A-Z0-9./-]").search
_strange_in_id = re.compile(r"[^A-Za-z0-9_.:-]").search
_strange_in_name = re.compile(r"[^a-z0-9_-]").search
_LOOKALIKES = str.maketrans("АВЕЅІЈКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABESIJKMHOPCTYXABEZHIKMNOPTYX")
"""Capital letters of Cyrillic and of Greek, and the Latin ones that they pass for."""
_WORDS = {"\0": "a NUL character", "\n": "a newline", "\r": "a carriage return", "\t": "a tab", " ": "a space"}


def is_name(text: str) -> bool:
    """Says whether the text can name a strategy, an account, a person or a shard."""
    return _name(text) is not None


def is_symbol(text: str) -> bool:
    """Says whether the text is written as symbols are: AAPL, BRK.B, BTC/USDT. It may still be unknown."""
    return _symbol(text) is not None


def is_signal_id(text: str) -> bool:
    """Says whether a strategy may call its signal so."""
    return _signal_id(text) is not None


def name(text: str) -> str:
    """Returns the text if it is a name.

    Raises:
        InvalidValue: NAME_INVALID.
    """
    if _name(text):
        return text
    problem = _problem(text, 32, _strange_in_name(text)) or f"{quoted(text)} does not start with a letter"
    raise InvalidValue("NAME_INVALID", problem, "a-z, 0-9, _ and -, starting with a letter, 32 characters at most")


def signal_id(text: str) -> str:
    """Returns the text if it can be a signal's id.

    Raises:
        InvalidValue: ID_INVALID.
    """
    if _signal_id(text):
        return text
    problem = _problem(text, 64, _strange_in_id(text)) or f"{quoted(text)} does not start with a letter or digit"
    raise InvalidValue("ID_INVALID", problem, "1 to 64 of A-Z, a-z, 0-9, _ . : and -, starting with a letter or digit")


def symbol(text: str) -> str:
    """Returns the text if it is written as symbols are.

    Raises:
        InvalidValue: SYMBOL_INVALID; `expected` is the right spelling when it can be told.
    """
    if _symbol(text):
        return text
    if ":" in text and text.isascii():
        problem: str | None = f"{quoted(text)} has an exchange before the colon"
    elif text.isascii() and _symbol(text.upper()):
        problem = f"{quoted(text)} is in lower case"
    else:
        problem = _problem(text, 32, _strange_in_symbol(text))
    problem = problem or f"{quoted(text)} does not start with a letter or digit"
    bare = unicodedata.normalize("NFKC", text).strip().upper().translate(_LOOKALIKES)
    guess = bare.rpartition(":")[2].replace("_", "/")
    fix = (
        quoted(guess)
        if _symbol(guess)
        else "capital letters and digits, with . / or - between, such as AAPL or BTC/USDT"
    )
    raise InvalidValue("SYMBOL_INVALID", problem, fix)


def _problem(text: str, limit: int, strange: re.Match[str] | None) -> str | None:
    if not text:
        return "it is empty"
    if len(text) > limit:
        return f"{quoted(text)} has {len(text)} characters"
    if strange is None:
        return None
    return f"{quoted(text)} has {_called(strange[0])} at character {strange.start() + 1}"


def _called(character: str) -> str:
    if character in _WORDS:
        return _WORDS[character]
    if character.isascii() and character.isprintable():
        return f"'{character}'"
    return f"U+{ord(character):04X} ({unicodedata.name(character, 'unnamed')})"
