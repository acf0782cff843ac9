"""RFC 3339 instants and spans, against the standard library as the oracle."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.values.outcomes import outcome
from tradewire.domain.times import duration, instant, instant_text, is_span, span_text
from tradewire.errors import InvalidValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 7_289_654_399_999_999


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-03-09T14:30:00Z", 1_773_066_600_000_000),
        ("2026-03-09t14:30:00z", 1_773_066_600_000_000),
        ("2026-03-09T14:30:00-00:00", 1_773_066_600_000_000),
        ("2026-03-09T15:30:00.25+01:00", 1_773_066_600_250_000),
        ("2026-03-09T14:30:00.123456789Z", 1_773_066_600_123_456),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
        ("2200-12-31T23:59:59.999999Z", LAST),
        ("1970-01-01T05:30:00+05:30", 0),
    ],
)
def test_an_instant_is_microseconds_in_utc(text: str, microseconds: int) -> None:
    assert instant(text) == microseconds


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("", "TIME_INVALID", "2026-03-09T14:30:00Z"),
        ("now", "TIME_INVALID", "2026-03-09T14:30:00Z"),
        ("2026-03-09 14:30:00Z", "TIME_INVALID", "a T there"),
        ("2026-03-09T14:30:00", "TIME_NO_ZONE", "a zone at the end"),
        ("2026-03-09T14:30:00.5", "TIME_NO_ZONE", "a zone at the end"),
        ("2026-03-09", "TIME_NO_ZONE", "a zone at the end"),
        ("2026-03-09T14:30:00Z\n", "TIME_INVALID", "2026-03-09T14:30:00Z"),
        ("٢٠٢٦-03-09T14:30:00Z", "TIME_INVALID", "2026-03-09T14:30:00Z"),
        ("1741530600", "TIME_EPOCH", "2025-03-09T14:30:00Z"),
        ("1741530600123", "TIME_EPOCH", "2025-03-09T14:30:00.123000Z"),
        ("1741530600123456", "TIME_EPOCH", "2025-03-09T14:30:00.123456Z"),
        ("1741530600123456789", "TIME_EPOCH", "2025-03-09T14:30:00.123456Z"),
        ("1741530600.5", "TIME_EPOCH", "2025-03-09T14:30:00Z"),
        ("20260309", "TIME_EPOCH", "2026-03-09T14:30:00Z"),
        ("2016-12-31T23:59:60Z", "TIME_LEAP_SECOND", "the second before or after"),
        ("0000-01-01T00:00:00Z", "TIME_OUT_OF_RANGE", "2026"),
        ("1969-12-31T23:59:59Z", "TIME_OUT_OF_RANGE", "2026"),
        ("1970-01-01T00:00:00+01:00", "TIME_OUT_OF_RANGE", "2026"),
        ("2201-01-01T00:00:00Z", "TIME_OUT_OF_RANGE", "2026"),
        ("2200-12-31T23:59:59-01:00", "TIME_OUT_OF_RANGE", "2026"),
        ("2026-02-30T00:00:00Z", "TIME_INVALID", "2026"),
        ("2025-02-29T00:00:00Z", "TIME_INVALID", "2026"),
        ("2026-13-01T00:00:00Z", "TIME_INVALID", "2026"),
        ("2026-01-01T24:00:00Z", "TIME_INVALID", "23:59:59"),
        ("2026-01-01T00:60:00Z", "TIME_INVALID", "23:59:59"),
        ("2026-01-01T00:00:61Z", "TIME_INVALID", "23:59:59"),
        ("2026-01-01T00:00:00+24:00", "TIME_INVALID", "up to 14:00"),
        ("2026-01-01T00:00:00+14:01", "TIME_INVALID", "up to 14:00"),
        ("2026-01-01T00:00:00+01:60", "TIME_INVALID", "up to 14:00"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, code: str, expected: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        instant(text)
    assert caught.value.code == code
    assert expected in caught.value.expected


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30)),  # noqa: DTZ001 - the zone is drawn beside it
    st.integers(-14 * 60, 14 * 60),
)
def test_it_agrees_with_the_standard_library(naive: datetime, offset: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert instant(moment.isoformat()) == (moment - EPOCH) // timedelta(microseconds=1)


@settings(deadline=None)
@given(st.integers(0, LAST))
def test_text_reads_back(microseconds: int) -> None:
    assert instant(instant_text(microseconds)) == microseconds


@pytest.mark.parametrize("microseconds", [-1, LAST + 1])
def test_text_of_what_is_no_instant_is_refused(microseconds: int) -> None:
    with pytest.raises(InvalidValue, match="before 1970 or after 2200"):
        instant_text(microseconds)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    found = outcome(instant, text)
    if isinstance(found, InvalidValue):
        assert found.code.startswith("TIME_")
    else:
        assert 0 <= found <= LAST


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("0s", 0),
        ("250ms", 250_000),
        ("30s", 30_000_000),
        ("5m", 300_000_000),
        ("4h", 14_400_000_000),
        ("4d", 345_600_000_000),
    ],
)
def test_a_span(text: str, microseconds: int) -> None:
    assert duration(text) == microseconds


@pytest.mark.parametrize(
    "text", ["", "30", "s", "1.5h", "5 m", "-5s", "1w", "30S", "3651d", "9" * 5000 + "s", "٣s", "5s\n"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        duration(text)
    assert caught.value.code == "DURATION_INVALID"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-1h", "is negative"),
        ("9999999h", "is too long"),
        ("9" * 30 + "ms", "is too long"),
        ("-" + "9" * 30 + "d", "is negative"),
    ],
)
def test_a_span_that_is_negative_or_too_long_is_told_so(text: str, problem: str) -> None:
    with pytest.raises(InvalidValue, match=problem):
        duration(text)
    assert is_span(text)


@pytest.mark.parametrize("text", ["", "5", "1.5h", "2026-03-09T14:30:00Z", "5s\n", "soon"])
def test_what_is_meant_as_something_else_is_no_span(text: str) -> None:
    assert not is_span(text)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (250_000, "250ms"),
        (3_200_000, "3.2s"),
        (30_000_000, "30s"),
        (30_000_001, "30.001s"),
        (59_999_999, "1m"),
        (300_000_000, "5m"),
        (300_400_000, "5m 1s"),
        (345_600_000_000, "4d"),
        (345_601_000_000, "4d 1s"),
        (217_404_220_228_998, "2516d 6h"),
        (-90_000_000, "-1m 30s"),
    ],
)
def test_a_span_for_people(microseconds: int, text: str) -> None:
    assert span_text(microseconds) == text
