"""Halts of shares: heard on the stream of prices, in the log at once, and over when nobody could hear of their end."""

import asyncio
from decimal import Decimal

import pytest

from tests.contract.brokers.alpaca_bench import AlpacaBench
from tests.contract.brokers.bench import PATIENCE_SECONDS, Trader
from tests.integration.router.alpaca.conftest import Join, Venue
from tests.waiting import soon
from tradewire_router.brokers import events as e

RESUMED = {"sc": "T", "sm": "Trading Resumption"}


async def said(bench: AlpacaBench, symbol: str = "AAPL", **status: str) -> None:
    """A status on the stream, a halt when nothing else is said."""
    await bench.do("status", symbol=symbol, status=status)


def changes(trader: Trader) -> list[str]:
    return [event.symbol for event in trader.heard if isinstance(event, e.InstrumentChanged)]


async def watched(bench: AlpacaBench, trader: Trader, count: int) -> None:
    """Halts are heard from here on: one is said until so many changes were told."""

    async def told() -> bool:
        await said(bench)
        return len(changes(trader)) >= count

    await soon(told)


async def quoted(bench: AlpacaBench, trader: Trader, symbol: str, bid: str) -> None:
    """A quote comes through."""
    await bench.do("quote", symbol=symbol, bid=bid, ask="200", match=False)
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for quote in trader.broker.quotes():
            if quote.symbol == symbol and quote.bid == Decimal(bid):
                return
    pytest.fail("the quotes ended")


async def test_a_halt_and_its_end_are_told_once_each_and_other_statuses_say_nothing(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    assert not (await trader.broker.instrument("AAPL")).halted
    await trader.broker.subscribe_quotes({"AAPL", "MSFT", "BTC/USD"})
    await watched(bench, trader, 1)
    assert (await trader.broker.instrument("AAPL")).halted
    assert not (await trader.broker.instrument("MSFT")).halted
    for code in ("Q", "5", "A"):
        await said(bench, sc=code)
    await said(bench, **RESUMED)

    async def over() -> bool:
        return len(changes(trader)) == 2

    await soon(over)
    assert not (await trader.broker.instrument("AAPL")).halted
    await said(bench, "MSFT", sc="2", z="B")
    await said(bench, "MSFT", sc="3", z="B")
    await said(bench, sc="P")

    async def all_told() -> bool:
        return changes(trader) == ["AAPL", "AAPL", "MSFT", "MSFT", "AAPL"]

    await soon(all_told)


async def test_a_halt_of_which_nobody_would_hear_the_end_counts_no_more(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL", "MSFT"})
    await watched(bench, trader, 1)
    await asyncio.to_thread(bench.twin.hang_up)

    async def forgotten() -> bool:
        return len(changes(trader)) == 2

    await soon(forgotten)
    await watched(bench, trader, 3)
    assert (await trader.broker.instrument("AAPL")).halted
    await trader.broker.subscribe_quotes({"MSFT"})

    async def let_go() -> bool:
        return len(changes(trader)) == 4

    await soon(let_go)
    assert not (await trader.broker.instrument("AAPL")).halted


async def test_a_feed_without_halts_tells_quotes_all_the_same(venue: Venue, join: Join) -> None:
    bench = await venue(statuses="refused")
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL"})
    await quoted(bench, trader, "AAPL", "95")
    await trader.broker.subscribe_quotes({"AAPL", "MSFT"})
    await quoted(bench, trader, "MSFT", "96")
    refused = [entry for entry in await asyncio.to_thread(bench.twin.journal) if "invalid subscribe" in str(entry)]
    assert len(refused) == 1
    assert [event for event in trader.heard if isinstance(event, e.SessionDegraded)] == []
    assert (await trader.broker.health()).connected
