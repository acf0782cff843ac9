"""Prices at Alpaca: what the market-data stream tells, of what, and what becomes of it when it does not work."""

import asyncio
from decimal import Decimal

import pytest

from tests.contract.brokers.alpaca_bench import AlpacaBench
from tests.contract.brokers.bench import PATIENCE_SECONDS, Trader, an_order
from tests.integration.router.alpaca.conftest import Join, Venue
from tests.twins.alpaca.reference import stamp
from tests.waiting import soon
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e

SHARES = "GET /v2/iex"


async def heard(trader: Trader, symbol: str) -> Quote:
    """The next quote of a symbol."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for quote in trader.broker.quotes():
            if quote.symbol == symbol:
                return quote
    pytest.fail("the quotes ended")


def degraded(trader: Trader) -> list[str]:
    return [event.reason for event in trader.heard if isinstance(event, e.SessionDegraded)]


async def moved(bench: AlpacaBench, symbol: str, bid: str, ask: str, at: int = 1_772_461_800_000_000) -> None:
    await bench.do("quote", symbol=symbol, bid=bid, ask=ask, at=at)


async def after(bench: AlpacaBench, trader: Trader, symbol: str, bid: str, ask: str) -> Quote:
    """The next quote, once the stream serves again."""
    waiting = asyncio.create_task(heard(trader, symbol))

    async def told() -> bool:
        await moved(bench, symbol, bid, ask)
        return waiting.done()

    await soon(told)
    return await waiting


async def test_a_quote_is_the_venues_to_the_last_digit_and_a_side_of_zero_is_none(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL"})
    await moved(bench, "AAPL", "0", "187.2601")
    assert await heard(trader, "AAPL") == Quote("AAPL", 1_772_461_800_000_000, None, Decimal("187.2601"))
    assert await trader.broker.quote("AAPL") == Quote("AAPL", 1_772_461_800_000_000, None, Decimal("187.2601"))


async def test_coins_have_a_connection_of_their_own_while_they_are_wanted(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL", "BTC/USD"})
    await moved(bench, "BTC/USD", "50000.5", "50010")
    assert (await heard(trader, "BTC/USD")).bid == Decimal("50000.5")
    await moved(bench, "AAPL", "99", "99.5")
    assert (await heard(trader, "AAPL")).bid == 99
    await trader.broker.subscribe_quotes({"BTC/USD"})

    async def alone() -> bool:
        return len(await asyncio.to_thread(bench.twin.streams)) == 2

    await soon(alone)
    await trader.broker.subscribe_quotes(set())
    await trader.broker.subscribe_quotes({"AAPL"})
    await moved(bench, "AAPL", "98", "98.5")
    assert (await heard(trader, "AAPL")).bid == 98


async def test_what_is_subscribed_outlives_its_connection(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL"})
    await asyncio.to_thread(bench.twin.hang_up)
    assert (await after(bench, trader, "AAPL", "97", "97.5")).bid == 97
    assert bench.twin.calls(SHARES) == 2


async def test_more_symbols_than_are_served_are_refused_and_the_others_go_on(venue: Venue, join: Join) -> None:
    bench = await venue(data_symbols=2)
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL"})
    with pytest.raises(errors.BrokerError, match="symbol limit exceeded"):
        await trader.broker.subscribe_quotes({"AAPL", "MSFT", "TSLA"})
    await moved(bench, "AAPL", "96", "96.5")
    assert (await heard(trader, "AAPL")).bid == 96
    await trader.broker.subscribe_quotes({"AAPL", "MSFT"})
    assert degraded(trader) == ["Alpaca gives no quotes: symbol limit exceeded"]


async def test_a_feed_that_is_not_paid_for_is_said_and_orders_go_on(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench, feed="sip")
    with pytest.raises(errors.NoDataRightsError, match="insufficient subscription"):
        await trader.broker.subscribe_quotes({"AAPL"})
    with pytest.raises(errors.NoDataRightsError, match="does not permit"):
        await trader.broker.quote("AAPL")
    with pytest.raises(errors.NoDataRightsError):
        await trader.broker.bars("AAPL", "1d", 5)
    assert trader.broker.capabilities.quotes_at_once is None
    order = an_order()
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert degraded(trader) == ["Alpaca gives no quotes: insufficient subscription"]


async def test_another_program_on_the_stream_is_named(venue: Venue, join: Join) -> None:
    bench = await venue()
    first, second = await join(bench), await join(bench)
    await first.broker.subscribe_quotes({"AAPL"})
    with pytest.raises(errors.SessionConflictError, match="connection limit exceeded"):
        await second.broker.subscribe_quotes({"AAPL"})
    await first.broker.subscribe_quotes(set())

    async def taken_over() -> bool:
        try:
            await second.broker.subscribe_quotes({"AAPL"})
        except errors.BrokerError:
            return False
        return True

    await soon(taken_over)


async def test_prices_that_come_late_say_so(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench, feed="delayed_sip")
    await trader.broker.subscribe_quotes({"AAPL", "BTC/USD"})
    await moved(bench, "AAPL", "95", "95.5")
    assert (await heard(trader, "AAPL")).delayed
    await moved(bench, "BTC/USD", "50001", "50011")
    assert not (await heard(trader, "BTC/USD")).delayed
    told = await trader.broker.quote("AAPL")
    assert told is not None
    assert told.delayed
    await trader.broker.bars("AAPL", "1d", 5)
    # The stream and the latest quote come late of all exchanges; the past is there at once, of one.
    assert (bench.twin.calls("GET /v2/delayed_sip"), bench.twin.calls(SHARES)) == (1, 0)
    asked = {
        entry["path"]: entry["query"]["feed"]
        for entry in await asyncio.to_thread(bench.twin.journal)
        if entry["kind"] == "in" and "feed" in entry.get("query", {})
    }
    assert asked == {"/v2/stocks/quotes/latest": "delayed_sip", "/v2/stocks/bars": "iex"}


async def test_a_stream_that_is_closed_to_us_is_asked_for_again(venue: Venue, join: Join) -> None:
    bench = await venue()
    fault = await bench.arm("status_before", SHARES, times=0, status=503)
    trader = await join(bench)
    with pytest.raises(errors.BrokerConnectionError, match="503"):
        await trader.broker.subscribe_quotes({"AAPL"})
    await asyncio.to_thread(bench.twin.disarm, fault)
    assert (await after(bench, trader, "AAPL", "94", "94.5")).bid == 94


async def test_the_quotes_end_with_the_session(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await trader.broker.subscribe_quotes({"AAPL"})
    await trader.broker.close()
    assert [quote async for quote in trader.broker.quotes()] == []
    with pytest.raises(errors.BrokerConnectionError):
        await trader.broker.subscribe_quotes({"AAPL"})


@pytest.mark.parametrize(
    ("timeframe", "word", "minutes"),
    [("1m", "1Min", 1), ("5m", "5Min", 5), ("15m", "15Min", 15), ("1h", "1Hour", 60), ("1d", "1Day", 24 * 60)],
)
async def test_bars_of_every_timeframe_are_those_that_are_over(
    venue: Venue, join: Join, timeframe: Timeframe, word: str, minutes: int
) -> None:
    bench = await venue()
    trader = await join(bench)
    length = minutes * 60_000_000
    whole = await trader.broker.clock() // length * length
    times = [whole - 9 * length, whole - 8 * length, whole - 7 * length, whole + 5 * length]
    bars = [{"t": stamp(at), "o": "1", "h": "2", "l": "1", "c": "2", "v": "3"} for at in times]
    await bench.do("bars", symbol="AAPL", timeframe=word, bars=bars)
    told = await trader.broker.bars("AAPL", timeframe, 2)
    assert [bar.at for bar in told] == times[1:3]
    one, two = Decimal(1), Decimal(2)
    assert told[0] == Bar(times[1], one, two, one, two, Decimal(3))
