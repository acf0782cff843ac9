"""The quotes that a broker tells as they change, where it has a stream; where it has none, it says so by name."""

import asyncio
from decimal import Decimal

import pytest

from tests.contract.brokers.bench import PATIENCE_SECONDS, Bench, Trader
from tradewire.messages.quotes import Quote
from tradewire_router.brokers import errors
from tradewire_router.brokers.port import Broker


async def until_bid(broker: Broker, symbol: str, bid: str) -> list[Quote]:
    """Reads quotes up to the one that has a bid."""
    heard = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for quote in broker.quotes():
            heard.append(quote)
            if (quote.symbol, quote.bid) == (symbol, Decimal(bid)):
                return heard
    pytest.fail(f"the quotes ended: {heard}")


@pytest.mark.needs(quotes="none")
async def test_a_broker_without_quotes_streams_none(trader: Trader) -> None:
    with pytest.raises(errors.NotSupportedError):
        await trader.broker.subscribe_quotes({"AAPL"})


@pytest.mark.needs(quotes="stream")
async def test_subscribed_quotes_come_as_they_change(bench: Bench, trader: Trader) -> None:
    broker = trader.broker
    await broker.subscribe_quotes({"AAPL"})
    await bench.price("AAPL", "101", "101.20")
    heard = await until_bid(broker, "AAPL", "101")
    assert heard[-1].ask == Decimal("101.20")
    assert {quote.symbol for quote in heard} == {"AAPL"}
    assert [quote.at for quote in heard] == sorted(quote.at for quote in heard)


@pytest.mark.needs(quotes="stream")
async def test_another_subscription_takes_the_place_of_the_first(bench: Bench, trader: Trader) -> None:
    broker = trader.broker
    await broker.subscribe_quotes({"AAPL", "MSFT"})
    await bench.price("MSFT", "300", "300.10")
    await until_bid(broker, "MSFT", "300")
    await broker.subscribe_quotes({"MSFT"})
    await bench.price("AAPL", "102", "102.20")
    await bench.price("MSFT", "301", "301.10")
    heard = await until_bid(broker, "MSFT", "301")
    assert all(quote.bid != Decimal(102) for quote in heard)


async def test_a_quote_has_the_venues_own_time_however_often_it_is_asked_for(bench: Bench, trader: Trader) -> None:
    await bench.price("AAPL", "101", "101.20")
    first = await trader.broker.quote("AAPL")
    await asyncio.sleep(0.01)
    again = await trader.broker.quote("AAPL")
    assert first is not None
    assert first == again
    assert first.at <= await trader.broker.clock()
