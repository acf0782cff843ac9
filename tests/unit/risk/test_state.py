"""The fold: what a snapshot restores, what an end leaves behind, and what cannot be folded."""

from decimal import Decimal

import msgspec
import pytest
from msgspec import Raw

from tests.unit.risk.builders import NOW, PAPER, SECOND, Log
from tradewire.errors import LogCorrupt, UnknownEvent
from tradewire.messages import order_events as o
from tradewire.messages.log import Event, Frame
from tradewire.messages.system_events import LeaseGranted, LeaseReleased
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.windows import record


def frame(event: Event) -> Frame:
    return Frame("log", 1, event.pos, event.pos, event.pos, "", (event,))


def busy() -> Log:
    log = Log(limits={"duplicate_window": "1m"})
    log.cash("100000")
    log.halt("HALT", "symbol.MSFT")
    log.resume("symbol.MSFT")
    working = log.approve("working", "buy", "10")
    log.submit(working)
    log.accept(working)
    log.fill(working, "4")
    log.approve("approved", "sell", "3")
    lost = log.approve("lost", "buy", "5")
    log.submit(lost)
    log.unknown(lost)
    log.quote("TSLA", "10")
    done = log.approve("done", "buy", "7", symbol="TSLA")
    log.submit(done)
    log.fill(done, "7", "10")
    log.request("waiting", "buy", "2")
    return log


def counts(state: RiskState) -> tuple[object, ...]:
    window, fund = state.windows.of("paper"), state.orders.funds.of("paper")
    portfolio = state.orders.portfolios.of("paper")
    return (
        window.recorded("paper", 0, 0, NOW, 10**12),
        fund.available,
        portfolio.gross,
        portfolio.net,
        portfolio.entering,
        portfolio.open,
    )


def test_a_snapshot_and_the_events_since_the_counts_restore_every_count() -> None:
    """Wherever the counts were recorded, and whatever ended since."""
    whole = busy()
    stories = [e.stream for e in whole.events if e.type == "OrderFilled"]
    for cut in range(2, len(whole.events)):
        log = Log(limits={"duplicate_window": "1m"})
        log.events, log.versions = [], {}
        log.state = RiskState(PAPER)
        for event in whole.events[:cut]:
            log.events.append(event)
            log.versions[event.stream] = event.version
            log.state.apply(frame(event))
        if "paper" not in log.state.accounts.books:
            continue
        log.balances("50000")
        since = log.state.orders.needed_since("paper", log.state.pos)
        log.append(record(log.state.windows.of("paper"), "paper", log.state.pos, since, NOW, 10**12))
        for event in whole.events[cut:]:
            moved = msgspec.structs.replace(
                event, pos=len(log.events) + 1, version=log.versions.get(event.stream, 0) + 1
            )
            log.events.append(moved)
            log.versions[event.stream] = moved.version
            log.state.apply(frame(moved))

        kept = [e for e in log.events if e.stream != stories[-1] and e.type not in {"OrderFilled", "CashMoved"}]
        kept += [e for e in log.events if e.type == "OrderFilled" and e.stream != stories[-1]]
        books = [Raw(msgspec.json.encode(book)) for book in log.state.accounts.books.values()]
        restored = RiskState(PAPER)
        restored.restore(kept, books, log.state.pos)
        restored.catch_up(event for event in log.events if event.pos > restored.counted_from())
        assert counts(restored) == counts(log.state), cut


def test_a_snapshot_restores_what_the_log_made() -> None:
    log = busy()
    done = [e.stream for e in log.events if e.type == "OrderFilled"][-1]
    kept = [e for e in log.events if e.stream != done and not e.stream.startswith("account-")]
    books = [Raw(msgspec.json.encode(book)) for book in log.state.accounts.books.values()]
    restored = RiskState(PAPER)
    restored.restore(reversed(kept), books, log.state.pos)
    assert restored.pos == log.state.pos
    assert restored.orders.orders == log.state.orders.orders
    assert restored.orders.requested == log.state.orders.requested
    assert restored.orders.waiting == log.state.orders.waiting
    assert restored.accounts.books == log.state.accounts.books
    for place in (("paper", "AAPL"), ("paper", "TSLA")):
        assert restored.orders.exposures.at(place) == log.state.orders.exposures.at(place)
    assert restored.controls.limits == log.state.controls.limits
    assert restored.controls.switches == log.state.controls.switches
    assert restored.configured == log.state.configured

    log.state = restored
    log.fill(log.order(next(iter(restored.orders.orders))), "1")
    assert log.state.accounts.position("paper", "AAPL") == 5


def test_the_events_of_a_snapshot_are_in_its_books_already() -> None:
    log = busy()
    log.state.restore(log.events, [], log.state.pos)
    assert log.state.accounts.books == {}
    assert log.state.orders.requested


def test_restoring_again_forgets_what_was_before() -> None:
    log = busy()
    log.state.restore([], [], 7)
    assert (log.state.pos, log.state.orders.orders, log.state.accounts.books) == (7, {}, {})
    assert not log.state.limited
    assert len(log.state.orders.exposures) == 0


def test_a_book_of_a_snapshot_that_cannot_be_read_stops_the_fold() -> None:
    with pytest.raises(LogCorrupt):
        RiskState(PAPER).restore([], [Raw(b'{"account":1}')], 1)


def test_an_order_that_ended_is_dropped_and_a_late_fill_is_still_booked() -> None:
    log = Log()
    order = log.approve("s")
    log.submit(order)
    log.fact(o.OrderCanceled, order)
    assert log.state.orders.orders == {}
    assert len(log.state.orders.exposures) == 0
    log.fill(order, "3")
    assert log.state.orders.orders == {}
    assert log.state.accounts.position("paper", "AAPL") == 3


def test_a_bust_and_a_correction_change_the_position() -> None:
    log = Log()
    order = log.approve("s")
    log.submit(order)
    log.fill(order, "10")
    fields = {"strategy": "momo", "symbol": "AAPL", "side": "buy", "price": Decimal(100), "execution": "x"}
    old = {"replaces": 0, "old_quantity": Decimal(10), "old_price": Decimal(100), "old_fee": Decimal(0)}
    log.fact(o.FillCorrected, order, quantity=Decimal(9), revision=1, **fields, **old)
    assert log.state.accounts.position("paper", "AAPL") == 9
    log.fact(o.FillBusted, order, quantity=Decimal(9), revision=1, **fields)
    assert log.state.accounts.position("paper", "AAPL") == 0


def test_a_partly_filled_order_reserves_what_is_left() -> None:
    log = Log()
    order = log.approve("s", "sell", "10")
    log.submit(order)
    log.fill(order, "4")
    exposure = log.state.orders.exposures.at(("paper", "AAPL"))
    assert exposure == Exposure(sells=Decimal(6), open=1)


def test_duplicates_are_forgotten_after_the_longest_window() -> None:
    log = Log()
    for n in range(5):
        log.approve(f"s{n}", quantity=str(n + 1))
    assert len(log.state.orders.duplicates) == 5
    log.wait(20 * SECOND)
    log.quote("AAPL", "100")
    log.quote("MSFT", "100")
    log.approve("later", symbol="MSFT")
    assert len(log.state.orders.duplicates) == 1


def test_events_that_do_not_concern_risk_are_passed_over() -> None:
    log = Log()
    log.write("lease-risk-main", LeaseGranted(name="risk-main", holder="x", writer="risk", epoch=1))
    assert log.state.pos == len(log.events)


@pytest.mark.parametrize("change", [{"type": "OrderTeleported"}, {"type": "LeaseGranted", "schema": 9}])
def test_an_event_that_this_build_does_not_know_stops_the_fold(change: dict[str, object]) -> None:
    log = Log()
    event = log.write("x-1", LeaseReleased(name="l", holder="h", epoch=1, by="b"), fold=False)
    with pytest.raises(UnknownEvent, match="at position 2 is not known to this build: start the build that wrote it"):
        log.state.apply(frame(msgspec.structs.replace(event, **change)))


def test_a_contradiction_stops_the_fold() -> None:
    log = Log()
    order = log.approve("s")
    again = log.write(
        f"order-{order.order}",
        o.OrderHeld(
            order=order.order, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="X", deadline=1
        ),
        fold=False,
    )
    with pytest.raises(LogCorrupt):
        log.state.apply(frame(again))
    unreadable = msgspec.structs.replace(again, data=Raw(b"{}"))
    with pytest.raises(LogCorrupt):
        log.state.apply(frame(unreadable))


def test_a_fill_that_is_none_stops_the_fold() -> None:
    log = Log()
    order = log.approve("s")
    log.submit(order)
    with pytest.raises(LogCorrupt):
        log.fill(order, "-1")


def test_nothing_may_be_decided_before_somebody_set_limits() -> None:
    log = Log(limits={})
    before = log.state.limited
    log.set_limits({"max_order_value": "5"}, "account.paper", by="anna")
    between = log.state.limited
    log.set_limits({}, by="anna")
    assert (before, between, log.state.limited) == (False, False, True)
    assert log.decide(log.request("s")).reason is Reason.LIMITS_INVALID
