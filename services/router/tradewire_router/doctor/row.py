"""A row of the doctor's table: what was looked at, what that showed, why it may be so, and what to do."""

from typing import Final, Literal

from msgspec import Struct

Result = Literal["OK", "WARN", "FAIL", "NONE"]
"""NONE: this broker has no such thing, or it could not be looked at because of a row above."""
CHECKS: Final = ("settings", "port", "key", "environment", "permission", "clock", "data", "market")
"""What is looked at between an account and its broker, in this order: each needs those before it."""


class Row(Struct, frozen=True):
    """One row. `cause` and `cure` belong to what is not OK."""

    check: str
    result: Result
    found: str
    cause: str = ""
    cure: str = ""


def ok(check: str, found: str) -> Row:
    """A row in which nothing is wrong."""
    return Row(check, "OK", found)


def none(check: str, found: str) -> Row:
    """A row that does not apply."""
    return Row(check, "NONE", found)


def warn(check: str, found: str, cause: str, cure: str) -> Row:
    """A row that explains why nothing trades now, or soon may not."""
    return Row(check, "WARN", found, cause, cure)


def fail(check: str, found: str, cause: str, cure: str) -> Row:
    """A row in which something is wrong."""
    return Row(check, "FAIL", found, cause, cure)
