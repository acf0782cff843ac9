"""What the broker answers when it is asked."""

import asyncio
from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order, some
from tests.contract.brokers.conftest import Join
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.options import OF_EVERY_BROKER
from tradewire_router.brokers.port import Broker, Timeframe
from tradewire_router.brokers.results import Absent

MINUTE = 60_000_000
DAY = 1_440 * MINUTE


async def test_an_order_that_was_never_sent_is_absent(trader: Trader) -> None:
    assert isinstance(await trader.broker.find_order("0" * 32, "AAPL"), Absent)


async def test_executions_go_on_from_a_cursor(trader: Trader) -> None:
    first, second = an_order(), an_order(quantity=Decimal(2))
    await trader.accepted(first)
    executions, cursor = await trader.broker.executions_since(None)
    assert [execution.client_order_id for execution in executions] == [first.client_order_id]
    assert await trader.broker.executions_since(cursor) == ([], cursor)
    await trader.accepted(second)
    executions, _ = await trader.broker.executions_since(cursor)
    assert [execution.quantity for execution in executions] == [Decimal(2)]


async def test_a_cursor_of_another_broker_is_refused(trader: Trader) -> None:
    with pytest.raises(errors.BrokerError, match="cursor"):
        await trader.broker.executions_since("12;DROP")


async def test_orders_since_a_time_hold_those_at_their_end_too(trader: Trader) -> None:
    start = await trader.broker.clock()
    filled, rejected = an_order(), an_order(quantity=Decimal(100_000))
    working = an_order(order_type="limit", limit_price=Decimal(90), time_in_force="gtc")
    for order in (filled, rejected, working):
        await trader.broker.submit(order)
    found = {order.client_order_id: order.status for order in await trader.broker.orders_since(start)}
    refused = {rejected.client_order_id: "rejected"} if trader.broker.capabilities.keeps_refused else {}
    assert found == {filled.client_order_id: "filled", **refused, working.client_order_id: "accepted"}
    assert await trader.broker.orders_since(await trader.broker.clock() + 1) == []


async def test_state_survives_a_crash(bench: Bench, trader: Trader) -> None:
    done = an_order()
    working = an_order(order_type="limit", limit_price=Decimal(90), quantity=Decimal(7), time_in_force="gtc")
    await trader.accepted(done)
    await trader.accepted(working)
    before = await _everything(trader.broker)
    await bench.kill()
    await bench.start()
    await trader.until(lambda heard: sum(isinstance(event, e.SessionUp) for event in heard) == 2)
    assert await _everything(trader.broker) == before

    await bench.price("AAPL", "89", "89.50")
    await trader.until_heard(e.Fill, working.client_order_id)
    assert await trader.holding("AAPL") == 17


async def _everything(broker: Broker) -> list[object]:
    return [
        await broker.open_orders(),
        await broker.orders_since(0),
        await broker.executions_since(None),
        await broker.positions(),
        await broker.balances(),
    ]


async def test_the_account_is_worth_its_cash_and_holdings(trader: Trader) -> None:
    start = await trader.cash()
    await trader.accepted(an_order())
    account = await trader.broker.account_info()
    assert account.cash == start - Decimal(1001)
    assert account.equity is not None
    assert Decimal(999) <= account.equity - account.cash <= Decimal(1001)  # the bid, the ask, or between
    assert account.buying_power == account.cash
    assert account.reserved == 0


async def test_what_working_orders_hold_back_is_told_beside_what_is_left(trader: Trader) -> None:
    before = await trader.broker.account_info()
    working = an_order(order_type="limit", limit_price=Decimal(90), time_in_force="gtc")
    await trader.accepted(working)
    account = await trader.broker.account_info()
    assert account.reserved == Decimal(900)
    assert account.buying_power == before.buying_power - account.reserved
    assert account.cash == before.cash


async def test_an_instrument_says_what_orders_must_fit(trader: Trader) -> None:
    stock = await trader.broker.instrument("AAPL")
    pair = await trader.broker.instrument("BTC/USDT")
    assert stock.asset_class == "equity"
    assert pair.asset_class == "crypto"
    assert stock.tick > 0
    assert stock.step > 0
    assert (stock.symbol, pair.symbol) == ("AAPL", "BTC/USDT")
    assert stock.tradable
    assert not stock.halted
    for rules in (stock, pair):
        assert set(rules.order_types) <= trader.broker.capabilities.order_types
        assert set(rules.times_in_force) <= trader.broker.capabilities.times_in_force
        assert rules.max_quantity is None or rules.max_quantity >= rules.min_quantity
    assert stock.calendar
    assert not pair.calendar
    with pytest.raises(errors.UnknownSymbolError):
        await trader.broker.instrument("no symbol")


async def test_a_quote_is_what_the_market_last_said(bench: Bench, trader: Trader) -> None:
    await bench.price("AAPL", "101", "101.20")
    quote = await trader.broker.quote("AAPL")
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal(101), Decimal("101.20"))
    assert await trader.broker.quote("ZZZZ") is None


@pytest.mark.needs(bars="1d")
async def test_bars_are_the_days_that_are_over_oldest_first(bench: Bench, trader: Trader) -> None:
    for prices in (("10", "20", "15"), ("31", "41", "11")):
        bench.next_day()
        for price in prices:
            await bench.price("AAPL", price, price)
    *_, first, second = await trader.broker.bars("AAPL", "1d", 260)
    assert first.at < second.at
    assert [first.open, first.high, first.low, first.close] == [10, 20, 10, 15]
    assert [second.open, second.high, second.low, second.close] == [31, 41, 11, 11]
    assert await trader.broker.bars("AAPL", "1d", 1) == [second]
    assert await trader.broker.bars("ZZZZ", "1d", 5) == []


@pytest.mark.needs(bars="1m")
async def test_bars_of_minutes_are_those_that_are_over(bench: Bench, trader: Trader) -> None:
    for prices in (("10", "20", "15"), ("31", "11")):
        bench.next_day()
        for price in prices:
            await bench.price("AAPL", price, price)
    *_, first, second = await trader.broker.bars("AAPL", "1m", 100)
    assert second.at - first.at == DAY
    assert first.at % MINUTE == 0
    assert [first.open, first.high, first.low, first.close] == [10, 20, 10, 15]
    assert [second.open, second.high, second.low, second.close] == [31, 31, 11, 11]
    assert await trader.broker.bars("AAPL", "1m", 1) == [second]


async def test_a_timeframe_that_a_broker_lacks_is_refused_by_name(trader: Trader) -> None:
    timeframes: tuple[Timeframe, ...] = ("1m", "5m", "15m", "1h", "1d")
    for timeframe in timeframes:
        if timeframe not in trader.broker.capabilities.bars:
            with pytest.raises(errors.NotSupportedError, match=timeframe):
                await trader.broker.bars("AAPL", timeframe, 5)


async def test_balances_by_asset(trader: Trader) -> None:
    (balance,) = await trader.broker.balances()
    step = trader.broker.capabilities.cash_step
    assert not step or not balance.total % step
    assert await trader.broker.balances(balance.asset) == [balance]
    assert await trader.broker.balances("XXX") == []


async def test_thousands_of_orders_at_once_are_answered_each_with_its_own(join: Join) -> None:
    trader = await join(call_seconds=60)  # all of them wait for their turn, however fast this machine is
    count = some(trader.broker.capabilities, 2000)
    orders = [an_order(quantity=Decimal("0.5") if i % 2 else Decimal("0.25")) for i in range(count)]
    results = await asyncio.gather(*(trader.accepted(order) for order in orders))
    assert [result.client_order_id for result in results] == [order.client_order_id for order in orders]
    await trader.until(lambda heard: sum(isinstance(event, e.Fill) for event in heard) == count)
    assert await trader.holding("AAPL") == Decimal("0.375") * count
    assert len(await trader.broker.orders_since(0)) == count
    executions, _ = await trader.broker.executions_since(None)
    assert executions == [event.execution for event in trader.heard if isinstance(event, e.Fill)]

    late = await join("0")
    await late.until(lambda heard: sum(isinstance(event, e.Fill) for event in heard) == count)
    told = [event.event_key for event in trader.heard[1:] if can_replay(trader, event)]
    assert [event.event_key for event in late.heard[1:]] == told


def can_replay(trader: Trader, event: object) -> bool:
    """Executions come again at every broker, the rest where the capabilities say so."""
    return trader.broker.capabilities.event_replay or isinstance(event, e.Fill)


async def test_the_settings_of_an_adapter_describe_themselves(trader: Trader) -> None:
    fields = type(trader.broker).config_fields()
    assert len({field.name for field in fields}) == len(fields) > 0
    assert all(field.label for field in fields)
    assert not {field.name for field in fields} & {field.name for field in OF_EVERY_BROKER}
