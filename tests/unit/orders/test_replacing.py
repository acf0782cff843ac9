"""New terms of an order on their way: asked for, approved, sent, in force or refused, and what counts meanwhile."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import ORDER, approved, fact, requested, started
from tests.unit.orders.test_orders import fold
from tradewire.domain.orders import Status
from tradewire.errors import TransitionError
from tradewire.messages import order_events as o

TERMS: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90)}
WORKING = (
    requested(**TERMS),
    approved(**TERMS, unit_value=Decimal(90), cost=Decimal(900)),
    started(),
    fact(o.OrderAccepted),
)


def asked(request: str = "r-1", **terms: Any) -> o.OrderReplaceRequested:
    return o.OrderReplaceRequested(order=ORDER, by="strategy:momo", request=request, **terms)


def allowed(**terms: Any) -> o.OrderReplaceApproved:
    grounds: dict[str, Any] = {"attempt": 1, "state_pos": 1, "checks": (), "limits": {}, "control": {}}
    return o.OrderReplaceApproved(order=ORDER, expires_at=9, request="r-1", **grounds, **terms)


def denied() -> o.OrderReplaceDenied:
    grounds: dict[str, Any] = {"attempt": 1, "state_pos": 1, "checks": (), "limits": {}, "control": {}}
    return o.OrderReplaceDenied(order=ORDER, reason="NO", message="no", request="r-1", **grounds)


SENT = o.OrderReplaceStarted(order=ORDER, attempt=1, client_order_id="new", epoch=1, revision=1)
MORE: dict[str, Any] = {"quantity": Decimal(20), "limit_price": Decimal(95)}
ON_ITS_WAY = (*WORKING, asked(**MORE), allowed(**MORE, unit_value=Decimal(95), cost=Decimal(1900)), SENT)


def in_force(**more: Any) -> Any:
    return fact(o.OrderReplaced, client_order_id="new", broker_order_id="B2", revision=1, **{**MORE, **more})


def test_while_they_are_on_their_way_the_larger_of_both_counts() -> None:
    order = fold(*WORKING, asked(**MORE))
    assert (order.leaves, order.unit_value, order.limit_price) == (Decimal(10), Decimal(90), Decimal(90))
    order = fold(*ON_ITS_WAY)
    assert order.replacing is not None
    assert (order.replacing.stage, order.replacing.client_order_id, order.revision) == ("started", "new", 1)
    assert (order.leaves, order.unit_value, order.cost) == (Decimal(20), Decimal(95), Decimal(1900))
    assert (order.quantity, order.limit_price, order.client_order_id) == (
        Decimal(10),
        Decimal(90),
        started().client_order_id,
    )


def test_smaller_terms_free_nothing_before_they_are_in_force() -> None:
    less: dict[str, Any] = {"quantity": Decimal(4), "limit_price": Decimal(80)}
    values = {"unit_value": Decimal(80), "cost": Decimal(320)}
    before = fold(*WORKING, asked(**less), allowed(**less, **values), SENT)
    assert (before.leaves, before.unit_value, before.cost) == (Decimal(10), Decimal(90), Decimal(900))
    after = fold(*WORKING, asked(**less), allowed(**less, **values), SENT, in_force(**less))
    assert (after.leaves, after.unit_value, after.cost) == (Decimal(4), Decimal(80), Decimal(320))


def test_in_force_the_order_goes_by_its_new_names_and_terms() -> None:
    order = fold(*ON_ITS_WAY, in_force())
    assert (order.status, order.replacing) == (Status.WORKING, None)
    assert (order.client_order_id, order.broker_order_id) == ("new", "B2")
    assert (order.quantity, order.limit_price, order.cost) == (Decimal(20), Decimal(95), Decimal(1900))


def test_refused_the_order_is_as_it_was() -> None:
    refused = fact(o.OrderReplaceRejected, revision=1, code="NO", message="no")
    order = fold(*ON_ITS_WAY, refused)
    before = fold(*WORKING)
    same = ("status", "quantity", "limit_price", "unit_value", "cost", "client_order_id", "leaves", "replacing")
    assert [getattr(order, name) for name in same] == [getattr(before, name) for name in same]
    assert order.revision == 1  # the name is used up


def test_denied_nothing_has_changed() -> None:
    order = fold(*WORKING, asked(**MORE), denied())
    assert (order.replacing, order.limit_price, order.status) == (None, Decimal(90), Status.WORKING)


def test_newer_terms_take_the_place_of_older_ones_that_nobody_decided_and_wait_for_those_that_are_sent() -> None:
    order = fold(*WORKING, asked("r-1", **MORE), asked("r-2", limit_price=Decimal(91)))
    assert order.replacing is not None
    assert (order.replacing.request, order.replacing.quantity, order.replacing.limit_price) == (
        "r-2",
        Decimal(20),
        Decimal(91),
    )
    order = fold(*ON_ITS_WAY, asked("r-2", limit_price=Decimal(91)), asked("r-3", quantity=Decimal(7)))
    assert order.replacing is not None
    assert order.replacing.request == "r-1"
    order = fold(*ON_ITS_WAY, asked("r-2", limit_price=Decimal(91)), asked("r-3", quantity=Decimal(7)), in_force())
    assert order.replacing is not None
    assert (order.replacing.stage, order.replacing.request) == ("requested", "r-3")
    assert (order.replacing.quantity, order.replacing.limit_price, order.next_replacement) == (
        Decimal(7),
        Decimal(91),
        None,
    )


@pytest.mark.parametrize(
    "events",
    [
        (*WORKING, allowed(**MORE)),
        (*WORKING, denied()),
        (*WORKING, SENT),
        (*WORKING, asked(**MORE), SENT),
        (*WORKING, asked(**MORE), allowed(**MORE), allowed(**MORE)),
        (*ON_ITS_WAY, SENT),
        (requested(), asked(**MORE), allowed(**MORE)),
    ],
)
def test_no_step_is_left_out(events: tuple[Any, ...]) -> None:
    with pytest.raises(TransitionError):
        fold(*events)


def test_fills_on_the_way_are_booked_and_too_many_are_named() -> None:
    part = fold(*ON_ITS_WAY, fact(o.OrderFilled, quantity=Decimal(6)), in_force())
    assert (part.status, part.filled, part.leaves) == (Status.PARTIALLY_FILLED, Decimal(6), Decimal(14))
    less = in_force(quantity=Decimal(6))
    whole = fold(*ON_ITS_WAY, fact(o.OrderFilled, quantity=Decimal(6)), less)
    assert (whole.status, whole.anomaly) == (Status.FILLED, "")
    over = fold(*ON_ITS_WAY, fact(o.OrderFilled, quantity=Decimal(8)), less)
    assert (over.status, over.anomaly) == (Status.FILLED, "filled 8 of 6")


def test_fills_under_larger_terms_that_the_log_does_not_show_in_force_yet_are_not_too_many() -> None:
    early = (*ON_ITS_WAY, fact(o.OrderFilled, client_order_id="new", quantity=Decimal(10)))
    assert (fold(*early).status, fold(*early).leaves) == (Status.PARTIALLY_FILLED, Decimal(10))
    all_of_it = (*early, fact(o.OrderFilled, client_order_id="new", quantity=Decimal(10), execution="E2"))
    assert (fold(*all_of_it).status, fold(*all_of_it).anomaly) == (Status.FILLED, "")
    over = fold(*all_of_it, fact(o.OrderFilled, quantity=Decimal(1), execution="E3"))
    assert over.anomaly == "filled 21 of 20"
    refused = fact(o.OrderReplaceRejected, revision=1, code="NO", message="no")
    assert fold(*early, refused).status is Status.FILLED
    assert fold(*early, in_force()).status is Status.PARTIALLY_FILLED


def test_what_is_asked_of_an_order_that_has_ended_changes_nothing() -> None:
    order = fold(*WORKING, fact(o.OrderCanceled), asked(**MORE))
    assert (order.status, order.replacing) == (Status.CANCELED, None)
