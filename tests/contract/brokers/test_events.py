"""What the broker tells by itself: in order, at least once, and nothing lost between sessions."""

from decimal import Decimal

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order
from tests.contract.brokers.conftest import Join
from tradewire_router.brokers import errors
from tradewire_router.brokers import events as e


async def test_a_session_says_that_it_is_up_before_anything_else(trader: Trader) -> None:
    order = an_order()
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    assert isinstance(trader.heard[0], e.SessionUp)
    assert (await trader.broker.health()).connected


@pytest.mark.needs(event_replay=True)
async def test_events_after_a_cursor_are_replayed_once_and_in_order(join: Join) -> None:
    first = await join()
    before, after = an_order(), an_order()
    await first.accepted(before)
    await first.until_heard(e.Fill, before.client_order_id)
    cursor = first.fills(before.client_order_id)[0].cursor
    await first.accepted(after)
    await first.until_heard(e.Fill, after.client_order_id)

    second = await join(cursor)
    await second.until_heard(e.Fill, after.client_order_id)
    assert second.about(before.client_order_id) == []
    replayed = second.about(after.client_order_id)
    assert [event.event_key for event in replayed] == [event.event_key for event in first.about(after.client_order_id)]
    assert {event.origin for event in replayed} == {"replay"}
    live = an_order()
    await first.accepted(live)
    await second.until_heard(e.Fill, live.client_order_id)
    assert {event.origin for event in second.about(live.client_order_id)} == {"live"}


async def test_what_happens_while_the_broker_or_the_link_is_down_is_heard_after_it(bench: Bench, join: Join) -> None:
    trader, other = await join(), await join()
    await bench.fault("mute_stream", delay_ms=60_000)
    unheard = an_order()
    await trader.accepted(unheard)
    assert await trader.holding("AAPL") == 10
    assert trader.about(unheard.client_order_id) == []
    await bench.kill()
    await bench.start()
    for one in (trader, other):
        await one.until_heard(e.Fill, unheard.client_order_id)
        kinds = [type(event) for event in one.heard if isinstance(event, e.SessionUp | e.SessionDown | e.Fill)]
        assert kinds == [e.SessionUp, e.SessionDown, e.SessionUp, e.Fill]
    assert trader.fills(unheard.client_order_id)[0].origin == "replay"


async def test_a_muted_stream_loses_nothing(bench: Bench, join: Join) -> None:
    trader = await join()
    await bench.fault("mute_stream", delay_ms=300)
    orders = [an_order(quantity=Decimal(i)) for i in range(1, 6)]
    for order in orders:
        await trader.accepted(order)
    await trader.until_heard(e.Fill, orders[-1].client_order_id)
    fills = [event for event in trader.heard if isinstance(event, e.Fill)]
    assert [fill.execution.quantity for fill in fills] == [1, 2, 3, 4, 5]


async def test_an_event_that_comes_twice_has_one_key(bench: Bench, join: Join) -> None:
    trader = await join()
    await bench.fault("duplicate_event")
    order, after = an_order(), an_order()
    await trader.accepted(order)
    await trader.accepted(after)
    await trader.until_heard(e.Fill, after.client_order_id)
    told = trader.fills(order.client_order_id)  # twice, or once by an adapter that notices
    assert len({fill.event_key for fill in told}) == 1
    assert all(fill.execution == told[0].execution for fill in told)
    assert await trader.holding("AAPL") == 20


async def test_a_fill_has_the_same_content_by_stream_and_by_question(trader: Trader) -> None:
    _, cursor = await trader.broker.executions_since(None)
    order = an_order()
    await trader.accepted(order)
    await trader.until_heard(e.Fill, order.client_order_id)
    executions, _ = await trader.broker.executions_since(cursor)
    assert executions == [fill.execution for fill in trader.fills(order.client_order_id)]
    (fill,) = trader.fills(order.client_order_id)
    execution = fill.execution
    key = e.fill_key(trader.broker.id, trader.broker.account, execution.execution, execution.revision)
    assert fill.event_key == key


async def test_wrong_credentials_are_refused(bench: Bench) -> None:
    with pytest.raises(errors.BrokerAuthenticationError):
        await bench.broker(credentials=False)


async def test_a_broker_that_is_not_there_cannot_be_connected(bench: Bench) -> None:
    await bench.kill()
    with pytest.raises(errors.BrokerConnectionError):
        await bench.broker()


async def test_connecting_and_closing_twice_is_harmless(join: Join) -> None:
    trader = await join()
    await trader.broker.connect()
    await trader.accepted(an_order())
    assert sum(isinstance(event, e.SessionUp) for event in trader.heard) == 1
    await trader.broker.close()
    await trader.broker.close()
    with pytest.raises(errors.BrokerConnectionError):
        await trader.broker.open_orders()
