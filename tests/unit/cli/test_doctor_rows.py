"""The doctor's rows of the system and of the exchange."""

from decimal import Decimal

import pytest

from tests.unit.cli.builders import order
from tradewire.domain.breaks import Breaks, Standing
from tradewire.domain.orders import Status
from tradewire.messages import account_events as a
from tradewire.messages.vocabulary import Discrepancy
from tradewire_cli.doctor.market import market
from tradewire_cli.doctor.system import dry_run, reconciled, unknown
from tradewire_risk.domain.sessions import Session
from tradewire_router.brokers.values import Hours
from tradewire_router.doctor.row import ok

HOUR = 3_600_000_000
SESSIONS = tuple(Session(day + 14 * HOUR, day + 21 * HOUR, day + 9 * HOUR, day + 24 * HOUR) for day in (0, 24 * HOUR))


@pytest.mark.parametrize(
    ("hour", "result", "words"),
    [
        (15, "OK", "is traded now, in XNYS"),
        (10, "WARN", "XNYS is in its extended hours, and opens at 1970-01-01T14:00:00Z"),
        (25, "WARN", "XNYS is closed, and opens at 1970-01-02T14:00:00Z"),
        (90, "NONE", "XNYS has no session near today"),
    ],
)
def test_an_exchange_and_its_hours(hour: int, result: str, words: str) -> None:
    row = market("KO", "XNYS", SESSIONS, hour * HOUR)
    assert (row.check, row.result) == ("market", result)
    assert words in row.found


@pytest.mark.parametrize(
    ("hour", "told", "result", "words"),
    [
        (15, Hours(True), "OK", "KO is traded now, in XNYS; alpaca says that it is open"),
        (
            15,
            Hours(False, 24 * HOUR),
            "WARN",
            "XNYS has a session now, and alpaca says that it is closed, and opens at",
        ),
        (15, Hours(False), "WARN", "alpaca says that it is closed"),
        (25, Hours(False, 0), "WARN", "XNYS is closed, and opens at 1970-01-02T14:00:00Z; alpaca says that it is clos"),
        (25, Hours(True), "WARN", "XNYS is closed, and opens at 1970-01-02T14:00:00Z; alpaca says that it is open"),
        (90, Hours(False), "NONE", "XNYS has no session near today; alpaca says that it is closed"),
    ],
)
def test_the_broker_has_a_word_in_whether_an_exchange_is_open(hour: int, told: Hours, result: str, words: str) -> None:
    row = market("KO", "XNYS", SESSIONS, hour * HOUR, "alpaca", told)
    assert row.result == result
    assert words in row.found
    assert bool(row.cause and row.cure) == (result == "WARN")


def test_a_dry_run_is_a_warning_beside_settings_that_are_right() -> None:
    row = dry_run("real", ok("settings", "alpaca starts with them"))
    assert (row.check, row.result) == ("settings", "WARN")
    assert row.found == "alpaca starts with them; real is on a dry run, so nothing is sent"


def test_breaks_are_wrong_and_never_having_compared_is_a_warning() -> None:
    made = Breaks()
    found = (Discrepancy("cash", "USD", "1", "2"),)
    made.fold("ReconciliationBroken", 1, a.ReconciliationBroken(account="p", broker="b", differences=found, epoch=1))
    assert (reconciled(made.of("p")).result, "cash USD" in reconciled(made.of("p")).found) == ("FAIL", True)
    assert reconciled(Standing()).result == "WARN"
    assert reconciled(Standing(compared=True)).result == "OK"
    assert reconciled(None).result == "NONE"


def test_an_unknown_order_is_a_warning() -> None:
    assert unknown(None).result == "NONE"
    assert unknown([order(status=Status.WORKING, quantity=Decimal(1))]).result == "OK"
    assert unknown([order(status=Status.UNKNOWN)]).result == "WARN"
