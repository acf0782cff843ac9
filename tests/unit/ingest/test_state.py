"""The state that ingest folds from the log."""

from decimal import Decimal

import pytest

from tests.unit.ingest.building import Log
from tradewire.errors import LogCorrupt, UnknownEvent
from tradewire.messages import order_events as o
from tradewire.messages.log import Event, Frame
from tradewire.messages.signals_events import SignalsStreamSeen
from tradewire_ingest.domain.state import State, StreamSeen


def test_an_order_is_open_until_it_is_over() -> None:
    log = Log()
    order = log.order("a")
    assert [found.order for found in log.state.open_orders("momo", "paper", "AAPL")] == [order]
    log.deny(order)
    assert log.state.open_orders("momo", "paper", "AAPL") == []
    assert log.state.orders == {}


def test_a_fill_of_everything_ends_an_order_and_what_comes_later_is_let_pass() -> None:
    log = Log()
    order = log.order("a")
    common = {"order": order, "client_order_id": "c", "broker": "paper", "account": "paper", "evidence": "test"}
    log.add(
        f"order-{order}",
        o.OrderApproved(
            order=order,
            attempt=1,
            state_pos=1,
            checks=(),
            limits={},
            control={},
            signal=log.state.orders[order].signal,
            strategy="momo",
            account="paper",
            symbol="AAPL",
            side="buy",
            quantity=Decimal(10),
            order_type="market",
            time_in_force="day",
            expires_at=1,
        ),
    )
    log.add(
        f"order-{order}",
        o.OrderSubmitStarted(
            order=order, attempt=1, client_order_id="c", account="paper", broker="paper", epoch=1, state_pos=1
        ),
    )
    log.add(f"order-{order}", o.OrderAccepted(**common))  # type: ignore[arg-type]
    for quantity, still_open in ((4, True), (6, False)):
        log.add(
            f"order-{order}",
            o.OrderFilled(
                **common,  # type: ignore[arg-type]
                strategy="momo",
                symbol="AAPL",
                side="buy",
                quantity=Decimal(quantity),
                price=Decimal(1),
                execution=str(quantity),
            ),
        )
        assert (order in log.state.orders) is still_open
    log.add(f"order-{order}", o.OrderCanceled(**common))  # type: ignore[arg-type]
    assert log.state.orders == {}


def test_a_state_restored_from_what_is_open_equals_the_one_that_followed() -> None:
    log = Log()
    log.deny(log.order("a"))
    order = log.order("b", symbol="MSFT")
    log.halt("global")
    snapshot = [event for event in log.events if event.stream in {f"order-{order}", "control-global"}]
    restored = State()
    restored.restore(Frame("log", 1, 1, 1, len(log.events), "", tuple(snapshot)))
    assert restored.orders == log.state.orders
    assert restored.controls.switches == log.state.controls.switches
    assert restored.matching("", "", "MSFT") == log.state.matching("", "", "MSFT") != []


def test_restoring_forgets_what_was_before() -> None:
    log = Log()
    log.order("a")
    log.halt("global")
    log.state.restore(Frame("other", 1, 1, 1, 0, "", ()))
    assert log.state.orders == {}
    assert log.state.controls.switches == {}
    assert log.state.requests.get("r1") is None


def test_the_last_stream_seen_is_remembered_with_its_position() -> None:
    log = Log()
    log.add("system", SignalsStreamSeen(instance="one"))
    log.add("system", SignalsStreamSeen(instance="two"))
    assert log.state.stream_seen == StreamSeen("two", 2)


def test_orders_are_found_by_the_beginning_of_their_id() -> None:
    log = Log()
    orders = sorted(log.order(str(n)) for n in range(40))
    found = {order.order for order in log.state.with_prefix(orders[0][:1])}
    assert found == {order for order in orders if order.startswith(orders[0][:1])}


def test_an_unknown_event_is_not_skipped() -> None:
    strange = Event(1, "signal-x", 1, "id", "SignalForgotten", 1, 0, 0, "", None, None, None)  # type: ignore[arg-type]
    with pytest.raises(UnknownEvent):
        State().apply(Frame("log", 1, 1, 1, 1, "", (strange,)))


def test_a_contradiction_of_the_log_stops_the_fold() -> None:
    log = Log()
    order = log.order("a")
    event = log.events[0]
    again = Event(2, event.stream, 2, "id", *[getattr(event, name) for name in event.__struct_fields__[4:]])
    with pytest.raises(LogCorrupt, match=order):
        log.state.apply(Frame("log", 1, 2, 2, 2, "", (again,)))
