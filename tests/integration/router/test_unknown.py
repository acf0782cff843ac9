"""A broker that does not answer, goes away or says nothing: Unknown is a state, and only its evidence ends it."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.pit import Pit
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = ["OrderRequested", "OrderApproved", "OrderSubmitStarted"]
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}


async def test_an_order_whose_answer_is_lost_is_found_and_adopted(pit: Pit) -> None:
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router():
        await account.fault("drop_response")
        await account.fault("mute_stream", delay_ms=60_000)
        order = await account.place(**RESTING)
        await account.until(order, "OrderSubmitUnknown")
        story = await account.until(order, "OrderAccepted")
        assert story == [*SENT, "OrderSubmitUnknown", "OrderUnknownResolved", "OrderAccepted"]
        rows = {row.type: row.said for row in await account.rows_of(order)}
        assert rows["OrderUnknownResolved"].outcome == "found"
        assert rows["OrderAccepted"].evidence == "lookup"
        assert account.received() == [ids.client_order_id(order, 1)]
        await (await account.broker()).disarm()
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    await pit.assert_clean()


async def test_an_order_that_filled_unheard_is_adopted_with_its_fill(pit: Pit) -> None:
    account = pit.account()
    async with account.router(reconcile_interval="60s"):
        await account.fault("drop_response")
        await account.fault("mute_stream", delay_ms=60_000)
        order = await account.place()
        story = await account.until(order, "OrderFilled")
        assert story[:6] == [*SENT, "OrderSubmitUnknown", "OrderUnknownResolved", "OrderFilled"]
        await (await account.broker()).disarm()
        assert account.received() == [ids.client_order_id(order, 1)]
        await account.until(order, "OrderAccepted")
    assert (await account.story(order)).count("OrderFilled") == 1
    await pit.assert_clean()


async def test_an_unknown_order_keeps_its_symbol_from_new_ones(pit: Pit) -> None:
    account = pit.account()
    async with account.router(absence_grace="2s"):
        await account.fault("place_late", delay_ms=60_000)
        lost = await account.place()
        await account.until(lost, "OrderSubmitUnknown")
        same, other = await account.place(), await account.place(symbol="FREE")
        await account.until(other, "OrderFilled")
        assert await account.story(same) == ["OrderRequested", "OrderApproved"]
        await pit.kill("paper")
        await pit.start("paper")
        await account.until(lost, "OrderSubmitNeverArrived")
        await account.until(same, "OrderFilled")
        (never,) = [row for row in await account.about("OrderSubmitStarted") if row.said.order == same]
        (proof,) = [row for row in await account.rows_of(lost) if row.type == "OrderSubmitNeverArrived"]
        assert proof.pos < never.pos

        await account.approve(lost, attempt=2)
        await account.until(lost, "OrderFilled")
        clients = [ids.client_order_id(lost, 1), ids.client_order_id(lost, 2)]
        assert [client for client in account.received() if client in clients] == clients
    await pit.assert_clean()


async def test_an_order_with_a_taken_client_id_is_asked_about_and_not_rejected(pit: Pit) -> None:
    """Somebody else of our name sent it: the broker's no is then no proof that there is no such order."""
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router():
        order = await account.request(**RESTING)
        from tradewire_router.brokers.values import OrderRequest

        twin = OrderRequest(
            client_order_id=ids.client_order_id(order, 1),
            order="",
            symbol=account.symbol,
            side="buy",
            quantity=Decimal(10),
            order_type="limit",
            time_in_force="gtc",
            limit_price=Decimal(100),
        )
        pit.forgiven.append(twin.client_order_id)
        await (await account.broker()).submit(twin)
        await account.approve(order)
        story = await account.until(order, "OrderAccepted")
        assert "OrderRejected" not in story
        await account.cancel(order)
        await account.until(order, "OrderCanceled")


async def test_a_broker_that_is_down_at_the_start_is_waited_for(pit: Pit) -> None:
    account = pit.account()
    await pit.kill("paper")
    async with account.router(ready=False) as router:
        order = await account.place()
        await asyncio.sleep(1.5)
        assert not await asyncio.to_thread(router.ready)
        assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        await pit.start("paper")
        await account.until(order, "OrderFilled")
        await router.until_ready()
    await pit.assert_clean()


async def test_a_broker_that_dies_in_flight_comes_back_with_nothing_doubled(pit: Pit) -> None:
    account = pit.account()
    async with account.router(absence_grace="500ms"):
        await account.fault("delay_before", times=100, delay_ms=60_000)
        orders = await account.place_many(200, quantity=Decimal(1), price=Decimal("0.5"))

        async def in_flight() -> bool:
            return len(await account.said("OrderFilled")) >= 50

        await soon(in_flight)
        await pit.kill("paper")
        await asyncio.sleep(0.3)
        await pit.start("paper")

        async def settled() -> bool:
            """Plays risk: approves the next attempt of what never arrived, once."""
            done = {fill.order for fill in await account.said("OrderFilled")}
            for never in await account.said("OrderSubmitNeverArrived"):
                if never.order not in done and (await account.story(never.order))[-1] == "OrderSubmitNeverArrived":
                    await account.approve(never.order, attempt=never.attempt + 1)
            return set(orders) <= done

        await soon(settled)
        assert len(await account.said("OrderSubmitNeverArrived")) >= 50
    received = account.received()
    assert sorted(received) == sorted(set(received))
    await pit.assert_clean()


async def test_a_muted_stream_is_caught_up_by_reconciliation(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.fault("mute_stream", delay_ms=60_000)
        order = await account.place()
        await account.until(order, "OrderFilled")
        (filled,) = await account.said("OrderFilled")
        assert filled.evidence == "reconciliation"
        await (await account.broker()).disarm()
        mended = (await account.until_said("ReconciliationMended", 2))[-1]
        assert mended.executions == 1
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()
