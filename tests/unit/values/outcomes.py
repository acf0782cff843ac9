"""What a strict function makes of a text: its value, or the error that it raises. Any other error fails the test."""

from collections.abc import Callable
from typing import TypeVar

from tradewire.errors import InvalidValue

T = TypeVar("T")


def outcome(function: Callable[[str], T], text: str) -> T | InvalidValue:
    """Returns the value or the InvalidValue."""
    try:
        return function(text)
    except InvalidValue as error:
        return error
