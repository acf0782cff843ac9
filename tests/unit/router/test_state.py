"""What is to be done in each state of an order, whose an id is, and what a snapshot restores."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from tests.builders import TIME, fact
from tests.unit.router.builders import BUILD, SECOND, Log
from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.errors import LogCorrupt
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Frame
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.domain import state as module
from tradewire_router.domain.state import RouterState, Verdict

APPROVED = ("OrderApproved",)
SENT = (*APPROVED, "OrderSubmitStarted")
WORKING = (*SENT, "OrderAccepted")


def work(state: RouterState) -> set[str]:
    """The lists on which the one order is found."""
    lists: dict[str, Any] = {
        "submit": state.approved(),
        "cancel unsent": state.canceled_unsent(),
        "cancel": state.to_cancel(),
        "ask": state.unanswered(),
    }
    return {name for name, orders in lists.items() if orders}


@pytest.mark.parametrize(
    ("story", "status", "due", "due_when_unwanted", "due_when_killed"),
    [
        ((), Status.REQUESTED, set(), set(), set()),
        (("OrderHeld",), Status.HELD, set(), {"cancel unsent"}, set()),
        (APPROVED, Status.APPROVED, {"submit"}, {"submit", "cancel unsent"}, {"submit"}),
        (SENT, Status.SUBMITTING, {"ask"}, {"ask"}, {"ask"}),
        ((*SENT, "OrderSubmitUnknown"), Status.UNKNOWN, {"ask"}, {"ask"}, {"ask"}),
        ((*SENT, "OrderSubmitNeverArrived"), Status.REQUESTED, set(), set(), set()),
        (WORKING, Status.WORKING, set(), {"cancel"}, {"cancel"}),
        ((*SENT, "OrderSubmitUnknown", "OrderAccepted"), Status.WORKING, set(), {"cancel"}, {"cancel"}),
        ((*WORKING, "OrderCancelStarted"), Status.WORKING, set(), {"cancel"}, {"cancel"}),
        ((*SENT, "OrderRejected"), Status.REJECTED, set(), set(), set()),
        ((*WORKING, "OrderFilled"), Status.FILLED, set(), set(), set()),
        ((*WORKING, "OrderCanceled"), Status.CANCELED, set(), set(), set()),
        ((*WORKING, "OrderExpired"), Status.EXPIRED, set(), set(), set()),
        ((*APPROVED, "OrderLapsed"), Status.LAPSED, set(), set(), set()),
    ],
)
def test_what_is_due_in_each_state(
    story: tuple[str, ...], status: Status, due: set[str], due_when_unwanted: set[str], due_when_killed: set[str]
) -> None:
    log = Log()
    order = log.order(0, *story)
    assert log.get(order).status is status
    assert work(log.state) == due

    log.halt("KILL")
    assert work(log.state) == due_when_killed
    log.resume()
    assert work(log.state) == due

    log.happen(order, "OrderCancelRequested")
    assert work(log.state) == due_when_unwanted


@pytest.mark.parametrize("build", ["1.0+theirs", ""])
def test_an_approval_of_another_build_is_not_sent(build: str) -> None:
    log = Log()
    ours = log.order(0, *APPROVED)
    theirs = log.order(1, *APPROVED, build=build)
    unwanted = log.order(2, *APPROVED, "OrderCancelRequested", build=build)

    assert [order.order for order in log.state.barred()] == [theirs]
    verdicts = {order: log.state.verdict(log.get(order), TIME, set()) for order in (ours, theirs, unwanted)}
    assert verdicts == {ours: Verdict.SUBMIT, theirs: Verdict.CANCEL, unwanted: Verdict.CANCEL}

    log.write(f"order-{theirs}", o.OrderCanceledLocally(order=theirs, reason="BUILD_MISMATCH"))
    assert log.state.barred() == []


def test_on_a_dry_run_no_approval_is_sent_whoever_gave_it() -> None:
    log = Log(dry_run=True)
    order = log.order(0, *APPROVED)
    unwanted = log.order(1, *APPROVED, "OrderCancelRequested")
    sent = log.order(2, *APPROVED, "OrderSubmitStarted", "OrderAccepted")

    assert [each.order for each in log.state.barred()] == [order]
    verdicts = [log.state.verdict(log.get(each), TIME, set()) for each in (order, unwanted)]
    assert verdicts == [Verdict.CANCEL, Verdict.CANCEL]
    assert log.get(sent).status is Status.WORKING
    log.state.restore([], [], 0)
    assert log.state.dry_run


def test_a_new_approval_by_our_build_is_sent() -> None:
    log = Log()
    order = log.order(0, *APPROVED, "OrderSubmitStarted", "OrderSubmitNeverArrived")
    log.happen(order, "OrderApproved", build="1.0+theirs")
    assert [order.order for order in log.state.barred()] == [order]

    other = log.order(1, *APPROVED, "OrderSubmitStarted", "OrderSubmitNeverArrived", build="1.0+theirs")
    log.happen(other, "OrderApproved")
    assert log.state.verdict(log.get(other), TIME, set()) is Verdict.SUBMIT


def test_a_partly_filled_order_can_be_canceled() -> None:
    log = Log()
    order = log.order(0, *WORKING)
    part = fact(o.OrderFilled, order=order, client_order_id=ids.client_order_id(order, 1), quantity=Decimal(4))
    log.write(f"order-{order}", part)
    log.happen(order, "OrderCancelRequested")

    assert log.get(order).status is Status.PARTIALLY_FILLED
    assert work(log.state) == {"cancel"}


def test_a_kill_covers_its_scope_alone() -> None:
    log = Log()
    apple, other = log.order(0, *WORKING), log.order(1, *WORKING, symbol="MSFT")
    log.halt("KILL", "symbol.MSFT")
    assert [order.order for order in log.state.to_cancel()] == [other]
    assert not log.state.killed
    log.halt("KILL", "broker.paper")

    assert {order.order for order in log.state.to_cancel()} == {apple, other}
    assert log.state.killed


def test_a_halt_cancels_nothing() -> None:
    log = Log()
    log.order(0, *WORKING)
    log.halt("HALT")

    assert log.state.to_cancel() == []


def test_approved_orders_come_oldest_first() -> None:
    log = Log()
    orders = [log.order(number) for number in range(3)]
    for order in (orders[1], orders[0], orders[2]):
        log.happen(order, "OrderApproved")

    assert [order.order for order in log.state.approved()] == [orders[1], orders[0], orders[2]]


def test_an_unknown_outcome_keeps_its_symbol_from_new_orders() -> None:
    log = Log()
    lost, later = log.order(0, *SENT, "OrderSubmitUnknown"), log.order(1, *APPROVED)
    frozen = log.state.frozen_symbols()
    assert frozen == {"AAPL"}
    assert log.state.verdict(log.get(later), TIME, frozen) is Verdict.WAIT
    log.happen(lost, "OrderAccepted")

    assert log.state.frozen_symbols() == set()


@pytest.mark.parametrize(
    ("level", "scope", "reduce_only", "expected"),
    [
        ("HALT", "global", False, Verdict.WAIT),
        ("HALT", "account.paper", True, Verdict.WAIT),
        ("HALT", "broker.paper", True, Verdict.WAIT),
        ("HALT", "broker.other", False, Verdict.SUBMIT),
        ("KILL", "strategy.momo", True, Verdict.WAIT),
        ("REDUCE_ONLY", "symbol.AAPL", False, Verdict.WAIT),
        ("REDUCE_ONLY", "symbol.AAPL", True, Verdict.SUBMIT),
        ("HALT", "account.other", False, Verdict.SUBMIT),
        ("HALT", "symbol.MSFT", False, Verdict.SUBMIT),
    ],
)
def test_switches_hold_orders_back(level: str, scope: str, reduce_only: bool, expected: Verdict) -> None:
    log = Log()
    order = log.get(log.order(0, *APPROVED, reduce_only=reduce_only))
    assert log.state.verdict(order, TIME, set()) is Verdict.SUBMIT
    log.halt(level, scope)

    assert log.state.verdict(order, TIME, set()) is expected


@pytest.mark.parametrize(
    ("seconds", "fields", "expected"),
    [
        (29.999999, {}, Verdict.SUBMIT),
        (30, {}, Verdict.WAIT),
        (4.999999, {"valid_until": TIME + 5 * SECOND}, Verdict.SUBMIT),
        (5, {"valid_until": TIME + 5 * SECOND}, Verdict.WAIT),
    ],
)
def test_an_order_is_sent_only_in_its_time(seconds: float, fields: dict[str, Any], expected: Verdict) -> None:
    log = Log()
    order = log.get(log.order(0, *APPROVED, **fields))

    assert log.state.verdict(order, TIME + int(seconds * SECOND), set()) is expected


def test_an_order_that_somebody_wants_gone_is_not_sent() -> None:
    log = Log()
    order = log.order(0, *APPROVED)
    log.happen(order, "OrderCancelRequested")

    assert log.state.verdict(log.get(order), TIME, set()) is Verdict.CANCEL


def found(state: RouterState, client_order_id: str) -> str:
    order = state.of_client_id(client_order_id)
    return order.order if order else ""


def test_whose_a_client_order_id_is() -> None:
    log = Log()
    order = log.order(0, *SENT, "OrderSubmitNeverArrived", *SENT)
    unsent = log.order(1, *APPROVED)

    assert found(log.state, ids.client_order_id(order, 1)) == order
    assert found(log.state, ids.client_order_id(order, 2)) == order
    assert found(log.state, ids.client_order_id(unsent, 1)) == ""
    log.happen(order, "OrderAccepted")
    log.happen(order, "OrderFilled")
    assert order not in log.state.orders
    assert found(log.state, ids.client_order_id(order, 1)) == order


def test_only_so_many_closed_orders_stay_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECENT_ORDERS", 2)
    log = Log()
    old = log.order(0, *SENT, "OrderSubmitNeverArrived", *SENT, "OrderRejected")
    others = [log.order(number, *SENT, "OrderRejected") for number in (1, 2)]

    assert set(log.state.recent) == set(others)
    assert set(log.state.by_client_id) == {ids.client_order_id(order, 1) for order in others}
    assert found(log.state, ids.client_order_id(old, 2)) == ""


def test_the_orders_of_other_accounts_are_nothing_to_us() -> None:
    log = Log()
    log.cash("100")
    order = log.order(0, account="other")
    happened = [log.write(f"order-{order}", fact(o.OrderFilled, order=order, account="other"))]

    assert log.state.orders == {}
    assert log.state.late == []
    assert log.state.position("AAPL") == 0
    assert log.state.pos == happened[-1].pos


def test_an_impossible_fill_is_booked_and_noted_once() -> None:
    log = Log()
    order = log.order(0, *WORKING, "OrderFilled")
    more = fact(o.OrderFilled, order=order, client_order_id=ids.client_order_id(order, 1), execution="E2")
    event = log.write(f"order-{order}", more)

    assert log.state.position("AAPL") == 20
    noted = log.state.anomalies.pop(order)
    assert (noted.event_id, noted.order.anomaly) == (event.event_id, "filled 20 of 10")
    log.happen(order, "OrderCancelRequested")
    assert log.state.anomalies == {}


def test_a_fill_of_an_order_closed_long_ago_is_booked_and_to_be_looked_at() -> None:
    log = Log()
    order = ids.order_uuid("long ago", "paper", 0)
    event = log.write(f"order-{order}", fact(o.OrderFilled, order=order))

    assert log.state.position("AAPL") == 10
    assert [(late.order, late.pos, late.event_id) for late in log.state.late] == [(order, event.pos, event.event_id)]


def test_executions_are_known_until_a_reconciliation_has_passed_them() -> None:
    log = Log()
    log.order(0, *WORKING, "OrderFilled")

    assert log.state.executions == {("E1", 0)}


def test_reconciliation_goes_on_from_its_last_agreement() -> None:
    log = Log()
    gap = Discrepancy("cash", "USD", "1", "2")
    log.write("account-paper", a.ReconciliationBroken(account="paper", broker="paper", differences=(gap,), epoch=1))
    log.write("account-other", mended("other", "99"))
    assert (log.state.cursor, log.state.differences) == ("", (gap,))
    log.write("account-paper", mended("paper", "7"))

    assert (log.state.cursor, log.state.differences) == ("7", ())


def mended(account: str, cursor: str) -> a.ReconciliationMended:
    return a.ReconciliationMended(
        account=account, broker="paper", state_pos=1, orders=0, executions=0, epoch=1, cursor=cursor
    )


def test_what_releases_a_latched_halt_is_kept() -> None:
    log = Log()
    log.halt("HALT", request="r-9")
    resumed = log.resume()

    assert log.state.requests == {"r-9"}
    assert log.state.resumed_at == {"account.paper": resumed.time}


def test_a_snapshot_restores_what_the_log_made() -> None:
    log = Log()
    log.cash("5000")
    log.halt("HALT", "symbol.MSFT")
    log.order(0, *APPROVED)
    log.order(1, *SENT)
    log.order(4, *APPROVED, build="1.0+theirs")
    unknown = log.order(2, *SENT, "OrderSubmitUnknown")
    unwanted = log.order(3, *WORKING, "OrderFilled", symbol="TSLA")
    log.happen(unknown, "OrderCancelRequested")
    books = [Raw(msgspec.json.encode(book)) for book in log.state.books.values()]
    restored = RouterState("paper", "paper", BUILD)
    restored.restore(log.events, books, log.state.pos)

    assert restored.orders == log.state.orders
    assert [o.order for o in restored.unanswered()] == [o.order for o in log.state.unanswered()]
    assert [o.order for o in restored.approved()] == [o.order for o in log.state.approved()]
    assert restored.barred() == log.state.barred() != []
    assert restored.books == log.state.books
    assert restored.position("TSLA") == 10
    assert restored.controls.switches == log.state.controls.switches
    assert restored.by_client_id == log.state.by_client_id
    assert restored.pos == log.state.pos
    assert restored.executions == set()  # not known to be after the cursor: the reader is asked
    assert unwanted in restored.recent


def test_a_snapshot_replaces_what_was_there() -> None:
    log = Log()
    log.order(0, *SENT, "OrderSubmitUnknown")
    log.state.restore([], [], 99)

    assert log.state.orders == {}
    assert work(log.state) == set()
    assert log.state.frozen_symbols() == set()
    assert log.state.pos == 99


def test_a_decision_that_cannot_be_is_a_corrupt_log() -> None:
    log = Log()
    order = log.order(0)
    with pytest.raises(LogCorrupt, match="OrderSubmitStarted without an approval"):
        log.happen(order, "OrderSubmitStarted")


def test_a_gap_in_a_stream_is_a_corrupt_log() -> None:
    log = Log()
    order = log.order(0)
    log.write(f"order-{order}", o.OrderCancelRequested(order=order, by="x", reason="", request="1"), fold=False)
    event = log.write(f"order-{order}", o.OrderCancelRequested(order=order, by="x", reason="", request="2"), fold=False)
    with pytest.raises(LogCorrupt, match="version 3 after 1"):
        log.state.apply(Frame("log", 1, event.pos, event.pos, event.pos, "", (event,)))


def test_the_indexes_agree_with_the_orders() -> None:
    log = Log()
    for number, story in enumerate(
        (APPROVED, SENT, WORKING, (*SENT, "OrderSubmitUnknown"), (*SENT, "OrderSubmitNeverArrived"), ("OrderHeld",))
    ):
        log.order(number, *story)
    by_status: dict[Status, list[Order]] = {}
    for order in log.state.orders.values():
        by_status.setdefault(order.status, []).append(order)

    assert list(log.state.approved()) == by_status[Status.APPROVED]
    assert list(log.state.submitting()) == by_status[Status.SUBMITTING]
    assert log.state.unanswered() == by_status[Status.SUBMITTING] + by_status[Status.UNKNOWN]
