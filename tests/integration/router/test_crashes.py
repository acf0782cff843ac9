"""Whatever dies, sleeps or is stopped, and whenever: no order is sent twice and no outcome is lost."""

import asyncio
import signal
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.integration.router.world import problems
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = ["OrderRequested", "OrderApproved", "OrderSubmitStarted"]
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}


async def until_filled(account: Account, orders: list[str]) -> None:
    """Waits for every order's fill, playing risk: the next attempt of what never arrived is approved, once."""

    async def filled() -> bool:
        done = {fill.order for fill in await account.said("OrderFilled")}
        for never in await account.said("OrderSubmitNeverArrived"):
            if never.order not in done and (await account.story(never.order))[-1] == "OrderSubmitNeverArrived":
                await account.approve(never.order, attempt=never.attempt + 1)
        return set(orders) <= done

    await soon(filled)


@pytest.mark.parametrize(
    "point",
    [
        "router.before_append",
        "router.after_append",
        "router.after_submit_started",
        "router.after_submit",
        "router.before_facts",
    ],
)
async def test_a_router_that_dies_is_followed_by_one_that_doubles_and_loses_nothing(pit: Pit, point: str) -> None:
    account = pit.account()
    async with account.router() as settled:
        await account.until(await account.place(), "OrderFilled")
        await settled.stop()
    orders = await account.place_many(40, quantity=Decimal(1))
    marker = {"TRADEWIRE_FAULTS_FILE": str(pit.folder / f"faults-{account.name}"), "TRADEWIRE_FAULTS": f"{point}=kill"}
    async with account.router(marker, ready=False) as dying:
        assert await dying.ended() == -signal.SIGKILL
        await pit.release(dying)
    async with account.router():
        await until_filled(account, orders)
    received = account.received()
    assert sorted(received) == sorted(set(received))
    known = {started.client_order_id for started in await account.said("OrderSubmitStarted")}
    assert set(received) <= known
    if point == "router.after_submit":
        (first,) = {ids.client_order_id(order, 1) for order in orders[:1]}
        assert first in received
    await pit.assert_clean()


async def test_the_second_of_two_routers_takes_over_when_the_first_is_stopped(pit: Pit) -> None:
    account = pit.account()
    async with account.router() as first, account.router(ready=False) as second:
        await account.until(await account.place(), "OrderFilled")
        assert not await asyncio.to_thread(second.ready)
        assert await first.stop() == 0
        await account.until(await account.place(), "OrderFilled")
        await second.until_ready()
        assert [row.type for row in await account.leases()] == ["LeaseGranted", "LeaseReleased", "LeaseGranted"]
    await pit.assert_clean()


async def test_a_stopped_router_waits_for_the_answers_of_its_calls(pit: Pit) -> None:
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router() as router:
        await account.fault("delay_response", times=3, delay_ms=400)
        orders = await account.place_many(3, **RESTING)
        await account.until(orders[-1], "OrderSubmitStarted")
        assert await router.stop() == 0
    accepted = await account.about("OrderAccepted")
    assert {row.said.order for row in accepted} == set(orders)
    (released,) = await account.leases("LeaseReleased")
    assert all(row.pos < released.pos for row in accepted)
    assert await account.said("OrderSubmitUnknown") == []
    async with account.router():
        for order in orders:
            await account.cancel(order)
            await account.until(order, "OrderCanceled")
    await pit.assert_clean()


async def test_an_answer_that_comes_while_ledger_and_lease_are_lost_is_kept(pit: Pit) -> None:
    """What was begun is ended, and its outcome is appended when the lease is held again."""
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router(call_timeout="5s", absence_grace="5s") as router:
        await account.fault("mute_stream", delay_ms=60_000)
        await account.fault("delay_response", delay_ms=3_000)
        order = await account.place(**RESTING)
        await account.until(order, "OrderSubmitStarted")
        await pit.kill("sequencer")

        async def lost() -> bool:
            return "waits for the lease" in await asyncio.to_thread(problems, router)

        await soon(lost)
        await pit.start("sequencer")
        story = await account.until(order, "OrderAccepted")
        assert story == [*SENT, "OrderAccepted"]
        assert (await account.rows_of(order))[-1].said.evidence == "reply"
        assert account.received() == [ids.client_order_id(order, 1)]
        await (await account.broker()).disarm()
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    await pit.assert_clean()


async def test_a_router_can_be_stopped_while_it_waits_for_a_snapshot(pit: Pit) -> None:
    account = pit.account()
    await pit.kill("reader")
    async with account.router(ready=False) as router:

        async def leads() -> bool:
            return bool(await account.leases("LeaseGranted"))

        await soon(leads)
        assert await router.stop() == 0
    await pit.start("reader")


async def test_killed_or_frozen_routers_are_followed_and_a_woken_one_sends_nothing(pit: Pit) -> None:
    """Nobody gives their leases back, so the successors wait until these have run out."""
    killed, frozen = pit.account(), pit.account()
    stops = {
        "TRADEWIRE_FAULTS_FILE": str(pit.folder / "frozen"),
        "TRADEWIRE_FAULTS": "router.after_submit_started=stop",
    }
    async with killed.router() as victim, frozen.router(stops) as sleeper:
        order = await killed.place()
        await killed.until(order, "OrderFilled")
        await victim.kill()
        lost = await frozen.place()
        await frozen.until(lost, "OrderSubmitStarted")

        async def asleep() -> bool:
            return (pit.folder / "frozen").exists()

        await soon(asleep)
        async with killed.router(ready=False), frozen.router(ready=False) as successor:
            await killed.until(await killed.place(), "OrderFilled")
            await until_filled(frozen, [lost])
            assert frozen.received() == [ids.client_order_id(lost, 2)]

            sleeper.send(signal.SIGCONT)

            async def awake() -> bool:
                return "the outcome of a submit is unknown" in sleeper.output()

            await soon(awake)
            await frozen.until(await frozen.place(), "OrderFilled")
            assert ids.client_order_id(lost, 1) not in frozen.received()
            assert await successor.stop() == 0
            await frozen.until(await frozen.place(), "OrderFilled")
        assert sleeper.alive
    for account in (killed, frozen):
        granted = [row.type for row in await account.leases()]
        assert granted[:2] == ["LeaseGranted", "LeaseGranted"]
        assert sorted(account.received()) == sorted(set(account.received()))
    await pit.assert_clean()
