"""From an approval to the end of an order, with a real ledger and a real paper broker."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio

from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.waiting import now, soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = ["OrderRequested", "OrderApproved", "OrderSubmitStarted"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def account(pit: Pit) -> AsyncIterator[Account]:
    """An account with a router at work."""
    made = pit.account()
    async with made.router():
        yield made
    await pit.assert_clean()


async def test_a_market_order_is_sent_filled_and_booked(account: Account) -> None:
    order = await account.place()
    story = await account.until(order, "OrderFilled")

    assert story == [*SENT, "OrderAccepted", "OrderFilled"]
    (opening,) = await account.said("CashMoved")
    assert (opening.amount, opening.currency, opening.base) == (Decimal(100_000), "USD", "USD")
    rows = {row.type: row.said for row in await account.rows_of(order)}
    assert rows["OrderSubmitStarted"].client_order_id == ids.client_order_id(order, 1)
    assert (rows["OrderFilled"].quantity, rows["OrderFilled"].price) == (10, 100)
    assert rows["OrderFilled"].evidence == "message"
    assert account.received().count(rows["OrderSubmitStarted"].client_order_id) == 1


async def test_a_limit_order_works_until_its_price_is_there(account: Account, pit: Pit) -> None:
    await pit.quote("LMT", "101")
    order = await account.place(symbol="LMT", order_type="limit", limit_price=Decimal(100), time_in_force="gtc")
    await account.until(order, "OrderAccepted")
    await pit.quote("LMT", "99")
    story = await account.until(order, "OrderFilled")

    assert story == [*SENT, "OrderAccepted", "OrderFilled"]
    assert (await account.rows_of(order))[-1].said.price == 100


async def test_pieces_of_an_order_are_booked_one_by_one(account: Account, pit: Pit) -> None:
    await pit.quote("PCS", "100")
    await account.fault("partial", pieces=3)
    order = await account.place(symbol="PCS", order_type="limit", limit_price=Decimal(100), time_in_force="gtc")
    for count in (1, 2, 3):

        async def filled(count: int = count) -> bool:
            return (await account.story(order)).count("OrderFilled") == count

        await soon(filled)
        await pit.quote("PCS", str(100 - Decimal(count) / 100))
    fills = [row.said for row in await account.rows_of(order) if row.type == "OrderFilled"]

    assert sum(fill.quantity for fill in fills) == 10
    assert len({fill.execution for fill in fills}) == 3


async def test_what_the_broker_refuses_is_rejected_with_its_reason(account: Account) -> None:
    order = await account.place(quantity=Decimal(1_000_000))
    story = await account.until(order, "OrderRejected")

    assert story == [*SENT, "OrderRejected"]
    assert (await account.rows_of(order))[-1].said.code == "INSUFFICIENT_FUNDS"


async def test_a_working_order_is_canceled_when_somebody_wants_it_gone(account: Account, pit: Pit) -> None:
    await pit.quote("CXL", "101")
    order = await account.place(symbol="CXL", order_type="limit", limit_price=Decimal(100), time_in_force="gtc")
    await account.until(order, "OrderAccepted")
    await account.cancel(order)
    story = await account.until(order, "OrderCanceled")

    assert story == [*SENT, "OrderAccepted", "OrderCancelRequested", "OrderCancelStarted", "OrderCanceled"]


async def test_an_approval_that_has_expired_is_not_sent(account: Account) -> None:
    expired = await account.request()
    await account.approve(expired, seconds=-0.001)
    other = await account.place()
    await account.until(other, "OrderFilled")

    assert await account.story(expired) == ["OrderRequested", "OrderApproved"]
    await account.lapse(expired)


async def test_an_order_that_is_wanted_only_until_a_time_is_not_sent_later(account: Account) -> None:
    late = await account.request(valid_until=now() - 1)
    await account.approve(late)
    other = await account.place()
    await account.until(other, "OrderFilled")

    assert await account.story(late) == ["OrderRequested", "OrderApproved"]
    await account.lapse(late)


async def test_a_cancel_and_a_submit_at_once_do_no_harm_in_either_order(account: Account, pit: Pit) -> None:
    """Whichever is appended first wins: canceled before it was sent, or sent and then canceled at the broker."""
    await pit.quote("RACE", "101")
    orders = []
    for _ in range(12):
        order = await account.request(
            symbol="RACE", order_type="limit", limit_price=Decimal(100), time_in_force="gtc", quantity=Decimal(1)
        )
        await asyncio.gather(account.approve(order), account.cancel(order), return_exceptions=True)
        if "OrderApproved" not in await account.story(order):
            await account.approve(order)
        orders.append(order)

    async def ended() -> bool:
        stories = [set(await account.story(order)) for order in orders]
        return all(story & {"OrderCanceledLocally", "OrderCanceled"} for story in stories)

    await soon(ended)
    received = account.received()
    for order in orders:
        story = await account.story(order)
        ends = [kind for kind in story if kind in {"OrderCanceledLocally", "OrderCanceled"}]
        assert len(ends) == 1
        sent = ids.client_order_id(order, 1) in received
        assert sent == ("OrderSubmitStarted" in story) == (ends == ["OrderCanceled"])


async def test_many_orders_at_once_are_each_sent_once(account: Account) -> None:
    orders = await account.place_many(300, quantity=Decimal(1), price=Decimal("0.5"))

    async def filled() -> bool:
        return {fill.order for fill in await account.said("OrderFilled")} >= set(orders)

    await soon(filled)
    received = account.received()
    assert sorted(received) == sorted(set(received))
    assert {ids.client_order_id(order, 1) for order in orders} <= set(received)
