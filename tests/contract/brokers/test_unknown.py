"""When no answer comes: the result is unknown, never a rejection, and the broker can be asked for the truth."""

import asyncio
from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, FaultKind, an_order, error_code, eventually, some, submitting
from tests.contract.brokers.conftest import Join
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e
from tradewire_router.brokers.results import Absent, Found, Inconclusive, SubmitAccepted, SubmitUnknown
from tradewire_router.brokers.values import OrderRef

SHORT_SECONDS = 0.3


async def test_an_order_whose_answer_was_lost_is_unknown_and_found(bench: Bench, join: Join) -> None:
    trader = await join(call_seconds=SHORT_SECONDS)
    await bench.fault("drop_response")
    order = an_order()
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert result.sent
    assert isinstance(result.error, errors.BrokerTimeoutError)
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Found)
    assert found.order.status == "filled"
    await trader.until_heard(e.Fill, order.client_order_id)
    assert await trader.holding("AAPL") == 10


async def test_a_late_answer_changes_nothing(bench: Bench, join: Join) -> None:
    trader = await join(call_seconds=SHORT_SECONDS)
    await bench.fault("delay_response", delay_ms=600)
    order = an_order()
    assert isinstance(await trader.broker.submit(order), SubmitUnknown)
    await trader.until_heard(e.Fill, order.client_order_id)
    after = an_order()
    await eventually(lambda: trader.broker.find_order(order.client_order_id, "AAPL"), lambda f: isinstance(f, Found))
    await trader.accepted(after)


@pytest.mark.parametrize("kind", ["delay_before", "place_late"])
async def test_an_order_on_its_way_is_absent_until_it_arrives(bench: Bench, join: Join, kind: FaultKind) -> None:
    trader = await join(call_seconds=SHORT_SECONDS)
    await bench.fault(kind, delay_ms=1500)
    order = an_order()
    assert isinstance(await trader.broker.submit(order), SubmitUnknown)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Absent)
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "not_found"
    await trader.until_heard(e.Fill, order.client_order_id)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Found)


async def test_a_link_that_breaks_instead_of_an_answer_leaves_the_order_unknown(bench: Bench, join: Join) -> None:
    trader = await join()
    await bench.fault("disconnect")
    order = an_order()
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert isinstance(result.error, errors.BrokerConnectionError)
    await trader.until(lambda heard: sum(isinstance(event, e.SessionUp) for event in heard) == 2)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Found)


async def test_a_broker_killed_between_acceptance_and_answer_tells_the_truth_after_its_restart(
    bench: Bench, join: Join
) -> None:
    trader = await join()
    await bench.fault("delay_response", delay_ms=60_000)
    order = an_order()
    async with submitting(trader.broker, order) as result:
        await trader.until_heard(e.Fill, order.client_order_id)
        await bench.kill()
    assert isinstance(result[0], SubmitUnknown)
    await bench.start()
    found = await eventually(
        lambda: trader.broker.find_order(order.client_order_id, "AAPL"), lambda f: not isinstance(f, Inconclusive)
    )
    assert isinstance(found, Found)
    assert found.order.status == "filled"
    assert await trader.holding("AAPL") == 10
    executions, _ = await trader.broker.executions_since(None)
    assert [execution.client_order_id for execution in executions] == [order.client_order_id]


async def test_an_order_lost_with_the_broker_is_absent_and_its_id_is_used_up(bench: Bench, join: Join) -> None:
    trader = await join(call_seconds=SHORT_SECONDS)
    await bench.fault("delay_before", delay_ms=60_000)
    order = an_order()
    assert isinstance(await trader.broker.submit(order), SubmitUnknown)
    await bench.kill()
    await bench.start()
    found = await eventually(
        lambda: trader.broker.find_order(order.client_order_id, "AAPL"), lambda f: not isinstance(f, Inconclusive)
    )
    assert isinstance(found, Absent)
    await bench.price("AAPL", "99.90", "100.10")
    await trader.accepted(an_order(order=order.order))


async def test_without_a_link_nothing_is_sent_and_questions_fail(bench: Bench, join: Join) -> None:
    trader = await join()
    await bench.kill()
    await trader.until(lambda heard: isinstance(heard[-1], e.SessionDown))
    order = an_order()
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert not result.sent
    assert (await trader.broker.cancel(OrderRef(order.client_order_id))).outcome == "unknown"
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Inconclusive)
    broker = trader.broker
    for ask in (
        broker.open_orders(),
        broker.orders_since(0),
        broker.executions_since(None),
        broker.positions(),
        broker.balances(),
        broker.account_info(),
        broker.instrument("AAPL"),
        broker.quote("AAPL"),
        *(broker.bars("AAPL", timeframe, 5) for timeframe in broker.capabilities.bars),
        broker.clock(),
    ):
        with pytest.raises(errors.BrokerConnectionError):
            await ask
    assert not (await broker.health()).connected


async def test_a_fault_can_refuse_with_any_code(bench: Bench, join: Join) -> None:
    trader = await join()
    await bench.fault("reject", code="MARKET_CLOSED")
    result = await trader.broker.submit(an_order())
    assert error_code(result) == "MARKET_CLOSED"
    assert not isinstance(result, SubmitUnknown)
    await trader.accepted(an_order())


async def test_what_was_answered_before_a_kill_is_true_after_it(bench: Bench, join: Join) -> None:
    trader = await join()
    count = some(trader.broker.capabilities, 3000)
    orders = [an_order(quantity=Decimal("0.5")) for _ in range(count)]
    sending = asyncio.gather(*(trader.broker.submit(order) for order in orders))
    await trader.until(lambda heard: sum(isinstance(event, e.Fill) for event in heard) >= count // 6)
    await bench.kill()
    results = await sending
    await bench.start()
    await trader.until(lambda heard: sum(isinstance(event, e.SessionUp) for event in heard) == 2)

    found = {order.client_order_id for order in await trader.broker.orders_since(0)}
    accepted = {result.client_order_id for result in results if isinstance(result, SubmitAccepted)}
    unknown = [result for result in results if isinstance(result, SubmitUnknown)]
    assert accepted <= found
    assert len(accepted) + len(unknown) == len(orders)
    for result in unknown[:50]:
        lookup = await trader.broker.find_order(result.client_order_id, "AAPL")
        assert isinstance(lookup, Found) == (result.client_order_id in found)
    await trader.until(lambda heard: {ev.client_order_id for ev in heard if isinstance(ev, e.Fill)} == found)
    assert await trader.holding("AAPL") == len(found) * Decimal("0.5")
