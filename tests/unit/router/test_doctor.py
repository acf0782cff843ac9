"""What a broker's answers mean: each thing that can be wrong has its row, its cause and its cure."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tradewire.errors import ConfigError
from tradewire.messages.quotes import Quote
from tradewire_router.brokers import errors as e
from tradewire_router.brokers.options import EnvironmentMismatchError
from tradewire_router.brokers.paper import CAPABILITIES
from tradewire_router.brokers.values import Account, Hours, Instrument
from tradewire_router.doctor.examine import Examined, Told
from tradewire_router.doctor.row import CHECKS, Row
from tradewire_router.doctor.rows import meaning, rows_of

SECOND = 1_000_000
ACCOUNT = Account(account="a", currency="USD", cash=Decimal(5), buying_power=Decimal(5), equity=None)
INSTRUMENT = Instrument(
    symbol="AAPL", asset_class="equity", currency="USD", tick=Decimal(1), step=Decimal(1), min_quantity=Decimal(1),
    calendar="XNYS",
)  # fmt: skip
QUOTE = Quote("AAPL", 1, Decimal("9.5"), Decimal(10))
WELL = Examined(
    "some", "AAPL", capabilities=replace(CAPABILITIES, lacks={}), has_environments=True, account=ACCOUNT,
    clock=Told(10, 9, 11), instrument=INSTRUMENT, quote=QUOTE, quoted=True,
)  # fmt: skip


def rows(found: Examined) -> dict[str, Row]:
    made = rows_of(found)
    assert [row.check for row in made] == list(CHECKS)
    assert all(bool(row.cause and row.cure) == (row.result in {"WARN", "FAIL"}) for row in made)
    return {row.check: row for row in made}


def results(found: Examined) -> dict[str, str]:
    return {check: row.result for check, row in rows(found).items()}


def test_a_broker_with_which_nothing_is_wrong() -> None:
    assert set(results(WELL).values()) == {"OK"}
    rich = rows(replace(WELL, account=replace(ACCOUNT, buying_power=Decimal("1234567.50001023"))))
    assert rich["permission"].found == "active, 1,234,567.50 USD to buy with"


@pytest.mark.parametrize(
    ("error", "check"),
    [
        (e.BrokerConnectionError("refused"), "port"),
        (e.BrokerTimeoutError("silent"), "port"),
        (e.BrokerMaintenanceError("closed"), "port"),
        (e.RateLimitError("slow down"), "port"),
        (e.BrokerError("odd", code="X1"), "port"),
        (e.BrokerAuthenticationError("who?"), "key"),
        (e.SessionConflictError("twice"), "key"),
        (e.WrongEnvironmentError("paper key"), "environment"),
        (e.PermissionDeniedError("not yours"), "permission"),
        (e.WrongAccountError("another"), "permission"),
        (e.NoDataRightsError("subscribe"), "data"),
    ],
)
@pytest.mark.parametrize("where", ["session", "account"])
def test_an_error_names_its_check_in_the_brokers_words(error: e.BrokerError, check: str, where: str) -> None:
    found = replace(Examined("some", "AAPL", has_environments=True), **{where: error})
    told = rows(found)
    assert (told[check].result, told[check].found) == ("FAIL", str(error))
    after = CHECKS[CHECKS.index(check) + 1 :]
    assert {told[each].result for each in after} <= {"NONE"}
    before = [told[each].result for each in CHECKS[: CHECKS.index(check)]]
    assert set(before) <= {"OK"}


def test_settings_that_the_adapter_refuses() -> None:
    told = rows(Examined("some", "AAPL", refused=ConfigError("paper.address", "is wrong", "Mend it.")))
    assert (told["settings"].result, told["settings"].cure) == ("FAIL", "Mend it.")
    assert {told[check].result for check in CHECKS[1:]} == {"NONE"}


def test_settings_whose_key_is_of_another_environment_are_wrong_in_their_environment() -> None:
    told = rows(
        Examined("some", "AAPL", refused=EnvironmentMismatchError("accounts.a.api_key", "is a key of live", "Mend."))
    )
    assert {check for check in CHECKS if told[check].result != "NONE"} == {"environment"}
    row = told["environment"]
    assert (row.result, row.found, row.cure) == ("FAIL", "accounts.a.api_key is a key of live", "Mend.")
    assert "of paper at a live address" in row.cause


def test_what_fails_everywhere_for_one_cause_is_told_once() -> None:
    refused = e.BrokerAuthenticationError("who?")
    told = results(replace(WELL, account=refused, instrument=refused, quote=refused, clock=refused))
    assert [check for check in CHECKS if told[check] == "FAIL"] == ["key"]
    silent = rows(replace(WELL, account=refused, instrument=refused, quote=refused, clock=refused))
    assert {silent[check].found for check in CHECKS[4:]} == {"not looked at: see what failed above"}
    other = results(replace(WELL, account=refused, instrument=INSTRUMENT, quote=e.NoDataRightsError("no")))
    assert [check for check in CHECKS if other[check] == "FAIL"] == ["key", "data"]


@pytest.mark.parametrize("status", ["closed", "restricted", "suspended"])
def test_an_account_that_may_not_trade(status: Any) -> None:
    assert results(replace(WELL, account=replace(ACCOUNT, status=status)))["permission"] == "FAIL"


@pytest.mark.parametrize(
    ("theirs", "result"), [(0, "OK"), (-1, "OK"), (-2, "WARN"), (4, "WARN"), (-6, "FAIL"), (60, "FAIL")]
)
def test_a_clock_is_off_by_what_is_proven(theirs: int, result: str) -> None:
    told = Told(100 * SECOND + theirs * SECOND, 100 * SECOND, 100 * SECOND)
    assert results(replace(WELL, clock=told))["clock"] == result
    slow = Told(100 * SECOND + theirs * SECOND, 0, 200 * SECOND)
    assert results(replace(WELL, clock=slow))["clock"] == "OK"


def test_a_broker_without_a_clock() -> None:
    assert results(replace(WELL, clock=e.NotSupportedError("no clock")))["clock"] == "NONE"


@pytest.mark.parametrize(
    ("quote", "result"), [(None, "WARN"), (e.NoDataRightsError("no"), "FAIL"), (e.BrokerTimeoutError("no"), "FAIL")]
)
def test_prices_that_are_not_told(quote: Any, result: str) -> None:
    assert results(replace(WELL, quote=quote))["data"] == result


@pytest.mark.parametrize(
    ("told", "result"),
    [
        (replace(INSTRUMENT, halted=True), "WARN"),
        (replace(INSTRUMENT, tradable=False), "WARN"),
        (e.UnknownSymbolError("no such"), "FAIL"),
        (e.BrokerTimeoutError("no"), "FAIL"),
        (replace(INSTRUMENT, calendar=""), "OK"),
    ],
)
def test_a_symbol_that_is_not_traded(told: Any, result: str) -> None:
    assert results(replace(WELL, instrument=told))["market"] == result


@pytest.mark.parametrize(
    ("hours", "result", "words"),
    [
        (None, "OK", "AAPL is traded"),
        (e.BrokerTimeoutError("no"), "OK", "AAPL is traded"),
        (Hours(open=True), "OK", "AAPL is traded"),
        (Hours(open=False), "WARN", "some says that the market of AAPL is closed"),
        (Hours(open=False, opens_at=SECOND), "WARN", "is closed, and opens at 1970-01-01T00:00:01Z"),
    ],
)
def test_a_market_that_the_broker_says_is_closed(hours: Any, result: str, words: str) -> None:
    row = rows(replace(WELL, hours=hours))["market"]
    assert row.result == result
    assert words in row.found


def test_a_broker_that_has_no_such_thing_says_so() -> None:
    told = rows(replace(WELL, broker="paper", capabilities=CAPABILITIES, has_environments=False, quote=None))
    assert (told["environment"].result, told["data"].result) == ("NONE", "NONE")
    assert "NATS" in told["data"].found
    alone = rows(replace(WELL, has_environments=False))
    assert (alone["environment"].result, alone["environment"].found) == ("NONE", "some has but one")


@pytest.mark.parametrize("kind", tuple(dict.fromkeys(e._BY_CODE.values())))
def test_every_error_has_a_cause_and_a_cure(kind: type[e.BrokerError]) -> None:
    row = meaning(kind("words"))
    assert row.check in CHECKS
    assert row.cause
    assert row.cure
