"""What happens to an account beside executions."""

from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order
from tests.contract.brokers.conftest import Join
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.values import Activity

pytestmark = pytest.mark.needs(activities=True)


async def told(trader: Trader, cursor: str | None = None) -> list[Activity]:
    return (await trader.broker.activities_since(cursor))[0]


async def test_cash_moves_and_is_told_once_after_a_cursor(bench: Bench, trader: Trader) -> None:
    before, start = await trader.cash(), (await trader.broker.activities_since(None))[1]
    await bench.happen("dividend", amount=Decimal("12.34"), symbol="AAPL")
    activities, cursor = await trader.broker.activities_since(start)
    [dividend] = activities
    assert (dividend.kind, dividend.amount, dividend.symbol) == ("dividend", Decimal("12.34"), "AAPL")
    assert await trader.cash() == before + Decimal("12.34")
    await bench.happen("fee", amount=Decimal("-0.5"))
    [fee] = await told(trader, cursor)
    assert (fee.kind, fee.amount, fee.activity != dividend.activity) == ("fee", Decimal("-0.5"), True)
    assert await told(trader) == [dividend, fee]


async def test_a_split_says_by_how_much_the_holding_changed(bench: Bench, trader: Trader) -> None:
    await trader.accepted(an_order())
    before = await trader.cash()
    await bench.happen("split", symbol="AAPL", ratio=Decimal(3))
    [split] = await told(trader)
    assert (split.kind, split.symbol) == ("split", "AAPL")
    assert split.quantity == 20
    assert split.ratio in {None, Decimal(3)}
    assert await trader.holding("AAPL") == 30
    assert await trader.cash() == before


async def test_a_split_ends_the_orders_of_its_symbol(bench: Bench, trader: Trader) -> None:
    order = an_order(order_type="limit", limit_price=Decimal(50), time_in_force="gtc")
    await trader.accepted(order)
    await bench.happen("split", symbol="AAPL", ratio=Decimal(2))
    assert [each.client_order_id for each in await trader.broker.open_orders()] == []


async def test_it_is_told_again_after_a_restart(bench: Bench, trader: Trader, join: Join) -> None:
    await bench.happen("interest", amount=Decimal("0.01"))
    before = await told(trader)
    await bench.kill()
    await bench.start()
    assert await told(await join()) == before


async def test_a_cursor_that_was_never_given_is_refused(trader: Trader) -> None:
    with pytest.raises(BrokerError):
        await trader.broker.activities_since("no cursor")
