"""What the audit makes of switches and limits."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct

from tests.builders import ORDER, approved, new, requested, started, stored
from tradewire.domain.audit.findings import Report
from tradewire.domain.audit.money import MoneyAudit
from tradewire.domain.audit.orders import OrderAudit
from tradewire.messages.account_events import Halted, LimitProposed, LimitSet
from tradewire.messages.order_events import OrderApprovalGranted, OrderHeld
from tradewire.messages.vocabulary import QuoteUsed

TERMS: dict[str, Any] = {"scope": "global", "by": "person:anna", "reason": "test", "request": "r"}


class Log:
    """Feeds events to the audit, as they would lie in a log."""

    def __init__(self) -> None:
        self.report = Report([], {})
        self._orders = OrderAudit(self.report, settled=False)
        self._money = MoneyAudit(self.report, self._orders, {})
        self._versions: dict[str, int] = {}
        self._pos = 0

    def add(self, data: Struct, stream: str = f"order-{ORDER}") -> None:
        self._pos += 1
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        event = stored(new(data, stream=stream), pos=self._pos, version=version)
        for part in (self._orders, self._money):
            part.feed(event, data)

    def broken(self) -> set[str]:
        """The invariants that did not hold."""
        return {violation.invariant for violation in self.report.violations}


@pytest.mark.parametrize(
    ("scope", "halted"), [("broker.paper", True), ("account.paper", True), ("broker.other", False)]
)
def test_nothing_is_submitted_after_a_halt_of_its_broker(scope: str, halted: bool) -> None:
    log = Log()
    log.add(requested())
    log.add(approved())
    log.add(Halted(scope=scope, level="HALT", by="person:anna", reason="", request="r"), f"control-{scope}")
    log.add(started())

    assert ("O3" in log.broken()) is halted


@pytest.mark.parametrize(
    ("approver", "sender", "broken"),
    [("1.0+a", "1.0+a", False), ("", "", False), ("1.0+a", "1.0+b", True), ("", "1.0+b", True), ("1.0+a", "", True)],
)
def test_nothing_is_submitted_after_an_approval_of_another_build(approver: str, sender: str, broken: bool) -> None:
    log = Log()
    log.add(requested())
    log.add(approved(build=approver))
    log.add(started(build=sender))

    assert log.report.tested["O10"] == 1
    assert ("O10" in log.broken()) is broken


def test_a_proposal_changes_no_limits_and_takes_a_version() -> None:
    log = Log()
    for data in (
        LimitSet(limits={"max_position_value": "500"}, old={}, **TERMS),
        LimitProposed(limits={"max_position_value": "5000"}, old={"max_position_value": "500"}, **TERMS),
    ):
        log.add(data, "limits-global")
    log.add(requested())
    quote = QuoteUsed("AAPL", Decimal(100), 1, "quote")
    log.add(approved(limits={"global": 2}, quotes=(quote,)))
    assert log.broken() == {"R1"}

    log.add(
        LimitSet(limits={"max_position_value": "5000"}, old={"max_position_value": "500"}, **TERMS), "limits-global"
    )
    assert log.report.tested["R3"] == 2
    assert log.broken() == {"R1"}


def test_a_limit_that_was_lifted_by_name_lets_every_position_pass() -> None:
    log = Log()
    log.add(LimitSet(limits={"max_position_value": "none"}, old={}, **TERMS), "limits-global")
    log.add(requested())
    log.add(approved(price=Decimal(100)))

    assert log.report.tested["R1"] == 1
    assert log.broken() == set()


@pytest.mark.parametrize(
    ("by", "alone", "broken"),
    [
        ("person:anna", False, {"R5"}),
        ("person:anna", True, set()),
        ("person:anna", None, set()),
        ("person:bob", False, set()),
    ],
)
def test_nobody_approves_an_own_order_unless_alone(by: str, alone: bool | None, broken: set[str]) -> None:
    log, held = (
        Log(),
        OrderHeld(
            order=ORDER,
            attempt=1,
            state_pos=1,
            checks=approved().checks,
            limits={"global": 1},
            control={},
            reason="X",
            deadline=60_000_000,
        ),
    )
    log.add(requested(strategy="manual", identity="person:anna"))
    log.add(held)
    log.add(OrderApprovalGranted(order=ORDER, by=by, request="r", alone=alone))

    assert log.report.tested["R5"] == 1
    assert log.broken() == broken
