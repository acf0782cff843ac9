"""What to say of words on the command line that no command takes, in words of our own."""

import re
from collections.abc import Sequence
from typing import Final

import typer

_CHOICE: Final = re.compile(r"Value error, ('.*') is not one of ('.*')")
_EXPECTED: Final = (
    (re.compile(r"Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"Input should be a valid number.*"), "expected a number"),
    (re.compile(r"Input should be greater than or equal to (.+)"), r"expected \1 or more"),
    (re.compile(r"Input should be less than or equal to (.+)"), r"expected \1 or less"),
)
"""How the library that reads values says what is wrong, and how we say it."""


def words(error: typer.TyperException, given: Sequence[str]) -> str:
    """One sentence without its point."""
    said = " ".join(error.format_message().split()).rstrip(".")
    return _negative(given, said) or _plainly(said)


def _plainly(said: str) -> str:
    about, invalid, problem = said.partition("Invalid value for ")
    if not invalid:
        return said
    where, colon, problem = problem.partition(": ")
    if wrong := _CHOICE.fullmatch(problem):
        *others, last = (choice.strip("'") for choice in wrong[2].split(", "))
        problem = f"{wrong[1]} is none; expected {', '.join(others)} or {last}"
    for pattern, ours in _EXPECTED:
        problem = pattern.sub(ours, problem)
    return f"{about}{invalid}{where}{colon}{problem}"


def _negative(given: Sequence[str], said: str) -> str:
    """What to say of `send buy AAPL -5`, whose last word is taken for an option."""
    number = next((word for word in given if re.fullmatch(r"-\.?\d[\d.,]*", word)), "")
    if not number or given[0] != "send" or f"No such option: {number[:2]}" not in said:
        return ""
    return f"quantity: {number} is a negative number; expected more than zero, and sell or close for the other way"
