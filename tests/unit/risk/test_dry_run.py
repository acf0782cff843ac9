"""A dry run: what passes every other check is denied last of all, with all of it on record, and nothing is approved."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.risk.builders import MINUTE, NOW, SECOND, Log
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Event
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.vocabulary import CheckResult
from tradewire.settings import Account, Settings
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.counterfactual.replay import Replay
from tradewire_risk.domain.counterfactual.report import Report, Tally
from tradewire_risk.domain.flatten import due_closes
from tradewire_risk.domain.profile import Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.replacing import decide_replacement
from tradewire_risk.domain.standing import standing
from tradewire_risk.domain.what_if import what_if
from tradewire_risk.settings import setup_of

WORDS = "paper is on a dry run, so nothing is sent; to trade, set accounts.paper.dry_run to false."


def setup(*, dry_run: bool = True, live: bool = False) -> Setup:
    """The account `paper` on a dry run or not, and `second`, which never is."""
    return setup_of(Settings(accounts={"paper": Account(dry_run=dry_run, live=live), "second": Account()}))


def dry(**limits: str) -> Log:
    return Log(setup(), limits=limits or None)


def begin_dry_run(log: Log) -> None:
    """Starts risk again with the setting, at the same log."""
    log.state.setup = replace(setup(), build=log.state.setup.build)


def row(data: o.OrderApproved | o.OrderDenied | o.OrderHeld, name: str) -> CheckResult:
    (found,) = [check for check in data.every_check() if check.name == name]
    return found


def test_an_order_that_would_be_sent_is_denied_last_of_all_with_every_check_on_record() -> None:
    on, off = dry(), Log(setup(dry_run=False))
    denied, approved = on.decide(on.request("s")), off.decide(off.request("s"))

    assert isinstance(denied.data, o.OrderDenied)
    assert (denied.reason, denied.data.reason, denied.data.message) == (Reason.DRY_RUN, "DRY_RUN", WORDS)
    assert isinstance(approved.data, o.OrderApproved)
    assert CHECKS[-1].name == "dry_run"
    assert row(denied.data, "dry_run") == CheckResult("dry_run", "true", "false", False)
    assert [check for check in denied.data.every_check() if check.name != "dry_run"] == [
        check for check in approved.data.every_check() if check.name != "dry_run"
    ]
    assert (denied.data.quotes, denied.data.limits) == (approved.data.quotes, approved.data.limits)
    assert denied.command.guards == approved.command.guards


def test_the_setting_is_the_accounts_own_and_is_off_unless_it_is_said() -> None:
    log = dry()
    assert log.decide(log.request("s", account="second")).reason is None
    assert not setup_of(Settings()).accounts["paper"].dry_run


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"quantity": "100"}, Reason.DRY_RUN),
        ({"quantity": "100.01"}, Reason.NOTIONAL_ABOVE_MAX),
        ({"symbol": "MSFT"}, Reason.PRICE_MISSING),
        ({"signal_time": NOW - MINUTE}, Reason.SIGNAL_STALE),
    ],
)
def test_what_fails_another_check_is_denied_for_that(fields: dict[str, Any], reason: Reason) -> None:
    log = dry()
    decided = log.decide(log.request("s", **fields))
    assert decided.reason is reason
    assert not row(decided.data, "dry_run").passed


@pytest.mark.parametrize(("most", "reason"), [("2", Reason.DRY_RUN), ("1", Reason.ORDER_COUNT_DAILY_MAX)])
def test_the_check_right_before_it_comes_first(most: str, reason: Reason) -> None:
    log = Log(setup(dry_run=False))
    log.set_limits({"max_orders_per_day": most}, "account.paper")
    log.approve("before")
    begin_dry_run(log)
    assert log.decide(log.request("s", quantity="9")).reason is reason


@pytest.mark.parametrize(
    "fields",
    [
        {"side": "sell", "reduce_only": True},
        {"side": None, "quantity": None},
        {"side": None, "action": "reduce"},
    ],
)
def test_exits_are_denied_as_well(fields: dict[str, Any]) -> None:
    log = dry()
    log.hold("10")
    assert log.decide(log.request("s", **fields)).reason is Reason.DRY_RUN


def test_nothing_is_reserved_for_what_is_not_sent() -> None:
    log = dry(max_position_value="1000", max_orders_per_day="1")
    log.request("a")
    log.request("b", quantity="9")
    assert [each.reason for each in log.run()] == [Reason.DRY_RUN, Reason.DRY_RUN]
    assert not log.state.orders.exposures.at(("paper", "AAPL")).open
    assert log.state.orders.requested == {}


@pytest.mark.parametrize(
    ("live", "quantity", "approval"),
    [
        (False, "5", CheckResult("approval", "500", "500", True)),
        (False, "6", CheckResult("approval", "600", "500", False)),
        (True, "5", CheckResult("approval", "500", "first live order", False)),
    ],
)
def test_nobody_is_asked_and_it_is_told_who_would_have_been(live: bool, quantity: str, approval: CheckResult) -> None:
    log = Log(setup(live=live), limits={"approval_threshold": "500", "allowed_symbols": "AAPL"})
    decided = log.decide(log.request("s", quantity=quantity))
    assert decided.reason is Reason.DRY_RUN
    assert row(decided.data, "approval") == approval
    other = log.decide(log.request("t", quantity=quantity, symbol="MSFT"))
    assert "approval" not in {check.name for check in other.data.every_check()}


def test_an_order_that_a_person_lets_pass_after_the_dry_run_began_is_denied() -> None:
    log = Log(setup(dry_run=False), limits={"approval_threshold": "500"})
    order = log.request("s")
    assert [each.reason for each in log.run()] == [Reason.APPROVAL_REQUIRED]
    begin_dry_run(log)
    log.write(f"order-{order.order}", o.OrderApprovalGranted(order=order.order, by="anna", request="r"))
    assert [each.reason for each in log.run()] == [Reason.DRY_RUN]


def test_new_terms_of_what_works_already_are_denied() -> None:
    log = Log(setup(dry_run=False))
    order = log.approve("s", order_type="limit", limit_price=Decimal(90))
    log.submit(order)
    log.accept(order)
    begin_dry_run(log)
    asked = o.OrderReplaceRequested(order=order.order, by="strategy:momo", request="r-1", limit_price=Decimal(95))
    log.write(f"order-{order.order}", asked)
    command = decide_replacement(log.state, log.board, log.now)
    assert command is not None
    (event,) = command.events
    assert event.type == "OrderReplaceDenied"
    assert b'"reason":"DRY_RUN"' in bytes(event.data)


def test_a_wish_to_close_all_is_tried_once_for_the_record() -> None:
    log = dry()
    log.hold("10")
    log.write("account-paper", a.FlattenRequested(account="paper", by="person:anna", reason="enough", request="f-1"))
    for due in due_closes(log.state, log.now):
        log.append(due.command)
    assert [each.reason for each in log.run()] == [Reason.DRY_RUN]
    log.wait(MINUTE)
    assert due_closes(log.state, log.now) == []


def test_what_risk_would_do_with_a_signal_is_the_same() -> None:
    log = dry()
    asked = parse_signal("momo", b'{"id": "ask", "action": "buy", "symbol": "AAPL", "quantity": 10}')
    answer = what_if(log.state, log.board, log.now, asked, "paper")
    assert (answer.outcome, answer.reason, answer.message) == ("denied", "DRY_RUN", WORDS)
    assert (answer.side, answer.quantity, answer.value) == ("buy", Decimal(10), Decimal(1000))


def test_where_risk_stands_an_account_on_a_dry_run_is_named() -> None:
    log = dry()
    told = {each.account: each.dry_run for each in standing(log.state, log.now, "risk-1").accounts}
    assert told == {"paper": True, "second": False}


def replay(setup_now: Setup, events: list[Event], **limits: str) -> Report:
    engine = Replay(setup_now, {"global": limits})
    for event in events:
        engine.feed(event)
    return engine.finish()


@pytest.mark.parametrize("now", [True, False])
def test_decisions_are_made_again_as_they_were_whatever_the_setting_is_since(now: bool) -> None:
    """Whether it was a dry run is on the record of each decision."""
    log = Log(setup(dry_run=False), limits={"duplicate_window": "0s"}, price=None)
    log.cash("100000")
    log.quote("AAPL", "100")
    log.approve("sent")
    begin_dry_run(log)
    log.wait(SECOND)
    log.request("dry")
    assert [each.reason for each in log.run()] == [Reason.DRY_RUN]

    same = replay(setup(dry_run=now), log.events)
    assert (same.was, same.would) == (Tally(approved=1, denied=1), Tally(approved=1, denied=1))
    assert (same.changes, same.unreproduced, same.other_reason) == ((), (), 0)
    tighter = replay(setup(dry_run=now), log.events, max_order_value="500")
    assert (len(tighter.changes), tighter.unreproduced, tighter.other_reason) == (1, (), 1)
