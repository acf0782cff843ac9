"""What lapses: approvals that nobody sent, held orders that nobody approved."""

from tests.unit.risk.builders import NOW, SECOND, Log
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.system_events import LogRestored
from tradewire.messages.vocabulary import LostOrder
from tradewire_risk.domain.lapses import due_lapses


def held(log: Log, deadline: int) -> Order:
    order = log.request("held")
    log.write(
        f"order-{order.order}",
        o.OrderHeld(
            order=order.order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="X", deadline=deadline
        ),
    )
    return log.order(order.order)


def cancel(log: Log, order: Order) -> None:
    log.write(f"order-{order.order}", o.OrderCancelRequested(order=order.order, by="anna", reason="", request="r"))


def test_an_approval_lapses_five_seconds_after_it_expired_unsent() -> None:
    log = Log()
    order = log.approve("s")
    log.now = NOW + 35 * SECOND - 1
    assert due_lapses(log.state, log.now) == []
    log.wait(1)
    (due,) = due_lapses(log.state, log.now)
    stream = f"order-{order.order}"
    (event,) = due.command.events
    assert (event.stream, event.version) == (stream, order.version + 1)
    assert event.event_id == ids.timer_uuid(stream, "OrderLapsed", NOW + 30 * SECOND)
    (written,) = log.append(due.command)
    assert written.type == "OrderLapsed"
    assert due.why == "APPROVAL_UNSENT"
    assert due_lapses(log.state, log.now) == []
    assert len(log.state.orders.exposures) == 0


def test_an_approval_that_was_sent_does_not_lapse() -> None:
    log = Log()
    log.submit(log.approve("s"))
    log.wait(3600 * SECOND)
    assert due_lapses(log.state, log.now) == []


def test_a_held_order_lapses_after_its_deadline() -> None:
    log = Log()
    order = held(log, NOW + SECOND)
    log.now = NOW + SECOND
    assert due_lapses(log.state, log.now) == []
    log.wait(1)
    (due,) = due_lapses(log.state, log.now)
    assert due.why == "APPROVAL_EXPIRED"
    log.append(due.command)
    assert order.order not in log.state.orders.orders


def test_what_somebody_asked_to_cancel_is_left_to_the_router() -> None:
    log = Log()
    cancel(log, log.approve("s"))
    cancel(log, held(log, NOW))
    log.wait(3600 * SECOND)
    assert due_lapses(log.state, log.now) == []


def test_a_second_attempt_lapses_under_an_id_of_its_own() -> None:
    log = Log(limits={"max_signal_age": "10m"})
    order = log.approve("s")
    log.submit(order)
    log.wait(SECOND)
    log.never_arrived(order)
    log.quote("AAPL", "100")
    log.run()
    log.wait(60 * SECOND)
    (due,) = due_lapses(log.state, log.now)
    first = ids.timer_uuid(f"order-{order.order}", "OrderLapsed", NOW + 30 * SECOND)
    assert due.event_id != first
    log.append(due.command)


def recover(log: Log, *orders: LostOrder, last: bool = True) -> None:
    log.write(
        "account-paper",
        a.AccountRecovered(
            account="paper", broker="paper", restored=log.state.recovery.restored, part=1, last=last, orders=orders
        ),
    )


def test_after_a_restore_nothing_lapses_or_is_decided_before_the_broker_was_asked() -> None:
    log = Log()
    order = log.approve("s")
    log.write("system", LogRestored(was="w", pos=1, hash="h", made_at=NOW, seal="s"))
    asked = log.request("again")
    log.wait(3600 * SECOND)
    assert due_lapses(log.state, log.now) == []
    assert log.state.held_back() == {asked.order}
    recover(log)
    assert log.state.held_back() == set()
    assert [due.why for due in due_lapses(log.state, log.now)] == ["APPROVAL_UNSENT"]
    assert order.order in log.state.orders.orders


def test_what_its_broker_has_is_never_lapsed_or_decided() -> None:
    log = Log()
    order, other = log.approve("s"), log.request("again")
    log.write("system", LogRestored(was="w", pos=1, hash="h", made_at=NOW, seal="s"))
    recover(log, *(LostOrder(ids.client_order_id(each.order, 1), "B1", "AAPL") for each in (order, other)))
    log.wait(3600 * SECOND)
    assert due_lapses(log.state, log.now) == []
    assert log.state.held_back() == {other.order}
