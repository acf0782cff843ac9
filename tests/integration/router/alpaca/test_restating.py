"""What Alpaca takes back or corrects is booked, however often the router was started since, and what it fills again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.integration.router.test_settling import ask, breaks, cash, held, ingest, until_agreed
from tests.integration.router.world import metrics
from tests.processes import Child
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPARED = 'tradewire_router_last_comparison_timestamp_seconds{{account="{}"}}'
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}


async def fill(account: AtAlpaca, order: str, quantity: int, price: int = 90) -> str:
    """The twin fills a part of an order of ours; returns its id of the execution."""
    done = await account.bench.do("fill", client_order_id=ids.client_order_id(order, 1), qty=str(quantity), price=price)
    found: str = done["execution"]
    return found


@asynccontextmanager
async def working(account: AtAlpaca) -> AsyncIterator[Child]:
    """A router that hears its broker: what is taken back before that, Alpaca tells nobody."""
    async with account.router() as router:
        await account.until(await account.place(symbol="MSFT", **RESTING), "OrderAccepted")
        yield router


async def compared(account: AtAlpaca, router: Child) -> None:
    """Waits for a comparison that began after this."""
    for _ in range(2):
        before = metrics(router)[COMPARED.format(account.name)]

        async def again(before: float = before) -> bool:
            return metrics(router)[COMPARED.format(account.name)] != before

        await soon(again)


async def agrees(pit: Pit, account: AtAlpaca, router: Child, quantity: int, spent: int) -> None:
    """The log has what the twin has, and never had to ask a person."""
    await compared(account, router)
    await pit.assert_clean()  # the read model has followed, too
    assert (await held(pit, account))["AAPL"][0] == quantity
    assert await cash(pit, account) == 100_000 - spent
    assert await account.said("ReconciliationBroken", "Halted") == []


@pytest.mark.parametrize("away", [False, True])
async def test_what_is_filled_again_after_a_bust_and_a_restart_is_another_fill(
    pit: Pit, venue: Venue, *, away: bool
) -> None:
    account = AtAlpaca(pit, await venue())
    async with working(account) as router:
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        execution = await fill(account, order, 5)
        await account.until(order, "OrderFilled")
        await account.bench.do("bust", execution=execution)
        await account.until(order, "FillBusted")
        await router.kill()
    if away:
        await fill(account, order, 5)
    async with working(account):
        if not away:
            await fill(account, order, 5)
        first, second = await account.until_said("OrderFilled", 2)
        assert first.execution != second.execution
    async with working(account) as router:  # and it is the same one from then on
        await agrees(pit, account, router, 5, 450)
    assert len(await account.said("OrderFilled")) == 2


async def test_a_bust_is_booked_after_any_number_of_restarts_on_an_order_at_its_end(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with working(account):
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        kept, gone = await fill(account, order, 5), await fill(account, order, 5)
        await account.until_said("OrderFilled", 2)
    async with working(account):
        pass
    async with working(account) as router:
        await account.bench.do("bust", execution=gone)
        [busted] = await account.until_said("FillBusted")
        fills = {said.told_as: said.execution for said in await account.said("OrderFilled")}
        assert busted.execution == fills[gone] != fills[kept]
        await agrees(pit, account, router, 5, 450)


async def test_a_correction_after_a_restart_is_booked_and_can_be_corrected_and_taken_back(
    pit: Pit, venue: Venue
) -> None:
    account = AtAlpaca(pit, await venue())
    async with working(account):
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        first = await fill(account, order, 4)
        await fill(account, order, 4)
        await account.until_said("OrderFilled", 2)
    async with working(account):
        second = (await account.bench.do("correct", execution=first, price="89"))["execution"]
        await account.until(order, "FillCorrected")
        third = (await account.bench.do("correct", execution=second, price="88"))["execution"]
        corrected = await account.until_said("FillCorrected", 2)
        assert [(said.replaces, said.revision, said.price) for said in corrected] == [(0, 1, 89), (1, 2, 88)]
    async with working(account) as router:
        await account.bench.do("bust", execution=third)
        [busted] = await account.until_said("FillBusted")
        assert busted.execution == corrected[0].execution
        assert busted.price == 88
        await agrees(pit, account, router, 4, 360)


async def test_what_was_filled_while_the_router_was_away_is_taken_back_and_corrected_by_its_terms(
    pit: Pit, venue: Venue
) -> None:
    account = AtAlpaca(pit, await venue())
    async with working(account):
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
    first, second = await fill(account, order, 3, 88), await fill(account, order, 4, 89)
    async with working(account):
        await account.until_said("OrderFilled", 2)
    async with working(account) as router:
        await account.bench.do("correct", execution=first, qty="2", price="80")
        [corrected] = await account.until_said("FillCorrected")
        assert (corrected.old_quantity, corrected.old_price) == (3, 88)
        await account.bench.do("bust", execution=second)
        [busted] = await account.until_said("FillBusted")
        assert (busted.quantity, busted.price) == (4, 89)
        await agrees(pit, account, router, 2, 160)


async def test_what_is_taken_back_of_an_order_of_somebody_else_is_booked_too(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    terms = {"side": "buy", "type": "limit", "limit_price": "10", "time_in_force": "gtc"}
    async with working(account):
        theirs = (await bench.do("submit", symbol="AAPL", qty="9", **terms))["id"]
        first = (await bench.do("fill", order=theirs, qty="3", price="10"))["execution"]
        await account.until_said("ExternalFillBooked")
    async with working(account):
        second = (await bench.do("correct", execution=first, price="9"))["execution"]
        await account.until_said("ExternalFillBooked", 3)
    async with working(account):
        await bench.do("bust", execution=second)
        await account.until_said("ExternalFillBooked", 4)
    async with working(account) as router:
        await bench.do("fill", order=theirs, qty="3", price="8")
        await account.until_said("ExternalFillBooked", 5)
        await agrees(pit, account, router, 3, 24)


async def test_a_filled_quantity_that_was_accepted_is_no_break_again_when_more_is_filled(
    pit: Pit, venue: Venue
) -> None:
    account = AtAlpaca(pit, await venue(busts="silent"))
    async with ingest(pit), working(account):
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        execution = await fill(account, order, 5)
        await account.until(order, "OrderFilled")
        await account.bench.do("bust", execution=execution)
        await account.until_said("Halted")
        found = await breaks(account)
        assert {kind for kind, _ in found} == {"fill", "position", "cash"}
        for each in found.values():
            reply = await ask(pit, "accept", difference=each.id, reason="never told")
            assert reply.ok, reply
        await until_agreed(account, reply.positions[0])
        broken, halted = await account.said("ReconciliationBroken"), await account.said("Halted")
        await account.resume()
        await fill(account, order, 2)
        await account.until_said("OrderFilled", 2)
        last = (await account.about("OrderFilled"))[-1].pos
        await until_agreed(account, last)
    assert await account.said("ReconciliationBroken") == broken
    assert await account.said("Halted") == halted
    assert await breaks(account) == {}
