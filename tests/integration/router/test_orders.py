"""From an approval to the end of an order, with a real ledger and a real paper broker."""

from decimal import Decimal

import pytest

from tests.integration.router.pit import Pit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_market_order_is_sent_filled_and_booked(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        order = await account.place()
        story = await account.until(order, "OrderFilled")

        assert story == ["OrderRequested", "OrderApproved", "OrderSubmitStarted", "OrderAccepted", "OrderFilled"]
        (filled,) = await account.said("OrderFilled")
        assert (filled.quantity, filled.price, filled.evidence) == (10, 100, "message")
        (opening,) = await account.said("CashMoved")
        assert (opening.amount, opening.currency, opening.base) == (Decimal(100_000), "USD", "USD")
        (started,) = await account.said("OrderSubmitStarted")
        assert account.received() == [started.client_order_id]
    await pit.assert_clean()
