"""What answers about two orders say of new terms, and by which names an order goes."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import TIME, fact
from tests.unit.router.builders import TELLER, Log, broker_order, execution
from tradewire import ids
from tradewire.domain.orders import Order, Replacement
from tradewire.messages import order_events as o
from tradewire_router.brokers import events as b
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.results import Absent, Found, Inconclusive, Lookup
from tradewire_router.brokers.values import OrderStatus
from tradewire_router.domain import replacing
from tradewire_router.domain.comparison import compare_orders
from tradewire_router.domain.translate import from_lookup, strays, translate

NEW = Replacement(
    stage="started",
    by="strategy:momo",
    request="r-1",
    since=TIME,
    limit_price=Decimal(95),
    client_order_id="new",
)
ABSENT, SILENT = Absent("x", TIME), Inconclusive("x", BrokerError("silence"))


def working() -> tuple[Log, Order]:
    log = Log()
    order = log.order(0, "OrderApproved", "OrderSubmitStarted", "OrderAccepted")
    return log, log.get(order)


def found(status: OrderStatus, **fields: Any) -> Found:
    _, order = working()
    return Found(broker_order(order, status, **fields))


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (found("replaced"), found("accepted"), "replaced"),
        (found("replaced"), found("filled"), "replaced"),
        (found("replaced"), found("canceled"), "replaced"),
        (found("canceled"), found("accepted"), "replaced"),
        (found("accepted"), found("rejected"), "refused"),
        (found("replaced"), ABSENT, "refused"),
        (found("accepted"), ABSENT, "absent"),
        (found("filled"), ABSENT, "absent"),
        # Nothing is guessed.
        (found("pending_replace"), found("accepted"), "open"),
        (found("pending_replace"), ABSENT, "open"),
        (found("accepted"), found("accepted"), "open"),
        (found("filled"), found("pending_submit"), "open"),
        (SILENT, ABSENT, "open"),
        (ABSENT, ABSENT, "open"),
        (found("accepted"), SILENT, "open"),
        (SILENT, SILENT, "open"),
    ],
)
def test_what_two_answers_mean(old: Lookup, new: Lookup, kind: str) -> None:
    assert replacing.settled(NEW, old, new, in_place=False).kind == kind


@pytest.mark.parametrize(
    ("old", "kind"),
    [
        (found("accepted", limit_price=Decimal(95)), "replaced"),
        (found("accepted", limit_price=Decimal(90)), "absent"),
        (found("pending_replace", limit_price=Decimal(90)), "open"),
        (ABSENT, "open"),
        (SILENT, "open"),
    ],
)
def test_where_the_old_order_is_changed_it_alone_is_looked_at(old: Lookup, kind: str) -> None:
    assert replacing.settled(NEW, old, ABSENT, in_place=True).kind == kind


def on_its_way() -> tuple[Log, Order, str]:
    log, order = working()
    stream = f"order-{order.order}"
    log.write(stream, o.OrderReplaceRequested(order=order.order, by="a", request="r-1", limit_price=Decimal(95)))
    grounds: dict[str, Any] = {"attempt": 1, "state_pos": 1, "checks": (), "limits": {}, "control": {}}
    approval = o.OrderReplaceApproved(order=order.order, limit_price=Decimal(95), expires_at=TIME, **grounds)
    log.write(stream, approval)
    client = replacing.next_id(log.get(order.order))
    sent = o.OrderReplaceStarted(order=order.order, attempt=1, client_order_id=client, epoch=1, revision=1)
    log.write(stream, sent)
    return log, log.get(order.order), client


def test_the_order_is_known_by_both_names_from_the_intent_on() -> None:
    log, order, client = on_its_way()
    assert client == ids.client_order_id(order.order, 1, 1)
    for name in (order.client_order_id, client):
        assert log.state.of_client_id(name or "") == order
        told = b.Fill(
            event_key="k",
            broker_time=TIME,
            received_at=TIME,
            client_order_id=name or "",
            execution=execution(order),
        )
        assert strays(order, told) == ""
        assert [event.type for event in translate(TELLER, order, told)] == ["OrderFilled"]
    assert [order for order, _ in log.state.replacements("started")] == [order]
    there = broker_order(order, "accepted", client_order_id=client)
    assert compare_orders([(there, order)], []) == ()


def test_another_attempts_order_is_none_of_them() -> None:
    _, order, _ = on_its_way()
    told = b.OrderAccepted(
        event_key="k",
        broker_time=TIME,
        received_at=TIME,
        client_order_id=ids.client_order_id(order.order, 2),
        broker_order_id="B9",
    )
    assert "proven not to have arrived" in strays(order, told)


def test_what_somebody_else_replaced_works_no_more() -> None:
    _, order = working()
    told = b.OrderReplaced(
        event_key="k",
        broker_time=TIME,
        received_at=TIME,
        client_order_id=order.client_order_id or "",
        broker_order_id="B1",
        replaced_by="B2",
    )
    (event,) = translate(TELLER, order, told)
    (again,) = from_lookup(TELLER, order, broker_order(order, "replaced"))
    assert (event.type, event.event_id) == ("OrderCanceled", again.event_id)
    _, ours, _ = on_its_way()
    assert translate(TELLER, ours, told) == []
    assert from_lookup(TELLER, ours, broker_order(ours, "replaced")) == []


def test_what_came_of_new_terms_is_asked_also_of_an_order_that_has_ended_meanwhile() -> None:
    log, order, _ = on_its_way()
    log.happen(order.order, "OrderFilled")
    ended = log.get(order.order)
    assert not ended.open
    assert [each for each, _ in log.state.replacements("started")] == [ended]
    assert not log.state.may_replace(ended)
    log.write(f"order-{order.order}", fact(o.OrderReplaceRejected, order=order.order, revision=1, code="C", message=""))
    assert log.state.replacements() == []
