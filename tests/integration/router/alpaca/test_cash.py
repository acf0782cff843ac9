"""Cash of which Alpaca tells eight decimals, while a coin's price times its quantity has more."""

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_routing import same_books
from tests.integration.router.alpaca.trading import AtAlpaca, past
from tests.integration.router.pit import Pit
from tests.integration.router.test_settling import ask, ingest
from tradewire_router.brokers.alpaca.capabilities import CASH_STEP
from tradewire_router.opening import PAST_MOST

pytestmark = pytest.mark.asyncio(loop_scope="module")

COIN: dict[str, Any] = {"symbol": "BTC/USD", "quantity": Decimal("0.0123456"), "time_in_force": "gtc"}


def untold(cash: str) -> bool:
    """Whether cash has digits that Alpaca does not tell."""
    return bool(Decimal(cash) % CASH_STEP)


async def cash(account: AtAlpaca) -> Decimal:
    """What the log's account began with and what its fills have moved since, to the last digit."""
    began: Decimal = sum((each.amount for each in await account.said("CashMoved")), Decimal(0))
    fills = [*await account.said("OrderFilled"), *await account.said("ExternalFillBooked")]
    paid: Decimal = sum(
        ((each.quantity if each.side == "buy" else -each.quantity) * each.price for each in fills), Decimal(0)
    )
    return began - paid


async def test_a_coin_is_traded_and_nothing_differs(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await bench.price("BTC/USD", "60000.13", "60010.07")
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await account.place(**COIN)
        await account.until(order, "OrderFilled")
        assert untold(account.at_broker()["cash"])
        sold = await account.place(**{**COIN, "side": "sell", "quantity": Decimal("0.0012347")})
        await account.until(sold, "OrderFilled")
        assert untold(account.at_broker()["cash"])
    async with account.router():  # its first comparison is on record, whatever it shows
        await account.until_said("ReconciliationMended", 2)
    assert await account.said("ReconciliationBroken", "Halted") == []
    await same_books(account)
    assert await cash(account) == Decimal(account.at_broker()["cash"])


async def test_a_coin_of_before_the_log_began_leaves_no_difference(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await bench.price("BTC/USD", "60000.13", "60010.07")
    await bench.do("submit", symbol="BTC/USD", qty="0.0123456", side="buy", type="market", time_in_force="gtc")
    account = AtAlpaca(pit, bench)
    assert untold(account.at_broker()["cash"])
    async with account.router():
        await account.until_said("ExternalFillBooked")
        await account.until_said("ReconciliationMended")
        order = await account.place(**COIN)
        await account.until(order, "OrderFilled")
    async with account.router():
        await account.until_said("ReconciliationMended", 2)
    assert await account.said("ReconciliationBroken", "Halted") == []
    await pit.assert_clean()


async def test_an_adoption_leaves_the_digits_that_alpaca_does_not_tell(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await bench.price("BTC/USD", "60000.13", "60010.07")
    await past(bench, PAST_MOST + 1)
    account = AtAlpaca(pit, bench)
    async with account.router():
        await account.until_said("ReconciliationBroken")
    await bench.do("submit", symbol="BTC/USD", qty="0.0123456", side="buy", type="market", time_in_force="gtc")
    async with account.router(), ingest(pit):
        await account.until_said("ExternalFillBooked")
        reply = await ask(pit, "adopt", account=account.name, reason="the portfolio of 2019")
        assert reply.ok, reply
        (adopted,) = await account.until_said("AccountAdopted")
        assert (adopted.positions, adopted.currencies) == (1, 0)
        await account.until_said("ReconciliationMended")
    assert len(await account.said("CashMoved")) == 1
    assert untold(account.at_broker()["cash"])
    assert await cash(account) == Decimal(account.at_broker()["cash"])
    await pit.assert_clean()
