"""What is known of an exchange at a time, at every edge of its sessions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.errors import InvalidValue
from tradewire_risk.domain.sessions import Session, Sessions, checked, close_of, known, next_open, state_at

MONDAY = Session(930, 1600, 400, 2000)
HALF = Session(2930, 3300, 2400, 3700)
MORNING, AFTERNOON = Session(4900, 5100, 4900, 5100), Session(5200, 5500, 5200, 5500)
SESSIONS: Sessions = (MONDAY, HALF, MORNING, AFTERNOON)


@pytest.mark.parametrize(
    ("now", "state", "opens_next", "closes"),
    [
        (0, None, None, None),
        (399, None, None, None),
        (400, "extended", 930, None),
        (929, "extended", 930, None),
        (930, "regular", 2930, 1600),
        (1599, "regular", 2930, 1600),
        (1600, "extended", 2930, None),
        (1999, "extended", 2930, None),
        (2000, "closed", 2930, None),
        (2399, "closed", 2930, None),
        (2400, "extended", 2930, None),
        (3299, "regular", 4900, 3300),
        (3300, "extended", 4900, None),
        (3700, "closed", 4900, None),
        # Without extended hours, and around a break.
        (4899, "closed", 4900, None),
        (4900, "regular", 5200, 5100),
        (5100, "closed", 5200, None),
        (5200, "regular", None, 5500),
        (5499, "regular", None, 5500),
        (5500, None, None, None),
        (9_999, None, None, None),
    ],
)
def test_every_edge(now: int, state: str | None, opens_next: int | None, closes: int | None) -> None:
    assert state_at(SESSIONS, now) == state
    assert next_open(SESSIONS, now) == opens_next
    assert close_of(SESSIONS, now) == closes
    assert known(SESSIONS, now) is (state is not None)


def test_sessions_without_a_gap_never_close() -> None:
    sessions = checked(tuple(Session(day, day + 10, day, day + 10) for day in range(10, 40, 10)))
    assert {state_at(sessions, now) for now in range(10, 40)} == {"regular"}
    assert (next_open(sessions, 19), close_of(sessions, 19)) == (20, 20)
    assert (next_open(sessions, 20), close_of(sessions, 20)) == (30, 30)


def test_of_no_sessions_nothing_is_known() -> None:
    assert (state_at((), 5), next_open((), 5), close_of((), 5)) == (None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        (),
        (Session(5, 5, 5, 5),),
        (Session(5, 4, 3, 6),),
        (Session(5, 8, 6, 9),),
        (Session(5, 8, 4, 7),),
        (Session(-5, 8, -5, 8),),
        (MONDAY, MONDAY),
        (HALF, MONDAY),
        (MONDAY, Session(2100, 2200, 1999, 2200)),
    ],
)
def test_sessions_out_of_order_are_refused(wrong: Sessions) -> None:
    with pytest.raises(InvalidValue) as refused:
        checked(wrong)
    assert refused.value.code == "SESSIONS_INVALID"


@st.composite
def some_sessions(draw: st.DrawFn) -> Sessions:
    edges = draw(st.lists(st.integers(0, 500), min_size=4, max_size=40).map(sorted))
    rows = [edges[n : n + 4] for n in range(0, len(edges) - 3, 4)]
    return tuple(Session(b, c, a, d) for a, b, c, d in rows if b < c)


@given(some_sessions().filter(bool), st.integers(-10, 510))
def test_it_says_what_looking_at_every_session_says(sessions: Sessions, now: int) -> None:
    checked(sessions)
    inside = [each for each in sessions if each.open <= now < each.close]
    around = [each for each in sessions if each.extended_open <= now < each.extended_close]
    unknown = now < sessions[0].extended_open or now >= sessions[-1].extended_close
    wanted = None if unknown else "regular" if inside else "extended" if around else "closed"
    assert state_at(sessions, now) == wanted
    assert close_of(sessions, now) == (inside[0].close if inside else None)
    later = [each.open for each in sessions if each.open > now]
    assert next_open(sessions, now) == (None if unknown or not later else min(later))
