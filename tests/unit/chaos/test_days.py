"""The moments of the row about days are what they are meant to be, and each comes after the one before."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from tests.chaos.rows.days import Moment, moment_of


@pytest.mark.parametrize(
    ("seed", "at", "moment"),
    [
        (0, "2027-03-14T07:00:00", Moment(0, "02:30")),
        (1, "2027-03-15T04:00:00", Moment(0)),
        (2, "2027-11-07T05:30:00", Moment(0, "01:30")),
        (3, "2027-11-07T06:30:00", Moment(0, "01:30", rolls=False)),
        (4, "2027-11-26T18:00:00", Moment(0, rolls=False, closes=True)),
        (5, "2028-03-12T07:00:00", Moment(0, "02:30")),
        (9, "2028-11-24T18:00:00", Moment(0, rolls=False, closes=True)),
    ],
)
def test_the_moment_of_a_seed(seed: int, at: str, moment: Moment) -> None:
    found = moment_of(seed)
    assert datetime.fromtimestamp(found.at / 1e6, UTC).replace(tzinfo=None).isoformat() == at
    assert (found.rolls_at, found.rolls, found.closes) == (moment.rolls_at, moment.rolls, moment.closes)


def test_moments_follow_each_other() -> None:
    assert all(before.at < after.at for before, after in pairwise(map(moment_of, range(60))))
