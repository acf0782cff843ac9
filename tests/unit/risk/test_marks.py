"""Marks: when they are recorded, at which prices, and what trips."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.unit.risk.builders import NOW, PAPER, SECOND, Log
from tradewire.domain.account_book import book_day_loss, book_equity
from tradewire.domain.days import day_of, start_of
from tradewire.messages.account_events import AccountHalted, Halted, Mark, MarksRecorded
from tradewire.messages.registry import decode
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.marks import due_by_time, due_first
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.reasons import Reason

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
TODAY = "2026-01-02"


def first(log: Log) -> list[Due]:
    return due_first(log.state, log.board, log.now)


def timed(log: Log) -> list[Due]:
    return due_by_time(log.state, log.board, log.now)


def write(log: Log, due: list[Due]) -> list[Any]:
    """Appends everything that is due and returns the events' data."""
    return [decode(event) for each in due for event in log.append(each.command)]


def opened(setup: Setup = PAPER, **limits: str) -> Log:
    """An account with cash and a position, whose day has begun."""
    log = Log(setup, limits=limits or None)
    log.cash("100000")
    write(log, first(log))
    log.hold("100")
    return log


def test_days_begin_at_midnight_of_the_zone() -> None:
    zone = ZoneInfo("America/New_York")
    assert day_of(NOW, zone) == "2026-01-02"
    assert day_of(NOW - 11 * HOUR, zone) == "2026-01-01"
    begin = start_of("2026-01-02", zone)
    assert day_of(begin, zone) == "2026-01-02"
    assert day_of(begin - 1, zone) == "2026-01-01"
    # The day on which clocks go forward has 23 hours.
    assert start_of("2026-03-09", zone) - start_of("2026-03-08", zone) == 23 * HOUR


def test_the_first_event_of_an_account_begins_its_day() -> None:
    log = Log()
    assert first(log) == []
    log.cash("100000")
    (recorded,) = write(log, first(log))
    assert (recorded.account, recorded.day, recorded.reason, recorded.marks) == ("paper", TODAY, "day", {})
    assert log.book().equity_at_day_start == 100_000
    assert first(log) == []


def test_the_day_rolls_at_midnight_in_the_accounts_zone_with_the_loss_at_zero() -> None:
    zone = ZoneInfo("America/New_York")
    log = opened(Setup(accounts={"paper": Profile("paper", zone=zone)}), max_daily_loss="50")
    log.cash("-100", reason="fee")
    assert log.decide(log.request("s")).reason is Reason.LOSS_DAILY_LIMIT
    log.now = start_of("2026-01-03", zone) - 1
    assert first(log) == []
    log.wait(1)
    log.quote("AAPL", "99")
    (recorded,) = write(log, first(log))
    assert (recorded.day, recorded.marks) == ("2026-01-03", {"AAPL": Mark(Decimal(99), log.now)})
    # The gap from the last mark of the old day to the first of the new one counts in the new one.
    assert log.state.accounts.loss("paper") == 100
    assert first(log) == []


def test_an_open_position_is_marked_once_an_interval_at_the_newest_prices() -> None:
    log = opened()
    log.now = NOW + MINUTE
    log.quote("AAPL", "101", age=SECOND)
    (recorded,) = write(log, timed(log))
    assert recorded == MarksRecorded(
        account="paper",
        marks={"AAPL": Mark(Decimal(101), log.now - SECOND)},
        day=TODAY,
        reason="interval",
        state_pos=len(log.events) - 1,
        clock="wall",
        equity=Decimal(100_000 + 100),
    )
    assert book_equity(log.book()) == 100_000 + 100
    assert timed(log) == []
    log.wait(MINUTE - 1)
    assert timed(log) == []
    log.wait(1)
    assert [due.why for due in timed(log)] == ["interval"]


def test_marks_without_a_newer_quote_repeat_what_is_known() -> None:
    log = opened()
    log.now = NOW + MINUTE
    log.quote("AAPL", "90", age=2 * MINUTE)
    (recorded,) = write(log, timed(log))
    assert recorded.marks == {"AAPL": Mark(Decimal(100), NOW)}


def test_a_flat_account_is_not_marked() -> None:
    log = opened()
    log.hold("-100")
    log.now = NOW + 5 * MINUTE
    assert timed(log) == []


def test_intervals_that_passed_unseen_are_not_made_up_for() -> None:
    log = opened()
    log.now = NOW + 10 * MINUTE
    assert len(write(log, timed(log))) == 1
    assert timed(log) == []


def test_the_same_interval_has_the_same_event_id_after_a_restart() -> None:
    log = opened()
    log.now = NOW + MINUTE + 3
    (before,) = timed(log)
    log.wait(SECOND)
    log.quote("AAPL", "103")
    (after,) = timed(log)
    assert before.event_id == after.event_id
    assert before.command != after.command


def test_a_loss_above_its_limit_trips_once_a_day() -> None:
    log = opened(max_daily_loss="500")
    log.wait(SECOND)
    log.quote("AAPL", "95")
    assert timed(log) == [] or timed(log)[0].why == "interval"
    write(log, timed(log))
    log.wait(SECOND)
    log.quote("AAPL", "94.99")
    (trip,) = timed(log)
    recorded, halted = write(log, [trip])
    assert (recorded.reason, recorded.marks["AAPL"].price) == ("LOSS_DAILY_LIMIT", Decimal("94.99"))
    assert halted == Halted(
        scope="account.paper",
        level="REDUCE_ONLY",
        by="risk",
        reason="LOSS_DAILY_LIMIT: loss=501.00 limit=500",
        request=halted.request,
    )
    assert book_day_loss(log.book()) == 501
    assert timed(log) == []
    order = log.request("s")
    assert log.decide(order).reason is Reason.TRADING_REDUCE_ONLY
    log.resume("account.paper")
    assert log.decide(order).reason is Reason.LOSS_DAILY_LIMIT
    log.quote("AAPL", "90")
    assert timed(log) == []


def test_a_trip_comes_again_on_the_next_day() -> None:
    log = opened(max_daily_loss="500")
    log.wait(SECOND)
    log.quote("AAPL", "94")
    write(log, timed(log))
    log.resume("account.paper")
    log.wait(DAY)
    log.quote("AAPL", "94")
    write(log, first(log))
    write(log, timed(log))
    assert log.state.controls.level(("account.paper",)) == ("NONE", "")
    log.wait(SECOND)
    log.quote("AAPL", "88")
    (trip,) = timed(log)
    write(log, [trip])
    assert log.state.controls.level(("account.paper",)) == ("REDUCE_ONLY", "account.paper")


def test_a_realized_loss_trips_a_flat_account_too() -> None:
    log = opened(max_daily_loss="500")
    log.hold("-100", price="90")
    (trip,) = timed(log)
    assert trip.why == "LOSS_DAILY_LIMIT"


@pytest.mark.parametrize("level", ["REDUCE_ONLY", "HALT", "KILL"])
def test_a_trip_never_lowers_a_switch(level: Any) -> None:
    log = opened(max_daily_loss="500")
    log.halt(level, "account.paper")
    log.wait(SECOND)
    log.quote("AAPL", "90")
    (recorded,) = write(log, timed(log))
    assert recorded.reason == "LOSS_DAILY_LIMIT"
    assert log.state.controls.level(("account.paper",))[0] == level


def test_a_trip_loses_against_a_switch_thrown_meanwhile() -> None:
    log = opened(max_daily_loss="500")
    log.wait(SECOND)
    log.quote("AAPL", "90")
    (trip,) = timed(log)
    log.halt("KILL", "account.paper")
    with pytest.raises(AssertionError):
        log.append(trip.command)


def test_a_trip_never_lowers_what_a_fact_halted() -> None:
    log = opened(max_daily_loss="500")
    log.write("account-paper", AccountHalted(account="paper", reason="overfill", by="router"))
    log.wait(SECOND)
    log.quote("AAPL", "90")
    assert [type(data) for data in write(log, timed(log))] == [MarksRecorded]


def test_a_currencys_first_rate_is_recorded_before_anything_else() -> None:
    log = Log(price=None)
    log.cash("100000")
    write(log, first(log))
    log.hold("1", "BTC/USDT", "60000")
    log.wait(MINUTE)
    log.quote("BTC/USDT", "60001")
    (due,) = first(log)
    assert (due.why, timed(log)[0].why) == ("rate USDT/USD", "interval")
    (recorded,) = write(log, [due])
    assert recorded.day == TODAY
    assert recorded.marks == {"BTC/USDT": Mark(Decimal(60_001), log.now), "USDT/USD": Mark(Decimal(1), log.now)}
    assert book_equity(log.book()) == 100_001
    assert first(log) == []


def test_a_currency_that_nobody_rates_keeps_the_loss_unknown_and_the_day_unrolled() -> None:
    log = Log()
    log.cash("1000")
    log.cash("100", currency="CHF")
    assert first(log) == []
    assert log.decide(log.request("s")).reason is Reason.LOSS_DAILY_LIMIT
    log.quote("CHF/USD", "1.1")
    write(log, first(log))
    write(log, first(log))
    assert log.book().day == TODAY
    assert log.decide(log.request("t", quantity="11")).reason is None


def test_rates_are_marked_again_with_every_interval() -> None:
    log = opened()
    log.quote("EUR/USD", "1.10")
    log.cash("100", currency="EUR", reason="dividend")
    write(log, first(log))
    log.wait(MINUTE)
    log.quote("EUR/USD", "1.20")
    (recorded,) = write(log, timed(log))
    assert recorded.marks["EUR/USD"].price == Decimal("1.20")


def test_an_account_that_left_the_configuration_is_still_marked() -> None:
    log = Log()
    log.cash("100", account="old")
    (recorded,) = write(log, first(log))
    assert (recorded.account, recorded.day) == ("old", TODAY)
