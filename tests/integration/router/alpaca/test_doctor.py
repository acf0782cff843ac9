"""The doctor at Alpaca: each thing that may be wrong is found without a session, in the row that it concerns."""

from pathlib import Path
from typing import Any

import pytest

from tests.contract.brokers.alpaca_bench import AlpacaBench
from tests.integration.router.alpaca.conftest import Venue
from tradewire_router.doctor.examine import examine
from tradewire_router.doctor.row import Row
from tradewire_router.doctor.rows import rows_of


async def rows(bench: AlpacaBench, **options: Any) -> dict[str, Row]:
    found = await examine(bench.settings(**options), "main", "AAPL")
    return {row.check: row for row in rows_of(found)}


async def test_nothing_is_wrong_and_no_stream_was_opened(venue: Venue) -> None:
    bench = await venue()
    assert {row.result for row in (await rows(bench)).values()} == {"OK"}
    assert bench.twin.calls("GET /stream") == 0


async def test_keys_that_are_refused(venue: Venue, tmp_path: Path) -> None:
    bench = await venue()
    (tmp_path / "other").write_text("guess")
    (tmp_path / "other").chmod(0o600)
    told = await rows(bench, api_secret_file=str(tmp_path / "other"))
    assert (told["port"].result, told["key"].result, told["clock"].result) == ("OK", "FAIL", "NONE")
    assert "the keys are wrong or revoked, or of another environment than paper at" in told["key"].found


@pytest.mark.parametrize(
    ("options", "check", "said"),
    [
        ({"account_number": "PA9"}, "permission", "WRONG_ACCOUNT: the keys open the account PA3TWIN00001"),
        ({"feed": "sip"}, "data", "NO_DATA_RIGHTS"),
        ({"feed": "all"}, "settings", "accounts.main.feed"),
    ],
)
async def test_what_is_not_ours_is_named(venue: Venue, options: dict[str, str], check: str, said: str) -> None:
    row = (await rows(await venue(), **options))[check]
    assert row.result == "FAIL"
    assert said in row.found


async def test_a_market_that_is_closed_is_so_by_its_own_word(venue: Venue) -> None:
    bench = await venue()
    assert "is traded" in (await rows(bench))["market"].found
    await bench.do("session", name="closed")
    told = (await rows(bench))["market"]
    assert told.result == "WARN"
    assert told.found.startswith("alpaca says that the market of AAPL is closed, and opens at 2")
    await bench.price("BTC/USD", "1", "2")
    found = await examine(bench.settings(), "main", "BTC/USD")
    assert {row.check: row.result for row in rows_of(found)}["market"] == "OK"


async def test_a_port_that_is_closed(venue: Venue) -> None:
    bench = await venue()
    await bench.kill()
    told = await rows(bench)
    assert (told["port"].result, told["key"].result) == ("FAIL", "NONE")
    assert told["port"].found == f"CONNECTION_LOST: {bench.twin.url} cannot be reached: Connection refused"


async def test_a_clock_that_is_wrong_and_an_account_that_is_blocked(venue: Venue) -> None:
    bench = await venue()
    await bench.do("clock", skew_seconds=30)
    await bench.do("flags", trading_blocked=True)
    told = await rows(bench)
    assert told["clock"].result == "FAIL"
    assert (told["permission"].result, told["permission"].found) == ("FAIL", "the account is restricted")
