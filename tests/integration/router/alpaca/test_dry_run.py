"""A router of an account on a dry run: what was approved before is not sent, and what works already can be canceled."""

import asyncio
import json
import urllib.request

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.test_replacing import DEARER, patched, resting, wanted
from tests.integration.router.alpaca.test_routing import same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tests.processes import Child
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")


def notes(router: Child) -> dict[str, str]:
    """What a router that is ready wants known."""
    with urllib.request.urlopen(f"http://127.0.0.1:{router.port}/readyz", timeout=5) as answer:
        found: dict[str, str] = json.load(answer)["notes"]
    return found


async def test_what_was_approved_before_a_dry_run_is_not_sent_in_it(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router() as router:
        works = await resting(account)
        assert await asyncio.to_thread(notes, router) == {}
    waiting = await account.place()
    await wanted(account, works, **DEARER)

    account.write(dry_run="true")
    words = (
        f"{account.name} is on a dry run, so nothing is sent; to trade, set accounts.{account.name}.dry_run to false"
    )
    async with account.router() as router:
        assert await account.until(waiting, "OrderCanceledLocally") == [
            "OrderRequested",
            "OrderApproved",
            "OrderCanceledLocally",
        ]
        await account.until(works, "OrderReplaceRejected")
        assert (await account.rows_of(waiting))[-1].said.reason == words
        assert (await account.rows_of(works))[-1].said.message == words
        assert await asyncio.to_thread(notes, router) == {"account": words}
        await account.cancel(works)
        await account.until(works, "OrderCanceled")
    assert account.received() == [ids.client_order_id(works, 1)]
    assert patched(account) == 0

    account.write()
    async with account.router():
        sent = await account.place()
        await account.until(sent, "OrderFilled")
    assert account.received() == [ids.client_order_id(each, 1) for each in (works, sent)]
    await same_books(account)
