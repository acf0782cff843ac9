"""Calendars as exchange-calendars has them, through the child that prints them."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
import structlog

from tests.integration.risk.floor import Floor
from tests.waiting import now, soon
from tradewire.domain.times import instant
from tradewire.messages.account_events import InstrumentReported
from tradewire.runtime.clock import Clock
from tradewire_risk.calendar_cache import Calendars
from tradewire_risk.calendars import read
from tradewire_risk.domain.sessions import Session, Sessions, close_of, next_open, state_at

NEW_YORK = ZoneInfo("America/New_York")
LOG = structlog.get_logger()


def printed(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    program = (sys.executable, "-m", "tradewire_risk.calendars", *arguments)
    return subprocess.run(program, capture_output=True, check=False, timeout=120)


def sessions(name: str, first: str, last: str) -> Sessions:
    done = printed(name, first, last)
    assert done.returncode == 0, done.stderr
    return read(done.stdout).sessions


def at(text: str, zone: str = "America/New_York") -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.fixture(scope="module")
def xnys() -> Sessions:
    return sessions("XNYS", "2025-01-01", "2027-12-31")


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2026-03-06 09:29:59", "extended"),
        ("2026-03-06 09:30", "regular"),
        ("2026-03-06 15:59:59", "regular"),
        ("2026-03-06 16:00", "extended"),
        ("2026-03-06 20:00", "closed"),
        ("2026-03-07 12:00", "closed"),
        # The first day after the clocks went forward.
        ("2026-03-09 03:59:59", "closed"),
        ("2026-03-09 04:00", "extended"),
        ("2026-03-09 09:30", "regular"),
        # Independence Day falls on a Saturday, and is kept on the Friday.
        ("2026-07-03 12:00", "closed"),
        # Half-days: the day after Thanksgiving, and the day before Christmas.
        ("2026-11-27 12:59:59", "regular"),
        ("2026-11-27 13:00", "extended"),
        ("2026-11-27 16:59:59", "extended"),
        ("2026-11-27 17:00", "closed"),
        ("2026-12-24 13:00", "extended"),
        ("2024-12-31 12:00", None),
        ("2028-01-03 12:00", None),
    ],
)
def test_new_york(xnys: Sessions, now: str, state: str | None) -> None:
    assert state_at(xnys, at(now)) == state


def test_new_york_opens_after_a_long_weekend_and_closes_early(xnys: Sessions) -> None:
    assert next_open(xnys, at("2026-07-02 16:00")) == at("2026-07-06 09:30")
    assert close_of(xnys, at("2026-11-27 10:00")) == at("2026-11-27 13:00")


def test_an_alias_has_the_hours_of_what_it_stands_for() -> None:
    assert sessions("NASDAQ", "2026-01-03", "2026-01-05") == (
        Session(at("2026-01-05 09:30"), at("2026-01-05 16:00"), at("2026-01-05 04:00"), at("2026-01-05 20:00")),
    )


def test_a_lunch_break_is_closed() -> None:
    tokyo = sessions("XTKS", "2026-01-05", "2026-01-09")
    noon = at("2026-01-06 12:00", "Asia/Tokyo")
    assert state_at(tokyo, noon) == "closed"
    assert next_open(tokyo, noon) == at("2026-01-06 12:30", "Asia/Tokyo")
    assert close_of(tokyo, at("2026-01-06 09:00", "Asia/Tokyo")) == at("2026-01-06 11:30", "Asia/Tokyo")


def test_what_never_closes_is_open_throughout() -> None:
    always = sessions("24/7", "2026-01-01", "2026-01-31")
    assert state_at(always, at("2026-01-10 03:00")) == "regular"
    assert all(before.close == after.open for before, after in pairwise(always))


def test_dates_beyond_what_a_calendar_knows_are_left_out() -> None:
    shanghai = sessions("XSHG", "1990-01-01", "1990-12-31")
    assert shanghai[0].open >= at("1990-12-03 00:00", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("XNYZ", "2026-01-01", "2026-12-31"), b"XNYZ is no calendar"),
        (("XNYS", "2026-01-03", "2026-01-04"), b"XNYS has no session from 2026-01-03 to 2026-01-04"),
        (("XSHG", "1990-01-01", "1990-12-03"), b"XSHG has no session"),
        (("XNYS", "2026-01-05", "2026-01-05"), b"the second date is not after the first"),
        (("XNYS", "soon", "later"), b"a calendar and two dates are needed"),
        (("XNYS",), b"a calendar and two dates are needed"),
    ],
)
def test_what_cannot_be_printed_is_said_in_one_line(arguments: tuple[str, ...], words: bytes) -> None:
    done = printed(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert done.stderr.count(b"\n") == 1


def a_clock(text: str) -> Clock:
    clock = Clock("quotes")
    clock.hear(instant(text))
    return clock


async def test_a_calendar_is_loaded_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = a_clock("2026-06-01T12:00:00Z")
    first = Calendars(tmp_path / "calendars", clock, LOG)
    await first.load("XNYS")
    assert state_at(first.sessions["XNYS"], clock.now()) == "extended"
    assert [path.name for path in (tmp_path / "calendars").iterdir()] == ["XNYS.json"]

    # The second finds the file, and needs no child.
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    second = Calendars(tmp_path / "calendars", clock, LOG)
    await second.load("XNYS")
    assert (second.sessions, second.problems) == (first.sessions, {})


async def test_a_new_year_asks_for_the_next_and_keeps_the_old_until_then(tmp_path: Path) -> None:
    clock = a_clock("2026-12-31T23:00:00Z")
    calendars = Calendars(tmp_path, clock, LOG)
    await calendars.load("24/7")
    held = calendars.sessions["24/7"]
    clock.hear(instant("2027-01-01T00:00:00Z"))
    assert state_at(held, clock.now()) == "regular"
    await calendars.load("24/7")
    assert state_at(held, instant("2028-06-01T00:00:00Z")) is None
    assert state_at(calendars.sessions["24/7"], instant("2028-06-01T00:00:00Z")) == "regular"


@pytest.mark.parametrize("kept", [b"", b"{}", b'{"calendar":"24/7"', b"\xff"])
async def test_a_file_that_cannot_be_read_is_made_again(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "24-7.json").write_bytes(kept)
    calendars = Calendars(tmp_path, a_clock("2026-06-01T12:00:00Z"), LOG)
    await calendars.load("24/7")
    assert "24/7" in calendars.sessions
    assert read((tmp_path / "24-7.json").read_bytes()).sessions == calendars.sessions["24/7"]


@pytest.mark.parametrize("field", ["calendar", "first", "last", "source"])
async def test_a_file_of_something_else_is_made_again(tmp_path: Path, field: str) -> None:
    clock = a_clock("2026-06-01T12:00:00Z")
    await Calendars(tmp_path, clock, LOG).load("24/7")
    path = tmp_path / "24-7.json"
    right = path.read_bytes()
    path.write_bytes(msgspec.json.encode({**msgspec.json.decode(right), field: "other"}))
    await Calendars(tmp_path, clock, LOG).load("24/7")
    assert path.read_bytes() == right


async def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "calendars").write_text("a file in the way")
    calendars = Calendars(tmp_path / "calendars", a_clock("2026-06-01T12:00:00Z"), LOG)
    await calendars.load("24/7")
    assert "24/7" in calendars.sessions


@pytest.mark.parametrize("name", ["XNYZ", "../../etc/passwd", "XNYS\0", "--help", "x" * 40])
async def test_a_calendar_that_is_none_is_missing_and_told(tmp_path: Path, name: str) -> None:
    calendars = Calendars(tmp_path, a_clock("2026-06-01T12:00:00Z"), LOG)
    await calendars.load(name)
    assert (set(calendars.problems), calendars.sessions) == ({name}, {})
    assert "no calendar" in calendars.problems[name]
    assert list(tmp_path.iterdir()) == []


async def test_a_child_that_cannot_be_started_is_a_missing_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    calendars = Calendars(tmp_path, a_clock("2026-06-01T12:00:00Z"), LOG)
    await calendars.load("XNYS")
    assert "XNYS" in calendars.problems


async def test_it_keeps_what_is_wanted_from_the_clocks_first_tick_on(tmp_path: Path) -> None:
    clock = Clock("quotes")
    calendars = Calendars(tmp_path, clock, LOG)
    wanted: list[str] = ["", "24/7"]
    keeping = asyncio.create_task(calendars.keep(lambda: wanted))
    await asyncio.sleep(0)
    assert calendars.sessions == {}
    clock.hear(instant("2026-06-01T12:00:00Z"))
    async with asyncio.timeout(60):
        while "24/7" not in calendars.sessions:
            await asyncio.sleep(0.01)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    assert (set(calendars.sessions), calendars.problems) == ({"24/7"}, {})


def test_the_risk_process_does_not_carry_what_calendars_need() -> None:
    says = "import sys, tradewire_risk.__main__, tradewire_risk.calendar_cache; print('pandas' in sys.modules)"
    done = subprocess.run((sys.executable, "-c", says), capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


async def test_risk_loads_the_calendar_of_an_instrument_when_it_is_reported(floor: Floor, folder: Path) -> None:
    async with floor.risk() as risk:
        reported = InstrumentReported(
            account="paper",
            broker="paper",
            symbol="AAPL",
            at=now(),
            asset_class="equity",
            currency="USD",
            tick=Decimal("0.01"),
            step=Decimal(1),
            min_quantity=Decimal(1),
            calendar="XNYS",
        )
        await floor.as_router("account-paper", None, reported)
        kept = folder / "calendars/XNYS.json"

        async def loaded() -> bool:
            return kept.exists() and "calendar loaded" in risk.output()

        await soon(loaded)
        assert read(kept.read_bytes()).calendar == "XNYS"
        assert await risk.stop() == 0
