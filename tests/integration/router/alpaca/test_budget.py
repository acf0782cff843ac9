"""When a minute's requests are used up: what cannot be sent is not begun, and what was not sent is no riddle."""

import asyncio
from decimal import Decimal

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_replacing import DEARER, patched, resting, wanted
from tests.integration.router.alpaca.test_routing import POST, SENT, same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.integration.router.world import metrics
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKUP = "GET /v2/orders:by_client_order_id"
FULL = 'tradewire_router_broker_requests_left{{account="{}"}}'


async def test_what_the_budget_has_no_room_for_is_not_begun(pit: Pit, venue: Venue) -> None:
    bench = await venue(rate_per_min=40)
    account = AtAlpaca(pit, bench)
    ends = (SENT[:2], [*SENT, "OrderSubmitNeverArrived"], [*SENT, "OrderAccepted", "OrderFilled"])
    async with account.router(reconcile_interval="300s", call_timeout="5s") as router:
        working = await resting(account)
        orders = await account.place_many(30, quantity=Decimal(1))
        stories: list[list[str]] = []

        async def used_up() -> bool:
            stories[:] = [await account.story(order) for order in orders]
            return (await asyncio.to_thread(metrics, router))[FULL.format(account.name)] <= 4 and all(
                story in ends for story in stories
            )

        await soon(used_up)
        waiting, late = ([order for order, story in zip(orders, stories, strict=True) if story == e] for e in ends[:2])
        assert len(waiting) > len(late)  # at most a question or two came in between
        await wanted(account, working, **DEARER)
        await asyncio.sleep(1)
        assert (await account.story(working))[-1] == "OrderReplaceApproved"
        assert bench.twin.calls(LOOKUP) == patched(account) == 0
        for order in late:
            await account.approve(order, attempt=2)
        for order in (working, *waiting, *late):
            await account.cancel(order)
        await account.until(working, "OrderCanceled")
        for order in (*waiting, *late):
            await account.until(order, "OrderCanceledLocally")
    await same_books(account)


async def test_what_was_begun_and_not_sent_is_on_record_as_such_and_not_asked_about(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s"):
        await bench.arm("hang_before", POST)
        orders = await account.place_many(2)
        for order in orders:
            await account.until(order, "OrderSubmitNeverArrived")
        stories = {order: await account.story(order) for order in orders}
        (behind,) = [order for order, story in stories.items() if "OrderSubmitUnknown" not in story]
        assert stories[behind] == [*SENT, "OrderSubmitNeverArrived"]
        said = (await account.rows_of(behind))[-1].said
        assert said.evidence == "not sent: TIMEOUT: the requests before it took too long; nothing was sent"
        asked = [entry for entry in bench.twin.journal() if entry["kind"] == "in" and entry.get("path") == LOOKUP[4:]]
        assert asked
        assert ids.client_order_id(behind, 1) not in str(asked)
        for order in orders:
            await account.approve(order, attempt=2)
            await account.until(order, "OrderFilled")
    await same_books(account)


async def test_what_would_wait_for_others_is_not_begun(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s"):
        await bench.arm("wait_before", POST)
        orders = await account.place_many(30, quantity=Decimal(1))

        async def begun() -> int:
            return len(await account.said("OrderSubmitStarted"))

        await soon(begun)
        await asyncio.sleep(0.5)  # many more steps
        assert 0 < await begun() < len(orders) / 2
        await asyncio.to_thread(bench.twin.disarm)
        for order in orders:
            await account.until(order, "OrderFilled")
        assert await account.said("OrderSubmitUnknown", "OrderSubmitNeverArrived") == []
    await same_books(account)
