"""The broker against the log: what others did, what differs, what cannot be, and from where a restart asks on."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.builders import fact
from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.integration.router.world import metrics
from tests.waiting import now, soon
from tradewire import ids
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import new_event

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}


def external(account: Account, side: str, key: str) -> NewEvent:
    """A fill of 5 that the broker knows nothing of."""
    data = ExternalFillBooked(
        account=account.name,
        broker="paper",
        broker_order_id="planted",
        symbol=account.symbol,
        side=side,  # type: ignore[arg-type]
        quantity=Decimal(5),
        price=Decimal(100),
        execution=f"{account.name}-{key}",
    )
    event_id = ids.derive("test", account.name, key)
    return new_event(f"account-{account.name}", None, event_id, data, time=now(), correlation=None)


def money(account: Account, amount: str) -> NewEvent:
    """Cash that the broker knows nothing of."""
    data = a.CashMoved(account=account.name, amount=Decimal(amount), currency="USD", reason="test")
    event_id = ids.derive("test", account.name, amount)
    return new_event(f"account-{account.name}", None, event_id, data, time=now(), correlation=None)


def another_fill(account: Account, order: str, key: str) -> NewEvent:
    """A fill of 3 more of an order."""
    data = fact(
        o.OrderFilled,
        order=order,
        client_order_id=ids.client_order_id(order, 1),
        account=account.name,
        symbol=account.symbol,
        quantity=Decimal(3),
        execution=key,
    )
    event_id = ids.fill_uuid("paper", account.name, key, 0)
    return new_event(f"order-{order}", None, event_id, data, time=now(), correlation=None)


async def test_what_others_trade_at_the_account_is_booked_as_theirs(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.trade_past_the_router("5")
        (booked,) = await account.until_said("ExternalFillBooked")
        assert (booked.quantity, booked.price, booked.side) == (5, 100, "buy")
        await pit.quote(account.symbol, "101")
        await account.trade_past_the_router("2", **RESTING)
        (seen,) = await account.until_said("ExternalOrderSeen")
        assert seen.quantity == 2
        await account.until(await account.place(symbol="ELSE"), "OrderFilled")
    async with account.router():
        await account.until(await account.place(symbol="ELSE"), "OrderFilled")
    assert await account.said("ReconciliationBroken") == []
    assert len(await account.said("ExternalOrderSeen")) == len(await account.said("ExternalFillBooked")) == 1
    await pit.assert_clean()


async def test_what_was_traded_before_the_log_began_is_in_the_opening_cash(pit: Pit) -> None:
    account = pit.account()
    await account.trade_past_the_router("5")
    async with account.router():
        await account.until_said("ReconciliationMended")
    (opening,) = await account.said("CashMoved")
    (booked,) = await account.said("ExternalFillBooked")
    assert (opening.amount, booked.quantity) == (100_000, 5)
    assert await account.said("ReconciliationBroken") == []
    kinds = [row.type for row in await account.about("CashMoved", "ExternalFillBooked")]
    assert kinds == ["CashMoved", "ExternalFillBooked"]
    await pit.assert_clean()


async def test_a_difference_halts_what_adds_and_is_recorded_once_until_it_is_mended(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await account.as_router(external(account, "buy", "planted"))
        (broken,) = await account.until_said("ReconciliationBroken")
        differences = {(found.kind, found.key): (found.ours, found.theirs) for found in broken.differences}
        assert differences == {("position", account.symbol): ("15", "10"), ("cash", "USD"): ("98500", "99000")}
        (halted,) = await account.until_said("Halted")
        assert (halted.level, halted.by) == ("REDUCE_ONLY", "router")
        assert halted.reason.startswith("RECONCILIATION_BREAK: ")
        entry = await account.place()
        exit_ = await account.request(side="sell", quantity=Decimal(4))
        await account.approve(exit_, reduce_only=True)
        await account.until(exit_, "OrderFilled")
        assert await account.story(entry) == ["OrderRequested", "OrderApproved"]
    async with account.router():
        await account.resume()
        await account.until(entry, "OrderFilled")
        await asyncio.sleep(1.5)
        assert len(await account.said("ReconciliationBroken")) == 1
        mended = len(await account.said("ReconciliationMended"))
        await account.as_router(external(account, "sell", "taken back"))
        assert (await account.until_said("ReconciliationMended", mended + 1))[-1].cursor
        await account.until(await account.place(), "OrderFilled")
    assert len(await account.said("ReconciliationBroken")) == 1
    await pit.assert_clean()


async def test_a_difference_of_which_a_part_is_mended_does_not_halt_again(pit: Pit) -> None:
    """A person who has resumed the account knew more of it than what is left."""
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await account.as_router(external(account, "buy", "planted"))
        await account.until_said("Halted")
        await account.resume()
        await account.as_router(money(account, "500"))
        (_, left) = await account.until_said("ReconciliationBroken", 2)
        assert [(found.kind, found.key) for found in left.differences] == [("position", account.symbol)]
        await account.until(await account.place(), "OrderFilled")
        agreed = len(await account.said("ReconciliationMended"))
        await account.as_router(money(account, "-500"), external(account, "sell", "taken back"))
        await account.until_said("ReconciliationMended", agreed + 1)
    assert len(await account.said("Halted")) == 1
    await pit.assert_clean()


async def test_an_order_that_the_broker_does_not_know_is_a_difference(pit: Pit) -> None:
    account = pit.account()
    async with account.router(reconcile_interval="60s"):
        await account.fault("place_late", delay_ms=60_000)
        order = await account.place()
        await account.until(order, "OrderSubmitStarted")
        data = fact(o.OrderAccepted, order=order, client_order_id=ids.client_order_id(order, 1), account=account.name)
        event = new_event(f"order-{order}", None, ids.derive("test", order), data, time=now(), correlation=None)
        await account.as_router(event)
    async with account.router():
        (broken,) = await account.until_said("ReconciliationBroken")
        assert [(d.kind, d.ours, d.theirs) for d in broken.differences] == [("order", "working", "absent")]
    await pit.kill("paper")
    await pit.start("paper")


async def test_an_overfill_is_booked_and_halts_the_account(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        order = await account.place()
        await account.until(order, "OrderFilled")
        await account.as_router(another_fill(account, order, f"over-{account.name}"))
        (halted,) = await account.until_said("AccountHalted")
        assert "filled 13 of 10" in halted.reason
        assert "HALT" in [row.said.level for row in await account.about("Halted")]
        waiting = await account.place()
        await asyncio.sleep(0.4)
        assert await account.story(waiting) == ["OrderRequested", "OrderApproved"]
        await account.until_said("ReconciliationBroken")
    async with account.router():  # what was noted is not noted again
        await account.resume()
        await account.until(waiting, "OrderFilled")
    assert len(await account.said("AccountHalted")) == 1
    await pit.assert_clean()


async def test_an_overfill_of_an_order_closed_long_ago_halts_the_account(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        old = await account.place(ago=60)
        await account.until(old, "OrderFilled")
        await account.until(await account.place(), "OrderFilled")
    async with account.router():
        await account.as_router(another_fill(account, old, f"late-{account.name}"))
        (halted,) = await account.until_said("AccountHalted")
        assert f"filled 13 of 10 (order {old})" == halted.reason
    await pit.assert_clean()


async def test_an_attempt_that_arrives_after_it_was_proven_absent_halts_the_account(pit: Pit) -> None:
    account = pit.account()
    async with account.router(absence_grace="300ms"):
        await account.fault("place_late", delay_ms=3_000)
        order = await account.place()
        await account.until(order, "OrderSubmitNeverArrived")
        halted = await account.until_said("AccountHalted")
        assert any("proven not to have arrived" in said.reason for said in halted)
        await account.until(order, "OrderFilled")
        await account.lapse(order)
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_trading_goes_on_without_the_reader_and_what_only_it_can_tell_waits(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await pit.kill("reader")
        await account.trade_past_the_router("5")
        order = await account.place()
        await account.until(order, "OrderFilled")
        assert await account.said("ExternalFillBooked") == []
        await pit.start("reader")
        await account.until_said("ExternalFillBooked")
    assert len(await account.said("ExternalFillBooked")) == 1
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_restart_asks_from_where_the_last_agreement_was(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        orders = await account.place_many(300, quantity=Decimal(1), price=Decimal("0.5"))

        async def filled() -> bool:
            return len(await account.said("OrderFilled")) == len(orders)

        await soon(filled)
        last = (await account.about("OrderFilled"))[-1].pos

        async def agreed() -> bool:
            return bool((await account.said("ReconciliationMended"))[-1].state_pos >= last)

        await soon(agreed)
    before = await asyncio.to_thread(metrics, pit.processes["reader"])
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
    after = await asyncio.to_thread(metrics, pit.processes["reader"])
    for what in ("events", "fills"):
        asked = f'tradewire_reader_queries_total{{outcome="ok",what="{what}"}}'
        assert after.get(asked, 0) == before.get(asked, 0)
    await pit.assert_clean()


async def test_agreement_is_recorded_while_orders_never_cease(pit: Pit) -> None:
    account = pit.account()
    async with account.router(reconcile_interval="200ms"):
        stop = asyncio.Event()

        async def flow() -> None:
            while not stop.is_set():
                await account.place_many(20, quantity=Decimal(1), price=Decimal("0.5"))

        flows = [asyncio.create_task(flow()) for _ in range(2)]
        try:
            await account.until_said("ReconciliationMended", 4)
        finally:
            stop.set()
            await asyncio.gather(*flows)
        mended = await account.said("ReconciliationMended")

        async def done() -> bool:
            return len(await account.said("OrderFilled")) == len(await account.said("OrderApproved"))

        await soon(done)
    cursors = [int(said.cursor) for said in mended]
    assert cursors == sorted(set(cursors))
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()
