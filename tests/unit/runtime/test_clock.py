"""A process's time for what it decides."""

import time

import pytest

from tradewire.runtime.clock import STEP_MICROSECONDS, Clock

NOW = 1_700_000_000_000_000


def test_the_walls_clock_does_not_go_back_unless_it_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock("wall")
    told = []
    for wall in (NOW, NOW + 5, NOW, NOW + 5 - STEP_MICROSECONDS, NOW + 4 - STEP_MICROSECONDS, NOW + 6):
        monkeypatch.setattr(time, "time_ns", lambda wall=wall: wall * 1000)
        told.append(clock.now() - NOW)

    assert told == [0, 5, 5, 5, 4 - STEP_MICROSECONDS, 6]


def test_the_clock_of_quotes_starts_with_the_first_and_never_goes_back() -> None:
    clock = Clock("quotes")
    assert (clock.started, clock.now()) == (False, 0)

    told = []
    for at in (NOW, NOW + 10, NOW - 10 * STEP_MICROSECONDS):
        clock.hear(at)
        told.append(clock.now() - NOW)

    assert clock.started
    assert told == [0, 10, 10]
