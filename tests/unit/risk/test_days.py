"""Trading days: where each begins when clocks change, and that every instant lies in exactly one."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.risk.builders import Log
from tradewire.domain.days import day_of, start_of
from tradewire.messages.account_events import MarksRecorded
from tradewire.messages.registry import decode
from tradewire.settings import Account, Settings
from tradewire_risk.domain.marks import due_by_time, due_first
from tradewire_risk.settings import setup_of

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
NEW_YORK = ZoneInfo("America/New_York")
ZONES = (
    "UTC",
    "America/New_York",
    "America/Chicago",
    "America/Havana",  # changes at midnight and at one
    "America/Sao_Paulo",  # skipped midnight until 2018
    "America/St_Johns",  # went back from 00:01 to the day before
    "Africa/Cairo",
    "Asia/Tokyo",
    "Australia/Lord_Howe",  # changes by half an hour
    "Europe/Berlin",
    "Pacific/Apia",  # had no 2011-12-30
    "Pacific/Kwajalein",  # had no 1993-08-21
)


def utc(text: str) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def the_day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("zone", "rolls_at", "day", "begins"),
    [
        ("UTC", "00:00", "2026-01-02", "2026-01-02 00:00"),
        # In the evening, a day has the name of the date on which it ends; in the morning, of that on which it begins.
        ("America/New_York", "17:00", "2026-01-05", "2026-01-04 22:00"),
        ("America/New_York", "12:00", "2026-01-05", "2026-01-04 17:00"),
        ("America/New_York", "11:59", "2026-01-05", "2026-01-05 16:59"),
        ("Asia/Tokyo", "07:00", "2026-01-05", "2026-01-04 22:00"),
        # Clocks go forward, from 02:00 to 03:00 on 2026-03-08: what they skip is the instant at which they do.
        ("America/New_York", "00:00", "2026-03-08", "2026-03-08 05:00"),
        ("America/New_York", "02:00", "2026-03-08", "2026-03-08 07:00"),
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08 07:00"),
        ("America/New_York", "02:59", "2026-03-08", "2026-03-08 07:00"),
        ("America/New_York", "03:00", "2026-03-08", "2026-03-08 07:00"),
        ("America/New_York", "03:01", "2026-03-08", "2026-03-08 07:01"),
        ("America/New_York", "17:00", "2026-03-08", "2026-03-07 22:00"),
        ("America/New_York", "17:00", "2026-03-09", "2026-03-08 21:00"),
        # Clocks go back, from 02:00 to 01:00 on 2026-11-01: what comes twice counts the first time.
        ("America/New_York", "00:59", "2026-11-01", "2026-11-01 04:59"),
        ("America/New_York", "01:00", "2026-11-01", "2026-11-01 05:00"),
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01 05:30"),
        ("America/New_York", "02:00", "2026-11-01", "2026-11-01 07:00"),
        ("America/New_York", "17:00", "2026-11-02", "2026-11-01 22:00"),
        # Midnight itself was skipped, from 00:00 to 01:00.
        ("America/Sao_Paulo", "00:00", "2018-11-04", "2018-11-04 03:00"),
        ("America/Sao_Paulo", "00:30", "2018-11-04", "2018-11-04 03:00"),
        # Half an hour, from 02:00 to 02:30.
        ("Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03 15:30"),
        # Midnight came, and a minute later it was 23:01 of the day before again.
        ("America/St_Johns", "00:00", "2010-11-07", "2010-11-07 02:30"),
        # A date that never was has no length.
        ("Pacific/Apia", "00:00", "2011-12-29", "2011-12-29 10:00"),
        ("Pacific/Apia", "00:00", "2011-12-30", "2011-12-30 10:00"),
        ("Pacific/Apia", "00:00", "2011-12-31", "2011-12-30 10:00"),
    ],
)
def test_a_day_begins(zone: str, rolls_at: str, day: str, begins: str) -> None:
    assert start_of(day, ZoneInfo(zone), minutes(rolls_at)) == utc(begins)


@pytest.mark.parametrize(
    ("rolls_at", "at", "day"),
    [
        ("00:00", "2026-01-05 04:59:59.999999", "2026-01-04"),
        ("00:00", "2026-01-05 05:00", "2026-01-05"),
        ("17:00", "2026-01-05 21:59:59.999999", "2026-01-05"),
        ("17:00", "2026-01-05 22:00", "2026-01-06"),
        # Friday evening is Saturday's, and Sunday evening Monday's.
        ("17:00", "2026-01-09 22:00", "2026-01-10"),
        ("17:00", "2026-01-11 22:00", "2026-01-12"),
        # The hour after the clocks went forward, and both hours of the night in which they go back.
        ("02:30", "2026-03-08 06:59:59.999999", "2026-03-07"),
        ("02:30", "2026-03-08 07:00", "2026-03-08"),
        ("01:30", "2026-11-01 05:29:59.999999", "2026-10-31"),
        ("01:30", "2026-11-01 05:30", "2026-11-01"),
        ("01:30", "2026-11-01 06:15", "2026-11-01"),
        ("01:30", "2026-11-01 06:30", "2026-11-01"),
    ],
)
def test_an_instant_lies_in_a_day(rolls_at: str, at: str, day: str) -> None:
    assert day_of(utc(at), NEW_YORK, minutes(rolls_at)) == day


def test_a_wall_clock_that_goes_back_over_midnight_brings_no_day_back() -> None:
    zone = ZoneInfo("America/St_Johns")
    midnight = utc("2010-11-07 02:30")
    assert [day_of(midnight + minute * MINUTE, zone) for minute in (-1, 0, 1, 30, 62)] == ["2010-11-06"] + [
        "2010-11-07"
    ] * 4


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-03-09", 24), ("2026-11-01", 25), ("2026-11-02", 24)]
)
def test_a_day_has_as_many_hours_as_the_clocks_leave_it(day: str, hours: int) -> None:
    assert start_of(the_day_after(day), NEW_YORK) - start_of(day, NEW_YORK) == hours * HOUR


instants = st.integers(0, utc("2100-01-01"))
zones = st.sampled_from(ZONES).map(ZoneInfo)
rolls = st.integers(0, 24 * 60 - 1)


@given(instants, zones, rolls)
def test_every_instant_lies_between_the_beginnings_of_its_day_and_the_next(
    now: int, zone: ZoneInfo, rolls_at: int
) -> None:
    day = day_of(now, zone, rolls_at)
    assert start_of(day, zone, rolls_at) <= now < start_of(the_day_after(day), zone, rolls_at)


@given(st.dates(date(1970, 1, 2), date(2100, 1, 1)), zones, rolls)
def test_days_follow_each_other(day: date, zone: ZoneInfo, rolls_at: int) -> None:
    begins = start_of(day.isoformat(), zone, rolls_at)
    ends = start_of(the_day_after(day.isoformat()), zone, rolls_at)
    assert begins <= ends
    if begins < ends:
        assert day_of(begins, zone, rolls_at) == day_of(ends - 1, zone, rolls_at) == day.isoformat()
    # It never lies further from its date's own midnight than a day and the widest offset.
    assert abs(begins - utc(day.isoformat())) <= (24 + 15) * HOUR


@given(instants, st.integers(0, 48 * HOUR), zones, rolls)
def test_days_never_go_back(now: int, later: int, zone: ZoneInfo, rolls_at: int) -> None:
    assert day_of(now, zone, rolls_at) <= day_of(now + later, zone, rolls_at)


@given(
    st.sampled_from(("America/New_York", "Europe/Berlin", "Africa/Cairo")), st.integers(2024, 2030), rolls, st.data()
)
def test_around_every_change_of_the_clocks_the_wall_clock_has_reached_the_roll(
    name: str, year: int, rolls_at: int, data: st.DataObject
) -> None:
    """At its beginning a day's wall clock shows the roll, or later when the roll was skipped; a moment before, less."""
    zone = ZoneInfo(name)
    day = data.draw(st.dates(date(year, 1, 1), date(year, 12, 31))).isoformat()
    begins = start_of(day, zone, rolls_at)
    roll = datetime.combine(date.fromisoformat(day), datetime.min.time()) + timedelta(minutes=rolls_at)
    if rolls_at >= 720:
        roll -= timedelta(days=1)
    assert _wall(begins, zone) >= roll > _wall(begins - 1, zone)


def _wall(at: int, zone: ZoneInfo) -> datetime:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return instant.astimezone(zone).replace(tzinfo=None)


def in_new_york(rolls_at: str) -> Log:
    account = Account(time_zone="America/New_York", day_rolls_at=rolls_at)
    return Log(setup_of(Settings(accounts={"paper": account})), limits={"max_daily_loss": "500"})


def days_begun(log: Log) -> list[str]:
    """Appends the roll of the day, where it is due, and returns the day that began."""
    events = [event for due in due_first(log.state, log.board, log.now) for event in log.append(due.command)]
    return [data.day for data in map(decode, events) if isinstance(data, MarksRecorded)]


def test_an_accounts_day_rolls_at_its_own_time() -> None:
    log = in_new_york("17:00")
    log.now = utc("2026-01-05 21:59:59")
    log.cash("100000")
    assert days_begun(log) == ["2026-01-05"]
    log.wait(SECOND - 1)
    assert days_begun(log) == []
    log.wait(1)
    assert days_begun(log) == ["2026-01-06"]
    log.now = utc("2026-01-06 21:59:59.999999")
    assert days_begun(log) == []


def test_an_account_whose_roll_was_moved_back_is_watched_all_the_same() -> None:
    log = in_new_york("17:00")
    log.now = utc("2026-01-05 23:00")
    log.cash("100000")
    assert days_begun(log) == ["2026-01-06"]
    log.hold("100")
    log.state.setup = in_new_york("00:00").state.setup
    log.wait(SECOND)
    log.quote("AAPL", "90")
    assert days_begun(log) == []
    (trip,) = due_by_time(log.state, log.board, log.now)
    assert trip.why == "LOSS_DAILY_LIMIT"
    log.append(trip.command)
    assert log.book().day == "2026-01-06"
    log.now = utc("2026-01-07 05:00")
    assert days_begun(log) == ["2026-01-07"]
