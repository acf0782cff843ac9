"""What happens at Alpaca beside executions is booked, so that nothing differs."""

from decimal import Decimal

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_they_are_booked_and_the_account_agrees(pit: Pit, venue: Venue) -> None:
    bench = await venue(fees="activities")
    account = AtAlpaca(pit, bench)
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await bench.do("activity", type="DIV", net_amount="12.5", symbol="AAPL", qty="10")
        await bench.happen("split", symbol="AAPL", ratio=Decimal(3))
        [split] = await account.until_said("CorporateAction")
        await account.until(await account.place(side="sell", quantity=Decimal(11)), "OrderFilled")
        await bench.do("activity", type="CSW", net_amount="-1000")
        moved = await account.until_said("CashMoved", 4)
    assert sorted((said.reason, said.amount) for said in moved[1:]) == [
        ("dividend", Decimal("12.5")),
        ("fee", Decimal("-0.01")),
        ("withdrawal", Decimal(-1000)),
    ]
    assert (split.kind, split.symbol, split.ratio) == ("split", "AAPL", 3)
    async with account.router():  # from the cursor, and not once more
        await account.until(await account.place(), "OrderFilled")
    assert len(await account.said("CashMoved", "CorporateAction")) == 5
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_split_that_is_told_after_a_sale_at_the_new_quantity_has_its_own_ratio(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    await bench.do("clock", skew_seconds=-86_400)
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
    # The night passes at the broker: in the morning there are three for each, and nobody says so yet.
    await bench.do("clock", skew_seconds=0)
    async with account.router():
        sale = await account.request(side="sell", quantity=Decimal(6))
        await account.approve(sale, reduce_only=True)
        await account.until(sale, "OrderFilled")
        await bench.do("activity", type="SPLIT", symbol="AAPL", qty="20")
        [split] = await account.until_said("CorporateAction")
        assert (split.ratio, split.quantity) == (3, 12)
        await account.until_said("ReconciliationMended", 2)
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()
