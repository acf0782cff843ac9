"""When the next backup is due."""

import pytest

from tradewire_ledger.backup.records import RETRY_MICROSECONDS, Known, due_at

DAY = 86_400_000_000
NOW = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("last", "every", "due"),
    [
        (Known(), DAY, NOW),
        (Known(succeeded_at=NOW - 5, tried_at=NOW - 9), DAY, NOW - 5 + DAY),
        (Known(succeeded_at=NOW - 2 * DAY, tried_at=NOW - 2 * DAY - 1), DAY, NOW - DAY),
        (Known(succeeded_at=NOW - DAY, tried_at=NOW - 7, failures=1), DAY, NOW - 7 + RETRY_MICROSECONDS),
        (Known(succeeded_at=NOW - 90_000_000, tried_at=NOW - 7, failures=1), 60_000_000, NOW - 7 + 60_000_000),
        (Known(tried_at=NOW - 7, failures=1), DAY, NOW - 7 + RETRY_MICROSECONDS),
        # A clock that was ahead when the last one was made must not put the next one off for ever.
        (Known(succeeded_at=NOW + 9 * DAY, tried_at=NOW + 9 * DAY - 1), DAY, NOW + DAY),
    ],
    ids=["never", "lately", "overdue", "failed", "failed, often", "never and failed", "clock was ahead"],
)
def test_the_next_one_is_due_an_interval_after_the_last_good_one(last: Known, every: int, due: int) -> None:
    assert due_at(last, every, NOW) == due
