"""Entries with exits: what goes into the log before the one call, what is asked of the broker, and what is too much."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.builders import TIME, fact
from tests.unit.router.builders import BUILD, Log
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.group_events import GroupOpened
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import EVENT_TYPES
from tradewire.messages.vocabulary import Exit
from tradewire_router.brokers.values import Leg
from tradewire_router.domain import groups
from tradewire_router.domain.doubts import Late
from tradewire_router.domain.groups import Group
from tradewire_router.domain.state import RouterState

PROFIT = Exit(kind="take_profit", order_type="limit", limit_price=Decimal(110))
LOSS = Exit(kind="stop_loss", order_type="stop_limit", stop_price=Decimal(90), limit_price=Decimal(89))


def entry_in(log: Log, *exits: Exit, attempt: int = 1) -> Order:
    order = log.order(0)
    if attempt > 1:
        for kind in ("OrderApproved", "OrderSubmitStarted", "OrderSubmitNeverArrived"):
            log.happen(order, kind, build=BUILD)
    log.happen(order, "OrderApproved", build=BUILD, exits=exits)
    return log.get(order)


def started(order: Order) -> o.OrderSubmitStarted:
    return o.OrderSubmitStarted(
        order=order.order,
        attempt=order.attempt,
        client_order_id=ids.client_order_id(order.order, order.attempt),
        account=order.account,
        broker="paper",
        epoch=1,
        state_pos=1,
        build=BUILD,
    )


def opened(log: Log, *exits: Exit) -> tuple[Order, list[str]]:
    """Writes what one command writes; returns the entry, and its exits' orders."""
    entry = entry_in(log, *exits)
    sent = started(entry)
    asked = groups.exits_of(entry)
    log.write(f"order-{entry.order}", sent)
    for event in groups.opening_events(entry, sent, asked, None, TIME):
        log.write(event.stream, decoded(event))
    return log.get(entry.order), [each.order for each in asked]


def decoded(event: NewEvent) -> Any:
    return msgspec.json.decode(event.data, type=EVENT_TYPES[event.type].struct)


def sold(order: str, quantity: str, execution: str) -> Any:
    return fact(o.OrderFilled, order=order, side="sell", quantity=Decimal(quantity), execution=execution)


def test_everything_that_one_call_brings_about_is_said_before_it() -> None:
    log = Log()
    entry = entry_in(log, PROFIT, LOSS)
    asked = groups.exits_of(entry)
    events = groups.opening_events(entry, started(entry), asked, None, TIME)
    head = ids.client_order_id(entry.order, 1)
    name = f"{entry.signal}-paper"
    assert [(event.stream, event.version, event.type) for event in events] == [
        (f"group-{name}", 1, "GroupOpened"),
        *(
            (f"order-{each.order}", version, kind)
            for each in asked
            for version, kind in ((1, "OrderRequested"), (2, "OrderSubmitStarted"))
        ),
    ]
    assert decoded(events[0]).orders == (entry.order, *(each.order for each in asked))
    assert decoded(events[0]).kind == "bracket"
    assert {decoded(event).head for event in events if event.type == "OrderSubmitStarted"} == {head}
    profit, loss = asked
    assert (profit.parent, profit.instead_of, loss.instead_of) == (entry.order, "", profit.order)
    for each in asked:
        assert (each.side, each.quantity, each.reduce_only) == ("sell", Decimal(10), True)
        assert each.order == ids.order_uuid(entry.signal, "paper", each.leg)
    assert len({event.event_id for event in events}) == len(events)


def test_another_attempt_has_exits_of_its_own() -> None:
    first, second = (entry_in(Log(), PROFIT, LOSS, attempt=attempt) for attempt in (1, 2))
    known = Group(1, first.signal, ())
    ours = {each.order for each in groups.exits_of(first)}
    theirs = groups.exits_of(second)
    assert not ours & {each.order for each in theirs}
    opening = groups.opening_events(second, started(second), theirs, known, TIME)[0]
    assert (opening.version, decoded(opening).orders[0]) == (2, second.order)
    assert opening.event_id != groups.opening_events(first, started(first), (), None, TIME)[0].event_id


def test_the_broker_is_asked_for_what_was_approved() -> None:
    log = Log()
    entry = replace(entry_in(log, PROFIT, LOSS), client_order_id="head")
    exits = [
        groups.exit_of(each, client_order_id=groups.client_id_of(each), head="head", now=TIME)
        for each in groups.exits_of(entry)
    ]
    asked = groups.group_request(entry, exits)
    assert asked.kind == "bracket"
    assert asked.entry is not None
    assert asked.take_profit is not None
    assert asked.stop_loss is not None
    assert (asked.entry.client_order_id, asked.take_profit.limit_price) == ("head", Decimal(110))
    assert (asked.stop_loss.order_type, asked.stop_loss.stop_price) == ("stop_limit", Decimal(90))
    alone = groups.group_request(replace(entry, exits=(LOSS,)), exits[1:])
    assert (alone.kind, alone.take_profit) == ("oto", None)


@pytest.mark.parametrize(
    ("terms", "field", "value"),
    [
        ({"notional": Decimal(250)}, "notional", Decimal(250)),
        ({"notional": Decimal(250)}, "quantity", None),
        ({}, "quantity", Decimal(10)),
        ({"order_type": "trailing_stop", "trail_amount": Decimal(2)}, "trail_amount", Decimal(2)),
        ({"order_type": "trailing_stop", "trail_percent": Decimal(3)}, "trail_percent", Decimal(3)),
        ({"extended_hours": True}, "extended_hours", True),
    ],
)
def test_what_an_approval_says_is_what_is_sent(terms: dict[str, Any], field: str, value: Any) -> None:
    log = Log()
    order = log.order(0)
    log.happen(order, "OrderApproved", build=BUILD, **terms)
    asked = groups.order_request(replace(log.get(order), client_order_id="c"))
    assert getattr(asked, field) == value


def test_exits_are_known_for_the_next_session_with_or_without_the_brokers_names() -> None:
    log = Log()
    entry, (profit, loss) = opened(log, PROFIT, LOSS)
    log.write(f"order-{profit}", fact(o.OrderAccepted, order=profit, broker_order_id="B2"))
    common: dict[str, Any] = {"head": entry.client_order_id, "symbol": "AAPL"}
    names = [ids.client_order_id(each, 1) for each in (profit, loss)]
    assert {leg.client_order_id: leg for leg in log.state.legs()} == {
        names[0]: Leg(client_order_id=names[0], kind="take_profit", broker_order_id="B2", **common),
        names[1]: Leg(client_order_id=names[1], kind="stop_loss", **common),
    }
    assert [log.state.of_client_id(each) for each in names] == [log.get(profit), log.get(loss)]


def test_exits_of_a_group_that_was_refused_are_nothing_to_ask_for() -> None:
    log = Log()
    _, exits = opened(log, PROFIT, LOSS)
    for each in exits:
        log.write(f"order-{each}", fact(o.OrderRejected, order=each, broker_order_id="", code="NO", message="no"))
    assert log.state.legs() == []


def test_exits_that_close_more_than_was_entered_are_an_anomaly() -> None:
    log = Log()
    _, (profit, loss) = opened(log, PROFIT, LOSS)
    log.write(f"order-{profit}", sold(profit, "6", "E1"))
    log.write(f"order-{loss}", sold(loss, "4", "E2"))
    assert log.state.anomalies == {}
    log.write(f"order-{loss}", sold(loss, "1", "E3"))
    assert log.state.anomalies[loss].order.anomaly == "the exits of one entry filled 11 of 10"


def test_an_exit_whose_sibling_is_not_known_any_more_is_looked_into() -> None:
    log = Log()
    entry, (profit, loss) = opened(log, PROFIT, LOSS)
    log.write(f"order-{profit}", sold(profit, "10", "E1"))
    fresh = RouterState("paper", "paper", BUILD)
    over = {f"order-{each}" for each in (entry.order, profit)}
    fresh.restore([event for event in log.events if event.stream not in over], [], log.events[-1].pos)
    log.state = fresh
    late = log.write(f"order-{loss}", sold(loss, "1", "E2"))
    assert fresh.late == [Late(late.event_id, late.pos, loss, (profit,))]


def test_a_group_ends_with_its_last_order() -> None:
    log = Log()
    entry, (profit, loss) = opened(log, PROFIT, LOSS)
    (name,) = log.state.groups
    for order, kind in ((entry.order, o.OrderFilled), (profit, o.OrderFilled)):
        assert log.state.ended_groups() == []
        log.write(f"order-{order}", fact(kind, order=order, execution=order))
    log.write(f"order-{loss}", fact(o.OrderCanceled, order=loss))
    assert log.state.ended_groups() == [name]
    closing = groups.closing_event(name, log.state.groups[name], TIME)
    assert (closing.stream, closing.version) == (f"group-{name}", None)
    log.write(closing.stream, decoded(closing))
    assert log.state.ended_groups() == []


def test_the_groups_of_others_are_none_of_ours() -> None:
    log = Log()
    log.write(f"group-{ids.derive('x')}-other", GroupOpened(group="g", kind="oto", orders=("a", "b")))
    assert log.state.groups == {}


def test_exits_that_never_arrived_are_stranded() -> None:
    log = Log()
    _, (profit, loss) = opened(log, PROFIT, LOSS)
    assert log.state.stranded() == []
    for each in (profit, loss):
        client = ids.client_order_id(each, 1)
        never = o.OrderSubmitNeverArrived(order=each, attempt=1, client_order_id=client, evidence="asked")
        log.write(f"order-{each}", never)
    assert [order.order for order in log.state.stranded()] == [profit, loss]
    log.write(f"order-{profit}", o.OrderCanceledLocally(order=profit, reason="test"))
    assert [order.order for order in log.state.stranded()] == [loss]
