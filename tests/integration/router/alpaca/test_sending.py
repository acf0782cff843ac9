"""What goes wrong between us and Alpaca while something is sent: nothing is sent twice, and nothing is guessed."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.brokers.bench import an_order, error_code, eventually, submitting
from tests.contract.brokers.test_orders import BRACKET, PROFIT, STOP
from tests.integration.router.alpaca.conftest import Join, Venue
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.results import Absent, Found, Inconclusive, SubmitAccepted, SubmitRejected, SubmitUnknown
from tradewire_router.brokers.values import GroupRequest, OrderChanges, OrderRef

POST = "POST /v2/orders"
LOOKUP = "GET /v2/orders:by_client_order_id"
RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}
HTML = {"body": "<html><h1>Bad Gateway</h1></html>", "content_type": "text/html"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize(("kind", "there"), [("status_before", False), ("status_after", True)])
async def test_an_error_of_the_server_proves_nothing_and_is_not_sent_again(
    venue: Venue, join: Join, status: int, kind: str, there: bool
) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm(kind, POST, status=status, **HTML)
    order = an_order(**RESTING)
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert str(status) in result.error.message
    assert bench.twin.calls(POST) == 1
    found = await eventually(
        lambda: trader.broker.find_order(order.client_order_id, "AAPL"), lambda f: not isinstance(f, Inconclusive)
    )
    assert isinstance(found, Found if there else Absent)


@pytest.mark.parametrize("kind", ["drop_after", "reset_after", "cut_after"])
async def test_an_answer_that_is_lost_leaves_the_order_unknown_and_it_is_found(
    venue: Venue, join: Join, kind: str
) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm(kind, POST)
    order = an_order(**RESTING)
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert result.sent
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Found)
    assert bench.twin.calls(POST) == 1


@pytest.mark.parametrize("kind", ["drop_before", "reset_before"])
async def test_a_request_that_is_lost_is_absent(venue: Venue, join: Join, kind: str) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm(kind, POST)
    order = an_order(**RESTING)
    assert isinstance(await trader.broker.submit(order), SubmitUnknown)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Absent)
    assert bench.twin.calls(POST) == 1


@pytest.mark.parametrize("code", ["40010001", "42210000"])
async def test_an_id_that_is_taken_by_the_same_order_is_adopted_and_by_another_refused(
    venue: Venue, join: Join, code: str
) -> None:
    bench = await venue(duplicate_code=code)
    trader = await join(bench)
    order = an_order(**RESTING)
    first = await trader.accepted(order)
    # An echo of our own request, as a gateway sends it: what it says is not what became of the order.
    again = await trader.broker.submit(order)
    assert again == first
    other = await trader.broker.submit(an_order(client_order_id=order.client_order_id))
    assert isinstance(other, SubmitRejected)
    assert isinstance(other.error, errors.DuplicateClientOrderIdError)
    assert other.error.existing is not None
    assert other.error.existing.broker_order_id == first.broker_order_id
    assert "must be unique" in other.error.message
    bench.forgiven.append(f"{order.client_order_id} was received again")


async def test_any_refusal_that_may_be_an_echo_is_looked_up(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await bench.arm("status_after", POST, status=422, body='{"code":42210000,"message":"something else is wrong"}')
    assert isinstance(await trader.broker.submit(order), SubmitAccepted)
    refused = an_order(**RESTING)
    await bench.arm("status_before", POST, status=422, body='{"code":42210000,"message":"something else is wrong"}')
    result = await trader.broker.submit(refused)
    assert isinstance(result, SubmitRejected)
    assert "something else is wrong" in result.error.message
    await bench.arm("status_after", POST, status=422, body='{"code":42210000,"message":"something else is wrong"}')
    await bench.arm("status_before", LOOKUP, status=503)
    assert isinstance(await trader.broker.submit(an_order(**RESTING)), SubmitUnknown)


async def test_only_alpaca_itself_says_that_there_is_no_order(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.arm("status_before", LOOKUP, status=404, body="<html>no such page</html>", content_type="text/html")
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Inconclusive)
    await bench.arm("status_before", POST, status=403, body="<html>blocked</html>", content_type="text/html")
    assert isinstance(await trader.broker.submit(an_order(**RESTING)), SubmitUnknown)


ANOTHER = '{"id": "61e69015-8549-4bfd-b9c3-01e75843f47d", "client_order_id": "of-another", "status": "new"}'


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"id": "9', '{"id": 7, "status": "new"}', ANOTHER])
async def test_an_answer_that_is_not_about_the_order_is_none(venue: Venue, join: Join, body: str) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await bench.arm("status_after", POST, status=200, body=body)
    assert isinstance(await trader.broker.submit(order), SubmitUnknown)
    await bench.arm("status_before", LOOKUP, status=200, body=body)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Inconclusive)
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "requested"
    await trader.until_heard(e.OrderCanceled, order.client_order_id)


@pytest.mark.parametrize("code", ["40310000", "42210000"])
async def test_the_words_of_a_refusal_decide(venue: Venue, join: Join, code: str) -> None:
    bench = await venue(wash_trade_code=code)
    trader = await join(bench)
    said: list[tuple[dict[str, Any], type[errors.BrokerError], str]] = [
        ({"quantity": Decimal(5000)}, errors.InsufficientFundsError, "insufficient buying power"),
        ({"symbol": "NONE"}, errors.UnknownSymbolError, 'asset "NONE" not found'),
        ({"symbol": "TWTR"}, errors.UnknownSymbolError, "not active"),
        ({**RESTING, "limit_price": Decimal("90.123")}, errors.InvalidOrderError, "sub-penny"),
        ({"order_type": "stop", "stop_price": Decimal(101), "time_in_force": "ioc"}, errors.InvalidOrderError, "GTC"),
        ({"symbol": "BTC/USDT", "time_in_force": "fok"}, errors.InvalidOrderError, "invalid crypto time_in_force"),
    ]
    for changes, kind, words in said:
        result = await trader.broker.submit(an_order(**changes))
        assert isinstance(result, SubmitRejected), result
        assert type(result.error) is kind, result.error
        assert words in result.error.message
    await trader.accepted(an_order())
    await trader.accepted(an_order(side="sell", order_type="limit", limit_price=Decimal(110)))
    wash = await trader.broker.submit(an_order())
    assert error_code(wash) == "WASH_TRADE"
    held = await trader.broker.submit(an_order(side="sell", quantity=Decimal(1)))
    assert error_code(held) == "INSUFFICIENT_QUANTITY"
    await bench.do("flags", day_trade_block=True)
    assert error_code(await trader.broker.submit(an_order(symbol="MSFT"))) == "PATTERN_DAY_TRADING"
    await bench.do("flags", trade_suspended_by_user=True)
    assert error_code(await trader.broker.submit(an_order(symbol="MSFT"))) == "PERMISSION_DENIED"


async def test_amounts_reach_alpaca_as_they_are(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    quantity = Decimal("0.123456789")
    order = an_order(quantity=quantity, order_type="limit", limit_price=Decimal("90.10"))
    await trader.accepted(order)
    (sent,) = [
        entry["body"] for entry in bench.twin.journal() if entry.get("method") == "POST" and entry["kind"] == "in"
    ]
    assert '"qty": "0.123456789"' in sent
    assert '"limit_price": "90.10"' in sent
    (working,) = await trader.broker.open_orders()
    assert (working.quantity, working.limit_price) == (quantity, Decimal("90.1"))


async def test_the_stream_may_tell_before_the_answer_comes(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm("wait_after", POST)
    order = an_order()
    async with submitting(trader.broker, order) as results:
        await trader.until_heard(e.Fill, order.client_order_id)
        assert results == []
        await asyncio.to_thread(bench.twin.disarm)
    assert isinstance(results[0], SubmitAccepted)


async def test_what_was_given_up_is_not_sent_any_more(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench, call_seconds=0.5)
    await bench.arm("hang_before", POST)
    hung, behind = an_order(**RESTING), an_order(**RESTING)
    async with submitting(trader.broker, hung) as first, submitting(trader.broker, behind) as second:
        pass
    assert isinstance(first[0], SubmitUnknown)
    assert first[0].sent
    assert isinstance(second[0], SubmitUnknown)
    assert not second[0].sent
    await trader.accepted(an_order(**RESTING))
    assert isinstance(await trader.broker.find_order(behind.client_order_id, "AAPL"), Absent)
    posted = [
        entry["body"] for entry in bench.twin.journal() if entry.get("method") == "POST" and entry["kind"] == "in"
    ]
    assert len(posted) == 2
    assert behind.client_order_id not in str(posted)


async def test_a_cancel_is_held_up_by_nothing_that_hangs(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    working = an_order(**RESTING)
    await trader.accepted(working)
    await bench.arm("wait_before", POST)
    await bench.arm("wait_before", "GET /v2/positions")
    asking = asyncio.create_task(trader.broker.positions())
    async with submitting(trader.broker, an_order(**RESTING)):
        assert (await trader.broker.cancel(OrderRef(working.client_order_id))).outcome == "requested"
        await trader.until_heard(e.OrderCanceled, working.client_order_id)
        await asyncio.to_thread(bench.twin.disarm)
    assert await asking == []


async def test_the_last_of_the_budget_is_for_cancels(venue: Venue, join: Join) -> None:
    bench = await venue(rate_per_min=20)
    trader = await join(bench, call_seconds=0.5)
    orders = [an_order(**RESTING) for _ in range(20)]
    results = [await trader.broker.submit(order) for order in orders]
    sent = [result for result in results if isinstance(result, SubmitAccepted)]
    late = [result for result in results if isinstance(result, SubmitUnknown)]
    assert 0 < len(sent) < 20
    assert len(sent) + len(late) == 20
    assert not any(result.sent for result in late)
    assert {result.error.code for result in late} == {"RATE_LIMIT"}
    health = await trader.broker.health()
    assert health.requests_left is not None
    assert 0 < health.requests_left <= 2
    canceled = await trader.broker.cancel(OrderRef(sent[0].client_order_id, sent[0].broker_order_id))
    assert canceled.outcome == "requested"
    assert bench.twin.calls(POST) == len(sent)


async def test_a_question_for_which_the_budget_has_no_room_says_so_and_until_when(venue: Venue, join: Join) -> None:
    bench = await venue(rate_per_min=20)
    trader = await join(bench, call_seconds=0.5)

    async def ask_often() -> None:
        for _ in range(20):
            await trader.broker.clock()

    with pytest.raises(errors.RateLimitError) as refused:
        await ask_often()
    assert refused.value.retry_after is not None
    assert 0 < refused.value.retry_after <= 60
    assert isinstance(await trader.broker.submit(an_order()), SubmitAccepted)  # for what acts there is room still


async def test_requests_that_somebody_else_sends_count_too(venue: Venue, join: Join) -> None:
    bench = await venue(rate_per_min=60)
    first = await join(bench, call_seconds=0.5)
    second = await join(bench, call_seconds=0.5)
    for _ in range(20):
        await first.broker.clock()
    await second.broker.clock()
    left = (await second.broker.health()).requests_left
    assert left is not None
    assert left < 40
    await bench.arm("status_before", "GET /v2/clock", status=429, headers={"Retry-After": "30"})
    with pytest.raises(errors.RateLimitError):
        await second.broker.clock()
    assert (await second.broker.health()).requests_left == 0


async def test_cancels_that_are_pending_or_come_too_late(venue: Venue, join: Join) -> None:
    bench = await venue(cancels="pending")
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    for _ in range(2):
        assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "requested"
    assert trader.about(order.client_order_id, e.OrderCanceled) == []
    await bench.do("refuse_cancel", client_order_id=order.client_order_id)
    await trader.until_heard(e.CancelRejected, order.client_order_id)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "requested"
    await bench.do("settle", client_order_id=order.client_order_id)
    await trader.until_heard(e.OrderCanceled, order.client_order_id)


@pytest.mark.parametrize("counts", ["rest", "whole"])
async def test_a_replacement_never_fills_more_than_is_meant(venue: Venue, join: Join, counts: str) -> None:
    bench = await venue(replaced_quantity=counts)
    trader = await join(bench)
    partly = an_order(**RESTING)
    await trader.accepted(partly)
    await bench.do("fill", client_order_id=partly.client_order_id, qty="4", price="90")
    changes = OrderChanges(client_order_id=an_order().client_order_id, limit_price=Decimal(91))
    assert error_code(await trader.broker.replace(OrderRef(partly.client_order_id), changes)) == "ORDER_NOT_CANCELABLE"
    # Filled between the look and the request: the replacement of `whole` could fill 14 of 10.
    raced = an_order(**RESTING)
    path = f"PATCH /v2/orders/{(await trader.accepted(raced)).broker_order_id}"
    await bench.arm("wait_before", "PATCH /v2/orders/*")
    changes = OrderChanges(client_order_id=an_order().client_order_id, limit_price=Decimal(91))
    replacing = asyncio.create_task(trader.broker.replace(OrderRef(raced.client_order_id), changes))
    await asyncio.to_thread(bench.twin.until_called, path, 1)
    await bench.do("fill", client_order_id=raced.client_order_id, qty="4", price="90")
    await asyncio.to_thread(bench.twin.disarm)
    assert isinstance(await replacing, SubmitAccepted)
    found = await trader.broker.find_order(changes.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert found.order.status == ("accepted" if counts == "rest" else "canceled")


async def test_a_replacement_whose_answer_is_lost_is_found_by_its_own_id(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.arm("drop_after", "PATCH /v2/orders/*")
    changes = OrderChanges(client_order_id=an_order().client_order_id, limit_price=Decimal(91))
    assert isinstance(await trader.broker.replace(OrderRef(order.client_order_id), changes), SubmitUnknown)
    found = await trader.broker.find_order(changes.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert found.order.limit_price == 91


async def test_a_group_whose_answer_is_lost_is_found_with_its_exits(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    entry, profit, stop = an_order(**BRACKET), an_order(**PROFIT), an_order(**STOP)
    await bench.arm("drop_after", POST)
    results = await trader.broker.submit_group(
        GroupRequest(kind="bracket", entry=entry, take_profit=profit, stop_loss=stop)
    )
    assert [type(result) for result in results] == [SubmitUnknown] * 3
    for each in (stop, profit, entry):
        found = await trader.broker.find_order(each.client_order_id, "AAPL")
        assert isinstance(found, Found)
        assert (found.order.side, found.order.order_type) == (each.side, each.order_type)


async def test_while_a_group_has_no_names_what_is_told_of_known_orders_does_not_wait(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    working = an_order(**RESTING)
    await trader.accepted(working)
    await bench.arm("drop_before", POST)
    await bench.arm("status_before", LOOKUP, times=0, status=503)
    group = GroupRequest(
        kind="bracket", entry=an_order(**BRACKET), take_profit=an_order(**PROFIT), stop_loss=an_order(**STOP)
    )
    await trader.broker.submit_group(group)
    stranger = await bench.do("submit", symbol="AAPL", qty="2", side="buy", type="market", time_in_force="day")
    await bench.do("fill", client_order_id=working.client_order_id, price="90")
    await trader.until_heard(e.Fill, working.client_order_id)
    assert trader.about(stranger["client_order_id"], e.Fill) == []
    await asyncio.to_thread(bench.twin.disarm)
    await trader.until_heard(e.Fill, stranger["client_order_id"])
    (seen,) = [event for event in trader.heard if isinstance(event, e.ExternalOrderSeen)]
    assert seen.order.broker_order_id == stranger["id"]


@pytest.mark.parametrize("member", [0, 1])
async def test_a_group_that_never_arrived_is_not_asked_about_any_more(venue: Venue, join: Join, member: int) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm("drop_before", POST)
    orders = [an_order(**BRACKET), an_order(**PROFIT), an_order(**STOP)]
    await trader.broker.submit_group(
        GroupRequest(kind="bracket", entry=orders[0], take_profit=orders[1], stop_loss=orders[2])
    )
    await trader.broker.open_orders()
    asked = bench.twin.calls(LOOKUP)
    assert asked > 0
    trader.broker.forget(orders[member].client_order_id)
    await trader.broker.open_orders()
    await trader.broker.executions_since(None)
    assert bench.twin.calls(LOOKUP) == asked


@pytest.mark.parametrize("body", ["<html>maintenance</html>", '{"maintenance": "of the venue"'])
async def test_an_answer_that_cannot_be_read_is_quoted(venue: Venue, join: Join, body: str) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm("status_after", POST, status=200, body=body)
    result = await trader.broker.submit(an_order(**RESTING))
    assert isinstance(result, SubmitUnknown)
    assert result.error.code == "UNREADABLE"
    assert body in result.error.message
