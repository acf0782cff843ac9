"""A session at Alpaca of which a part does not work: it is seen, refuses what it must, and recovers."""

import asyncio
import urllib.request
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_routing import POST
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.integration.router.world import metrics, problems
from tests.processes import Child
from tests.waiting import soon

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = ["OrderRequested", "OrderApproved"]
GAUGE = 'tradewire_router_broker_degraded{{account="{}",part="{}"}}'


def notes(router: Child) -> dict[str, str]:
    """What a ready process wants people to know."""
    with urllib.request.urlopen(f"http://127.0.0.1:{router.port}/readyz", timeout=1) as answer:
        told: dict[str, dict[str, str]] = msgspec.json.decode(answer.read())
    return told["notes"]


async def of_orders(account: AtAlpaca, kind: str) -> list[Any]:
    """What is said of the hearing of orders, once it is; the quotes, whose connection ends as well, have a say too."""

    async def said() -> list[Any]:
        return [each for each in await account.said(kind) if each.part == "orders"]

    await soon(said)
    return await said()


async def test_without_executions_nothing_new_is_sent_until_they_are_told(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="30s") as router:
        before = await account.place()
        await account.until(before, "OrderFilled")
        fault = await bench.arm("status_before", "GET /v2/account/activities/FILL", times=0, status=503)
        await asyncio.to_thread(bench.twin.hang_up)
        (told,) = await of_orders(account, "BrokerDegraded")
        assert told.broker == "alpaca"
        assert (await asyncio.to_thread(metrics, router))[GAUGE.format(account.name, "orders")] == 1
        held = await account.place()
        assert "cannot hear all of its orders" in await asyncio.to_thread(problems, router)
        assert await account.story(held) == SENT
        await asyncio.to_thread(bench.twin.disarm, fault)
        await account.until(held, "OrderFilled")
        await of_orders(account, "BrokerRecovered")
        assert (await asyncio.to_thread(metrics, router))[GAUGE.format(account.name, "orders")] == 0
    await pit.assert_clean()


async def test_what_was_degraded_when_the_session_was_lost_is_answered_when_it_is_back(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as router:
        await account.until(await account.place(), "OrderFilled")
        await bench.arm("status_before", "GET /v2/account/activities/FILL", times=0, status=503)
        await asyncio.to_thread(bench.twin.hang_up)
        await of_orders(account, "BrokerDegraded")
        await bench.arm("status_before", "GET /stream", times=0, status=503)
        await asyncio.to_thread(bench.twin.hang_up)
        await account.until_said("BrokerLost", 2)
        assert (await asyncio.to_thread(metrics, router))[GAUGE.format(account.name, "orders")] == 1
        await asyncio.to_thread(bench.twin.disarm)
        await account.until(await account.place(), "OrderFilled")
        told = [row for row in await account.about("BrokerDegraded", "BrokerRecovered") if row.said.part == "orders"]
        assert [row.type for row in told][:2] == ["BrokerDegraded", "BrokerRecovered"]
        assert len(told) % 2 == 0
        assert (await asyncio.to_thread(metrics, router))[GAUGE.format(account.name, "orders")] == 0
    await pit.assert_clean()


async def test_without_quotes_it_is_said_and_orders_go_on(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    account.write(feed="sip")
    async with account.router() as router:
        order = await account.place()
        await account.until(order, "OrderFilled")
        (told,) = await account.until_said("BrokerDegraded")
        assert (told.part, told.reason) == ("quotes", "Alpaca gives no quotes: insufficient subscription")
        assert await asyncio.to_thread(router.ready)
        assert (await asyncio.to_thread(notes, router))["broker"] == f"{told.account}: quotes: {told.reason}"
        await bench.do("options", feeds="sip")
        (over,) = await account.until_said("BrokerRecovered")
        assert over.part == "quotes"

        async def gone() -> bool:
            return "broker" not in await asyncio.to_thread(notes, router)

        await soon(gone)
    await pit.assert_clean()


async def test_after_a_burst_of_errors_nothing_is_begun_until_a_question_is_answered(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await bench.price("MSFT", "99.90", "100.10")
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s") as router:
        working = await account.place(order_type="limit", limit_price=Decimal(90), time_in_force="gtc", symbol="MSFT")
        await account.until(working, "OrderAccepted")
        down = await bench.arm("status_before", "GET /v2/clock", times=0, status=503)
        burst = await bench.arm("status_before", POST, times=0, status=503)
        orders = await account.place_many(5, quantity=Decimal(1))
        (told,) = await account.until_said("BrokerDegraded")
        assert told.part == "answers"
        assert "5 submits in a row without an answer: MAINTENANCE" in told.reason
        assert (await asyncio.to_thread(metrics, router))[GAUGE.format(account.name, "answers")] == 1
        held = await account.place(symbol="MSFT")
        for order in orders:
            await account.until(order, "OrderSubmitNeverArrived")  # what was sent is asked about meanwhile
        assert "its broker does not answer" in await asyncio.to_thread(problems, router)
        await account.cancel(working)  # and what only reduces goes on
        await account.until(working, "OrderCanceled")
        assert await account.story(held) == SENT
        assert bench.twin.calls(POST) == 6
        for fault in (burst, down):
            await asyncio.to_thread(bench.twin.disarm, fault)
        await account.until(held, "OrderFilled")
        (over,) = await account.until_said("BrokerRecovered")
        assert over.part == "answers"
        for order in orders:
            await account.approve(order, attempt=2)
            await account.until(order, "OrderFilled")
    await pit.assert_clean()
