"""A wish to close all that an account holds: what is closed, when it is tried again, and what a restart knows."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from tests.unit.risk.builders import LIFTED, MINUTE, PAPER, SECOND, Log
from tradewire.domain.flattening import STANDS_MICROS
from tradewire.domain.orders import Order
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.registry import decode
from tradewire.settings import Risk
from tradewire_risk.domain.flatten import ENDING_MICROS, FIRST_WAIT, LONGEST_WAIT, due_closes
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.windows import record
from tradewire_risk.settings import limit_texts

PACE = {name: text for name, text in limit_texts(Risk()).items() if name.startswith("max_orders_per_")}
"""What counts orders, at its defaults."""


def wish(log: Log, request: str = "f-1") -> None:
    log.write("account-paper", a.FlattenRequested(account="paper", by="person:anna", reason="enough", request=request))


def ask(log: Log) -> list[o.OrderRequested]:
    """Requests the closes that are due."""
    return [decode(event) for due in due_closes(log.state, log.now) for event in log.append(due.command)]


def close(log: Log) -> list[Any]:
    """Requests the closes that are due, and decides them."""
    ask(log)
    return [each.data for each in log.run()]


def cancel(log: Log, order: Order) -> None:
    data = o.OrderCancelRequested(order=order.order, by="person:anna", reason="enough", request="f-1")
    log.write(f"order-{order.order}", data)


def working(log: Log, name: str, *terms: str, **fields: Any) -> Order:
    order = log.approve(name, *terms, order_type="limit", **fields)  # type: ignore[arg-type]
    log.submit(order)
    log.accept(order)
    return log.order(order.order)


def executed(log: Log, order: str, quantity: str) -> None:
    log.submit(log.order(order))
    log.fill(log.order(order), quantity)


def restart(log: Log) -> None:
    """Begins anew at a snapshot, as the reader gives it, and at the events behind it."""
    last = {event.type: event.pos for event in log.events if event.stream == "account-paper"}
    kept = [
        event
        for event in log.events
        if event.stream.startswith(("limits-", "control-"))
        or event.stream[6:] in log.state.orders.orders
        or (event.type in {"FlattenRequested", "WindowsRecorded"} and event.pos == last[event.type])
    ]
    books = [Raw(msgspec.json.encode(book)) for book in log.state.accounts.books.values()]
    pos = log.state.pos
    log.state = RiskState(PAPER)
    log.state.restore(kept, books, pos)
    log.state.catch_up(event for event in log.events if event.pos > log.state.counted_from())


def due(log: Log) -> list[str]:
    return [each.event_id for each in due_closes(log.state, log.now)]


def test_what_is_held_is_closed_and_what_comes_later_is_left_alone() -> None:
    log = Log()
    log.hold("10")
    log.hold("-5", symbol="MSFT")
    wish(log)
    log.quote("MSFT", "100")
    closes = ask(log)
    assert [(c.symbol, c.action, c.strategy, c.identity) for c in closes] == [
        ("AAPL", "close", "flatten", "person:anna"),
        ("MSFT", "close", "flatten", "person:anna"),
    ]
    decided = [each.data for each in log.run()]
    assert [(d.side, d.quantity) for d in decided if isinstance(d, o.OrderApproved)] == [
        ("sell", Decimal(10)),
        ("buy", Decimal(5)),
    ]
    for each, quantity in zip(closes, ("10", "5"), strict=True):
        executed(log, each.order, quantity)
    log.hold("3", symbol="TSLA")
    log.hold("3")
    log.wait(MINUTE)
    assert due(log) == []


def test_more_of_a_symbol_that_is_bought_after_the_wish_stays() -> None:
    log = Log()
    log.hold("10")
    wish(log)
    log.hold("4")
    (approved,) = close(log)
    assert (approved.side, approved.quantity) == ("sell", Decimal(10))
    executed(log, approved.order, "10")
    log.wait(MINUTE)
    assert due(log) == []


def test_no_rate_and_no_count_of_orders_stops_a_close_and_none_is_counted() -> None:
    log = Log(limits={**PACE, "max_orders_per_day": "1"}, price=None)
    symbols = [f"S{n}" for n in range(8)]
    for symbol in symbols:
        log.hold("1", symbol=symbol)
        log.quote(symbol, "100")
    wish(log)
    assert [type(d).__name__ for d in close(log)] == ["OrderApproved"] * 8
    log.quote("AAPL", "100")
    log.approve("the one of the day")
    log.request("one too many", symbol="S1")
    (denied,) = (each.data for each in log.run())
    assert isinstance(denied, o.OrderDenied)
    assert denied.reason == "ORDER_COUNT_DAILY_MAX"


def test_a_strategy_that_calls_itself_flatten_is_counted() -> None:
    log = Log(limits={**LIFTED, "max_orders_per_second": "1"})
    log.hold("10")
    log.hold("10", symbol="MSFT")
    log.quote("MSFT", "100")
    for symbol in ("AAPL", "MSFT"):
        log.request(symbol, None, None, symbol=symbol, action="close", strategy="flatten", identity="strategy:flatten")
    assert [type(each.data).__name__ for each in log.run()] == ["OrderApproved", "OrderDenied"]


def test_a_close_that_was_denied_is_asked_for_again_until_there_is_a_price() -> None:
    log = Log(price=None)
    log.hold("10")
    wish(log)
    (denied,) = close(log)
    assert denied.reason == "PRICE_MISSING"
    assert due(log) == []
    log.wait(FIRST_WAIT - 1)
    assert due(log) == []
    log.wait(1)
    log.quote("AAPL", "100")
    assert due(log) == due(log)
    (approved,) = close(log)
    assert approved.order != denied.order
    executed(log, approved.order, "10")
    log.wait(MINUTE)
    assert due(log) == []


def test_attempts_become_rare_and_end_with_the_wish() -> None:
    log = Log(price=None)
    log.hold("10")
    wish(log)
    began, asked = log.now, []
    while log.now < began + STANDS_MICROS + MINUTE:
        if close(log):
            asked.append(log.now - began)
        log.now += SECOND
    waits = [later - earlier for earlier, later in pairwise(asked)]
    assert waits[:5] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT, LONGEST_WAIT]
    assert set(waits[5:]) == {LONGEST_WAIT}
    assert (len(asked), asked[-1] < STANDS_MICROS) == (33, True)


@pytest.mark.parametrize("level", ["HALT", "KILL"])
def test_under_a_switch_one_attempt_is_on_record_and_the_next_comes_when_it_is_lifted(level: Any) -> None:
    log = Log()
    log.hold("10")
    log.halt(level)
    wish(log)
    (denied,) = close(log)
    assert denied.reason == "KILL_SWITCH_ON"
    log.wait(MINUTE)
    assert due(log) == []
    log.resume()
    log.quote("AAPL", "100")
    (approved,) = close(log)
    assert approved.quantity == 10


def test_a_close_waits_for_orders_that_are_being_canceled_and_then_takes_all() -> None:
    log = Log()
    log.hold("10")
    exit_ = working(log, "exit", "sell", "6", limit_price=Decimal(120), reduce_only=True)
    entry = working(log, "entry", "buy", "5", limit_price=Decimal(90))
    wish(log)
    cancel(log, exit_)
    cancel(log, entry)
    assert due(log) == []
    log.fact(o.OrderCanceled, exit_)
    assert due(log) == []
    log.fill(entry, "2")
    log.fact(o.OrderCanceled, entry)
    (approved,) = close(log)
    assert (approved.side, approved.quantity) == ("sell", Decimal(12))


def test_what_no_cancel_frees_in_time_is_left_to_the_exit_that_works() -> None:
    log = Log()
    log.hold("10")
    exit_ = working(log, "exit", "sell", "6", limit_price=Decimal(120), reduce_only=True)
    wish(log)
    cancel(log, exit_)
    log.wait(ENDING_MICROS)
    log.quote("AAPL", "100")
    (approved,) = close(log)
    assert approved.quantity == 4
    executed(log, approved.order, "4")
    log.wait(MINUTE)
    assert due(log) == []
    log.fact(o.OrderCanceled, exit_)
    log.quote("AAPL", "100")
    (approved,) = close(log)
    assert approved.quantity == 6


def test_nothing_is_asked_for_while_an_order_of_the_symbol_is_unknown() -> None:
    log = Log()
    log.hold("10")
    lost = log.approve("lost", "sell", "3")
    log.submit(lost)
    log.unknown(lost)
    wish(log)
    assert due(log) == []
    log.fact(o.OrderCanceled, lost)
    assert len(due(log)) == 1


def test_a_close_that_a_person_cancels_is_not_asked_for_again() -> None:
    log = Log()
    log.hold("10")
    wish(log)
    (approved,) = close(log)
    cancel(log, log.order(approved.order))
    log.write(f"order-{approved.order}", o.OrderCanceledLocally(order=approved.order, reason="asked"))
    log.wait(MINUTE)
    assert due(log) == []
    wish(log, "f-2")
    assert len(due(log)) == 1


@pytest.mark.parametrize(
    ("scope", "by", "stands"),
    [
        ("account.paper", "person:anna", False),
        ("global", "person:anna", False),
        ("broker.paper", "person:anna", False),
        ("symbol.AAPL", "person:anna", True),
        ("account.other", "person:anna", True),
        ("account.paper", "risk", True),
    ],
)
def test_a_person_who_halts_the_account_after_the_wish_calls_it_off(scope: str, by: str, stands: bool) -> None:
    log = Log()
    log.hold("10")
    wish(log)
    log.write(f"control-{scope}", a.Halted(scope=scope, level="HALT", by=by, reason="stop", request="r"))
    close(log)
    log.resume(scope)
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    for _ in range(2):
        assert bool(due(log) or log.state.orders.orders) is stands
        restart(log)


def test_an_execution_that_is_taken_back_is_closed_again() -> None:
    log = Log()
    log.hold("10")
    wish(log)
    (approved,) = close(log)
    executed(log, approved.order, "10")
    filled = decode(log.events[-1])
    fields = {name: getattr(filled, name) for name in filled.__struct_fields__}
    log.write(f"order-{approved.order}", o.FillBusted(**{**fields, "revision": 1}))
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    (again,) = close(log)
    assert again.quantity == 10


def test_a_restart_at_any_event_closes_the_same_and_nothing_that_came_later() -> None:
    """The counts that are recorded after the wish do not hide what was traded since."""

    def story(cut: int | None) -> list[list[str]]:
        log = Log(price=None)

        def later(micros: int, *symbols: str) -> None:
            log.wait(micros)
            for symbol in symbols:
                log.quote(symbol, "100")
            close(log)

        def execute_all(quantity: str) -> None:
            for order in list(log.state.orders.waiting):
                executed(log, order, quantity)

        steps: list[Any] = [
            lambda: log.cash("100000"),
            lambda: log.hold("10"),
            lambda: log.hold("-5", symbol="MSFT"),
            lambda: log.hold("7", symbol="KO"),
            lambda: wish(log),
            lambda: close(log),
            lambda: log.hold("3", symbol="TSLA"),
            lambda: log.hold("4"),
            lambda: log.hold("-2", symbol="KO"),
            lambda: later(4 * SECOND, "AAPL"),
            lambda: execute_all("6"),
            lambda: log.append(recorded(log)),
            lambda: later(MINUTE, "AAPL", "KO"),
            lambda: log.wait(MINUTE),
        ]
        seen = []
        for number, step in enumerate(steps):
            step()
            if number == cut:
                restart(log)
            seen.append(due(log))
        asked = [decode(e) for e in log.events if e.type == "OrderRequested"]
        return [*seen, [f"{each.order} {each.symbol} {each.quantity}" for each in asked]]

    whole = story(None)
    assert not any(" TSLA " in asked for asked in whole[-1])
    for cut in range(14):
        assert story(cut) == whole, cut


def recorded(log: Log) -> Any:
    since = log.state.orders.needed_since("paper", log.state.pos)
    return record(log.state.windows.of("paper"), "paper", log.state.pos, since, log.now, 10**12)


def test_after_a_restart_a_wish_that_stands_no_more_is_not_read_back() -> None:
    log = Log()
    log.hold("10")
    wish(log)
    pos = log.state.pos
    log.hold("1")
    log.append(recorded(log))
    restart(log)
    assert log.state.counted_from() == pos
    log.wait(STANDS_MICROS)
    log.hold("1")
    log.append(recorded(log))
    restart(log)
    assert log.state.counted_from() > pos


def test_an_execution_that_is_restated_leaves_the_difference_to_be_closed() -> None:
    log = Log()
    log.hold("10")
    wish(log)
    (approved,) = close(log)
    executed(log, approved.order, "10")
    filled = decode(log.events[-1])
    fields = {name: getattr(filled, name) for name in filled.__struct_fields__}
    old = {"old_quantity": filled.quantity, "old_price": filled.price, "old_fee": filled.fee, "replaces": 0}
    log.write(f"order-{approved.order}", o.FillCorrected(**{**fields, **old, "quantity": Decimal(7), "revision": 1}))
    log.wait(MINUTE)
    log.quote("AAPL", "100")
    assert [each.quantity for each in close(log)] == [3]
