"""The first start against an account with a past: a short one explains what is held, a long one is not read."""

import pytest

from tests.contract.brokers.alpaca_bench import AlpacaBench
from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.trading import AtAlpaca, past
from tests.integration.router.pit import Pit
from tests.integration.router.test_settling import ask, ingest
from tradewire_router.opening import PAST_MOST

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILLS = "GET /v2/account/activities/FILL"


def pages_read(bench: AlpacaBench) -> int:
    """How often a further page of executions was asked for."""
    journal = bench.twin.call("GET", "journal?after=0")
    return sum("page_token" in entry.get("query", {}) for entry in journal if entry.get("path") == FILLS[6:])


async def test_a_short_past_explains_what_is_held(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await past(bench, 3)
    account = AtAlpaca(pit, bench)
    async with account.router():
        (opening,) = await account.until_said("CashMoved")
        assert (opening.amount, opening.cursor) == (100_000, "")
        assert len(await account.until_said("ExternalFillBooked", 3)) == 3
        await account.until_said("ReconciliationMended")
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_long_past_is_not_read_and_what_comes_after_it_is_booked(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await past(bench, PAST_MOST + 1)
    account = AtAlpaca(pit, bench)
    async with account.router():
        (opening,) = await account.until_said("CashMoved")
        assert (opening.amount, bool(opening.cursor), bool(opening.activities)) == (94_990, True, True)
        (broken,) = await account.until_said("ReconciliationBroken")
        assert [(each.key, each.theirs) for each in broken.differences] == [("AAPL", "501")]
        assert broken.cursor == opening.cursor
    read = pages_read(bench)
    await bench.do("submit", symbol="AAPL", qty="2", side="buy", type="market", time_in_force="day")
    async with account.router(), ingest(pit):
        (seen,) = await account.until_said("ExternalFillBooked")
        assert seen.quantity == 2
        reply = await ask(pit, "adopt", account=account.name, reason="the portfolio of 2019")
        assert reply.ok, reply
        (adopted,) = await account.until_said("AccountAdopted")
        assert (adopted.positions, adopted.currencies) == (1, 0)
        await account.until_said("ReconciliationMended")
        await account.resume()
        order = await account.place()
        await account.until(order, "OrderFilled")
    assert pages_read(bench) == read
    assert await account.said("ExternalFillBooked") == [seen]
    (entry,) = await account.said("PositionAdjusted")
    assert (entry.quantity, entry.by) == (501, "person:anna")
    await pit.assert_clean()
