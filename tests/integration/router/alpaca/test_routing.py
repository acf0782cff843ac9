"""A router and Alpaca's twin as processes: whatever is lost between them, no order is doubled and none is forgotten."""

import asyncio
import signal
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.router.alpaca.conftest import Venue
from tests.integration.router.alpaca.trading import AtAlpaca, resident
from tests.integration.router.pit import Pit
from tests.integration.router.world import metrics, problems
from tests.waiting import soon
from tradewire import ids

pytestmark = pytest.mark.asyncio(loop_scope="module")

POST = "POST /v2/orders"
SENT = ["OrderRequested", "OrderApproved", "OrderSubmitStarted"]
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}
MEGABYTES = 250
COIN: dict[str, Any] = {"symbol": "BTC/USD", "quantity": Decimal("0.01")}
BAD = {
    "an order type that a coin has not": (
        {**COIN, "order_type": "stop", "stop_price": Decimal(70000), "time_in_force": "gtc"},
        "INVALID_ORDER",
        "Alpaca: invalid order type for crypto order (HTTP 422, code 42210000)",
    ),
    "a time in force that no order has": (
        {"time_in_force": "gtd"},
        "NOT_SUPPORTED",
        "time_in_force gtd is not supported by alpaca; use cls, day, fok, gtc, ioc, opg",
    ),
    "a time in force that a coin has not": (
        {**COIN, "time_in_force": "day"},
        "INVALID_ORDER",
        "Alpaca: invalid crypto time_in_force (HTTP 422, code 42210000)",
    ),
    "a symbol that nobody knows": (
        {"symbol": "NONE"},
        "UNKNOWN_SYMBOL",
        'Alpaca: asset "NONE" not found (HTTP 422, code 42210000)',
    ),
    "a quantity off the step": (
        {"quantity": Decimal("1.0000000001")},
        "INVALID_ORDER",
        "quantity 1.0000000001 has more than 9 digits behind the point",
    ),
    "a quantity off the step of its symbol": (
        {"symbol": "GRWG", "quantity": Decimal("1.5")},
        "INVALID_ORDER",
        "Alpaca: asset GRWG is not fractionable (HTTP 422, code 42210000)",
    ),
    "a fraction that is good till canceled": (
        {"quantity": Decimal("1.5"), "time_in_force": "gtc"},
        "INVALID_ORDER",
        "Alpaca: fractional orders must be DAY orders (HTTP 422, code 42210000)",
    ),
    "a price between two cents": (
        {**RESTING, "limit_price": Decimal("90.123")},
        "INVALID_ORDER",
        "Alpaca: invalid limit_price 90.123. sub-penny increment does not fulfill minimum pricing criteria "
        "(HTTP 422, code 42210000)",
    ),
}
"""Approved orders that Alpaca does not take: their fields, and the code and the words with which they end."""


async def same_books(account: AtAlpaca) -> None:
    """What the log has of the account's executions is what the twin has, and nothing is left in flight."""
    fills = await account.said("OrderFilled")
    ours = {(fill.client_order_id, fill.quantity, fill.price) for fill in fills}
    theirs = {
        (done["client_order_id"], Decimal(done["qty"]), Decimal(done["price"]))
        for done in account.at_broker()["executions"]
    }
    assert ours == theirs
    assert len(fills) == len(theirs)
    received = account.received()
    assert len(received) == len(set(received))
    await account.pit.assert_clean()


async def test_an_order_is_traded_and_booked(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router() as router:
        story = await account.until(await account.place(), "OrderFilled")
        assert story == [*SENT, "OrderAccepted", "OrderFilled"]
        told = await asyncio.to_thread(metrics, router)
        assert told[f'tradewire_router_broker_requests_per_minute{{account="{account.name}"}}'] == 100_000
        assert 0 < told[f'tradewire_router_broker_requests_left{{account="{account.name}"}}'] < 100_000
        assert 0 < resident(router) <= MEGABYTES
        refused = await account.place(quantity=Decimal(5000))
        await account.until(refused, "OrderRejected")
        said = (await account.rows_of(refused))[-1].said
        assert said.code == "INSUFFICIENT_FUNDS"
        assert "insufficient buying power" in said.message
    await same_books(account)


async def test_what_makes_no_order_is_refused_with_its_reason_and_the_next_one_flows(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    await bench.price("GRWG", "99.90", "100.10")
    await bench.price("BTC/USD", "60000", "60010")
    account = AtAlpaca(pit, bench)
    async with account.router() as router:
        for what, (fields, code, words) in BAD.items():
            bad = await account.place(**fields)
            assert await account.until(bad, "OrderRejected") == [*SENT, "OrderRejected"], what
            said = (await account.rows_of(bad))[-1].said
            assert (said.code, said.message) == (code, words)
            good = await account.place(quantity=Decimal(1))
            assert await account.until(good, "OrderFilled") == [*SENT, "OrderAccepted", "OrderFilled"], what
        assert router.alive
        assert len(await account.leases("LeaseGranted")) == 1
    assert await account.said("BrokerLost", "Halted", "OrderSubmitUnknown", "ReconciliationBroken") == []
    assert len(account.at_broker()["orders"]) == len(BAD)
    await same_books(account)


async def test_orders_for_an_auction_wait_for_it_and_end_with_it(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    far: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90)}
    async with account.router():
        await bench.do("session", name="closed")
        opening = await account.place(time_in_force="opg")
        missed = await account.place(time_in_force="opg", **far)
        for each in (opening, missed):
            await account.until(each, "OrderAccepted")
        assert await account.said("OrderFilled") == []
        await bench.do("session", name="open")
        assert await account.until(opening, "OrderFilled") == [*SENT, "OrderAccepted", "OrderFilled"]
        assert await account.until(missed, "OrderCanceled") == [*SENT, "OrderAccepted", "OrderCanceled"]
        closing = await account.place(time_in_force="cls", quantity=Decimal(3))
        await account.until(closing, "OrderAccepted")
        assert "OrderFilled" not in await account.story(closing)
        await bench.do("session", name="after")
        assert await account.until(closing, "OrderFilled") == [*SENT, "OrderAccepted", "OrderFilled"]
    sent = {order["client_order_id"]: order["time_in_force"] for order in account.at_broker()["orders"]}
    times = {opening: "opg", missed: "opg", closing: "cls"}
    assert sent == {ids.client_order_id(order, 1): time for order, time in times.items()}
    await same_books(account)


@pytest.mark.parametrize(
    ("kind", "more"),
    [("drop_after", {}), ("status_after", {"status": 504}), ("hang_after", {}), ("status_after", {"status": 429})],
)
async def test_an_order_that_was_taken_without_saying_so_is_found_and_adopted(
    pit: Pit, venue: Venue, kind: str, more: dict[str, Any]
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router(reconcile_interval="30s"):
        await bench.arm(kind, POST, **more)
        await bench.arm("lose", "push trade_updates *", times=0)
        order = await account.place()
        story = await account.until(order, "OrderFilled")
        assert "OrderSubmitUnknown" in story
        assert "OrderSubmitNeverArrived" not in story
        assert "OrderRejected" not in story
    assert account.received() == [ids.client_order_id(order, 1)]
    assert len(account.at_broker()["orders"]) == 1
    await same_books(account)


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
async def test_an_order_that_never_arrived_is_proven_so_and_tried_again(pit: Pit, venue: Venue, kind: str) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        await bench.arm(kind, POST)
        order = await account.place()
        await account.until(order, "OrderSubmitNeverArrived")
        await account.approve(order, attempt=2)
        await account.until(order, "OrderFilled")
    assert account.received() == [ids.client_order_id(order, attempt) for attempt in (1, 2)]
    assert len(account.at_broker()["orders"]) == 1
    await same_books(account)


async def test_a_router_that_is_killed_between_submit_and_answer_finds_its_order(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as dying:
        await bench.arm("wait_after", POST)
        order = await account.place()

        async def there() -> bool:
            return len(account.at_broker()["orders"]) == 1

        await soon(there)
        await dying.kill()
        await pit.release(dying)
    story = await account.story(order)
    assert story[: len(SENT)] == SENT
    assert set(story[len(SENT) :]) <= {"OrderAccepted", "OrderFilled"}  # which the stream may have told
    await asyncio.to_thread(bench.twin.disarm)
    async with account.router():
        await account.until(order, "OrderFilled")
    assert account.received() == [ids.client_order_id(order, 1)]
    await same_books(account)


@pytest.mark.parametrize(
    "point", ["router.after_append", "router.after_submit_started", "router.after_submit", "router.before_facts"]
)
async def test_a_router_that_dies_anywhere_doubles_and_loses_nothing(pit: Pit, venue: Venue, point: str) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router() as settled:
        await account.until(await account.place(), "OrderFilled")
        await settled.stop()
    orders = await account.place_many(10, quantity=Decimal(1))
    marker = {"TRADEWIRE_FAULTS_FILE": str(pit.folder / f"faults-{account.name}"), "TRADEWIRE_FAULTS": f"{point}=kill"}
    async with account.router(marker, ready=False) as dying:
        assert await dying.ended() == -signal.SIGKILL
        await pit.release(dying)
    async with account.router():

        async def filled() -> bool:
            done = {fill.order for fill in await account.said("OrderFilled")}
            for never in await account.said("OrderSubmitNeverArrived"):
                if never.order not in done and (await account.story(never.order))[-1] == "OrderSubmitNeverArrived":
                    await account.approve(never.order, attempt=never.attempt + 1)
            return set(orders) <= done

        await soon(filled)
    await same_books(account)


async def test_what_happens_without_a_connection_is_booked_once(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as router:
        order, gone = await account.place(**RESTING), await account.place(**RESTING)
        for each in (order, gone):
            await account.until(each, "OrderAccepted")
        fault = await bench.arm("status_before", "GET /stream", times=0, status=503)
        await asyncio.to_thread(bench.twin.hang_up)

        async def lost() -> bool:
            return "lost its broker" in await asyncio.to_thread(problems, router)

        await soon(lost)
        for quantity in ("4", "6"):
            await bench.do("fill", client_order_id=ids.client_order_id(order, 1), qty=quantity, price="90")
        await bench.do("cancel", client_order_id=ids.client_order_id(gone, 1))
        await bench.do("submit", symbol="MSFT", qty="2", side="buy", type="limit", limit_price="1", time_in_force="gtc")
        held = await account.place()
        await asyncio.to_thread(bench.twin.disarm, fault)
        await account.until(gone, "OrderCanceled")
        await account.until(held, "OrderFilled")
        await account.until_said("ExternalOrderSeen")
    assert [fill.quantity for fill in await account.said("OrderFilled") if fill.order == order] == [4, 6]
    await same_books(account)


async def test_corrections_and_busts_are_booked(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router():
        order = await account.place(**RESTING)
        await account.until(order, "OrderAccepted")
        client_order_id = ids.client_order_id(order, 1)
        first = await bench.do("fill", client_order_id=client_order_id, qty="4", price="90")
        await bench.do("correct", execution=first["execution"], price="89")
        await account.until(order, "FillCorrected")
        second = await bench.do("fill", client_order_id=client_order_id, qty="6", price="90")
        await bench.do("bust", execution=second["execution"])
        await account.until(order, "FillBusted")
        await bench.do("fill", client_order_id=client_order_id, qty="6", price="88")
        await account.until_said("OrderFilled", 3)
        await account.until_said("ReconciliationMended", 2)
        assert await account.said("ReconciliationBroken") == []
        assert await account.said("Halted") == []


async def test_the_log_says_of_a_symbol_that_concerns_the_account_whether_it_is_halted(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)

    async def reported() -> list[bool]:
        return [each.halted for each in await account.said("InstrumentReported") if each.symbol == "AAPL"]

    async def comes(expected: list[bool], **status: str) -> None:
        async def told() -> bool:
            await bench.do("status", symbol="AAPL", status=status)  # again, until the stream is subscribed to
            return await reported() == expected

        await soon(told)

    async with account.router():
        await account.until(await account.place(**RESTING), "OrderAccepted")
        await account.until_said("InstrumentReported")
        await comes([False, True])
        await comes([False, True, False], sc="T")
        await comes([False, True, False, True], sc="P")
        await asyncio.to_thread(bench.twin.hang_up)

        async def forgotten() -> bool:
            return (await reported())[:5] == [False, True, False, True, False]

        await soon(forgotten)


async def test_an_order_is_canceled_and_a_kill_cancels_the_rest(pit: Pit, venue: Venue) -> None:
    account = AtAlpaca(pit, await venue())
    async with account.router():
        first, second = await account.place(**RESTING), await account.place(**RESTING)
        for each in (first, second):
            await account.until(each, "OrderAccepted")
        await account.cancel(first)
        await account.until(first, "OrderCanceled")
        await account.halt("KILL")
        await account.until(second, "OrderCanceled")
    await same_books(account)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_secret_file": "WRONG"}, "unauthorized"),
        ({"account_number": "PA9"}, "the keys open the account PA3TWIN00001, and account_number says PA9"),
    ],
)
async def test_keys_that_are_refused_are_said_in_the_brokers_words_and_nothing_is_lost(
    pit: Pit, venue: Venue, options: dict[str, str], said: str
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    wrong = bench.settings(credentials=False).accounts["main"].options["api_secret_file"]
    account.write(**{key: value.replace("WRONG", wrong) for key, value in options.items()})
    order = await account.place()
    async with account.router(ready=False) as router:

        async def told() -> bool:
            return said in await asyncio.to_thread(problems, router)

        await soon(told)
        (lost,) = await account.until_said("BrokerLost")
        assert said in lost.reason
        assert router.alive
    account.write()
    async with account.router():
        await account.until(order, "OrderFilled")
    await same_books(account)


async def test_a_port_that_is_closed_is_waited_for(pit: Pit, venue: Venue) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    await bench.kill()
    order = await account.place()
    async with account.router(ready=False) as router:

        async def told() -> bool:
            return "cannot be reached" in await asyncio.to_thread(problems, router)

        await soon(told)
        await bench.start()
        await account.until(order, "OrderFilled")
        assert "cannot be reached" in (await account.said("BrokerLost"))[0].reason
        assert len(await account.said("BrokerConnected")) == 1
    await same_books(account)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"feed": "all"}, 'feed: is "all". Write iex or sip or delayed_sip.'),
        (
            {"url_override": "https://api.alpaca.markets"},
            "url_override: is Alpaca's live environment, and environment says paper. "
            'Leave it out, or write environment = "live".',
        ),
        (
            {"api_key_file": "LIVE"},
            "api_key: is a key of the live environment, and environment says paper. "
            'Make paper keys at Alpaca, or write environment = "live".',
        ),
        (
            {"api_secret_file": "OPEN"},
            "api_secret_file: {folder}/OPEN can be read by everybody. Run: chmod o-r {folder}/OPEN",
        ),
    ],
)
async def test_a_setting_that_is_wrong_ends_the_start_with_one_line(
    pit: Pit, venue: Venue, options: dict[str, str], said: str
) -> None:
    bench = await venue()
    account = AtAlpaca(pit, bench)
    for name, key, mode in (("LIVE", "AK-of-a-live-account", 0o600), ("OPEN", "twin-secret", 0o604)):
        (bench.folder / name).write_text(f"{key}\n")
        (bench.folder / name).chmod(mode)
    account.write(**{k: str(bench.folder / value) if k.endswith("_file") else value for k, value in options.items()})
    async with account.router(ready=False) as router:
        assert await router.ended() == 2
        whole = f"tradewire router: accounts.{account.name}.{said.format(folder=bench.folder)}"
        assert router.output().splitlines()[1:] == [whole]  # after the one that says that it has started
        assert router.output().count("AK-of") == 0
    assert bench.twin.calls("GET /v2/account") == 0
