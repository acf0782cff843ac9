"""What happens at Alpaca beside executions, as it is told: page by page, and each once."""

from decimal import Decimal

from tests.integration.router.alpaca.conftest import Join, Venue
from tests.integration.router.alpaca.trading import past
from tradewire_router.brokers import events as e
from tradewire_router.brokers.values import Activity

FILLS = "GET /v2/account/activities/FILL"


async def test_more_than_a_page_holds_is_told_once(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    for number in range(130):
        await bench.do("activity", type="FEE", net_amount=f"-0.{number:03d}")
    found, cursor = await trader.broker.activities_since(None)
    assert [each.amount for each in found] == [Decimal(f"-0.{number:03d}") for number in range(130)]
    assert await trader.broker.activities_since(cursor) == ([], cursor)
    await bench.do("activity", type="INT", net_amount="0.5")
    found, cursor = await trader.broker.activities_since(cursor)
    assert [each.kind for each in found] == ["interest"]
    assert (await (await join(bench)).broker.activities_since(cursor))[0] == []


async def test_what_is_paid_for_shares_moves_none_of_them(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.do("activity", type="DIV", net_amount="2", symbol="AAPL", qty="10")
    await bench.do("activity", type="ACATS", symbol="AAPL", qty="7", price="90")
    told: list[Activity] = (await trader.broker.activities_since(None))[0]
    assert [(each.kind, each.amount, each.quantity, each.price) for each in told] == [
        ("dividend", Decimal(2), Decimal(0), None),
        ("transfer", Decimal(0), Decimal(7), Decimal(90)),
    ]


async def test_a_long_list_goes_on_where_the_rate_stopped_it(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await past(bench, 1_001)
    before = bench.twin.calls(FILLS)
    await bench.arm("status_before", FILLS, nth=9, status=429, headers={"Retry-After": "1"})
    executions, _ = await trader.broker.executions_since(None)
    assert sum(each.quantity for each in executions) == Decimal(1_001)
    assert bench.twin.calls(FILLS) == before + 12
    (notice,) = [event for event in trader.heard if isinstance(event, e.BrokerNotice)]
    assert (notice.code, notice.text) == ("READING", "1,000 activities of a long list are read")
