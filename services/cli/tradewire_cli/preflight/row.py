"""A row of the checklist: what was measured, what that comes to, and how to mend it; and when all of them are green."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from tradewire.errors import InvalidValue

Result = Literal["OK", "WARN", "FAIL"]
WAIVED: Final = "WAIVED"

ROWS: Final = (
    "settings",
    "account",
    "processes",
    "router",
    "reconciled",
    "broker",
    "limits",
    "switches",
    "nats",
    "postgres",
    "log",
    "backup",
    "disk",
    "clock",
    "keys",
    "people",
    "webhook",
    "alerts",
    "metrics",
    "versions",
)
"""The checklist, in the order in which it is shown."""


class Row(Struct, frozen=True):
    """One row. `fix` says what to do about what is not OK, `waived` why somebody lets that be."""

    row: str
    result: Result
    measured: str
    fix: str = ""
    waived: str = ""

    @property
    def shown(self) -> str:
        """The result as people see it."""
        return WAIVED if self.waived else self.result


def ok(row: str, measured: str) -> Row:
    """A row in which nothing is wrong."""
    return Row(row, "OK", measured)


def warn(row: str, measured: str, fix: str) -> Row:
    """A row that whoever trades real money has to answer for by name."""
    return Row(row, "WARN", measured, fix)


def fail(row: str, measured: str, fix: str) -> Row:
    """A row that keeps an account from trading."""
    return Row(row, "FAIL", measured, fix)


def waivers(given: Iterable[str]) -> dict[str, str]:
    """Reads what was given with `--waive`: `ROW=REASON` each.

    Raises:
        InvalidValue: there is no such row, it is waived twice, or the reason is missing.
    """
    found: dict[str, str] = {}
    for text in given:
        row, _, reason = text.partition("=")
        if row not in ROWS:
            raise InvalidValue("ROW_UNKNOWN", f"--waive: there is no row {row!r}", f"one of {', '.join(ROWS)}")
        if not reason.strip():
            raise InvalidValue("REASON_MISSING", f"--waive {row} says no reason", f'{row}="why it may be so"')
        if row in found:
            raise InvalidValue("ROW_TWICE", f"--waive {row} is there twice", "one reason a row")
        found[row] = reason.strip()
    return found


def waive(rows: Iterable[Row], reasons: Mapping[str, str]) -> tuple[Row, ...]:
    """Waives rows by name. One that is OK stays so: there is nothing to waive."""
    return tuple(
        replace(row, waived=reasons[row.row]) if row.result != "OK" and row.row in reasons else row for row in rows
    )


def standing_in_the_way(rows: Iterable[Row], *, live: bool) -> tuple[Row, ...]:
    """The rows that keep an account from being green: what fails, and with real money at stake also every warning."""
    bad = {"FAIL", "WARN"} if live else {"FAIL"}
    return tuple(row for row in rows if row.result in bad and not row.waived)
