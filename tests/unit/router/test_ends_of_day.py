"""Which trading day's end is to be named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tradewire_router.domain.ends_of_day import TradingDay


def micros(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("now", "named", "expected"),
    [
        ("2026-03-10T12:00+00:00", "", "2026-03-09"),
        ("2026-03-10T12:00+00:00", "2026-03-09", ""),
        ("2026-03-10T23:59:59+00:00", "2026-03-09", ""),
        ("2026-03-11T00:00+00:00", "2026-03-09", "2026-03-10"),
        ("2026-03-20T00:00+00:00", "2026-03-09", "2026-03-19"),
        ("2026-03-08T12:00+00:00", "2026-03-09", ""),
    ],
)
def test_a_day_that_rolls_at_midnight(now: str, named: str, expected: str) -> None:
    assert TradingDay(UTC, 0).ended(micros(now), named) == expected


def test_before_the_clock_begins_no_day_has_ended() -> None:
    assert TradingDay(UTC, 0).ended(0, "") == ""


@pytest.mark.parametrize(
    ("now", "expected"), [("2026-03-10T16:59-04:00", "2026-03-09"), ("2026-03-10T17:00-04:00", "2026-03-10")]
)
def test_a_day_that_rolls_in_the_afternoon_of_new_york(now: str, expected: str) -> None:
    assert TradingDay(ZoneInfo("America/New_York"), 17 * 60).ended(micros(now), "") == expected
