"""When an order of unknown outcome is asked about, and when its absence is proven."""

import pytest

from tradewire_router.domain.inquiries import ALERT_SECONDS, TOGETHER, Inquiries

ONE = ("one", 1)
TWO = ("two", 1)


def asked_at(asked: Inquiries, *, gone: bool, until: float) -> list[float]:
    """The times at which one order is asked about when somebody looks every 50 ms."""
    times = []
    for tick in range(int(until * 20)):
        now = tick / 20
        asked.keep([ONE], now)
        if asked.due(now):
            asked.note(ONE, now, gone=gone)
            times.append(now)
    return times


def test_a_new_attempt_is_due_at_once_and_is_new_once() -> None:
    asked = Inquiries(5.0)

    assert asked.keep([ONE], 10.0) == [ONE]
    assert asked.keep([ONE, TWO], 10.1) == [TWO]
    assert asked.due(10.1) == [ONE, TWO]


def test_another_attempt_at_an_order_is_asked_about_anew() -> None:
    asked = Inquiries(5.0)
    asked.keep([ONE], 0.0)
    asked.note(ONE, 0.0, gone=True)

    assert asked.keep([("one", 2)], 0.1) == [("one", 2)]
    assert not asked.note(("one", 2), 5.0, gone=True)


def test_asking_slows_down_while_no_answer_comes() -> None:
    assert asked_at(Inquiries(1.0), gone=False, until=15) == [0, 0.2, 0.7, 1.7, 3.7, 8.7, 13.7]


def test_an_absence_is_asked_about_four_times_in_its_grace_period() -> None:
    assert asked_at(Inquiries(4.0), gone=True, until=6) == [0, 0.2, 0.7, 1.7, 2.7, 3.7, 4.7, 5.7]


def test_absent_for_the_whole_grace_period_is_proof() -> None:
    asked = Inquiries(1.0)
    asked.keep([ONE], 0.0)

    assert not asked.note(ONE, 0.0, gone=True)
    assert not asked.note(ONE, 0.99, gone=True)
    assert asked.note(ONE, 1.0, gone=True)


def test_an_absence_is_ripe_when_one_more_answer_would_prove_it() -> None:
    asked = Inquiries(1.0)
    asked.keep([ONE], 0.0)

    assert not asked.ripe(ONE, 5.0)
    asked.note(ONE, 5.0, gone=True)
    assert not asked.ripe(ONE, 5.99)
    assert asked.ripe(ONE, 6.0)


def test_without_a_grace_period_the_first_absence_is_ripe() -> None:
    asked = Inquiries(0.0)
    asked.keep([ONE], 0.0)

    assert asked.ripe(ONE, 0.0)
    assert asked.note(ONE, 0.0, gone=True)


def test_one_answer_that_is_no_absence_begins_the_proof_anew() -> None:
    asked = Inquiries(1.0)
    asked.keep([ONE], 0.0)
    asked.note(ONE, 0.0, gone=True)
    asked.note(ONE, 0.5, gone=False)

    assert not asked.note(ONE, 1.0, gone=True)
    assert asked.note(ONE, 2.0, gone=True)


def test_a_lost_session_begins_the_proof_anew() -> None:
    asked = Inquiries(1.0)
    asked.keep([ONE], 0.0)
    asked.note(ONE, 0.0, gone=True)
    asked.interrupted()

    assert not asked.note(ONE, 60.0, gone=True)
    assert asked.note(ONE, 61.0, gone=True)


def test_those_due_within_a_moment_share_a_round() -> None:
    asked = Inquiries(5.0)
    asked.keep([ONE], 0.0)
    assert asked.due(0.0) == [ONE]
    asked.note(ONE, 0.0, gone=False)
    asked.keep([ONE, TWO], 0.05)

    assert asked.due(0.05) == []
    assert asked.due(0.2) == [TWO, ONE]


def test_nobody_is_kept_waiting_by_those_who_were_asked_about_already() -> None:
    """A broker so slow that the first are due again before the others had their turn."""
    asked = Inquiries(5.0)
    many = [(f"{number:04}", 1) for number in range(3 * TOGETHER)]
    asked.keep(many, 0.0)
    seen = set()
    for round_ in range(3):
        now = round_ * 10.0
        due = asked.due(now)
        assert len(due) == TOGETHER
        for attempt in due:
            asked.note(attempt, now, gone=False)
        seen.update(due)

    assert seen == set(many)


@pytest.mark.parametrize(("now", "seconds"), [(ALERT_SECONDS, None), (ALERT_SECONDS + 1, 31)])
def test_somebody_is_told_when_it_takes_long(now: float, seconds: int | None) -> None:
    asked = Inquiries(5.0)
    asked.keep([ONE], 0.0)

    assert asked.overdue(ONE, now) == seconds
    assert asked.overdue(ONE, now) is None
