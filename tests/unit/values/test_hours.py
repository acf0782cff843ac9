"""Times of day and windows of the week: what is read, what they cover, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.domain.hours import DAY_MINUTES, TradingWindow, time_of_day, trading_window
from tradewire.errors import InvalidValue

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
EVERY = frozenset(range(7))


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("09:30", 570), ("17:00", 1020), ("23:59", 1439)])
def test_a_time_of_day_is_read(text: str, minutes: int) -> None:
    assert time_of_day(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "24:00", "9:30", "09:60", "0930", "09:30:00", "09:30\n", " 09:30", "5pm", "٠٩:٣٠"]
)
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        time_of_day(text)
    assert refused.value.code == "TIME_OF_DAY_INVALID"


@pytest.mark.parametrize(
    ("text", "days", "begin", "end"),
    [
        ("Mon-Fri 09:30-16:00", {MON, TUE, WED, THU, FRI}, 570, 960),
        ("mon-FRI 09:30-16:00", {MON, TUE, WED, THU, FRI}, 570, 960),
        ("Sat 10:00-14:00", {SAT}, 600, 840),
        ("Mon,Wed,Fri 10:00-14:00", {MON, WED, FRI}, 600, 840),
        ("Mon,Wed-Fri 10:00-14:00", {MON, WED, THU, FRI}, 600, 840),
        ("Fri-Mon 22:00-06:00", {FRI, SAT, SUN, MON}, 1320, 360),
        ("Mon-Mon 00:00-24:00", {MON}, 0, 1440),
        ("22:00-06:00", EVERY, 1320, 360),
        ("00:00-24:00", EVERY, 0, 1440),
        ("12:00-00:00", EVERY, 720, 0),
    ],
)
def test_a_window_is_read(text: str, days: set[int], begin: int, end: int) -> None:
    assert trading_window(text) == TradingWindow(frozenset(days), begin, end)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a window"),
        ("Mon-Fri", "is not a window"),
        ("Mon-Fri 09:30", "is not a window"),
        ("Mon-Fri 9:30-16:00", '"9:30" is not a time of day'),
        ("Mon-Fri 09:30-16:60", '"16:60" is not a time of day'),
        ("Mon-Fri 24:00-06:00", '"24:00" is not a time of day'),
        ("Mon-Fri 09:30-09:30", "ends when it begins"),
        ("Mo-Fr 09:30-16:00", '"Mo" is not a weekday'),
        ("Monday 09:30-16:00", '"Monday" is not a weekday'),
        ("Mon-Wed-Fri 09:30-16:00", '"Wed-Fri" is not a weekday'),
        ("Mon, 09:30-16:00", '"" is not a weekday'),
        ("09:30-16:00 Mon-Fri", "is not a window"),
    ],
)
def test_what_is_no_window_is_refused_with_what_would_be_one(text: str, says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        trading_window(text)
    assert says in refused.value.message
    assert refused.value.expected


@pytest.mark.parametrize(
    ("window", "weekday", "time", "inside"),
    [
        ("Mon-Fri 09:30-16:00", MON, "09:29", False),
        ("Mon-Fri 09:30-16:00", MON, "09:30", True),
        ("Mon-Fri 09:30-16:00", FRI, "15:59", True),
        ("Mon-Fri 09:30-16:00", FRI, "16:00", False),
        ("Mon-Fri 09:30-16:00", SAT, "12:00", False),
        # Over midnight, a window belongs to the day on which it begins.
        ("Fri 22:00-06:00", FRI, "21:59", False),
        ("Fri 22:00-06:00", FRI, "22:00", True),
        ("Fri 22:00-06:00", FRI, "03:00", False),
        ("Fri 22:00-06:00", SAT, "05:59", True),
        ("Fri 22:00-06:00", SAT, "06:00", False),
        ("Sun 22:00-06:00", MON, "05:59", True),
        ("Mon 12:00-00:00", MON, "23:59", True),
        ("Mon 12:00-00:00", TUE, "00:00", False),
        ("Mon 00:00-24:00", MON, "23:59", True),
        ("Mon 00:00-24:00", TUE, "00:00", False),
    ],
)
def test_a_window_covers(window: str, weekday: int, time: str, inside: bool) -> None:
    assert trading_window(window).covers(weekday, time_of_day(time)) is inside


@given(
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, DAY_MINUTES - 1),
    st.integers(1, DAY_MINUTES),
)
def test_a_window_is_as_long_as_it_says(days: frozenset[int], begin: int, length: int) -> None:
    end = begin + length
    window = TradingWindow(days, begin, end if end <= DAY_MINUTES else end - DAY_MINUTES)
    covered = sum(window.covers(weekday, minute) for weekday in range(7) for minute in range(DAY_MINUTES))
    if window.begin != window.end:
        assert covered == len(days) * length
