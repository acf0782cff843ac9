"""What keeps new orders back, and never cancels: a missing reconciliation, silence upstream, another build."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.router.pit import Pit
from tests.integration.router.world import problems
from tests.processes import Child
from tests.waiting import soon
from tradewire.build import build_id

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}
KEEP_COMING = "executions keep coming"


async def test_nothing_is_sent_before_the_account_could_be_compared(pit: Pit) -> None:
    """Others trade at the account without a pause, so that no moment is quiet enough for a comparison."""
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
    order = await account.place()
    stop = asyncio.Event()

    async def others() -> None:
        while not stop.is_set():
            await account.trade_past_the_router("0.01", reference_price=Decimal(1))

    trading = [asyncio.create_task(others()) for _ in range(4)]
    async with account.router(ready=False) as router:
        try:

            async def tried_twice() -> bool:
                return router.printed.count(KEEP_COMING) >= 2

            await soon(tried_twice)
            assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        finally:
            stop.set()
            await asyncio.gather(*trading)
        await account.until(order, "OrderFilled")
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_cancel_does_not_wait_for_a_reconciliation(pit: Pit) -> None:
    """Without the reader nothing can be reconciled after the session's return; what only reduces goes on."""
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router():
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        await pit.kill("reader")
        await account.trade_past_the_router("5", symbol="ELSE")
        await pit.kill("paper")
        await pit.start("paper")
        waiting = await account.place(symbol="ELSE")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
        assert await account.story(waiting) == ["OrderRequested", "OrderApproved"]
        await pit.start("reader")
        await account.until(waiting, "OrderFilled")
    await pit.assert_clean()


async def test_a_router_that_cannot_read_the_log_is_not_ready(pit: Pit) -> None:
    """It holds its lease from the first moment on, and has no work before it knows what was."""
    account = pit.account()
    async with account.router():
        pass
    await pit.kill("reader")
    async with account.router(ready=False) as router:

        async def holds_its_lease() -> bool:
            return "routing" in router.output()

        await soon(holds_its_lease)
        assert not router.ready()
        assert "reads the log before it takes its work up" in problems(router)
        await pit.start("reader")
        await router.until_ready()


async def until_it_says(router: Child, words: str) -> None:
    """Waits until a router names a problem."""

    async def said() -> bool:
        return words in problems(router)

    await soon(said)


async def test_nothing_new_is_sent_while_risk_is_not_heard_and_cancels_are(pit: Pit) -> None:
    account = pit.account()
    await pit.quote(account.symbol, "101")
    beat = pit.risk
    assert beat is not None
    async with account.router(max_beat_age="2s") as router:
        resting = await account.place(**RESTING)
        await account.until(resting, "OrderAccepted")
        try:
            pit.risk = None
            await until_it_says(router, "UPSTREAM_HEARTBEAT_LOST: a risk process that decides was not heard for 2 s")
            waiting, unwanted = await account.place(symbol="ELSE"), await account.place(symbol="ELSE")
            await account.cancel(unwanted)
            await account.until(unwanted, "OrderCanceledLocally")
            await account.cancel(resting)
            await account.until(resting, "OrderCanceled")

            pit.risk = replace(beat, instance="risk-two", decides=False)
            await until_it_says(router, "risk-two was heard, and does not decide")
            assert await account.story(waiting) == ["OrderRequested", "OrderApproved"]
            await account.lapse(waiting)
        finally:
            pit.risk = beat
        await router.until_ready()
        fresh = await account.place(symbol="ELSE")
        await account.until(fresh, "OrderFilled")
        assert router.output().count('"event": "nothing new is sent"') == 1
        assert router.output().count('"event": "nothing keeps new orders back any more"') == 1
    assert [row.said.order for row in await account.about("OrderSubmitStarted")] == [resting, fresh]
    assert len(account.received()) == 2
    await pit.assert_clean()


async def test_nothing_new_is_sent_while_the_ledger_is_not_heard(pit: Pit) -> None:
    account = pit.account()
    async with account.router() as router:
        await account.until(await account.place(), "OrderFilled")
        await pit.kill("sequencer")
        await until_it_says(router, "UPSTREAM_HEARTBEAT_LOST: the ledger was not heard for 3 s")
        await pit.start("sequencer")
        await router.until_ready()
        await account.until(await account.place(), "OrderFilled")
    await pit.assert_clean()


@pytest.mark.parametrize("build", ["0.1.0+0ff1ce00", ""])
async def test_an_approval_of_another_build_is_canceled_and_not_sent(pit: Pit, build: str) -> None:
    account = pit.account()
    async with account.router() as router:
        ours = await account.place()
        await account.until(ours, "OrderFilled")
        theirs = await account.request()
        await account.approve(theirs, build=build)
        await account.until(theirs, "OrderCanceledLocally")
        named = f"build {build}" if build else "a build that does not name itself"
        reason = (
            f"BUILD_MISMATCH: approved by {named}, and this router is build {build_id()}; restart the older of the two"
        )
        assert [said.reason for said in await account.said("OrderCanceledLocally")] == [reason]
        assert await account.story(theirs) == ["OrderRequested", "OrderApproved", "OrderCanceledLocally"]

        async def logged() -> bool:
            return reason in router.output()

        await soon(logged)
        # It was one approval: what is approved by our build goes on.
        assert router.ready()
        await account.until(await account.place(), "OrderFilled")
    assert len(account.received()) == 2
    await pit.assert_clean()


async def test_a_router_that_was_left_with_old_code_sends_nothing_and_says_so(pit: Pit) -> None:
    account = pit.account()
    async with account.router({"TRADEWIRE_BUILD": "old"}, ready=False) as old:
        says = f"this process is build old, and the ledger is build {build_id()}: start the ledger's build"
        await until_it_says(old, says)
        order = await account.place()
        assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        assert '"build": "old"' in old.output()
        assert "routing" not in old.output()
        assert old.output().count(says) == 1
    assert account.received() == []
    async with account.router():
        await account.until(order, "OrderFilled")
    await pit.assert_clean()


async def test_nothing_is_sent_while_risk_is_of_another_build(pit: Pit) -> None:
    account, beat = pit.account(), pit.risk
    assert beat is not None
    async with account.router() as router:
        pit.risk = replace(beat, build="old")
        try:
            await until_it_says(router, f"BUILD_MISMATCH: risk is build old, and this router is build {build_id()}")
            order = await account.place()
            assert await account.story(order) == ["OrderRequested", "OrderApproved"]
        finally:
            pit.risk = beat
        await account.until(order, "OrderFilled")
    await pit.assert_clean()
