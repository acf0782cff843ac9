"""How long each step of an order took, by the ledger's clock."""

from typing import Any

from tests.builders import CLIENT, ORDER, SIGNAL, approved, denied, fact, requested, started
from tests.builders import new as new_event
from tradewire.domain.orders import Order, evolve
from tradewire.messages import order_events as o
from tradewire.messages.log import Event
from tradewire.messages.registry import decode
from tradewire_ledger.reader.told.steps import MOST_SIGNALS, Hop, Steps


class Walk:
    """One order, step by step; each step is so many milliseconds after the one before."""

    def __init__(self, steps: Steps | None = None) -> None:
        self.steps = steps or Steps()
        self.order: Order | None = None
        self.at = 1_000_000

    def step(self, data: Any, milliseconds: int) -> list[Hop]:
        self.at += milliseconds * 1_000
        version = self.order.version + 1 if self.order else 1
        item = new_event(data, version=version, key=str(version))
        event = Event(
            1, item.stream, version, item.event_id, item.type, item.schema, self.at, 5, "x", None, None, item.data
        )
        before, self.order = self.order, evolve(self.order, event, decode(event))
        return self.steps.moved(event, before, self.order)


def test_each_hop_is_the_time_between_its_two_steps() -> None:
    walk = Walk()
    walk.steps.received(SIGNAL, walk.at)

    assert walk.step(requested(), 2) == [("received_requested", 2_000)]
    assert walk.step(approved(), 3) == [("requested_approved", 3_000)]
    assert walk.step(started(), 4) == [("approved_submit_started", 4_000), ("received_submit_started", 9_000)]
    assert walk.step(fact(o.OrderAccepted), 50) == [("submit_started_accepted", 50_000)]
    assert walk.step(fact(o.OrderFilled, quantity=3), 7) == [("accepted_filled", 7_000)]
    assert walk.step(fact(o.OrderFilled, quantity=3, execution="E2"), 9) == []


def test_an_order_of_a_signal_that_nobody_saw_has_no_first_hop() -> None:
    walk = Walk()
    assert walk.step(requested(), 2) == []
    assert walk.step(approved(), 3) == [("requested_approved", 3_000)]
    assert walk.step(started(), 4) == [("approved_submit_started", 4_000)]


def test_what_was_open_before_has_no_hop_with_an_unseen_beginning() -> None:
    walk = Walk()
    walk.step(requested(), 1)
    walk.step(approved(), 1)
    fresh = Steps()
    fresh.begin(ORDER, walk.at)
    later = Walk(fresh)
    later.order, later.at = walk.order, walk.at

    assert later.step(started(), 4) == []
    assert fresh.since(ORDER) == later.at
    assert later.step(fact(o.OrderAccepted), 5) == [("submit_started_accepted", 5_000)]


def test_the_time_in_a_state_counts_from_the_event_that_led_there() -> None:
    walk = Walk()
    walk.step(requested(), 1)
    began = walk.at
    walk.step(o.OrderCancelRequested(order=ORDER, by="person:a", reason="r", request="q"), 10)
    assert walk.steps.since(ORDER) == began
    walk.step(approved(), 10)
    assert walk.steps.since(ORDER) == walk.at


def test_a_second_attempt_is_measured_from_its_own_approval() -> None:
    walk = Walk()
    walk.steps.received(SIGNAL, walk.at)
    for data in (requested(), approved(), started()):
        walk.step(data, 1)
    gone = o.OrderSubmitNeverArrived(order=ORDER, attempt=1, client_order_id=CLIENT, evidence="asked twice")
    assert walk.step(gone, 1_000) == []
    assert walk.step(approved(attempt=2), 2) == [("requested_approved", 2_000)]
    assert walk.step(started(attempt=2, client_order_id="0" * 32), 3) == [("approved_submit_started", 3_000)]


def test_nothing_is_remembered_of_what_has_ended() -> None:
    walk = Walk()
    walk.step(requested(), 1)
    walk.step(denied(), 1)
    assert walk.steps.since(ORDER) is None


def test_signals_without_orders_are_forgotten_in_the_end() -> None:
    steps = Steps()
    for number in range(MOST_SIGNALS + 1):
        steps.received(str(number), number + 1)
    first, last = Walk(steps), Walk(steps)
    assert first.step(requested(signal="0"), 1) == []
    assert last.step(requested(signal=str(MOST_SIGNALS)), 1) != []
