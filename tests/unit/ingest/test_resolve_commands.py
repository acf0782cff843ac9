"""What a person says of an order of which the broker tells nothing."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import approved, started
from tests.unit.ingest.building import Log, stored
from tests.unit.ingest.commanding import BOB, answered, carry_out, planned, reader_of
from tradewire import ids
from tradewire.domain.orders import Status
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.control import ControlRefused
from tradewire.messages.vocabulary import Discrepancy
from tradewire_ingest.domain.state import fold_order

SAID: dict[str, Any] = {"evidence": "its page"}


def sent(log: Log, *types: str, **terms: Any) -> str:
    """An order of 10 that was sent, and of which the log has events of `types` since."""
    order = log.order("a")
    client = ids.client_order_id(order, 1)
    stream = f"order-{order}"
    log.add(stream, approved(order=order, **terms))
    log.add(stream, started(order=order, client_order_id=client))
    for kind in types:
        if kind == "OrderSubmitUnknown":
            log.add(stream, o.OrderSubmitUnknown(order=order, attempt=1, client_order_id=client, reason="test"))
            continue
        more: dict[str, Any] = {}
        if kind == "OrderFilled":
            more = {
                "strategy": "momo", "symbol": "AAPL", "side": "buy", "quantity": Decimal(4), "price": Decimal(100),
                "execution": "E1",
            }  # fmt: skip
        fact = {"client_order_id": client, "broker": "paper", "account": "paper", "evidence": "message"}
        log.add(stream, getattr(o, kind)(order=order, **fact, **more))
    return order


def unknown(log: Log, *types: str, **terms: Any) -> str:
    return sent(log, "OrderSubmitUnknown", *types, **terms)


async def test_an_order_that_was_filled_is_booked_whole() -> None:
    log = Log()
    order = unknown(log)
    outcome = await carry_out(log, "resolve", order=order[:8], outcome="filled", price="99.5", fee="0.3", **SAID)
    said, filled = planned(outcome)
    assert [(event.stream, event.version) for event in (said, filled)] == [(f"order-{order}", 5), (f"order-{order}", 6)]
    assert stored(said) == o.OrderResolved(
        order=order, outcome="filled", evidence="its page", by="person:anna", request="r-1"
    )
    told = stored(filled)
    assert (told.quantity, told.price, told.fee, told.side, told.symbol) == (
        10,
        Decimal("99.5"),
        Decimal("0.3"),
        "buy",
        "AAPL",
    )
    assert (told.evidence, told.broker, told.client_order_id) == (
        "person:anna: its page",
        "paper",
        ids.client_order_id(order, 1),
    )
    log.append(said, filled)
    assert order not in log.state.orders


@pytest.mark.parametrize(
    ("outcome", "event", "status"),
    [
        ("canceled", "OrderCanceled", Status.CANCELED),
        ("expired", "OrderExpired", Status.EXPIRED),
        ("rejected", "OrderRejected", Status.REJECTED),
    ],
)
async def test_an_order_that_was_not_filled_ends(outcome: str, event: str, status: Status) -> None:
    log = Log()
    order = unknown(log)
    said = planned(await carry_out(log, "resolve", order=order, outcome=outcome, **SAID))
    assert [each.type for each in said] == ["OrderResolved", event]
    log.append(*said)
    ended = fold_order(each for each in log.events if each.stream == f"order-{order}")
    assert ended is not None
    assert ended.status is status
    again = answered(await carry_out(log, "resolve", order=order, outcome=outcome, **SAID))
    assert (again.ok, again.code) == (True, "OK")


async def test_what_was_filled_before_the_end_is_booked_too() -> None:
    log = Log()
    order = unknown(log)
    said = planned(await carry_out(log, "resolve", order=order, outcome="canceled", quantity="4", price="99", **SAID))
    assert [each.type for each in said] == ["OrderResolved", "OrderFilled", "OrderCanceled"]
    assert [each.version for each in said] == [5, 6, 7]
    assert stored(said[1]).quantity == 4


async def test_a_price_that_is_missing_is_asked_for_by_its_option() -> None:
    log = Log()
    order = unknown(log, order_type="limit", limit_price=Decimal(100))
    reply = answered(await carry_out(log, "resolve", order=order, **SAID, outcome="canceled", quantity="2"))
    assert (reply.message, reply.expected) == ("2 was filled, at what price?", "--price, the mean price")


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"outcome": "filled"}, "MISSING_FIELD", "price"),
        ({"outcome": "filled", "quantity": "4", "price": "9"}, "INVALID_FIELD", "quantity"),
        ({"outcome": "filled", "quantity": "11", "price": "9"}, "INVALID_FIELD", "quantity"),
        ({"outcome": "canceled", "quantity": "10.5", "price": "9"}, "INVALID_FIELD", "quantity"),
        ({"outcome": "canceled", "quantity": "1"}, "MISSING_FIELD", "price"),
        ({"outcome": "canceled", "price": "1"}, "INVALID_FIELD", "price"),
        ({"outcome": "expired", "fee": "1"}, "INVALID_FIELD", "fee"),
        ({"outcome": "rejected", "quantity": "1", "price": "1"}, "INVALID_FIELD", "outcome"),
        ({"outcome": "filled", "price": "100.01"}, "INVALID_FIELD", "price"),
        ({"outcome": "filled", "price": "-1"}, "INVALID_FIELD", "price"),
        ({"outcome": "filled", "price": "NaN"}, "INVALID_FIELD", "price"),
        ({"outcome": "filled", "price": "1", "quantity": "0"}, "INVALID_FIELD", "quantity"),
    ],
)
async def test_what_cannot_have_happened_is_refused(fields: dict[str, Any], code: str, field: str) -> None:
    log = Log()
    order = unknown(log, order_type="limit", limit_price=Decimal(100))
    try:
        reply = answered(await carry_out(log, "resolve", order=order, **SAID, **fields))
    except ControlRefused as refused:
        reply = refused.reply()
    assert (reply.code, reply.field) == (code, field)


async def test_an_order_that_was_filled_in_part_was_not_rejected() -> None:
    log = Log()
    order = sent(log, "OrderAccepted", "OrderFilled")
    broken(log, order)
    reply = answered(await carry_out(log, "resolve", order=order, outcome="rejected", **SAID))
    assert (reply.code, reply.field) == ("INVALID_FIELD", "outcome")
    said = planned(await carry_out(log, "resolve", order=order, outcome="filled", price="9", **SAID))
    assert stored(said[1]).quantity == 6


def broken(log: Log, order: str) -> None:
    found = Discrepancy("order", ids.client_order_id(order, 1), "working", "absent")
    log.add(
        "account-paper",
        a.ReconciliationBroken(account="paper", broker="paper", differences=(found,), epoch=1),
    )


@pytest.mark.parametrize(
    ("types", "code", "words"),
    [
        (None, "NOT_UNKNOWN", "is requested and was not sent"),
        ((), "NOT_UNKNOWN", "is submitting; its router is asking the broker"),
        (("OrderAccepted",), "NOT_UNKNOWN", "is working, and the broker has it"),
        (("OrderAccepted", "OrderFilled"), "NOT_UNKNOWN", "is partially_filled, and the broker has it"),
    ],
)
async def test_an_order_that_is_not_unknown_is_refused(types: tuple[str, ...] | None, code: str, words: str) -> None:
    log = Log()
    order = log.order("a") if types is None else sent(log, *types)
    reply = answered(await carry_out(log, "resolve", order=order, outcome="canceled", **SAID))
    assert (reply.ok, reply.code, reply.field) == (False, code, "order")
    assert words in reply.message


async def test_an_order_that_the_broker_says_not_to_know_can_be_resolved() -> None:
    log = Log()
    order = sent(log, "OrderAccepted")
    broken(log, order)
    said = planned(await carry_out(log, "resolve", order=order, outcome="canceled", **SAID))
    assert [each.type for each in said] == ["OrderResolved", "OrderCanceled"]


async def test_an_order_that_is_over_is_named_with_its_state() -> None:
    log = Log()
    order = unknown(log)
    known = log.state.orders[order]
    find = reader_of(log, known, Status.FILLED)
    del log.state.orders[order]
    reply = answered(await carry_out(log, "resolve", BOB, find, order=order, outcome="canceled", **SAID))
    assert (reply.code, reply.message) == ("ALREADY_TERMINAL", f"order {order} is filled")
