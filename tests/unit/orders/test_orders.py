"""The order state machine: given events, when one comes, then the state, or a refusal."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import ORDER, approved, denied, fact, new, requested, started, stored
from tradewire.domain.orders import OPEN, TERMINAL, TRANSITIONS, UNSENT, Order, Status, evolve
from tradewire.errors import TransitionError
from tradewire.messages import order_events as o
from tradewire.messages.registry import EVENT_TYPES


def fold(*events: Any) -> Order:
    order: Order | None = None
    for number, data in enumerate(events, 1):
        order = evolve(order, stored(new(data, key=str(number)), pos=number, version=number), data)
    assert order is not None
    return order


SENT = (requested(), approved(), started())
CANCEL = o.OrderCancelRequested(order=ORDER, by="person:anna", reason="", request="r")
NEVER = o.OrderSubmitNeverArrived(order=ORDER, attempt=1, client_order_id="c", evidence="asked")
UNKNOWN = o.OrderSubmitUnknown(order=ORDER, attempt=1, client_order_id="c", reason="time-out")


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((requested(),), Status.REQUESTED),
        ((requested(), approved()), Status.APPROVED),
        ((requested(), denied()), Status.DENIED),
        ((requested(), approved(), o.OrderLapsed(order=ORDER, reason="expired")), Status.LAPSED),
        ((requested(), approved(), CANCEL), Status.APPROVED),
        ((requested(), approved(), CANCEL, o.OrderCanceledLocally(order=ORDER, reason="")), Status.CANCELED_LOCALLY),
        (SENT, Status.SUBMITTING),
        ((*SENT, UNKNOWN), Status.UNKNOWN),
        ((*SENT, UNKNOWN, fact(o.OrderAccepted)), Status.WORKING),
        ((*SENT, UNKNOWN, fact(o.OrderFilled)), Status.FILLED),
        ((*SENT, UNKNOWN, NEVER), Status.REQUESTED),
        ((*SENT, fact(o.OrderAccepted)), Status.WORKING),
        ((*SENT, fact(o.OrderRejected, code="NO", message="no")), Status.REJECTED),
        ((*SENT, fact(o.OrderFilled, quantity=Decimal(4))), Status.PARTIALLY_FILLED),
        ((*SENT, fact(o.OrderFilled, quantity=Decimal(4)), fact(o.OrderAccepted)), Status.PARTIALLY_FILLED),
        ((*SENT, fact(o.OrderFilled), UNKNOWN), Status.FILLED),
        ((*SENT, fact(o.OrderFilled), fact(o.OrderCanceled)), Status.FILLED),
        ((*SENT, fact(o.OrderCanceled), fact(o.OrderFilled)), Status.CANCELED),
        ((*SENT, fact(o.OrderExpired)), Status.EXPIRED),
    ],
)
def test_states(events: tuple[Any, ...], status: Status) -> None:
    assert fold(*events).status is status


@pytest.mark.parametrize(
    "events",
    [
        (approved(),),
        (requested(), requested()),
        (requested(), started()),
        (requested(), denied(), approved()),
        (*SENT, approved()),
        (*SENT, started()),
        (*SENT, denied()),
        (*SENT, o.OrderCanceledLocally(order=ORDER, reason="")),
        (*SENT, o.OrderLapsed(order=ORDER, reason="")),
        (*SENT, fact(o.OrderFilled), NEVER),
    ],
)
def test_a_decision_that_the_table_does_not_list_is_an_error(events: tuple[Any, ...]) -> None:
    with pytest.raises(TransitionError):
        fold(*events)


def test_a_gap_in_the_versions_is_an_error() -> None:
    order = fold(requested())

    with pytest.raises(TransitionError, match="version 3 after 1"):
        evolve(order, stored(new(approved()), pos=2, version=3), approved())


def test_a_fill_after_cancel_is_booked() -> None:
    order = fold(*SENT, fact(o.OrderCanceled), fact(o.OrderFilled, quantity=Decimal(3)))

    assert (order.status, order.filled, order.anomaly) == (Status.CANCELED, Decimal(3), "")


def test_an_overfill_is_booked_and_named() -> None:
    order = fold(*SENT, fact(o.OrderFilled), fact(o.OrderFilled, quantity=Decimal(1), execution="E2"))

    assert order.filled == Decimal(11)
    assert "11 of 10" in order.anomaly


def test_a_fact_of_what_was_never_sent_is_booked_and_named() -> None:
    order = fold(requested(), fact(o.OrderFilled))

    assert order.filled == Decimal(10)
    assert "not sent" in order.anomaly


def test_never_arrived_opens_a_new_attempt_that_needs_a_new_approval() -> None:
    order = fold(*SENT, UNKNOWN, NEVER)

    assert (order.status, order.attempt, order.client_order_id) == (Status.REQUESTED, 2, None)


def test_bust_and_correction_restate_the_totals() -> None:
    corrected = fold(
        *SENT,
        fact(o.OrderFilled),
        fact(
            o.FillCorrected,
            revision=1,
            replaces=0,
            quantity=Decimal(8),
            price=Decimal(101),
            old_quantity=Decimal(10),
            old_price=Decimal(100),
            old_fee=Decimal(0),
        ),
    )
    busted = fold(*SENT, fact(o.OrderFilled, quantity=Decimal(4)), fact(o.FillBusted, quantity=Decimal(4), revision=1))

    assert (corrected.filled, corrected.filled_value) == (Decimal(8), Decimal(808))
    assert (busted.filled, busted.filled_value) == (Decimal(0), Decimal(0))


def test_every_order_event_has_a_row_and_every_row_an_event() -> None:
    types = {name for name, row in EVENT_TYPES.items() if row.stream == "order-"} - {"OrderRequested"}

    assert set(TRANSITIONS) == types


def test_states_are_open_or_terminal() -> None:
    assert frozenset(Status) == OPEN | TERMINAL
    assert not OPEN & TERMINAL


FACTS = (
    fact(o.OrderAccepted),
    fact(o.OrderFilled, quantity=Decimal(6)),
    fact(o.OrderFilled, quantity=Decimal(4), execution="E2"),
)


@pytest.mark.parametrize("order", list(permutations(FACTS)))
def test_facts_converge_in_any_order(order: tuple[Any, ...]) -> None:
    assert fold(*SENT, *order).status is Status.FILLED


@given(
    st.lists(
        st.sampled_from(
            [
                fact(o.OrderAccepted),
                fact(o.OrderRejected, code="X", message=""),
                fact(o.OrderFilled, quantity=Decimal(1)),
                fact(o.OrderCanceled),
                fact(o.OrderExpired),
                UNKNOWN,
                CANCEL,
            ]
        ),
        max_size=8,
    ),
    st.integers(1, 3),
)
def test_facts_are_accepted_in_every_state_and_a_terminal_state_stays(facts: list[Any], sent: int) -> None:
    order = fold(*SENT[:sent])
    ended: Status | None = None
    for number, data in enumerate(facts, sent + 1):
        order = evolve(order, stored(new(data, key=str(number)), pos=number, version=number), data)
        assert ended is None or order.status is ended
        ended = order.status if order.status in TERMINAL else None
        assert order.leaves >= 0
    if sent < 3:
        assert order.status in UNSENT
