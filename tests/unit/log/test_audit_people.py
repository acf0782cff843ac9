"""What the audit makes of what people say in a broker's place."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from tests.builders import ORDER, fact, new, stored
from tradewire import ids
from tradewire.domain.audit.findings import Report
from tradewire.domain.audit.money import MoneyAudit
from tradewire.domain.audit.orders import OrderAudit
from tradewire.domain.audit.people import PeopleAudit
from tradewire.domain.breaks import gap
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import Discrepancy

CASH = Discrepancy("cash", "USD", "10", "7")
BREAK = ids.derive("break", "paper", *gap(CASH), "5")


class Log:
    def __init__(self) -> None:
        self.report = Report([], {})
        self.money = MoneyAudit(self.report, OrderAudit(self.report, settled=False), {})
        self._people = PeopleAudit(self.report)
        self._pos = 0

    def add(self, data: Struct, writer: str = "ingest", stream: str = "account-paper") -> None:
        self._pos += 1
        event = stored(new(data, stream=stream), pos=self._pos, version=self._pos, writer=writer)
        self._people.feed(event, data)
        self.money.feed(event, data)

    def broke(self) -> None:
        data = a.ReconciliationBroken(account="paper", broker="paper", differences=(CASH,), epoch=1, since=(5,))
        self.add(data, "router")

    @property
    def broken(self) -> bool:
        return any(found.invariant == "R7" for found in self.report.violations)


def accepted(**changes: Any) -> a.BreakAccepted:
    told: dict[str, Any] = {"kind": "cash", "key": "USD", "ours": "10", "theirs": "7"}
    said = {"by": "person:anna", "reason": "the statement", "request": "r"}
    return a.BreakAccepted(**{"id": BREAK, "account": "paper", **told, **said, **changes})


def moved(**changes: Any) -> a.CashMoved:
    said: dict[str, Any] = {"by": "person:anna", "why": "the statement", "request": "r"}
    terms = {"account": "paper", "amount": Decimal(-3), "currency": "USD", "reason": "accepted"}
    return a.CashMoved(**{**terms, **said, **changes})


def resolved(**changes: Any) -> o.OrderResolved:
    said: dict[str, Any] = {"outcome": "canceled", "evidence": "its page", "by": "person:anna", "request": "r"}
    return o.OrderResolved(**{"order": ORDER, **said, **changes})


def test_an_accepted_break_and_its_booking_are_in_order() -> None:
    log = Log()
    log.broke()
    log.add(accepted())
    log.add(moved())
    assert (log.broken, log.report.tested["R7"]) == (False, 3)
    assert log.money.cash["paper", "USD"] == -3


@pytest.mark.parametrize("changes", [{"by": "router"}, {"by": ""}, {"reason": " "}, {"id": ORDER}])
def test_nobody_accepts_without_a_name_a_reason_and_a_break(changes: dict[str, Any]) -> None:
    log = Log()
    log.broke()
    log.add(accepted(**changes))
    assert log.broken


def test_a_break_is_accepted_once() -> None:
    log = Log()
    log.broke()
    log.add(accepted())
    assert not log.broken
    log.add(accepted(request="r-2"))
    assert log.broken


@pytest.mark.parametrize(("data", "writer"), [(moved(), "ingest"), (moved(), "router"), (moved(by=""), "ingest")])
def test_nothing_is_booked_for_a_person_who_has_not_asked(data: Struct, writer: str) -> None:
    log = Log()
    log.add(data, writer)
    assert log.broken


def test_what_a_broker_tells_needs_no_person() -> None:
    log = Log()
    log.add(a.CashMoved(account="paper", amount=Decimal(5), currency="USD", reason="dividend"), "router")
    assert not log.broken


def test_an_adoption_books_for_the_person_who_asked() -> None:
    log = Log()
    log.add(a.AdoptionRequested(account="paper", by="person:anna", reason="it was there", request="r"))
    came = a.PositionAdjusted(
        account="paper", symbol="KO", quantity=Decimal(7), price=Decimal(60), reason="opening",
        by="person:anna", why="it was there", request="r",
    )  # fmt: skip
    log.add(came, "router")
    assert not log.broken
    assert log.money.positions["paper", "KO"] == 7


@pytest.mark.parametrize(
    ("said", "then", "broken"),
    [
        (resolved(), fact(o.OrderCanceled, evidence="person:anna: its page"), False),
        (resolved(), fact(o.OrderFilled, evidence="person:anna: its page"), False),
        (resolved(), fact(o.OrderExpired, evidence="person:anna: its page"), True),
        (resolved(), fact(o.OrderCanceled, evidence="message"), True),
        (resolved(evidence=""), fact(o.OrderCanceled, evidence="person:anna: "), True),
        (resolved(by="risk"), fact(o.OrderCanceled, evidence="risk: its page"), True),
        (None, fact(o.OrderCanceled, evidence="person:anna: its page"), True),
    ],
)
def test_a_fact_by_ingest_is_what_a_person_has_stated(said: Struct | None, then: Struct, broken: bool) -> None:
    log = Log()
    if said is not None:
        log.add(said, stream=f"order-{ORDER}")
    log.add(then, stream=f"order-{ORDER}")
    assert log.broken is broken


def test_positions_and_cash_follow_a_corporate_action() -> None:
    log = Log()
    log.add(fact(o.OrderFilled), "router", f"order-{ORDER}")
    action = a.CorporateAction(
        account="paper", symbol="AAPL", kind="split", ratio=Decimal(2), quantity=Decimal(-1), cash=Decimal("3.5")
    )
    log.add(action, "router")
    assert log.money.positions["paper", "AAPL"] == 19
    assert log.money.cash["paper", "USD"] == Decimal("-996.5")
