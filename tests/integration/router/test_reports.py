"""What the router tells the log of money, symbols and prices of the past, and that orders need not wait for it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import denied
from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.waiting import now, soon
from tradewire import ids, subjects
from tradewire.messages.account_events import InstrumentReported, LimitSet
from tradewire.messages.bars import BarsPage, BarsRefused, decode_reply, encode
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.messages.registry import new_event

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


async def rules_of(account: Account, symbol: str) -> list[InstrumentReported]:
    return [said for said in await account.said("InstrumentReported") if said.symbol == symbol]


async def until_rules(account: Account, symbol: str) -> InstrumentReported:
    """Waits for what the log says of a symbol's rules, which must be said once."""

    async def there() -> bool:
        return bool(await rules_of(account, symbol))

    await soon(there)
    (said,) = await rules_of(account, symbol)
    return said


async def until_all_is_told(account: Account) -> None:
    """Returns when the router has told what it had to tell before: it answers for a new symbol after that."""
    symbol = f"LATE{next(account.world.numbers)}"
    await account.until(await account.place(symbol=symbol), "OrderFilled")
    await until_rules(account, symbol)


async def deny(account: Account, order: str) -> None:
    """Ends a request, as risk does."""
    asked = (await account.rows_of(order))[-1]
    data = denied(order=order, state_pos=asked.pos)
    event_id = ids.decision_uuid(order, "OrderDenied", 1)
    event = new_event(f"order-{order}", asked.version + 1, event_id, data, time=now(), correlation=asked.said.signal)
    (result,) = await account.world.append("risk", event)
    assert result.code == "appended", result


async def test_the_first_order_in_a_symbol_has_its_rules_told_once(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        waiting = await account.request()
        told = await until_rules(account, account.symbol)
        assert (told.account, told.broker, told.asset_class, told.calendar) == (account.name, "paper", "equity", "XNYS")
        assert told.tradable
        assert set(told.order_types) == {"market", "limit", "stop", "stop_limit"}
        await account.approve(waiting)
        orders = await account.place_many(50, symbol="PAIR/USD", quantity=Decimal(1), price=Decimal(1))
        assert (await until_rules(account, "PAIR/USD")).calendar == ""
        for order in (waiting, *orders, await account.place()):
            await account.until(order, "OrderFilled")
        await until_all_is_told(account)
        await until_rules(account, account.symbol)
        await until_rules(account, "PAIR/USD")
    await pit.assert_clean()


async def test_a_symbol_that_the_broker_does_not_know_is_told_as_one_that_cannot_be_traded(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        order = await account.request(symbol="not a symbol")
        told = await until_rules(account, "not a symbol")
        assert not told.tradable
        assert told.currency == "USD"
        await deny(account, order)
    await pit.assert_clean()


async def test_money_is_told_at_the_start_and_when_it_changes(pit: Pit) -> None:
    account = pit.account()
    await pit.quote(account.symbol, "101")
    async with account.router():
        (opening,) = await account.until_said("BalancesReported")
        assert [opening.cash, opening.buying_power, opening.reserved, opening.equity] == [100_000, 100_000, 0, 100_000]
        assert (opening.currency, opening.broker, opening.status) == ("USD", "paper", "active")
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        _, held = await account.until_said("BalancesReported", 2)
        assert [held.cash, held.buying_power, held.reserved] == [100_000, 99_000, 1_000]
        await account.cancel(order)
        *_, free = await account.until_said("BalancesReported", 3)
        assert [free.buying_power, free.reserved] == [100_000, 0]
        assert opening.state_pos < held.state_pos < free.state_pos
        for row in await account.about("BalancesReported"):
            assert row.said.state_pos < row.pos
    await pit.assert_clean()


async def test_money_that_does_not_change_is_told_again_before_it_is_too_old(pit: Pit) -> None:
    """The time is that of quotes, so that it passes when the test says so."""
    account = pit.account()
    start = now()
    async with account.router({"TRADEWIRE_CLOCK": "quotes"}, ready=False):
        for count in range(1, 5):

            async def told(count: int = count) -> bool:
                await _say(pit, account.symbol, start + count * 31 * SECOND, "100")
                return len(await account.said("BalancesReported")) >= count

            await soon(told)
        reports = await account.said("BalancesReported")
        assert [report.at for report in reports] == [start + count * 31 * SECOND for count in range(1, 5)]
        assert {report.cash for report in reports} == {Decimal(100_000)}


async def _say(pit: Pit, symbol: str, at: int, price: str) -> None:
    """Sends a quote of some time, once."""
    bus = await pit.bus("feed")
    await bus.publish(subjects.quotes("sim", symbol), encode_quote(Quote(symbol, at, last=Decimal(price))))
    await bus.flush()


async def _say_until_heard(pit: Pit, symbol: str, at: int, price: str) -> None:
    """Sends a quote of some time, until the broker has it."""
    desk = await pit.desk("a0")

    async def heard() -> bool:
        await _say(pit, symbol, at, price)
        found = await desk.quote(symbol)
        return found is not None and found.at == at

    await soon(heard)


async def _allow(pit: Pit, account: Account, symbols: str) -> None:
    """Lists the symbols of an account, so that they concern it before anybody orders."""
    limits = {"allowed_symbols": symbols}
    data = LimitSet(scope=f"account.{account.name}", limits=limits, old={}, by="person:anna", reason="test")
    scope = f"limits-account.{account.name}"
    event = new_event(scope, 1, ids.command_uuid(account.name, "limits"), data, time=now(), correlation=None)
    (result,) = await pit.append("ingest", event)
    assert result.code == "appended", result


async def test_bars_of_a_symbol_in_use_are_told_and_a_restart_tells_nothing_twice(pit: Pit) -> None:
    account = pit.account()
    started = now()
    today = started - started % DAY
    for days, price in ((2, "80"), (1, "90"), (0, "100")):
        await _say_until_heard(pit, account.symbol, today - days * DAY, price)
        await _say_until_heard(pit, "IDLE", today - days * DAY, price)
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        (told,) = await account.until_said("BarsReported")
        assert told.symbol == account.symbol
        assert [(bar.at, bar.close) for bar in told.bars] == [(today - 2 * DAY, 80), (today - DAY, 90)]
        await until_all_is_told(account)
    before = {kind: len(await account.said(kind)) for kind in ("InstrumentReported", "BarsReported")}
    money = (await account.said("BalancesReported"))[-1]

    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await until_all_is_told(account)

        async def changed() -> bool:
            return bool((await account.said("BalancesReported"))[-1].cash != money.cash)

        await soon(changed)
    assert len(await account.said("BarsReported")) == before["BarsReported"]
    assert len(await account.said("InstrumentReported")) == before["InstrumentReported"] + 1
    await pit.assert_clean()


async def test_bars_that_came_before_their_symbol_was_used_are_told_with_the_first_order(pit: Pit) -> None:
    account = pit.account()
    started = now()
    for days, price in ((2, "80"), (1, "90"), (0, "100")):
        await _say_until_heard(pit, account.symbol, started - started % DAY - days * DAY, price)
    await _allow(pit, account, account.symbol)

    async def asked() -> bool:
        page = await asked_for_bars(pit, account, symbol=account.symbol, timeframe="1d", count=2)
        return isinstance(page, BarsPage) and [bar.close for bar in page.bars] == [80, 90]

    async with account.router():
        await soon(asked)
        assert not await account.said("BarsReported")
        await account.until(await account.place(), "OrderFilled")
        (told,) = await account.until_said("BarsReported")
        assert [bar.close for bar in told.bars] == [80, 90]
    await pit.assert_clean()


async def test_a_broker_that_does_not_answer_holds_up_no_order(pit: Pit) -> None:
    """Nothing is known of the symbol or the money until it answers, which is then told once."""
    account = pit.account()
    await account.fault("silence", times=8)
    async with account.router() as router:
        order = await account.place()
        assert (await account.until(order, "OrderFilled"))[-1] == "OrderFilled"
        await until_rules(account, account.symbol)
        await account.until_said("BalancesReported")
        assert "does not say what a symbol's rules are" in router.output()
        await until_all_is_told(account)
        await until_rules(account, account.symbol)
    await pit.assert_clean()


async def test_rules_are_asked_for_once_the_broker_is_back(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until_said("BalancesReported")
        await pit.kill("paper")
        order = await account.request()
        await pit.start("paper")
        await until_rules(account, account.symbol)
        await deny(account, order)
    await pit.assert_clean()


async def asked_for_bars(pit: Pit, account: Account, **fields: Any) -> BarsPage | BarsRefused:
    bus = await pit.bus("person-anna")
    subject = subjects.bars_query(pit.engines.shard, account.name)
    reply: BarsPage | BarsRefused = decode_reply((await bus.request(subject, encode(fields), timeout=5)).data)
    return reply


async def test_bars_are_kept_over_a_restart_and_told_to_whoever_asks(pit: Pit) -> None:
    account = pit.account()
    started = now()
    minute = started - started % MINUTE
    for minutes, price in ((3, "80"), (2, "90"), (1, "100")):
        await _say_until_heard(pit, account.symbol, minute - minutes * MINUTE, price)

    async def closes(timeframe: str) -> list[Decimal]:
        page = await asked_for_bars(pit, account, symbol=account.symbol, timeframe=timeframe, count=2)
        assert isinstance(page, BarsPage)
        return [bar.close for bar in page.bars]

    async def kept() -> bool:
        return await closes("1m") == [Decimal(90), Decimal(100)]

    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await soon(kept)
        refused = await asked_for_bars(pit, account, symbol="not a symbol")
        assert isinstance(refused, BarsRefused)
        assert refused.code == "SYMBOL_INVALID"
        for wrong in ({"symbol": "AAPL", "timeframe": "2m"}, {"symbol": "AAPL", "count": 0}, {"count": 1}):
            assert isinstance(await asked_for_bars(pit, account, **wrong), BarsRefused)
    await pit.kill("paper")
    await pit.start("paper")  # which has forgotten the minutes
    async with account.router():
        assert await kept()
        page = await asked_for_bars(pit, account, symbol=account.symbol, timeframe="1m", before=minute - MINUTE)
        assert isinstance(page, BarsPage)
        assert [bar.close for bar in page.bars] == [80, 90]
        assert (page.account, page.broker, page.timeframe) == (account.name, "paper", "1m")
    await pit.assert_clean()


async def test_the_rules_of_symbols_that_concern_the_account_are_told_before_anybody_orders(pit: Pit) -> None:
    account = pit.account()
    await _allow(pit, account, "LISTED,BTC/USDT,AAPL240119C00150000")
    async with account.router():
        listed = await until_rules(account, "LISTED")
        pair = await until_rules(account, "BTC/USDT")
        option = await until_rules(account, "AAPL240119C00150000")
        assert (listed.asset_class, listed.currency, listed.tradable) == ("equity", "USD", True)
        assert (pair.asset_class, pair.currency) == ("crypto", "USDT")
        assert (option.asset_class, option.multiplier, option.expiry) == ("option", Decimal(100), "2024-01-19")
    async with account.router():
        await until_all_is_told(account)
        for symbol in ("LISTED", "BTC/USDT"):
            await until_rules(account, symbol)  # which a restart tells no second time
    await pit.assert_clean()
