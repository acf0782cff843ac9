"""What Alpaca tells: once in sense, however often in words, and nothing is lost while nobody listens."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.brokers.bench import an_order
from tests.integration.router.alpaca.conftest import Join, Venue
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.alpaca import stream
from tradewire_router.brokers.results import Inconclusive, SubmitUnknown
from tradewire_router.brokers.values import OrderChanges, OrderRef

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}
STREAM = "GET /stream"


def ups(heard: list[e.BrokerEvent]) -> int:
    return sum(isinstance(event, e.SessionUp) for event in heard)


async def test_two_fills_without_a_connection_are_told_on_its_return(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    fault = await bench.arm("status_before", STREAM, times=0, status=503)
    await asyncio.to_thread(bench.twin.hang_up)
    await trader.until(lambda heard: isinstance(heard[-1], e.SessionDown))
    assert not (await trader.broker.health()).connected
    for quantity in ("4", "6"):
        await bench.do("fill", client_order_id=order.client_order_id, qty=quantity, price="90")
    await asyncio.to_thread(bench.twin.disarm, fault)
    await trader.until_heard(e.Fill, order.client_order_id, 2)
    kinds = [type(event) for event in trader.heard if not isinstance(event, e.OrderAccepted)]
    assert kinds == [e.SessionUp, e.SessionDown, e.SessionUp, e.Fill, e.Fill]
    assert [fill.execution.quantity for fill in trader.fills(order.client_order_id)] == [4, 6]
    assert {fill.origin for fill in trader.fills(order.client_order_id)} == {"replay"}


async def test_what_cannot_be_asked_for_at_once_is_told_later(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.arm("lose", "push trade_updates *fill")
    await bench.do("fill", client_order_id=order.client_order_id, qty="4", price="90")
    fault = await bench.arm("status_before", "GET /v2/account/activities/FILL", times=0, status=500)
    await asyncio.to_thread(bench.twin.hang_up)
    await trader.until(lambda heard: any(isinstance(event, e.SessionDegraded) for event in heard))
    await bench.do("fill", client_order_id=order.client_order_id, qty="6", price="90")
    await trader.until_heard(e.Fill, order.client_order_id)
    await asyncio.to_thread(bench.twin.disarm, fault)
    await trader.until_heard(e.Fill, order.client_order_id, 2)
    assert sorted(fill.execution.quantity for fill in trader.fills(order.client_order_id)) == [4, 6]


async def test_there_is_one_connection_for_orders_however_often_one_connects(venue: Venue, join: Join) -> None:
    bench = await venue(second_stream="refused")
    trader = await join(bench)
    await trader.broker.connect()
    assert bench.twin.calls(STREAM) == 1
    assert len(bench.twin.streams()) == 1
    with pytest.raises(errors.SessionConflictError, match="another program listens"):
        await join(bench)
    await asyncio.to_thread(bench.twin.hang_up)
    await trader.until(lambda heard: ups(heard) == 2)
    assert len(bench.twin.streams()) == 1


@pytest.mark.parametrize("frames", ["binary", "text"])
@pytest.mark.parametrize("event_ids", ["sent", "absent"])
@pytest.mark.parametrize("activity_id", ["execution", "own"])
async def test_an_execution_has_one_name_whatever_ids_it_goes_by(
    venue: Venue, join: Join, frames: str, event_ids: str, activity_id: str
) -> None:
    bench = await venue(trade_frames=frames, event_ids=event_ids, activity_id=activity_id)
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    for quantity in ("1.5", "2.5", "6"):
        await bench.do("fill", client_order_id=order.client_order_id, qty=quantity, price="90")
    await trader.until_heard(e.Fill, order.client_order_id, 3)
    told = [fill.execution for fill in trader.fills(order.client_order_id)]
    assert (await trader.broker.executions_since(None))[0] == told
    # Nothing of this is remembered: another session gives the same names.
    other = await join(bench)
    assert (await other.broker.executions_since(None))[0] == told
    late = await join(bench, "0")
    await late.until_heard(e.Fill, order.client_order_id, 3)
    assert [fill.execution for fill in late.fills(order.client_order_id)] == told


async def test_a_correction_and_a_bust_take_the_place_of_what_they_are_about(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    first = await bench.do("fill", client_order_id=order.client_order_id, qty="4", price="90")
    await bench.do("correct", execution=first["execution"], price="89")
    await trader.until_heard(e.FillCorrected, order.client_order_id)
    (fill, corrected) = trader.fills(order.client_order_id)
    assert isinstance(corrected, e.FillCorrected)
    assert corrected.execution.execution == fill.execution.execution
    assert (corrected.replaces, corrected.execution.revision, corrected.execution.price) == (0, 1, Decimal(89))
    (listed,) = (await trader.broker.executions_since(None))[0]
    assert (listed.execution, listed.revision, listed.price) == (fill.execution.execution, 1, Decimal(89))
    second = await bench.do("fill", client_order_id=order.client_order_id, qty="6", price="90")
    await bench.do("bust", execution=second["execution"])
    await trader.until_heard(e.FillBusted, order.client_order_id)
    (busted,) = [each for each in trader.fills(order.client_order_id) if isinstance(each, e.FillBusted)]
    # Filled once more, it reaches the same quantity again, and is another execution.
    await bench.do("fill", client_order_id=order.client_order_id, qty="6", price="90")
    await trader.until_heard(e.Fill, order.client_order_id, 5)
    again = trader.fills(order.client_order_id)[-1]
    assert again.execution.execution != busted.execution.execution
    listed_ids = [each.execution for each in (await trader.broker.executions_since(None))[0]]
    assert listed_ids == [fill.execution.execution, again.execution.execution]


async def test_a_bust_that_is_not_told_shows_in_what_is_listed(venue: Venue, join: Join) -> None:
    bench = await venue(busts="silent")
    trader = await join(bench)
    order = an_order()
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    (done,) = bench.twin.ledger()["executions"]
    await bench.do("bust", execution=done["id"])
    assert (await trader.broker.executions_since(None))[0] == []
    assert await trader.broker.positions() == []


async def test_a_cursor_outlives_the_execution_that_it_names(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    first = an_order()
    await trader.accepted(first)
    _, cursor = await trader.broker.executions_since(None)
    (done,) = bench.twin.ledger()["executions"]
    await bench.do("bust", execution=done["id"])
    second = an_order(quantity=Decimal(3))
    await trader.accepted(second)
    found, after = await trader.broker.executions_since(cursor)
    assert [each.client_order_id for each in found] == [second.client_order_id]
    assert (await trader.broker.executions_since(after))[0] == []


async def test_fees_are_no_part_of_an_execution(venue: Venue, join: Join) -> None:
    bench = await venue(fees="activities")
    trader = await join(bench)
    for side in ("buy", "sell"):
        order = an_order(side=side)
        await trader.accepted(order)
        await trader.until_heard(e.Fill, order.client_order_id)
    executions, _ = await trader.broker.executions_since(None)
    assert [each.fee for each in executions] == [0, 0]
    assert await trader.cash() == Decimal("99997.99")


async def test_words_that_nobody_knows_break_nothing(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.do("restate", client_order_id=order.client_order_id, status="invented")
    await trader.until_heard(e.OrderUpdated, order.client_order_id)
    (working,) = await trader.broker.orders_since(0)
    assert working.status == "unknown"
    after = an_order()
    await trader.accepted(after)
    await trader.until_heard(e.Fill, after.client_order_id)


async def test_orders_of_others_are_told_as_such(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    told = await bench.do("submit", symbol="AAPL", qty="2", side="buy", type="market", time_in_force="day")
    await trader.until(lambda heard: any(isinstance(event, e.Fill) for event in heard))
    (seen,) = [event for event in trader.heard if isinstance(event, e.ExternalOrderSeen)]
    assert seen.order.broker_order_id == told["id"]
    assert seen.order.quantity == 2
    (fill,) = [event for event in trader.heard if isinstance(event, e.Fill)]
    assert fill.client_order_id == told["client_order_id"]
    assert fill.execution.quantity == 2


async def test_an_order_before_the_open_works_when_the_market_opens(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.do("session", name="closed")
    order, expiring = an_order(), an_order(order_type="limit", limit_price=Decimal(90))
    await trader.accepted(order)
    await trader.accepted(expiring)
    await trader.until_heard(e.OrderAccepted, order.client_order_id)
    await bench.do("session", name="open")
    await trader.until_heard(e.Fill, order.client_order_id)
    assert len(trader.about(order.client_order_id, e.OrderAccepted)) == 1
    await bench.do("session", name="closed")
    await trader.until_heard(e.OrderExpired, expiring.client_order_id)


async def test_coins_go_by_one_name(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.do("quote", symbol="BTC/USD", bid="50000", ask="50010")
    order = an_order(symbol="BTC/USD", quantity=Decimal("0.25"), time_in_force="gtc")
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert await trader.holding("BTC/USD") == Decimal("0.25")
    (execution,) = (await trader.broker.executions_since(None))[0]
    assert execution.symbol == "BTC/USD"
    rules = await trader.broker.instrument("BTC/USD")
    assert (rules.asset_class, rules.min_quantity, rules.currency) == ("crypto", Decimal("0.0001"), "USD")
    assert (rules.name, rules.min_notional) == ("Bitcoin / US Dollar", Decimal(10))
    assert (await trader.broker.instrument("BTC/USDT")).min_notional == 0


async def test_a_share_has_the_name_that_people_know_and_the_least_that_it_is_dealt_in(
    venue: Venue, join: Join
) -> None:
    trader = await join(await venue())
    share, whole = await trader.broker.instrument("AAPL"), await trader.broker.instrument("GRWG")
    assert (share.name, share.min_notional) == ("Apple Inc. Common Stock", Decimal(1))
    assert (whole.name, whole.min_notional) == ("GrowGeneration Corp. Common Stock", Decimal(0))


async def test_five_hundred_fills_in_a_burst_are_all_told_in_order(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(quantity=Decimal(500), order_type="limit", limit_price=Decimal(90))
    await trader.accepted(order)

    def burst() -> None:
        for _ in range(500):
            bench.twin.do("fill", client_order_id=order.client_order_id, qty="1", price="90")

    await asyncio.to_thread(burst)
    await trader.until_heard(e.Fill, order.client_order_id, 500)
    told = [fill.execution for fill in trader.fills(order.client_order_id)]
    assert len({each.execution for each in told}) == 500
    listed, cursor = await trader.broker.executions_since(None)
    assert listed == told
    assert (await trader.broker.executions_since(cursor)) == ([], cursor)


async def test_more_orders_than_a_page_holds_are_all_listed(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)

    def many() -> None:
        for _ in range(1100):
            bench.twin.do(
                "submit", symbol="AAPL", qty="1", side="buy", type="limit", limit_price="1", time_in_force="gtc"
            )

    await asyncio.to_thread(many)
    working = await trader.broker.open_orders()
    assert len({order.broker_order_id for order in working}) == 1100


def test_a_half_open_stream_is_given_up_within_ten_seconds() -> None:
    params = stream.socket_params()
    assert params["ping_interval"] + params["ping_timeout"] + 2 * params["close_timeout"] <= 10


async def test_a_half_open_stream_is_noticed(venue: Venue, join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_SECONDS", 0.05)
    monkeypatch.setattr(stream, "PONG_SECONDS", 0.2)
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    fault = await bench.arm("mute", "push trade_updates *")
    await bench.do("fill", client_order_id=order.client_order_id, price="90")
    await trader.until(lambda heard: any(isinstance(event, e.SessionDown) for event in heard))
    await asyncio.to_thread(bench.twin.disarm, fault)
    await trader.until_heard(e.Fill, order.client_order_id)


async def test_keys_that_are_revoked_are_said_to_be_and_work_again_when_they_are(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.do("keys", revoked=True)
    await asyncio.to_thread(bench.twin.hang_up)
    await trader.until(lambda heard: isinstance(heard[-1], e.SessionDown))
    with pytest.raises(errors.BrokerAuthenticationError, match="unauthorized"):
        await trader.broker.open_orders()
    refused = await trader.broker.submit(an_order())
    assert "401" in str(refused)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "unknown"
    await bench.do("keys", revoked=False)
    await trader.until(lambda heard: ups(heard) == 2)
    assert len(await trader.broker.open_orders()) == 1


NOTHING: dict[str, set[str]] = {
    "[]": {"open_orders", "orders_since", "executions_since", "positions", "activities_since"},
    "{}": {"quote"},
    '{"id": {}, "cash": "x"}': {"quote"},
}
"""What has the shape of an answer to some questions: that there is none."""


@pytest.mark.parametrize("body", ["null", "[]", "{}", '"text"', '[{"id": 1}]', '{"id": {}, "cash": "x"}', "[[1]]"])
async def test_answers_without_shape_are_errors_and_nothing_else(venue: Venue, join: Join, body: str) -> None:
    bench = await venue()
    trader = await join(bench)
    broker = trader.broker
    working = an_order(**RESTING)
    await trader.accepted(working)
    fault = await bench.arm("status_before", "* /v2/*", times=0, status=200, body=body)
    asked = {
        "open_orders": broker.open_orders(),
        "orders_since": broker.orders_since(0),
        "executions_since": broker.executions_since(None),
        "positions": broker.positions(),
        "balances": broker.balances(),
        "account_info": broker.account_info(),
        "instrument": broker.instrument("AAPL"),
        "quote": broker.quote("AAPL"),
        "bars": broker.bars("AAPL", "1d", 5),
        "activities_since": broker.activities_since(None),
        "clock": broker.clock(),
    }
    told: dict[str, object] = dict(
        zip(asked, await asyncio.gather(*asked.values(), return_exceptions=True), strict=True)
    )
    for name, answer in told.items():
        if name in NOTHING.get(body, ()):
            assert answer in ([], ([], "0"), None), name
        else:
            assert isinstance(answer, errors.BrokerError), (name, answer)
    assert isinstance(await broker.find_order(working.client_order_id, "AAPL"), Inconclusive)
    # None of these is an order that was taken, nor proof that none was.
    sent = await broker.submit(an_order(**RESTING))
    assert isinstance(sent, SubmitUnknown)
    assert sent.sent
    assert (await broker.cancel(OrderRef("another"))).outcome == "unknown"
    changes = OrderChanges(client_order_id=an_order().client_order_id, quantity=Decimal(1))
    assert isinstance(await broker.replace(OrderRef(working.client_order_id), changes), SubmitUnknown)
    await asyncio.to_thread(bench.twin.disarm, fault)
    assert len(await broker.open_orders()) == 1
