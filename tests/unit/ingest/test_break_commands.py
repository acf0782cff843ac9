"""Differences that a person accepts, and accounts that one adopts."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ingest.building import NOW, Log, stored
from tests.unit.ingest.commanding import ANNA, BOB, answered, carry_out, done, planned
from tradewire import ids
from tradewire.messages import account_events as a
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Discrepancy
from tradewire.settings import Account

CASH = Discrepancy("cash", "USD", "10", "7.5")
HELD = Discrepancy("position", "KO", "0", "-3")
ABSENT = Discrepancy("order", "c1", "working", "absent")
CLOSED = Discrepancy("order", "c2", "canceled", "accepted")
FILLED = Discrepancy("fill", "c3", "1", "2")
PERSON = {"by": "person:anna", "reason": "the statement", "request": "r-1"}


def broken(log: Log, *found: Discrepancy, **more: Any) -> list[str]:
    """Puts differences on record; returns the breaks' ids, in the same order."""
    data = a.ReconciliationBroken(
        account="paper", broker="paper", differences=found, epoch=1, since=tuple(range(1, len(found) + 1)), **more
    )
    log.add("account-paper", data)
    return list(log.state.breaks.of("paper").breaks)


def mended(log: Log) -> None:
    log.add(
        "account-paper",
        a.ReconciliationMended(account="paper", broker="paper", state_pos=1, orders=0, executions=0, epoch=1),
    )


async def test_cash_is_booked_by_the_gap() -> None:
    log = Log()
    [found] = broken(log, CASH)
    accepted, moved = planned(await carry_out(log, "accept", difference=found[:8], reason="the statement"))
    assert (accepted.stream, accepted.version) == (f"break-{found}", 1)
    assert stored(accepted) == a.BreakAccepted(
        id=found, account="paper", kind="cash", key="USD", ours="10", theirs="7.5", **PERSON
    )
    assert (moved.stream, moved.version) == ("account-paper", None)
    assert stored(moved) == a.CashMoved(
        account="paper", amount=Decimal("-2.5"), currency="USD", reason="accepted", broker="paper", by="person:anna",
        why="the statement", request="r-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("known", "given", "price"), [("60", "", "60"), ("60", "61.5", "61.5"), (None, "0", "0"), ("60", "0", "0")]
)
async def test_a_position_is_booked_at_the_price_that_is_known(known: str | None, given: str, price: str) -> None:
    log = Log()
    [found] = broken(log, HELD, prices={"KO": Decimal(known)} if known else {})
    _, adjusted = planned(await carry_out(log, "accept", difference=found, reason="the statement", price=given))
    assert stored(adjusted) == a.PositionAdjusted(
        account="paper", symbol="KO", quantity=Decimal(-3), price=Decimal(price), reason="accepted", broker="paper",
        by="person:anna", why="the statement", request="r-1",
    )  # fmt: skip


async def test_a_position_without_a_price_needs_one() -> None:
    log = Log()
    [found] = broken(log, HELD)
    reply = answered(await carry_out(log, "accept", difference=found, reason="x"))
    assert (reply.code, reply.field) == ("MISSING_FIELD", "price")
    assert reply.message == "position KO of paper: log 0, broker -3: nobody says what a unit was worth"


@pytest.mark.parametrize("told", [CLOSED, FILLED])
async def test_what_moves_nothing_is_only_accepted(told: Discrepancy) -> None:
    log = Log()
    [found] = broken(log, told)
    [accepted] = planned(await carry_out(log, "accept", difference=found, reason="x"))
    assert stored(accepted).kind == told.kind
    log.append(accepted)
    assert log.state.breaks.of("paper").passes(told)
    assert not log.state.breaks.of("paper").passes(Discrepancy(told.kind, told.key, told.ours, f"{told.theirs}1"))


async def test_an_order_that_the_broker_does_not_know_is_resolved_and_not_accepted() -> None:
    log = Log()
    [found] = broken(log, ABSENT)
    reply = answered(await carry_out(log, "accept", difference=found, reason="x"))
    assert (reply.code, "tradewire resolve" in reply.expected) == ("NOT_ALLOWED", True)


@pytest.mark.parametrize("told", [CASH, CLOSED, FILLED])
async def test_a_price_without_a_position_is_refused(told: Discrepancy) -> None:
    log = Log()
    [found] = broken(log, told)
    reply = answered(await carry_out(log, "accept", difference=found, reason="x", price="5"))
    assert (reply.code, reply.field) == ("INVALID_FIELD", "price")


async def test_nobody_accepts_twice_and_the_second_is_told_who_did() -> None:
    log = Log()
    [found, _] = broken(log, CASH, HELD)
    await done(log, "accept", difference=found, reason="the statement")
    again = answered(await carry_out(log, "accept", BOB, difference=found, reason="x", request="r-2"))
    assert (again.code, again.message) == ("NO_BREAK", "cash USD of paper was accepted by person:anna: the statement")
    same = answered(await carry_out(log, "accept", difference=found, reason="the statement"))
    assert (same.ok, same.code) == (True, "OK")
    other = answered(await carry_out(log, "accept", difference=found, reason="another"))
    assert other.code == "IDEMPOTENCY_CONFLICT"


async def test_a_break_that_is_gone_or_another_now_is_not_accepted() -> None:
    log = Log()
    [found] = broken(log, CASH)
    [after] = broken(log, Discrepancy("cash", "USD", "10", "8"))
    assert answered(await carry_out(log, "accept", difference=found, reason="x")).code == "NO_BREAK"
    mended(log)
    assert answered(await carry_out(log, "accept", difference=after, reason="x")).code == "NO_BREAK"


async def test_both_sides_may_trade_on_and_the_break_stays_the_same() -> None:
    log = Log()
    [found] = broken(log, CASH)
    [same] = broken(log, Discrepancy("cash", "USD", "110", "107.5"))
    assert found == same


async def test_the_beginning_of_several_ids_is_not_enough() -> None:
    log = Log()
    found = broken(log, *(Discrepancy("cash", f"C{number}", "0", "1") for number in range(600)))
    beginnings = [each[:4] for each in found]
    twice = next(each for each in beginnings if beginnings.count(each) > 1)
    reply = answered(await carry_out(log, "accept", difference=twice, reason="x"))
    assert (reply.code, reply.expected) == ("AMBIGUOUS_BREAK", "more of the break's id")


async def test_an_account_is_adopted_while_nothing_was_agreed_on() -> None:
    log = Log()
    broken(log, HELD)
    [event] = planned(await carry_out(log, "adopt", account="paper", reason="it was there"))
    assert stored(event) == a.AdoptionRequested(account="paper", by="person:anna", reason="it was there", request="r-1")
    log.append(event)
    waiting = answered(await carry_out(log, "adopt", BOB, account="paper", reason="me too", request="r-2"))
    assert (waiting.ok, waiting.code) == (True, "ALREADY_IN_FORCE")
    log.add(
        "account-paper",
        a.AccountAdopted(account="paper", broker="paper", by="person:anna", request="r-1", positions=1, currencies=0),
    )
    mended(log)
    refused = answered(await carry_out(log, "adopt", account="paper", reason="again", request="r-3"))
    assert (refused.code, refused.field) == ("ALREADY_OPENED", "account")
    broken(log, CASH)
    later = answered(await carry_out(log, "adopt", account="paper", reason="again", request="r-4"))
    assert (later.code, "reconcile accept" in later.expected) == ("ALREADY_OPENED", True)


async def test_an_account_that_is_not_configured_is_not_adopted() -> None:
    assert answered(await carry_out(Log(), "adopt", account="nobody", reason="x")).code == "UNKNOWN_ACCOUNT"


def thrown(log: Log, time: int = NOW) -> None:
    """The router's switch for a break."""
    reason, scope = "RECONCILIATION_BREAK: cash", "account.paper"
    data = a.Halted(scope=scope, level="REDUCE_ONLY", by="router", reason=reason, request="h")
    log.append(new_event(f"control-{scope}", None, ids.derive("test", "h"), data, time=time, correlation=None))


LIVE = replace(ANNA, accounts={"paper": Account(live=True)})


@pytest.mark.parametrize(
    ("sender", "lifts"),
    [
        (LIVE, False),
        (replace(LIVE, people=None), False),
        (replace(LIVE, people=1), True),
        (replace(LIVE, identity="person:bob"), True),
        (ANNA, True),
    ],
)
@pytest.mark.parametrize("way", ["accept", "adopt"])
async def test_who_settles_a_difference_of_real_money_does_not_lift_the_switch(
    sender: Any, lifts: bool, way: str
) -> None:
    log = Log()
    thrown(log)
    [found] = broken(log, CASH)
    named = {"difference": found} if way == "accept" else {"account": "paper"}
    await done(log, way, LIVE, reason="the statement", **named)
    outcome = await carry_out(log, "resume", sender, scope="account.paper", reason="settled", request="r-2")
    if lifts:
        assert type(stored(planned(outcome)[0])) is a.Resumed
        return
    reply = answered(outcome)
    assert (reply.code, reply.field, reply.expected) == ("NOT_ALLOWED", "scope", "the key of another person")
    assert reply.message.startswith("person:anna has settled what differed since account.paper was put at REDUCE_ONLY")


async def test_what_was_settled_before_a_switch_was_thrown_is_no_hindrance() -> None:
    log = Log()
    [found] = broken(log, CASH)
    await done(log, "accept", LIVE, difference=found, reason="the statement")
    thrown(log, NOW + 1)
    outcome = await carry_out(log, "resume", LIVE, scope="account.paper", reason="mended by itself", request="r-2")
    assert type(stored(planned(outcome)[0])) is a.Resumed
