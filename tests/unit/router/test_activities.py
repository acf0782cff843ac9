"""What happened beside executions, as events."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.unit.router.builders import TELLER
from tradewire.domain.positions import Action
from tradewire.messages.account_events import CashMoved, CorporateAction, PositionAdjusted
from tradewire.messages.registry import EVENT_TYPES
from tradewire_router.brokers.values import Activity
from tradewire_router.domain.activities import booked

D = Decimal


def activity(kind: Any, **fields: Any) -> Activity:
    return Activity(**{"account": "paper", "activity": "A1", "kind": kind, "at": 9, **fields})


def said(told: Activity, held: str = "0", price: str | None = None, traded: str = "0") -> list[Any]:
    events = booked(TELLER, told, D(held), D(price) if price else None, D(traded))
    return [msgspec.json.decode(event.data, type=EVENT_TYPES[event.type].struct) for event in events]


@pytest.mark.parametrize("kind", ["dividend", "interest", "fee", "tax", "deposit", "withdrawal", "other"])
def test_cash_keeps_its_reason_and_the_brokers_id(kind: Any) -> None:
    [cash] = said(activity(kind, amount=D("-1.25"), symbol="KO", currency="EUR", text="why"))
    assert cash == CashMoved(
        account="paper", amount=D("-1.25"), currency="EUR", reason=kind, broker="paper", activity="A1", symbol="KO",
        at=9, why="why",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("told", "held", "ratio", "quantity"),
    [
        ({"ratio": D(2), "quantity": D(10)}, "10", "2", "0"),
        ({"ratio": D(2)}, "10", "2", "0"),
        ({"quantity": D(10)}, "10", "2", "0"),
        # 5 more were bought since: the broker's change is booked, and no more.
        ({"ratio": D(2), "quantity": D(10)}, "15", "2", "-5"),
        ({"quantity": D(-67)}, "100", "0.33", "0"),
        ({"quantity": D(-2)}, "3", "0.333333333333", "0.000000000001"),
        # The log has none of it: what the broker has more is booked as it is.
        ({"ratio": D(2), "quantity": D(10)}, "0", "2", "10"),
        ({"quantity": D(10)}, "0", "1", "10"),
        ({"quantity": D(-20)}, "10", "1", "-20"),
        ({"ratio": D(-2), "quantity": D(10)}, "10", "2", "0"),
    ],
)
def test_a_split_changes_the_holding_by_what_the_broker_says(
    told: dict[str, Any], held: str, ratio: str, quantity: str
) -> None:
    [split] = said(activity("split", symbol="KO", **told), held)
    assert isinstance(split, CorporateAction)
    assert (split.ratio, split.quantity, split.kind, split.activity) == (D(ratio), D(quantity), "split", "A1")
    after = Action(split.ratio, split.quantity, D(0), 0, "").after(D(held))
    assert after == D(held) + told.get("quantity", D(held))


@pytest.mark.parametrize(
    ("held", "traded", "ratio", "quantity", "at"),
    [
        # 10 were three times as many before anything was traded at the new quantity.
        ("4", "-6", "3", "12", 9),
        ("15", "5", "3", "-10", 9),
        ("-20", "-30", "3", "60", 9),
        ("0", "-10", "3", "20", 9),
        # All of it came on that day, and the broker does not say at what time: it was split all the same.
        ("10", "10", "3", "0", TELLER.now),
        ("0", "0", "1", "20", 9),
    ],
)
def test_the_ratio_of_a_split_that_comes_late_is_that_of_what_was_held_then(
    held: str, traded: str, ratio: str, quantity: str, at: int
) -> None:
    [split] = said(activity("split", symbol="KO", quantity=D(20)), held, traded=traded)
    assert (split.ratio, split.quantity, split.at) == (D(ratio), D(quantity), at)
    assert Action(split.ratio, split.quantity, D(0), 0, "").after(D(held)) == D(held) + 20


@pytest.mark.parametrize("kind", ["stock_dividend", "spin_off", "merger"])
def test_shares_that_cost_nothing_come_with_their_cash(kind: Any) -> None:
    [action] = said(activity(kind, symbol="KO", quantity=D(3), amount=D("0.4")), "10")
    assert (action.ratio, action.quantity, action.cash, action.kind) == (1, 3, D("0.4"), kind)


@pytest.mark.parametrize(
    ("told", "price", "expected"), [(D(50), "40", "50"), (None, "40", "40"), (None, None, "0"), (D(0), "40", "0")]
)
def test_a_transfer_comes_at_the_price_that_is_known(told: Decimal | None, price: str | None, expected: str) -> None:
    [moved] = said(activity("transfer", symbol="KO", quantity=D(-3), price=told), "10", price)
    assert type(moved) is PositionAdjusted
    assert (moved.price, moved.reason, moved.by) == (D(expected), "transfer", "")
    assert moved.quantity == -3


def test_a_transfer_may_bring_cash_too_and_nothing_is_no_event() -> None:
    told = activity("transfer", symbol="KO", quantity=D(3), amount=D(7))
    assert [type(each) for each in said(told)] == [CashMoved, PositionAdjusted]
    assert said(activity("other")) == []


def test_the_same_activity_has_the_same_ids() -> None:
    first, again = (booked(TELLER, activity("fee", amount=D(-1)), D(held), None) for held in ("0", "5"))
    assert [each.event_id for each in first] == [each.event_id for each in again]
    other = booked(TELLER, activity("fee", amount=D(-1), activity="A2"), D(0), None)
    assert first[0].event_id != other[0].event_id
