"""Orders for money, and exits that go with their entry: when they may be sent, when they end, and what is too much."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import approved, fact, requested, started
from tests.unit.orders.test_orders import fold
from tradewire.domain.orders import Status
from tradewire.errors import TransitionError
from tradewire.messages import order_events as o

EXIT = requested(parent="entry", reduce_only=True, side="sell")
EXIT_SENT = (EXIT, started(head="head"))
MONEY = (requested(), approved(notional=Decimal(1000)), started())
SOLD: dict[str, Any] = {"side": "sell"}


def test_an_exit_is_sent_under_the_approval_of_its_entry() -> None:
    order = fold(*EXIT_SENT)
    assert (order.status, order.parent, order.head) == (Status.SUBMITTING, "entry", "head")


@pytest.mark.parametrize("events", [(EXIT, started()), (requested(), started(head="head"))])
def test_nothing_else_is_sent_without_an_approval(events: tuple[Any, ...]) -> None:
    with pytest.raises(TransitionError, match="without an approval"):
        fold(*events)


def test_an_exit_that_shares_with_another_is_complete_when_the_venue_says_so() -> None:
    part = (*EXIT_SENT, fact(o.OrderAccepted), fact(o.OrderFilled, quantity=Decimal(6), **SOLD))
    assert fold(*part).status is Status.PARTIALLY_FILLED
    done = fold(*part, fact(o.OrderCompleted))
    assert (done.status, done.filled, done.leaves) == (Status.FILLED, Decimal(6), Decimal(0))


def test_money_is_spent_when_the_venue_says_so_at_whatever_quantity() -> None:
    bought = (*MONEY, fact(o.OrderFilled, quantity=Decimal(10), price=Decimal(99)))
    assert fold(*bought).status is Status.PARTIALLY_FILLED
    more = fold(*bought, fact(o.OrderFilled, quantity=Decimal("0.1"), price=Decimal(100), execution="E2"))
    assert (more.filled, more.anomaly) == (Decimal("10.1"), "")
    assert fold(*bought, fact(o.OrderCompleted)).status is Status.FILLED


def test_more_money_than_was_meant_is_booked_and_named() -> None:
    within = fold(*MONEY, fact(o.OrderFilled, quantity=Decimal(10), price=Decimal("100.001")))
    assert within.anomaly == ""
    above = fold(*MONEY, fact(o.OrderFilled, quantity=Decimal(10), price=Decimal("100.01")))
    assert above.anomaly == "filled 1000.10 of 1000 in money"


def test_completion_moves_nothing_that_has_ended() -> None:
    assert fold(*EXIT_SENT, fact(o.OrderCanceled), fact(o.OrderCompleted)).status is Status.CANCELED
