"""What waits for a reconciliation and what must not: new orders do, cancels do not."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.pit import Pit
from tests.waiting import soon

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
                return router.output().count(KEEP_COMING) >= 2

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
