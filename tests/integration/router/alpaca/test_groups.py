"""Entries with their exits, at Alpaca's twin: sent in one call, known by our names whatever dies, and booked right."""

import asyncio
import signal
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_routing import POST, same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.waiting import soon
from tradewire import ids
from tradewire.messages.order_events import OrderRequested
from tradewire.messages.vocabulary import Exit

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFIT = Exit(kind="take_profit", order_type="limit", limit_price=Decimal(110))
LOSS = Exit(kind="stop_loss", order_type="stop", stop_price=Decimal(80))
LOOKUP = "GET /v2/orders:by_client_order_id"
BRACKET: dict[str, Any] = {"exits": (PROFIT, LOSS), "time_in_force": "gtc"}
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}


class Bracket:
    """An entry that was placed with both of its exits, by their orders."""

    def __init__(self, account: AtAlpaca, entry: str, exits: list[str]) -> None:
        self.account, self.entry, self.profit, self.loss = account, entry, *exits
        self.orders = (entry, *exits)

    async def stories(self) -> list[list[str]]:
        return [await self.account.story(each) for each in self.orders]


async def placed(account: AtAlpaca, attempt: int = 1, **fields: Any) -> Bracket:
    order = await account.request(**fields)
    await account.approve(order, **BRACKET)
    return await bracket_of(account, order, attempt)


async def bracket_of(account: AtAlpaca, order: str, attempt: int = 1) -> Bracket:
    """The exits are in the log as soon as the entry's submit is."""
    await account.until(order, "OrderSubmitStarted")
    (asked,) = [row.said for row in await account.rows_of(order) if row.type == "OrderRequested"]
    assert isinstance(asked, OrderRequested)
    legs = [ids.order_uuid(asked.signal, account.name, 2 * (attempt - 1) + number) for number in (1, 2)]
    return Bracket(account, order, legs)


async def opened(account: AtAlpaca, bracket: Bracket) -> None:
    """All three are known to be at the broker."""
    for each in bracket.orders:
        await account.until(each, "OrderAccepted")


async def closed(account: AtAlpaca, count: int = 1) -> None:
    async def there() -> bool:
        return (
            len([row for row in await account.world.rows("GroupClosed") if row.stream.endswith(f"-{account.name}")])
            == count
        )

    await soon(there)


async def nothing_external(account: AtAlpaca) -> None:
    assert await account.said("ExternalOrderSeen", "ExternalFillBooked", "ReconciliationBroken", "Halted") == []


async def same_fills(account: AtAlpaca) -> None:
    """What the log has of executions is what the twin has, though it has other names for exits."""
    fills = await account.said("OrderFilled")
    ours = sorted((fill.broker_order_id, fill.quantity, fill.price) for fill in fills)
    told = account.at_broker()
    theirs = sorted((done["order_id"], Decimal(done["qty"]), Decimal(done["price"])) for done in told["executions"])
    assert ours == theirs
    assert len(account.received()) == len(set(account.received()))
    await nothing_external(account)
    await account.pit.assert_clean()


async def test_a_bracket_is_sent_in_one_call_and_its_profit_ends_the_loss(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        bracket = await placed(account, **RESTING)
        await opened(account, bracket)
        assert await bracket.stories() == [
            ["OrderRequested", "OrderApproved", "OrderSubmitStarted", "OrderAccepted"],
            ["OrderRequested", "OrderSubmitStarted", "OrderAccepted"],
            ["OrderRequested", "OrderSubmitStarted", "OrderAccepted"],
        ]
        rows = [(await account.rows_of(each))[-1].said for each in bracket.orders]
        assert len({row.broker_order_id for row in rows}) == 3
        assert account.received() == [ids.client_order_id(bracket.entry, 1)]
        await bench.price("AAPL", "89.80", "89.90")
        await account.until(bracket.entry, "OrderFilled")
        await bench.price("AAPL", "111", "111.20")
        await account.until(bracket.profit, "OrderFilled", "OrderCompleted")
        await account.until(bracket.loss, "OrderCanceled")
        await closed(account)
    await same_fills(account)


async def test_the_exits_of_a_group_share_what_was_entered(pit: Pit, venue: Venue) -> None:
    """The profit fills in part, the stop takes the rest at another quantity than it was sent with, and is complete."""
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        bracket = await placed(account)
        await opened(account, bracket)
        await account.until(bracket.entry, "OrderFilled")
        await bench.do("quote", symbol="AAPL", bid="110", ask="110.20", bid_size="4")
        await account.until(bracket.profit, "OrderFilled")
        await bench.price("AAPL", "79", "79.20")
        await account.until(bracket.loss, "OrderFilled", "OrderCompleted")
        await account.until(bracket.profit, "OrderCanceled")
        await closed(account)
        assert [fill.quantity for fill in await account.said("OrderFilled")] == [10, 4, 6]
    await same_fills(account)


async def test_exits_that_fill_more_than_was_entered_are_booked_and_halt(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        bracket = await placed(account)
        await opened(account, bracket)
        await account.until(bracket.entry, "OrderFilled")
        profit, loss = [(await account.rows_of(each))[-1].said.broker_order_id for each in bracket.orders[1:]]
        await bench.do("fill", order=profit, price="110")
        await account.until(bracket.loss, "OrderCanceled")
        await bench.do("fill", order=loss, qty="3", price="80")
        await account.until(bracket.loss, "OrderFilled")
        (halted, *_) = await account.until_said("Halted")
        assert "the exits of one entry filled 13 of 10" in halted.reason
    assert await account.said("ExternalFillBooked") == []
    await pit.assert_clean()


async def test_canceling_the_entry_ends_the_group(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router():
        bracket = await placed(account, **RESTING)
        await opened(account, bracket)
        await account.cancel(bracket.entry)
        for each in bracket.orders:
            await account.until(each, "OrderCanceled")
        await closed(account)
    await same_fills(account)


async def test_a_group_that_is_refused_is_refused_whole(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router():
        bracket = await placed(account, quantity=Decimal(5000))
        for each in bracket.orders:
            await account.until(each, "OrderRejected")
            assert (await account.rows_of(each))[-1].said.code == "INSUFFICIENT_FUNDS"
        await closed(account)
        await account.until(await account.place(), "OrderFilled")
    await same_fills(account)


async def test_a_group_whose_answer_is_lost_is_found_with_its_exits(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        await bench.arm("status_after", POST, status=504)
        bracket = await placed(account)
        for each in bracket.orders:
            assert "OrderSubmitUnknown" in await account.until(each, "OrderAccepted")
        await account.until(bracket.entry, "OrderFilled")
        await bench.price("AAPL", "111", "111.20")
        await account.until(bracket.profit, "OrderFilled", "OrderCompleted")
        await account.until(bracket.loss, "OrderCanceled")
    assert account.received() == [ids.client_order_id(bracket.entry, 1)]
    await same_fills(account)


async def test_a_router_that_is_killed_before_the_answer_finds_the_group_and_what_its_exits_did(
    pit: Pit, venue: Venue
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as dying:
        await bench.arm("lose", "push trade_updates *", times=0)
        await bench.arm("wait_after", POST)
        order = await account.request()
        await account.approve(order, **BRACKET)
        bracket = await bracket_of(account, order)

        async def there() -> bool:
            return len(account.at_broker()["orders"]) == 3

        await soon(there)
        await dying.kill()
        await pit.release(dying)
    assert [story[-1] for story in await bracket.stories()] == ["OrderSubmitStarted"] * 3
    await asyncio.to_thread(bench.twin.disarm)
    await bench.price("AAPL", "111", "111.20")  # the profit is taken while nobody listens
    async with account.router():
        await account.until(bracket.entry, "OrderFilled")
        await account.until(bracket.profit, "OrderFilled")
        await account.until(bracket.loss, "OrderCanceled")
        await closed(account)
    assert account.received() == [ids.client_order_id(order, 1)]
    await same_fills(account)


async def test_exits_that_are_known_are_known_after_a_kill(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as dying:
        bracket = await placed(account)
        await opened(account, bracket)
        await account.until(bracket.entry, "OrderFilled")
        await dying.kill()
        await pit.release(dying)
    await bench.do("quote", symbol="AAPL", bid="110", ask="110.20", bid_size="4")
    async with account.router():
        await account.until(bracket.profit, "OrderFilled")
        await bench.price("AAPL", "79", "79.20")
        await account.until(bracket.loss, "OrderFilled", "OrderCompleted")
        await closed(account)
    await same_fills(account)


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
async def test_a_group_that_never_arrived_is_tried_again_with_exits_of_its_own(
    pit: Pit, venue: Venue, kind: str
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        await bench.arm(kind, POST)
        first = await placed(account)
        for each in first.orders:
            await account.until(each, "OrderSubmitNeverArrived")
        for each in first.orders[1:]:
            await account.until(each, "OrderCanceledLocally")
        # Nothing is asked about it any more, however often the account is compared.
        asked, compared = bench.twin.calls(LOOKUP), bench.twin.calls("GET /v2/orders")

        async def compared_again() -> bool:
            return bool(bench.twin.calls("GET /v2/orders") >= compared + 3)

        await soon(compared_again)
        assert bench.twin.calls(LOOKUP) == asked
        await account.approve(first.entry, attempt=2, **BRACKET)
        second = await bracket_of(account, first.entry, attempt=2)
        await account.until(second.entry, "OrderFilled")
        await account.cancel(second.profit)
        for each in second.orders[1:]:
            await account.until(each, "OrderCanceled")
        await closed(account)
    assert account.received() == [ids.client_order_id(first.entry, attempt) for attempt in (1, 2)]
    await same_fills(account)


@pytest.mark.parametrize(
    "point", ["router.after_append", "router.after_submit_started", "router.after_submit", "router.before_facts"]
)
async def test_a_router_that_dies_anywhere_doubles_and_loses_no_group(pit: Pit, venue: Venue, point: str) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as settled:
        await account.until(await account.place(), "OrderFilled")
        await settled.stop()
    order = await account.request(quantity=Decimal(3))
    await account.approve(order, **BRACKET)
    marker = {"TRADEWIRE_FAULTS_FILE": str(pit.folder / f"faults-{account.name}"), "TRADEWIRE_FAULTS": f"{point}=kill"}
    async with account.router(marker, ready=False) as dying:
        assert await dying.ended() == -signal.SIGKILL
        await pit.release(dying)
    async with account.router():

        async def filled() -> bool:
            story = await account.story(order)
            if story[-1] == "OrderSubmitNeverArrived":
                await account.approve(order, attempt=2, **BRACKET)
            return "OrderFilled" in story

        await soon(filled)
        attempt = 1 + (await account.story(order)).count("OrderSubmitNeverArrived")
        bracket = await bracket_of(account, order, attempt)
        for each in bracket.orders[1:]:
            await account.until(each, "OrderAccepted")
        await bench.price("AAPL", "111", "111.20")
        await account.until(bracket.profit, "OrderFilled")
        await account.until(bracket.loss, "OrderCanceled")
        await closed(account)
    assert len(account.received()) == 1 + len({*account.received()[1:]}) <= 3
    await same_fills(account)


async def test_amounts_of_money_trailing_stops_and_extended_hours_reach_the_broker(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await account.request(quantity=None)
        await account.approve(order, quantity=Decimal("2.4"), notional=Decimal("250.25"))
        await account.until(order, "OrderFilled", "OrderCompleted")
        late = await account.place(**RESTING, extended_hours=True)
        await account.until(late, "OrderAccepted")
        await account.cancel(late)
        await account.until(late, "OrderCanceled")
        sale: dict[str, Any] = {"side": "sell", "quantity": Decimal(2), "order_type": "trailing_stop"}
        trail = await account.place(**sale, trail_amount=Decimal(2))
        await account.until(trail, "OrderAccepted")
        told = {each["client_order_id"]: each for each in account.at_broker()["orders"]}
        money, stop, limit = (told[ids.client_order_id(each, 1)] for each in (order, trail, late))
        assert (money["notional"], money["qty"], money["status"]) == ("250.25", None, "filled")
        assert (stop["type"], stop["trail_price"]) == ("trailing_stop", "2")
        assert limit["extended_hours"] is True
        await bench.price("AAPL", "104", "104.20")
        await bench.price("AAPL", "102", "102.20")
        await account.until(trail, "OrderFilled")
        await account.until_said("ReconciliationMended", 2)
    assert [fill.quantity for fill in await account.said("OrderFilled")] == [Decimal("2.5"), Decimal(2)]
    await same_books(account)
