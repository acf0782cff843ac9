"""An order that Alpaca denies to have: it never arrived only when all else that Alpaca tells agrees with that."""

import asyncio
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_routing import POST, RESTING, same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.processes import Child
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKUP, ORDERS, FILLS = "GET /v2/orders:by_client_order_id", "GET /v2/orders", "GET /v2/account/activities/FILL"
POSITIONS = "GET /v2/positions"
DENIED: dict[str, Any] = {"status": 404, "body": '{"code":40410000,"message":"order not found"}'}
NOTHING: dict[str, Any] = {"status": 200, "body": "[]"}
DOWN: dict[str, Any] = {"status": 503}


async def doubted(router: Child, why: str) -> None:
    """Waits until the router has twice come to the end of a proof and did not take it for one."""

    async def there() -> bool:
        lines = [line for line in router.output().splitlines() if "it is not proven that a submit never" in line]
        return len([line for line in lines if why in line]) >= 2

    await soon(there)


async def test_a_closed_order_that_is_denied_by_its_name_is_not_gone(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s") as router:
        for fault, where, more in (("drop_after", POST, {}), ("status_before", LOOKUP, {**DENIED, "times": 0})):
            await bench.arm(fault, where, **more)
        await bench.arm("lose", "push trade_updates *", times=0)
        order = await account.place(**{**RESTING, "time_in_force": "ioc"})
        # Once the list has shown it, it is asked about by Alpaca's own id, and found.
        assert "OrderSubmitNeverArrived" not in await account.until(order, "OrderCanceled")
        assert "its broker lists it" in router.output()
    await same_books(account)


async def test_a_holding_that_nothing_explains_keeps_an_order_unknown(pit: Pit, venue: Venue) -> None:
    """It was filled, and of all that Alpaca tells only the position shows that."""
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as router:
        await bench.arm("lose", "push trade_updates *", times=0)
        await bench.arm("drop_after", POST)
        await bench.arm("status_before", LOOKUP, times=0, **DENIED)
        for where in (ORDERS, FILLS):
            await bench.arm("status_before", where, times=0, **NOTHING)
        order = await account.place()
        await doubted(router, "the account holds 10 AAPL at its broker, and not 0")
        await account.until_said("ReconciliationBroken")  # what is on record only since then explains nothing
        await doubted(router, "the account holds 10 AAPL at its broker, and not 0")
        assert (await account.story(order))[-1] == "OrderSubmitUnknown"
        await asyncio.to_thread(bench.twin.disarm)
        assert "OrderSubmitNeverArrived" not in await account.until(order, "OrderFilled")
        await account.until_said("ReconciliationMended")
    await same_books(account)


@pytest.mark.parametrize("source", [ORDERS, FILLS, POSITIONS])
async def test_a_source_that_does_not_answer_keeps_an_order_unknown(pit: Pit, venue: Venue, source: str) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s"):
        await bench.arm("drop_before", POST)
        order = await account.place(**RESTING)
        await account.until(order, "OrderSubmitUnknown")
        await bench.arm("status_before", source, times=0, **DOWN)
        before = bench.twin.calls(source)

        async def refused() -> bool:
            return bool(bench.twin.calls(source) >= before + 2)

        await soon(refused)
        assert (await account.story(order))[-1] == "OrderSubmitUnknown"
        await asyncio.to_thread(bench.twin.disarm)
        await account.until(order, "OrderSubmitNeverArrived")
        (proof,) = [row.said for row in await account.rows_of(order) if row.type == "OrderSubmitNeverArrived"]
        assert "no open or closed order, no execution, and a holding that is explained" in proof.evidence
        await account.approve(order, attempt=2)
        await account.until(order, "OrderAccepted")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    assert account.received() == [ids.client_order_id(order, attempt) for attempt in (1, 2)]
    await same_books(account)


async def test_what_was_wrong_with_a_holding_before_does_not_keep_an_order_unknown(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        await bench.arm("status_before", POSITIONS, times=0, status=200, body='[{"symbol":"AAPL","qty":"7"}]')
        await account.until_said("ReconciliationBroken")
        await account.resume()
        await bench.arm("drop_before", POST)
        order = await account.place(**RESTING)
        await account.until(order, "OrderSubmitNeverArrived")
        await asyncio.to_thread(bench.twin.disarm)

        async def mended() -> bool:
            rows = await account.about("ReconciliationBroken", "ReconciliationMended")
            return bool(rows[-1].type == "ReconciliationMended")

        await soon(mended)
        await account.approve(order, attempt=2)
        await account.until(order, "OrderAccepted")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    await same_books(account)
