"""New terms for working orders at Alpaca's twin: sent once, and whatever is lost, both orders are asked about."""

import asyncio
import json
import signal
import urllib.request
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_routing import RESTING, same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.waiting import now, soon
from tradewire import ids
from tradewire.build import build_id
from tradewire.messages import order_events as o
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import CheckResult

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATCH = "PATCH /v2/orders/*"
DEARER: dict[str, Any] = {"limit_price": Decimal(91)}


async def wanted(account: AtAlpaca, order: str, *, seconds: float = 60, **terms: Any) -> None:
    """New terms are asked for and approved, as ingest and risk do."""
    rows = await account.rows_of(order)
    asked, version = rows[0].said, rows[-1].version
    request = ids.derive("test", order, str(version))
    wish = o.OrderReplaceRequested(order=order, by="strategy:momo", request=request, **terms)
    approval = o.OrderReplaceApproved(
        order=order,
        attempt=1,
        state_pos=rows[-1].pos,
        checks=(CheckResult("terms", "", "", True),),
        limits={"global": 1},
        control={},
        expires_at=now() + int(seconds * 1_000_000),
        build=build_id(),
        request=request,
        **terms,
    )
    for user, data, at in (("ingest", wish, version + 1), ("risk", approval, version + 2)):
        event_id = ids.derive("test", order, type(data).__name__, str(version))
        event = new_event(f"order-{order}", at, event_id, data, time=now(), correlation=asked.signal)
        (result,) = await account.world.append(user, event)
        assert result.code == "appended", result


async def resting(account: AtAlpaca) -> str:
    order = await account.place(**RESTING)
    await account.until(order, "OrderAccepted")
    return order


def patched(account: AtAlpaca) -> int:
    """How often the twin was asked to replace."""
    entries = account.bench.twin.journal()
    return len([entry for entry in entries if entry["kind"] == "in" and entry.get("method") == "PATCH"])


async def test_new_terms_are_in_force_and_the_order_goes_on_under_another_name(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        await wanted(account, order, quantity=Decimal(8), **DEARER)
        story = await account.until(order, "OrderReplaced")
        assert story[4:] == ["OrderReplaceRequested", "OrderReplaceApproved", "OrderReplaceStarted", "OrderReplaced"]
        replaced = (await account.rows_of(order))[-1].said
        assert replaced.client_order_id == ids.client_order_id(order, 1, 1)
        assert (replaced.quantity, replaced.limit_price) == (Decimal(8), Decimal(91))
        await wanted(account, order, limit_price=Decimal(92))

        async def again() -> bool:
            return (await account.story(order)).count("OrderReplaced") == 2

        await soon(again)
        await bench.price("AAPL", "91.80", "91.90")
        await account.until(order, "OrderFilled")
        await account.until_said("ReconciliationMended", 2)
    assert patched(account) == 2
    names = [ids.client_order_id(order, 1, revision) for revision in range(3)]
    assert [each["client_order_id"] for each in account.at_broker()["orders"]] == names
    (fill,) = await account.said("OrderFilled")
    assert (fill.quantity, fill.client_order_id) == (Decimal(8), names[2])
    assert await account.said("ReconciliationBroken", "Halted", "ExternalOrderSeen", "ExternalFillBooked") == []
    await same_books(account)


async def test_an_order_that_was_replaced_is_canceled_by_its_new_name(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router():
        order = await resting(account)
        await wanted(account, order, **DEARER)
        await account.until(order, "OrderReplaced")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
        assert (await account.rows_of(order))[-1].said.client_order_id == ids.client_order_id(order, 1, 1)
    await same_books(account)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("drop_after", {}), ("status_after", {"status": 504}), ("hang_after", {})],
)
async def test_new_terms_that_were_taken_without_saying_so_are_found(
    pit: Pit, venue: Venue, kind: str, more: dict[str, Any]
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        await bench.arm(kind, PATCH, **more)
        await wanted(account, order, **DEARER)
        story = await account.until(order, "OrderReplaced")
        assert "OrderReplaceRejected" not in story
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    assert patched(account) == 1
    await same_books(account)


async def test_new_terms_that_never_arrived_are_proven_so_and_the_order_works_on(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        await bench.arm("drop_before", PATCH)
        await wanted(account, order, **DEARER)
        await account.until(order, "OrderReplaceRejected")
        assert (await account.rows_of(order))[-1].said.code == "REPLACE_NEVER_ARRIVED"
        await wanted(account, order, limit_price=Decimal(92))
        await account.until(order, "OrderReplaced")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    assert [each["client_order_id"] for each in account.at_broker()["orders"]] == [
        ids.client_order_id(order, 1, revision) for revision in (0, 2)
    ]
    await same_books(account)


async def test_new_terms_that_are_refused_leave_the_order_as_it_was(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        await wanted(account, order, limit_price=Decimal("90.005"))
        await account.until(order, "OrderReplaceRejected")
        said = (await account.rows_of(order))[-1].said
        assert "sub-penny" in said.message
        await bench.price("AAPL", "89.80", "89.90")
        await account.until(order, "OrderFilled")
    await same_books(account)


@pytest.mark.parametrize("verb", ["settle", "refuse_replace"])
async def test_a_replacement_that_is_pending_is_waited_for(pit: Pit, venue: Venue, verb: str) -> None:
    bench = await venue(replacements="pending")
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        await wanted(account, order, **DEARER)

        async def asked() -> bool:
            return len(account.at_broker()["orders"]) == 2

        await soon(asked)
        assert (await account.story(order))[-1] == "OrderReplaceStarted"
        await bench.do(verb, client_order_id=ids.client_order_id(order, 1))
        await account.until(order, "OrderReplaced" if verb == "settle" else "OrderReplaceRejected")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    assert patched(account) == 1
    await same_books(account)


async def test_an_approval_that_was_not_used_in_its_time_is_not_sent(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router():
        order = await resting(account)
        await wanted(account, order, seconds=-1, **DEARER)
        await account.until(order, "OrderReplaceRejected")
        assert (await account.rows_of(order))[-1].said.code == "REPLACE_APPROVAL_EXPIRED"
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    assert patched(account) == 0
    await same_books(account)


async def test_what_somebody_replaces_by_hand_works_no_more_and_the_new_order_is_external(
    pit: Pit, venue: Venue
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await resting(account)
        there = (await account.rows_of(order))[-1].said.broker_order_id
        await asyncio.to_thread(by_hand, bench.twin.url, there)
        await account.until(order, "OrderCanceled")
        assert "somebody else replaced it" in (await account.rows_of(order))[-1].said.reason
        await account.until_said("ExternalOrderSeen")
    await same_books(account)


def by_hand(url: str, order: str) -> None:
    """What a person does at the broker's own page."""
    request = urllib.request.Request(
        f"{url}/v2/orders/{order}",
        data=json.dumps({"limit_price": "85"}).encode(),
        headers={"APCA-API-KEY-ID": "twin-key", "APCA-API-SECRET-KEY": "twin-secret"},
        method="PATCH",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    "point", ["router.after_append", "router.after_replace_started", "router.after_replace", "router.before_facts"]
)
async def test_a_router_that_dies_anywhere_replaces_once_and_knows_what_came_of_it(
    pit: Pit, venue: Venue, point: str
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as settled:
        order = await resting(account)
        await settled.stop()
    await wanted(account, order, **DEARER)
    marker = {"TRADEWIRE_FAULTS_FILE": str(pit.folder / f"faults-{account.name}"), "TRADEWIRE_FAULTS": f"{point}=kill"}
    async with account.router(marker, ready=False) as dying:
        assert await dying.ended() == -signal.SIGKILL
        await pit.release(dying)
    async with account.router():

        async def known() -> bool:
            return (await account.story(order))[-1] in {"OrderReplaced", "OrderReplaceRejected"}

        await soon(known)
        story = await account.story(order)
        assert story.count("OrderReplaceStarted") == 1
        there = [each["client_order_id"] for each in account.at_broker()["orders"]]
        assert (len(there) == 2) == (story[-1] == "OrderReplaced")
        assert patched(account) == len(there) - 1
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    await same_books(account)


async def test_new_terms_that_were_not_sent_are_on_record_as_such_at_once(pit: Pit, venue: Venue) -> None:
    """The look at the old order, which comes before, was not answered."""
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="60s"):
        order = await resting(account)
        await bench.arm("hang_before", "GET /v2/orders/*")
        await wanted(account, order, **DEARER)
        story = await account.until(order, "OrderReplaceRejected")
        said = (await account.rows_of(order))[-1].said
        assert (said.code, said.evidence) == ("REPLACE_NEVER_ARRIVED", "not sent")
        assert said.message.startswith("nothing was sent: TIMEOUT: no answer from")
        assert story[-2:] == ["OrderReplaceStarted", "OrderReplaceRejected"]
        assert patched(account) == 0
        await wanted(account, order, **DEARER)
        await account.until(order, "OrderReplaced")
        await account.cancel(order)
        await account.until(order, "OrderCanceled")
    await same_books(account)
