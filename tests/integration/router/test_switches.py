"""Halts, kills and resumes: those of the log, and those that a router hears directly."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.integration.router.world import problems
from tests.waiting import soon
from tradewire_router.cancel import TOGETHER

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}


async def until_nothing_works(account: Account) -> None:
    """Waits until the broker shows no open order."""
    broker = await account.broker()

    async def none() -> bool:
        return not await broker.open_orders()

    await soon(none)


async def test_nothing_is_submitted_after_a_halt_and_a_resume_goes_on(pit: Pit) -> None:
    account = pit.account()
    await account.halt()
    async with account.router():
        order = await account.place()
        other = await account.place(symbol="OTHER")
        stopped = await account.request()
        await account.approve(stopped, seconds=0.3)
        await asyncio.sleep(0.5)
        assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        assert account.received() == []
        await account.lapse(stopped)
        await account.resume()
        await account.until(order, "OrderFilled")
        await account.until(other, "OrderFilled")

    (halted,) = await account.about("Halted")
    (resumed,) = await account.about("Resumed")
    started = [row.pos for row in await account.about("OrderSubmitStarted")]
    assert not [pos for pos in started if halted.pos < pos < resumed.pos]
    assert len(started) == 2
    await pit.assert_clean()


async def test_a_halt_among_approvals_is_followed_by_no_submit(pit: Pit) -> None:
    """The halt is appended while approvals stream in: the ledger's guards decide, however far behind the router is."""
    account = pit.account()
    async with account.router():
        placing = [asyncio.create_task(account.place_many(40, quantity=Decimal(1))) for _ in range(5)]
        await asyncio.sleep(0.02)
        await account.halt()
        orders = [order for batch in await asyncio.gather(*placing) for order in batch]
        await account.until_said("Halted")
        (halted,) = await account.about("Halted")
        await asyncio.sleep(0.3)
        assert all(row.pos < halted.pos for row in await account.about("OrderSubmitStarted"))
        await account.resume()

        async def filled() -> bool:
            return len(await account.said("OrderFilled")) == len(orders)

        await soon(filled)
    assert sorted(account.received()) == sorted(set(account.received()))
    await pit.assert_clean()


async def test_reduce_only_lets_exits_pass(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await account.halt("REDUCE_ONLY")
        entry = await account.place()
        exit_ = await account.request(side="sell", quantity=Decimal(4))
        await account.approve(exit_, reduce_only=True)
        await account.until(exit_, "OrderFilled")
        assert await account.story(entry) == ["OrderRequested", "OrderApproved"]
        await account.lapse(entry)
    await pit.assert_clean()


async def test_kill_cancels_until_nothing_works_and_the_orders_of_nobody_too(pit: Pit) -> None:
    """More orders than are canceled at once."""
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router(reconcile_interval="60s"):
        orders = await account.place_many(TOGETHER + 10, quantity=Decimal(1), **RESTING)
        for order in orders:
            await account.until(order, "OrderAccepted")
        await account.trade_past_the_router("2", **RESTING)
        await account.halt("KILL")
        for order in orders:
            story = await account.until(order, "OrderCanceled")
            assert "OrderCancelStarted" in story
        await until_nothing_works(account)
    await pit.assert_clean()


async def test_a_halt_heard_directly_stops_submits_before_the_log_has_it(pit: Pit) -> None:
    account = pit.account()
    async with account.router() as router:
        request = await pit.shout("halt", scope=f"account.{account.name}", level="HALT")

        async def latched() -> bool:
            return not await asyncio.to_thread(router.ready)

        await soon(latched)
        order = await account.place()
        await asyncio.sleep(0.4)
        assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        await account.halt(request=request)
        await account.resume()
        await account.until(order, "OrderFilled")
    await pit.assert_clean()


async def test_a_latched_halt_outlives_the_process(pit: Pit) -> None:
    account = pit.account()
    async with account.router() as first:
        request = await pit.shout("halt", scope="global", level="HALT")
        await soon(lambda: _has(pit, f"router-{account.name}-latch.json", request))
        await first.kill()
        await pit.release(first)
    order = await account.place()
    async with account.router(ready=False):
        await asyncio.sleep(2)
        assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        await account.halt(scope="global", request=request)
        await account.resume(scope="global")
        await account.until(order, "OrderFilled")
    await pit.assert_clean()


async def test_a_kill_while_the_ledger_is_down_cancels_and_the_log_learns_it_later(pit: Pit) -> None:
    """Also when the ledger is away for so long that the router has no lease any more."""
    soonest, latest = pit.account(), pit.account()
    for account in (soonest, latest):
        await pit.quote(account.symbol, "101")
    async with soonest.router(), latest.router() as lone:
        orders = {}
        for account in (soonest, latest):
            orders[account] = [await account.place(**RESTING) for _ in range(3)]
            for order in orders[account]:
                await account.until(order, "OrderAccepted")
        await pit.kill("sequencer")
        first = await pit.shout("kill", scope=f"account.{soonest.name}")
        await until_nothing_works(soonest)
        await soon(lambda: _has(pit, f"router-{soonest.name}-panic.jsonl", first))

        async def lost() -> bool:
            return "; a process that was killed keeps it for 12 s" in (await asyncio.to_thread(problems, lone))

        await soon(lost)
        second = await pit.shout("kill", scope=f"account.{latest.name}")
        await until_nothing_works(latest)
        await soon(lambda: _has(pit, f"router-{latest.name}-panic.jsonl", second))
        assert await soonest.said("OrderCanceled") == await latest.said("OrderCanceled") == []
        await pit.start("sequencer")
        for account, request in ((soonest, first), (latest, second)):
            await account.halt("KILL", request=request)
            for order in orders[account]:
                assert (await account.until(order, "OrderCanceled"))[-1] == "OrderCanceled"
    await pit.assert_clean()


async def _has(pit: Pit, name: str, request: str) -> bool:
    path = pit.folder / name
    return path.exists() and request.encode() in path.read_bytes()
