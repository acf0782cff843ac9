"""Exits of groups in a later session: the log knows them by our names, which the broker may never have heard."""

import pytest

from tests.contract.brokers.bench import Bench, Trader, an_order
from tests.contract.brokers.conftest import Join
from tests.contract.brokers.test_orders import BRACKET, PROFIT, STOP
from tradewire.messages.vocabulary import ExitKind
from tradewire_router.brokers import events as e
from tradewire_router.brokers.results import Absent, Found, SubmitAccepted
from tradewire_router.brokers.values import GroupRequest, Leg, OrderRequest


@pytest.mark.needs(native_bracket=True)
@pytest.mark.parametrize("answered", [True, False])
async def test_exits_go_by_our_names_in_a_session_that_was_told_of_them(
    bench: Bench, join: Join, answered: bool
) -> None:
    """Whether the session before learned of the broker's names for them or not."""
    before = await join()
    entry, profit, stop = an_order(**BRACKET), an_order(**PROFIT), an_order(**STOP)
    group = GroupRequest(kind="bracket", entry=entry, take_profit=profit, stop_loss=stop)
    results = await before.broker.submit_group(group)
    known = {each.client_order_id: each.broker_order_id for each in results if isinstance(each, SubmitAccepted)}
    await before.close()
    exits: tuple[tuple[ExitKind, OrderRequest], ...] = (("take_profit", profit), ("stop_loss", stop))
    legs = [
        Leg(
            client_order_id=each.client_order_id,
            head=entry.client_order_id,
            kind=kind,
            symbol="AAPL",
            broker_order_id=known[each.client_order_id] if answered else None,
        )
        for kind, each in exits
    ]
    after = await join("0", legs=legs)
    for each in (profit, stop):
        found = await after.broker.find_order(each.client_order_id, "AAPL")
        assert isinstance(found, Found)
        assert found.order.broker_order_id == known[each.client_order_id]
    ours = [each.client_order_id for each in (entry, profit, stop)]
    assert {order.client_order_id for order in await after.broker.open_orders()} == set(ours)
    await bench.price("AAPL", "99", "100")
    await bench.price("AAPL", "110", "110.10")
    await after.until_heard(e.Fill, profit.client_order_id)
    await after.until_heard(e.OrderCanceled, stop.client_order_id)
    executions, _ = await after.broker.executions_since(None)
    assert [each.client_order_id for each in executions] == ours[:2]
    assert [event for event in after.heard if isinstance(event, e.ExternalOrderSeen)] == []


@pytest.mark.needs(native_bracket=True)
async def test_an_exit_that_was_never_sent_is_absent(trader: Trader) -> None:
    leg = Leg(
        client_order_id=an_order().client_order_id, head=an_order().client_order_id, kind="stop_loss", symbol="AAPL"
    )
    trader.broker.recall([leg])
    assert isinstance(await trader.broker.find_order(leg.client_order_id, "AAPL"), Absent)
