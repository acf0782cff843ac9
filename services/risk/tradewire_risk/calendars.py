"""Exchanges' sessions, from exchange-calendars: `python -m tradewire_risk.calendars XNYS 2025-01-01 2027-12-31`.

It prints the sessions of some days as JSON and ends. That library needs pandas, 70 MB that no process that stays should
carry, so risk runs this in a child (`calendar_cache`) and reads what it prints.
"""

import contextlib
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from tradewire.errors import InvalidValue
from tradewire_risk.domain.sessions import Session, Sessions, checked

_LAYOUT = 1
_WRONG_USE = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Extended(Struct, frozen=True):
    """Hours around the regular ones: from a time of the day in a zone, until so long after the close."""

    zone: str
    opens: time_of_day
    after_close: timedelta


EXTENDED = {"XNYS": Extended("America/New_York", time_of_day(4), timedelta(hours=4))}
"""Of the calendars that have such hours. Those of New York end at 20:00, at 17:00 when the close is at 13:00
(NYSE Group Holiday and Early Closings Calendar)."""


class CalendarFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The sessions of a calendar between two dates, both included, and what they were made by."""

    calendar: str
    first: str
    last: str
    source: str
    sessions: Sessions


_decode = msgspec.json.Decoder(CalendarFile).decode


def source() -> str:
    """What sessions are made by; what something else made is not used."""
    libraries = " ".join(f"{name} {version(name)}" for name in ("exchange-calendars", "tzdata"))
    return f"{libraries} layout {_LAYOUT}"


def read(data: bytes) -> CalendarFile:
    """Reads a file.

    Raises:
        InvalidValue: CALENDAR_INVALID or SESSIONS_INVALID.
    """
    try:
        found = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidValue("CALENDAR_INVALID", f"what was said cannot be read: {error}", "sessions as JSON") from None
    checked(found.sessions)
    return found


def sessions_between(name: str, first: date, last: date) -> Sessions:
    """Asks exchange-calendars; where a calendar's own bounds are narrower than the dates, they hold.

    Raises:
        InvalidValue: CALENDAR_INVALID: it has no such calendar, or no session between the dates.
    """
    import exchange_calendars  # noqa: PLC0415 - 70 MB that only the child may have

    if name not in exchange_calendars.get_calendar_names():
        raise InvalidValue("CALENDAR_INVALID", f"{name} is no calendar of exchange-calendars", "a name such as XNYS")
    # Its own range first, because the bounds are those of its class.
    kind: Any = type(exchange_calendars.get_calendar(name))
    lower, upper = kind.bound_min(), kind.bound_max()
    begin = first if lower is None else max(first, lower.date())
    end = last if upper is None else min(last, upper.date())
    rows: list[Any] = []
    with contextlib.suppress(exchange_calendars.errors.NoSessionsError):
        rows = [*kind(start=begin, end=end).schedule.itertuples()] if begin < end else []
    if not rows:
        raise InvalidValue("CALENDAR_INVALID", f"{name} has no session from {first} to {last}", "other dates")
    extended = EXTENDED.get(exchange_calendars.resolve_alias(name))
    return checked(tuple(session for row in rows for session in _sessions_of(row, extended)))


def _sessions_of(row: Any, extended: Extended | None) -> Iterable[Session]:
    """A day's sessions: two around a break, else one."""
    opens, closes = _micros(row.open), _micros(row.close)
    early, late = opens, closes
    if extended is not None:
        begin = datetime.combine(row.Index.date(), extended.opens, ZoneInfo(extended.zone))
        early = min((begin - _EPOCH) // _MICROSECOND, opens)
        late = closes + extended.after_close // _MICROSECOND
    if row.break_start != row.break_start:  # NaT: there is none
        return [Session(opens, closes, early, late)]
    stops, goes_on = _micros(row.break_start), _micros(row.break_end)
    return [Session(opens, stops, early, stops), Session(goes_on, closes, goes_on, late)]


def _micros(at: Any) -> int:
    return int(at.value) // 1_000


def _asked(arguments: list[str]) -> CalendarFile:
    example = "XNYS 2025-01-01 2027-12-31"
    try:
        name, first, last = arguments
        begin, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise InvalidValue("ARGUMENTS", "a calendar and two dates are needed", example) from None
    if begin >= end:
        raise InvalidValue("ARGUMENTS", "the second date is not after the first", example)
    return CalendarFile(name, first, last, source(), sessions_between(name, begin, end))


def main() -> None:
    """Prints a CalendarFile; ends with 2 and one line when the arguments do not name one."""
    try:
        answer = _asked(sys.argv[1:])
    except InvalidValue as error:
        print(error, file=sys.stderr)  # noqa: T201 - the one line of a wrong use
        sys.exit(_WRONG_USE)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
