"""Times of day and hours of the week as people write them: "17:00", "Mon-Fri 09:30-16:00".

They are read off a wall clock: whoever knows the time zone says which weekday and which minute of it is now.
"""

import re
from typing import Final

from msgspec import Struct

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

DAY_MINUTES: Final = 24 * 60
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EVERY_DAY: Final = frozenset(range(7))
_time = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])").fullmatch
_window = re.compile(r"(?:([A-Za-z,-]+) +)?([0-9:]+)-([0-9:]+)").fullmatch
_TIME_EXPECTED: Final = 'hours and minutes from 00:00 to 23:59, such as "17:00"'
_WINDOW_EXPECTED: Final = 'days and hours such as "Mon-Fri 09:30-16:00", "Sat,Sun 10:00-14:00" or "22:00-06:00"'
_DAYS_EXPECTED: Final = f"{', '.join(WEEKDAYS)}, with commas between them, or a range such as Mon-Fri"


class TradingWindow(Struct, frozen=True, gc=False):
    """Hours that begin on some weekdays (0 is Monday). `begin` and `end` are minutes after midnight.

    The beginning is inside and the end is not. An `end` before the `begin` is one of the next day.
    """

    days: frozenset[int]
    begin: int
    end: int

    def covers(self, weekday: int, minute: int) -> bool:
        """Says whether a weekday and a minute of it, on the wall clock, lie inside."""
        if self.begin < self.end:
            return weekday in self.days and self.begin <= minute < self.end
        return (weekday in self.days and minute >= self.begin) or ((weekday - 1) % 7 in self.days and minute < self.end)


def time_of_day(text: str) -> int:
    """Returns a time such as "17:00" in minutes after midnight, 0 to 1439.

    Raises:
        InvalidValue: TIME_OF_DAY_INVALID.
    """
    match = _time(text)
    if match is None:
        raise InvalidValue("TIME_OF_DAY_INVALID", f"{quoted(text)} is not a time of day", _TIME_EXPECTED)
    return int(match[1]) * 60 + int(match[2])


def trading_window(text: str) -> TradingWindow:
    """Reads hours such as "Mon-Fri 09:30-16:00". Without days they are those of every day; 24:00 ends a day.

    Raises:
        InvalidValue: WINDOW_INVALID, or TIME_OF_DAY_INVALID for one of its times.
    """
    match = _window(text)
    if match is None:
        raise InvalidValue("WINDOW_INVALID", f"{quoted(text)} is not a window", _WINDOW_EXPECTED)
    days, first, last = match.groups()
    begin, end = time_of_day(first), DAY_MINUTES if last == "24:00" else time_of_day(last)
    if begin == end:
        fix = "another end, or 00:00-24:00 for the whole day"
        raise InvalidValue("WINDOW_INVALID", f"{quoted(text)} ends when it begins", fix)
    return TradingWindow(_EVERY_DAY if days is None else _weekdays(days), begin, end)


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = _weekday(first)
        length = (_weekday(last) - begin) % 7 if dash else 0
        found.update((begin + n) % 7 for n in range(length + 1))
    return frozenset(found)


def _weekday(text: str) -> int:
    try:
        return WEEKDAYS.index(text.title())
    except ValueError:
        raise InvalidValue("WINDOW_INVALID", f"{quoted(text)} is not a weekday", _DAYS_EXPECTED) from None
