"""What is put on record of differences, and what of the record the router heeds."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.router.builders import Log, broker_order
from tradewire.domain.breaks import Breaks
from tradewire.messages import account_events as a
from tradewire.messages.broker_events import ExternalOrderEnded, ExternalOrderSeen
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.values import Activity, Balance, Position
from tradewire_router.domain.comparison import compare_fills, opening_cash, prices_of, since_when

SENT = ("OrderApproved", "OrderSubmitStarted", "OrderAccepted")
CASH = Discrepancy("cash", "USD", "10", "7")
HELD = Discrepancy("position", "KO", "0", "3")
CLOSED = Discrepancy("order", "c2", "canceled", "accepted")


def broken(log: Log, *found: Discrepancy, **more: Any) -> None:
    data = a.ReconciliationBroken(account="paper", broker="paper", differences=found, epoch=1, **more)
    log.write("account-paper", data)


def accept(log: Log, number: int = 0) -> None:
    each = list(log.state.standing.breaks.values())[number]
    told: dict[str, Any] = {
        "kind": each.found.kind,
        "key": each.found.key,
        "ours": each.found.ours,
        "theirs": each.found.theirs,
    }
    said = a.BreakAccepted(id=each.id, account="paper", by="person:anna", reason="x", request="r", **told)
    log.write(f"break-{each.id}", said)


def test_a_filled_quantity_that_its_executions_do_not_come_to() -> None:
    log = Log()
    order = log.get(log.order(0, *SENT, "OrderFilled", quantity=Decimal(4)))
    told = broker_order(order, "partially_filled", filled_quantity=Decimal(4))
    more = broker_order(order, "partially_filled", filled_quantity=Decimal(6))
    other = broker_order(order, "partially_filled", filled_quantity=Decimal(6), client_order_id="another attempt")
    assert compare_fills([(told, order), (other, order)]) == ()
    assert compare_fills([(more, order)]) == (Discrepancy("fill", order.client_order_id or "", "4", "6"),)


def test_what_is_held_at_is_the_brokers_word_then_the_logs_then_the_mark() -> None:
    log = Log()
    log.order(0, *SENT, "OrderFilled", symbol="AAPL")
    found = [Discrepancy("position", symbol, "0", "1") for symbol in ("AAPL", "KO", "XX")]
    told = [
        Position(account="paper", symbol="KO", quantity=Decimal(1), average_price=Decimal(60)),
        Position(account="paper", symbol="AAPL", quantity=Decimal(1)),
    ]
    assert prices_of(log.state, [*found, CASH], told) == {"AAPL": Decimal(100), "KO": Decimal(60)}


def test_a_gap_keeps_the_time_at_which_it_was_first_on_record() -> None:
    log = Log()
    broken(log, CASH, since=(5,))
    moved = Discrepancy("cash", "USD", "110", "107")
    left = list(log.state.standing.left())
    assert since_when((moved, HELD), left, 9) == (5, 9)


def test_an_accepted_break_is_left_out_and_one_that_comes_again_is_not() -> None:
    log = Log()
    broken(log, CASH, HELD, since=(5, 5))
    accept(log)
    assert list(log.state.differences) == [HELD]
    broken(log, HELD, since=(5,))
    assert list(log.state.differences) == [HELD]
    broken(log, CASH, HELD, since=(9, 5))
    assert list(log.state.differences) == [CASH, HELD]


def test_an_accepted_order_passes_until_it_becomes_another_difference() -> None:
    log = Log()
    broken(log, CLOSED)
    assert not log.state.standing.passes(CLOSED)
    accept(log)
    assert log.state.standing.passes(CLOSED)
    assert not log.state.standing.passes(Discrepancy("order", "c2", "filled", "accepted"))
    log.write(
        "account-paper",
        a.ReconciliationMended(
            account="paper", broker="paper", state_pos=1, orders=0, executions=0, epoch=1, cursor="7", activities="9"
        ),
    )
    assert log.state.standing.passes(CLOSED)
    assert (log.state.cursor, log.state.activities, log.state.differences) == ("7", "9", ())


def test_accepted_money_does_not_pass_because_it_was_booked() -> None:
    log = Log()
    broken(log, CASH)
    accept(log)
    assert not log.state.standing.passes(CASH)


def test_a_day_that_was_named_stays_named() -> None:
    log = Log()
    broken(log, CASH, day="2026-03-09")
    broken(log, HELD)
    assert log.state.standing.day == "2026-03-09"


def test_an_adoption_stands_until_it_is_done() -> None:
    log = Log()
    asked = a.AdoptionRequested(account="paper", by="person:anna", reason="x", request="r")
    log.write("account-paper", asked)
    assert log.state.standing.adoption == asked
    done = a.AccountAdopted(account="paper", broker="paper", by="person:anna", request="r", positions=0, currencies=0)
    log.write("account-paper", done)
    assert log.state.standing.adoption is None


def test_external_orders_stand_until_their_end() -> None:
    log = Log()
    seen = {"account": "paper", "broker": "paper", "symbol": "KO"}
    for number in ("B1", "B2"):
        data = ExternalOrderSeen(**seen, broker_order_id=number, side="buy", quantity=Decimal(1))
        log.write("account-paper", data)
    log.write("account-paper", ExternalOrderEnded(**seen, broker_order_id="B1"))
    assert log.state.external == {"B2": "KO"}


def test_the_opening_cash_is_less_what_activities_moved() -> None:
    balances = [Balance(account="paper", asset="USD", total=Decimal(105), available=Decimal(105))]
    told = [Activity(account="paper", activity="A", kind="dividend", at=1, amount=Decimal(5))]
    assert opening_cash("USD", balances, [], told) == {"USD": Decimal(100)}


@pytest.mark.parametrize("kind", ["ReconciliationBroken", "ReconciliationMended"])
def test_an_account_that_was_compared(kind: str) -> None:
    breaks = Breaks()
    data: Any = {
        "ReconciliationBroken": a.ReconciliationBroken(account="x", broker="b", differences=(CASH,), epoch=1),
        "ReconciliationMended": a.ReconciliationMended(
            account="x", broker="b", state_pos=1, orders=0, executions=0, epoch=1
        ),
    }[kind]
    breaks.fold(kind, 7, data)
    standing = breaks.of("x")
    assert (standing.compared, standing.agreed) == (True, kind == "ReconciliationMended")
    assert [each.since for each in standing.left()] == ([7] if kind == "ReconciliationBroken" else [])
