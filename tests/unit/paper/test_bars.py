"""Daily bars: what quotes make of them, what a restart keeps, and that no bad quote holds them up."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.paper.desk import HOUR, NOON, Scene
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire_router.paper import bars, book
from tradewire_router.paper.bars import DAY
from tradewire_router.paper.engine import Engine
from tradewire_router.paper.lines import BarKept

TODAY = NOON - NOON % DAY


def bar(at: int, *prices: int) -> Bar:
    first, high, low, last = (Decimal(price) for price in prices)
    return Bar(at, first, high, low, last)


def test_a_bar_is_the_day_of_a_symbols_quotes() -> None:
    scene = Scene()
    for last in ("100", "103", "98", "101"):
        scene.quote("1", "2", last)
    scene.quote("50", "60", symbol="MSFT")
    assert scene.engine.bars("AAPL", "1d", 9, TODAY + DAY - 1) == []
    assert scene.engine.bars("AAPL", "1d", 9, TODAY + DAY) == [bar(TODAY, 100, 103, 98, 101)]
    assert scene.engine.bars("MSFT", "1d", 9, TODAY + DAY) == [bar(TODAY, 55, 55, 55, 55)]
    assert scene.engine.bars("NONE", "1d", 9, TODAY + DAY) == []


def test_a_quote_with_one_side_and_no_trade_says_nothing_of_the_price() -> None:
    scene = Scene()
    scene.quote("99", None)
    scene.quote(None, "101")
    assert scene.engine.bars("AAPL", "1d", 9, TODAY + DAY) == []


def test_the_bar_before_is_written_down_when_a_new_day_begins() -> None:
    scene = Scene()
    for last in ("100", "102"):
        scene.quote(None, None, last)
        assert scene.of(BarKept) == []
    scene.at += DAY
    scene.quote(None, None, "90")
    assert [(line.symbol, line.bar) for line in scene.of(BarKept)] == [("AAPL", bar(TODAY, 100, 102, 100, 102))]
    scene.at += 5 * DAY
    assert [each.at for each in scene.engine.bars("AAPL", "1d", 9, scene.at)] == [TODAY, TODAY + DAY]
    assert [each.close for each in scene.engine.bars("AAPL", "1d", 1, scene.at)] == [90]
    assert scene.engine.bars("AAPL", "1d", 0, scene.at) == scene.engine.bars("AAPL", "1d", -1, scene.at) == []
    assert scene.rebuilt() == scene.engine.book


def _restarted(scene: Scene) -> None:
    scene.engine = Engine(scene.rebuilt(), scene.engine.terms, scene._record)


def test_after_an_orderly_stop_the_day_goes_on_where_it_was() -> None:
    scene = Scene()
    for last in ("100", "105", "95"):
        scene.quote(None, None, last)
    scene.engine.keep_bars(scene.at)
    _restarted(scene)
    scene.quote(None, None, "99")
    assert scene.engine.bars("AAPL", "1d", 9, TODAY + DAY) == [bar(TODAY, 100, 105, 95, 99)]
    scene.at += DAY
    scene.quote(None, None, "1")
    assert scene.engine.bars("AAPL", "1d", 9, TODAY + DAY) == [bar(TODAY, 100, 105, 95, 99)]


def test_a_new_day_after_a_stop_writes_the_old_one_down_no_second_time() -> None:
    scene = Scene()
    scene.quote(None, None, "100")
    scene.engine.keep_bars(scene.at)
    _restarted(scene)
    scene.at += DAY
    scene.quote(None, None, "1")
    assert len(scene.of(BarKept)) == 1
    assert scene.engine.bars("AAPL", "1d", 9, scene.at) == [bar(TODAY, 100, 100, 100, 100)]


def test_quotes_of_a_day_that_has_not_come_or_is_over_make_no_bar() -> None:
    scene = Scene()
    scene.quote(None, None, "100")
    for at in (scene.at + 3 * DAY, scene.at - DAY):
        scene.engine.quote(Quote(symbol="AAPL", at=at, last=Decimal(1)), scene.at)
    scene.quote(None, None, "101")
    assert scene.engine.bars("AAPL", "1d", 9, scene.at + 9 * DAY) == [bar(TODAY, 100, 101, 100, 101)]


def test_no_more_than_a_years_bars_are_kept() -> None:
    scene = Scene()
    for _ in range(book.BARS + 5):
        scene.quote(None, None, "100")
        scene.at += DAY
    found = scene.engine.bars("AAPL", "1d", 10_000, scene.at + DAY)
    assert len(found) == book.BARS
    assert found[-1].at == scene.at - DAY - scene.at % DAY
    assert len(scene.engine.book.bars["AAPL"]) == book.BARS
    assert scene.rebuilt() == scene.engine.book


@given(
    quotes=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=60),
    stops=st.sets(st.integers(0, 60), max_size=5),
)
def test_bars_are_what_the_quotes_of_each_day_say_whenever_the_process_was_stopped(
    quotes: list[tuple[int, int]], stops: set[int]
) -> None:
    scene = Scene()
    days: dict[int, list[int]] = {}
    for number, (hours, price) in enumerate(quotes):
        scene.at += hours * HOUR
        scene.quote(None, None, str(price))
        days.setdefault(scene.at - scene.at % DAY, []).append(price)
        if number in stops:
            scene.engine.keep_bars(scene.at)
            _restarted(scene)
    expected = [bar(day, said[0], max(said), min(said), said[-1]) for day, said in days.items()]
    assert scene.engine.bars("AAPL", "1d", 1000, scene.at + DAY) == expected


def test_minutes_are_bars_too_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "MINUTES", 3)
    scene = Scene()
    scene.at -= scene.at % bars.MINUTE
    start = scene.at
    for last in ("100", "103", "98", "101"):
        scene.quote(None, None, last)
    assert scene.engine.bars("AAPL", "1m", 9, start + bars.MINUTE - 1) == []
    assert scene.engine.bars("AAPL", "1m", 9, start + bars.MINUTE) == [bar(start, 100, 103, 98, 101)]
    for _ in range(5):
        scene.at += bars.MINUTE
        scene.quote(None, None, "99")
    found = scene.engine.bars("AAPL", "1m", 9, scene.at + bars.MINUTE)
    assert [each.at for each in found] == [start + n * bars.MINUTE for n in (2, 3, 4, 5)]
    assert scene.engine.bars("AAPL", "1m", 2, scene.at + bars.MINUTE) == found[-2:]
    assert scene.engine.bars("AAPL", "1m", 0, scene.at) == []
    assert scene.of(BarKept) == []
