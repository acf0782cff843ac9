"""An account's trading day: from one roll to the next, at a time of day in the account's zone.

A day is named by the date in which most of it lies. One that rolls at 17:00 has the name of the date on which it ends,
as the trade dates of futures and currencies do; one that rolls at midnight or in the morning has that of the date on
which it begins. Weekends and holidays have days as well.

Every instant lies in exactly one day, whatever the clocks do. A roll that comes twice because they go back counts the
first time; one that they skip falls on the instant at which they go forward. A date that a zone never had, because it
crossed the date line, is a day without length.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_NOON = 12 * 60


def day_of(now: int, zone: tzinfo, rolls_at: int = 0) -> str:
    """Returns the trading day, as an ISO date, in which a time (µs since the epoch) lies.

    `rolls_at` is the time of day at which days roll, in minutes after midnight in the zone.
    """
    instant = _EPOCH + timedelta(microseconds=now)
    day = instant.astimezone(zone).date() + _ahead(rolls_at)
    while _begin(day + _DAY, zone, rolls_at) <= instant:
        day += _DAY
    while _begin(day, zone, rolls_at) > instant:
        day -= _DAY
    return day.isoformat()


def start_of(day: str, zone: tzinfo, rolls_at: int = 0) -> int:
    """Returns when a trading day begins, in µs since the epoch."""
    return (_begin(date.fromisoformat(day), zone, rolls_at) - _EPOCH) // _MICROSECOND


def _ahead(rolls_at: int) -> timedelta:
    """How far a day's name is ahead of the date on which it begins."""
    return _DAY if rolls_at >= _NOON else timedelta()


def _begin(day: date, zone: tzinfo, rolls_at: int) -> datetime:
    on = day - _ahead(rolls_at)
    roll = datetime(on.year, on.month, on.day, rolls_at // 60, rolls_at % 60, tzinfo=zone)
    first, second = roll.astimezone(UTC), roll.replace(fold=1).astimezone(UTC)
    return first if first <= second else _skip(second, first, zone)


def _skip(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The instant between two, to the second, at which the clocks go forward.

    A time that the clocks skip is before that instant when it is read with the later offset, and after it when it is
    read with the earlier one (PEP 495).
    """
    new = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        if middle.astimezone(zone).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after
