"""New terms for working orders are measured by every check as if the old order were gone."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import fact
from tests.unit.risk.builders import SECOND, Log
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.account_events import AccountRecovered
from tradewire.messages.log import Command
from tradewire.messages.registry import EVENT_TYPES
from tradewire.messages.system_events import LogRestored
from tradewire.messages.vocabulary import LostOrder
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.replacing import decide_replacement

LIMIT: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90)}


def working(log: Log, name: str = "s", quantity: str = "10", **fields: Any) -> Order:
    order = log.approve(name, "buy", quantity, **{**LIMIT, **fields})
    log.submit(order)
    log.accept(order)
    return log.order(order.order)


def ask(log: Log, order: Order, request: str = "r-1", **terms: str) -> None:
    given = {name: Decimal(value) for name, value in terms.items()}
    data = o.OrderReplaceRequested(order=order.order, by="strategy:momo", request=request, **given)
    log.write(f"order-{order.order}", data)


def decide(log: Log) -> Any:
    """Decides, appends, and returns what was decided."""
    command = decide_replacement(log.state, log.board, log.now)
    assert isinstance(command, Command)
    log.append(command)
    (event,) = command.events
    return msgspec.json.decode(event.data, type=EVENT_TYPES[event.type].struct)


def exposure(log: Log) -> Exposure:
    return log.state.orders.exposures.at(("paper", "AAPL"))


def test_new_terms_are_approved_with_every_check_and_may_be_sent_for_a_while() -> None:
    log = Log()
    order = working(log)
    ask(log, order, quantity="20", limit_price="95")
    data = decide(log)
    assert isinstance(data, o.OrderReplaceApproved), data
    assert (data.quantity, data.limit_price, data.stop_price) == (Decimal(20), Decimal(95), None)
    assert (data.expires_at, data.unit_value, data.request) == (log.now + 30 * SECOND, Decimal(95), "r-1")
    assert {"terms", "position", "price_age", "switch"} <= {check.name for check in data.every_check()}
    assert exposure(log) == Exposure(Decimal(20), Decimal(0), 1, 0)
    line = log.state.orders.portfolios.of("paper").line("AAPL")
    assert line.buys == Decimal(1900)
    assert decide_replacement(log.state, log.board, log.now) is None


def test_the_order_itself_takes_no_room_from_its_new_terms() -> None:
    log = Log(limits={"max_position_value": "2200", "max_open_orders_per_symbol": "1"})
    order = working(log, quantity="20")
    ask(log, order, quantity="22")
    assert isinstance(decide(log), o.OrderReplaceApproved)
    log = Log(limits={"max_position_value": "2200"})
    order = working(log, quantity="20")
    ask(log, order, quantity="23")
    data = decide(log)
    assert isinstance(data, o.OrderReplaceDenied)
    assert (data.reason, log.order(order.order).replacing) == ("POSITION_ABOVE_MAX", None)
    assert exposure(log).buys == Decimal(20)


@pytest.mark.parametrize(
    ("fields", "terms", "words"),
    [
        ({}, {"stop_price": "80"}, "a limit order has no stop price"),
        ({"order_type": "market", "limit_price": None}, {"limit_price": "80"}, "a market order has no limit price"),
    ],
)
def test_terms_that_the_order_cannot_have_are_denied_by_name(
    fields: dict[str, Any], terms: dict[str, str], words: str
) -> None:
    log = Log()
    order = working(log, **fields)
    ask(log, order, **terms)
    data = decide(log)
    assert isinstance(data, o.OrderReplaceDenied)
    assert (data.reason, words in data.message) == ("REPLACE_IMPOSSIBLE", True)


def test_only_what_is_left_is_measured_and_something_must_be() -> None:
    log = Log()
    order = working(log)
    log.fill(order, "6", "90")
    ask(log, order, quantity="6")
    assert decide(log).reason == "REPLACE_IMPOSSIBLE"
    ask(log, order, request="r-2", quantity="8")
    assert isinstance(decide(log), o.OrderReplaceApproved)
    assert exposure(log).buys == Decimal(4)  # nothing is free before the venue has taken the smaller terms


def test_new_terms_of_what_a_restored_log_has_lost_are_left_alone_until_its_router_has_looked() -> None:
    log = Log()
    order = working(log)
    ask(log, order, quantity="8")
    restored = log.write("system", LogRestored(was="w", pos=1, hash="h", made_at=log.now, seal="s"))
    assert decide_replacement(log.state, log.board, log.now) is None
    there = LostOrder(ids.client_order_id(order.order, 1, 1), "B2", "AAPL")
    found: dict[str, Any] = {"account": "paper", "broker": "paper", "restored": restored.pos, "part": 1, "last": True}
    log.write("account-paper", AccountRecovered(orders=(there,), **found))
    assert decide_replacement(log.state, log.board, log.now) is None
    named: dict[str, Any] = {"order": order.order, "client_order_id": there.client_order_id, "account": "paper"}
    log.write(f"order-{order.order}", fact(o.OrderReplaced, revision=1, quantity=Decimal(9), **named))
    assert decide_replacement(log.state, log.board, log.now) is None  # it has been answered in what was lost
    ask(log, order, request="r-2", quantity="8")
    assert isinstance(decide(log), o.OrderReplaceApproved)


def test_a_broker_that_replaces_nothing_is_named() -> None:
    log = Log()
    log.instrument(features=("bracket",))
    order = working(log)
    ask(log, order, quantity="8")
    assert decide(log).reason == "FEATURE_UNSUPPORTED"


def test_a_halt_and_a_wish_to_cancel_deny() -> None:
    log = Log()
    order = working(log)
    ask(log, order, quantity="8")
    log.halt("HALT")
    assert decide(log).reason == "KILL_SWITCH_ON"
    log.resume()
    ask(log, order, request="r-2", quantity="8")
    cancel = o.OrderCancelRequested(order=order.order, by="person:anna", reason="", request="c")
    log.write(f"order-{order.order}", cancel)
    assert decide(log).reason == "CANCEL_REQUESTED"


def test_what_concerns_new_signals_alone_is_not_asked() -> None:
    """The signal is old by now, and so is its last time to be sent."""
    log = Log(limits={"max_signal_age": "1m", "cooldown": "1h", "duplicate_window": "1h"})
    order = working(log, valid_until=log.now + 10 * SECOND)
    log.now += 600 * SECOND
    log.quote("AAPL", "100")
    ask(log, order, limit_price="91")
    data = decide(log)
    assert isinstance(data, o.OrderReplaceApproved), data
    assert data.expires_at is not None
    assert data.expires_at > log.now


def test_new_terms_wait_until_the_order_is_at_the_broker() -> None:
    log = Log()
    order = log.approve("s", "buy", "10", **LIMIT)
    ask(log, order, quantity="8")
    assert decide_replacement(log.state, log.board, log.now) is None
    log.submit(order)
    assert decide_replacement(log.state, log.board, log.now) is None
    log.accept(order)
    assert isinstance(decide(log), o.OrderReplaceApproved)


def test_refused_by_the_venue_everything_is_as_before() -> None:
    log = Log()
    order = working(log)
    before = log.state.orders.portfolios.of("paper").line("AAPL")
    ask(log, order, quantity="20", limit_price="95")
    decide(log)
    client = "new"
    sent = o.OrderReplaceStarted(order=order.order, attempt=1, client_order_id=client, epoch=1, revision=1)
    log.write(f"order-{order.order}", sent)
    refused = fact(o.OrderReplaceRejected, order=order.order, revision=1, code="NO", message="no")
    log.write(f"order-{order.order}", refused)
    assert log.state.orders.portfolios.of("paper").line("AAPL") == before
    assert exposure(log) == Exposure(Decimal(10), Decimal(0), 1, 0)
