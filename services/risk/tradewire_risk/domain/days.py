"""An account's trading day: the calendar day in its time zone."""

from datetime import UTC, date, datetime, timedelta, tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def day_of(now: int, zone: tzinfo) -> str:
    """Returns the ISO date of a time (µs since the epoch) in a zone."""
    return (_EPOCH + timedelta(microseconds=now)).astimezone(zone).date().isoformat()


def start_of(day: str, zone: tzinfo) -> int:
    """Returns when an ISO date begins in a zone, in µs since the epoch."""
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone)
    return (midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND
