"""Feeds that are broken, on a real wire to a real risk process: whatever they say, nothing of it becomes a price."""

from pathlib import Path

import msgspec
import pytest

from tests.integration.risk.floor import Floor
from tests.waiting import now
from tradewire.messages.order_events import OrderApproved, OrderDenied

SECOND = 1_000_000
NO_PRICE = {"TRADEWIRE_PAPER_PRICE_FROM_SIGNAL": "false"}
FEEDS = {
    "zero": '{"symbol":"AAPL","at":NOW,"bid":"0","ask":"0","last":"0"}',
    "half zero": '{"symbol":"AAPL","at":NOW,"bid":"0","ask":"100"}',
    "NaN": '{"symbol":"AAPL","at":NOW,"last":"NaN"}',
    "bare NaN": '{"symbol":"AAPL","at":NOW,"last":NaN}',
    "crossed": '{"symbol":"AAPL","at":NOW,"bid":"101","ask":"100"}',
    "future": '{"symbol":"AAPL","at":LATER,"last":"100"}',
    "empty": '{"symbol":"AAPL","at":NOW}',
    "null": '{"symbol":"AAPL","at":NOW,"bid":null,"ask":null,"last":null}',
    "late": '{"symbol":"AAPL","at":NOW,"last":"100","delayed":true}',
}


async def say(floor: Floor, text: str) -> None:
    bus = await floor.bus("feed")
    time = now()
    text = text.replace("NOW", str(time)).replace("LATER", str(time + 60 * SECOND))
    await bus.publish("quotes.venue.AAPL", text.encode())
    await bus.flush()


async def decided(floor: Floor, name: str) -> OrderApproved | OrderDenied:
    (order,) = await floor.request(name)
    found = (await floor.until_decided([order]))[order]
    assert isinstance(found, OrderApproved | OrderDenied)
    return found


async def test_no_broken_feed_ever_makes_a_price(floor: Floor) -> None:
    async with floor.risk(NO_PRICE):
        for name, text in FEEDS.items():
            await say(floor, text)
            denied = await decided(floor, f"{name.replace(' ', '-')}-first")
            assert isinstance(denied, OrderDenied), name
            words = "There is no live quote for AAPL." if name == "late" else "There is no quote for AAPL."
            assert (denied.reason, denied.message, denied.quotes) == ("PRICE_MISSING", words, ())

        # After a good price it stays what it was, and so does its time.
        await floor.quote("AAPL", "100", at=(good := now()))
        for text in FEEDS.values():
            await say(floor, text)
        approved = await decided(floor, "good")
        assert isinstance(approved, OrderApproved)
        (used,) = approved.quotes
        assert (str(used.price), used.at, used.source, used.delayed) == ("100", good, "sim", False)


async def test_a_feed_that_stands_still_is_stale(floor: Floor) -> None:
    async with floor.risk(NO_PRICE):
        at = now() - 6 * SECOND
        for number in range(3):
            await floor.quote("AAPL", "100", at=at)
            denied = await decided(floor, f"frozen-{number}")
            assert isinstance(denied, OrderDenied)
            assert denied.reason == "PRICE_STALE"
            assert [used.at for used in denied.quotes] == [at]
        await floor.quote("AAPL", "100")
        assert isinstance(await decided(floor, "thawed"), OrderApproved)


@pytest.mark.parametrize(("source", "reason"), [("live", "PRICE_MISSING"), ("delayed", None)])
async def test_what_comes_late_serves_where_the_account_says_so(
    floor: Floor, folder: Path, source: str, reason: str | None
) -> None:
    config = folder / "late.toml"
    config.write_text(f'[accounts.paper]\nprice_source = "{source}"\nprice_delay = "15m"\n')
    async with floor.risk({"TRADEWIRE_CONFIG": str(config)}):
        at = now() - 900 * SECOND
        quote = {"symbol": "AAPL", "at": at, "last": "100", "delayed": True}
        bus = await floor.bus("feed")
        await bus.publish("quotes.venue.AAPL", msgspec.json.encode(quote))
        await bus.flush()
        decision = await decided(floor, "late")
        assert getattr(decision, "reason", None) == reason
        if reason is None:
            (used,) = decision.quotes
            assert (used.at, used.source, used.delayed) == (at, "venue", True)
