"""Times and spans as text: RFC 3339 with a zone, and "30s"; inside, both are int microseconds.

Nothing here reads a clock. An instant is counted from 1970-01-01T00:00:00Z without leap seconds.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue

SECOND: Final = 1_000_000
FIRST_YEAR, LAST_YEAR = 1970, 2200
LONGEST_DAYS = 3650
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_END = (date(LAST_YEAR + 1, 1, 1).toordinal() - _EPOCH_DAY) * 86_400 * SECOND
_MAX_OFFSET_MINUTES = 14 * 60
_UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": 86_400 * SECOND}
_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800
_EPOCH_UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": SECOND, "nanoseconds": 1_000 * SECOND}
_EXAMPLE = '"2026-03-09T14:30:00Z"'
_DURATION_EXPECTED = 'whole digits and one of ms, s, m, h, d, such as "30s"'

_instant = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
).fullmatch
_naive = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?").fullmatch
_epoch = re.compile(r"-?([0-9]{1,20})(?:\.[0-9]*)?").fullmatch
_duration = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)").fullmatch
_any_span = re.compile(r"(-?)[0-9]+(?:ms|s|m|h|d)").fullmatch


def instant(text: str) -> int:
    """Returns an RFC 3339 date-time as microseconds since the epoch. Digits below the microsecond are cut off.

    Raises:
        InvalidValue: TIME_INVALID, TIME_NO_ZONE, TIME_EPOCH (a bare number), TIME_LEAP_SECOND or TIME_OUT_OF_RANGE
            (before 1970 or after 2200).
    """
    match = _instant(text)
    if match is None:
        raise _not_an_instant(text)
    year, month, day, hour, minute, second, fraction, sign, offset_hour, offset_minute = match.groups()
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise _out_of_range(text)
    if second == "60":
        raise InvalidValue("TIME_LEAP_SECOND", f"{quoted(text)} is a leap second", "the second before or after it")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        raise InvalidValue("TIME_INVALID", f"{quoted(text)} names a day that does not exist", _EXAMPLE) from None
    minutes = int(hour) * 60 + int(minute)
    if int(hour) > 23 or int(minute) > 59 or int(second) > 59:
        raise InvalidValue(
            "TIME_INVALID", f"{quoted(text)} names a time of day that does not exist", "00:00:00 to 23:59:59"
        )
    if sign:
        offset = int(offset_hour) * 60 + int(offset_minute)
        if int(offset_minute) > 59 or offset > _MAX_OFFSET_MINUTES:
            raise InvalidValue(
                "TIME_INVALID", f"{quoted(text)} has an offset that no place has", "Z, or an offset up to 14:00"
            )
        minutes += offset if sign == "-" else -offset
    micros = int((fraction + "00000")[:6]) if fraction else 0
    value = (days * 86_400 + minutes * 60 + int(second)) * SECOND + micros
    if not 0 <= value < _END:
        raise _out_of_range(text)
    return value


def instant_text(microseconds: int) -> str:
    """Returns RFC 3339 in UTC, with six digits of fraction or none.

    Raises:
        InvalidValue: TIME_OUT_OF_RANGE, before 1970 or after 2200.
    """
    if not 0 <= microseconds < _END:
        raise _out_of_range(str(microseconds))
    return (_EPOCH + timedelta(microseconds=microseconds)).replace(tzinfo=None).isoformat() + "Z"


def duration(text: str) -> int:
    """Returns a span such as "250ms", "30s", "5m", "4h" or "4d" in microseconds; ten years at most.

    Raises:
        InvalidValue: DURATION_INVALID.
        TypeError: the value is no text.
    """
    match = _duration(text)
    value = int(match[1]) * _UNITS[match[2]] if match else None
    if value is not None and value <= LONGEST_DAYS * _UNITS["d"]:
        return value
    span = _any_span(text)
    if span is None:
        raise InvalidValue("DURATION_INVALID", f"{quoted(text)} is not a duration", _DURATION_EXPECTED)
    if span[1]:
        raise InvalidValue("DURATION_INVALID", f"{quoted(text)} is negative", _DURATION_EXPECTED)
    raise InvalidValue("DURATION_INVALID", f"{quoted(text)} is too long", f"at most {LONGEST_DAYS}d")


def is_span(text: str) -> bool:
    """Says whether the text is meant as a span, even as one that is negative or too long."""
    return _any_span(text) is not None


def span_text(microseconds: int) -> str:
    """Returns a span for people: "7ms", "3.2s"; from a minute on, its two largest units that are not zero: "2516d 7h".

    What is cut off is rounded up, so that a span above a limit never reads as the limit.
    """
    sign, micros = ("-", -microseconds) if microseconds < 0 else ("", microseconds)
    millis = -(-micros // 1_000)
    if millis < 60_000:
        whole, rest = divmod(millis, 1_000)
        if rest and not whole:
            return f"{sign}{rest}ms"
        return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".") + "s" if rest else f"{sign}{whole}s"
    left, parts = -(-micros // SECOND) * SECOND, []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return sign + " ".join(parts[:2])


def _out_of_range(text: str) -> InvalidValue:
    return InvalidValue(
        "TIME_OUT_OF_RANGE", f"{quoted(text)} is before {FIRST_YEAR} or after {LAST_YEAR}", f"a time such as {_EXAMPLE}"
    )


def _not_an_instant(text: str) -> InvalidValue:
    if not text:
        return InvalidValue("TIME_INVALID", "the time is empty", _EXAMPLE)
    if number := _epoch(text):
        return _bare_number(text, number[1])
    if _naive(text):
        return InvalidValue("TIME_NO_ZONE", f"{quoted(text)} has no zone", f"a zone at the end, such as Z: {_EXAMPLE}")
    if _instant(text.replace(" ", "T", 1)):
        return InvalidValue("TIME_INVALID", f"{quoted(text)} has a space in the middle", f"a T there: {_EXAMPLE}")
    return InvalidValue(
        "TIME_INVALID", f"{quoted(text)} is not an RFC 3339 time", f"{_EXAMPLE} or with an offset +01:00"
    )


def _bare_number(text: str, digits: str) -> InvalidValue:
    """Names the unit in which a bare epoch number lies between 2000 and 2100, and the time that it would be."""
    for unit, per_second in _EPOCH_UNITS.items():
        seconds = int(digits) // per_second
        if _YEAR_2000 <= seconds < _YEAR_2100:
            right = instant_text(int(digits) * SECOND // per_second)
            return InvalidValue("TIME_EPOCH", f"{quoted(text)} looks like {unit} since 1970", f'"{right}"')
    return InvalidValue("TIME_EPOCH", f"{quoted(text)} is a bare number", _EXAMPLE)
