"""What a broker said, as events: the table, and the ids that make one fact of what is learned in several ways."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.builders import TIME
from tests.unit.router.builders import TELLER, Log, broker_order, execution
from tradewire import ids
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.log import NewEvent
from tradewire.messages.registry import EVENT_TYPES
from tradewire_router.brokers import events as b
from tradewire_router.brokers.values import OrderStatus
from tradewire_router.domain.translate import (
    MEANINGS,
    accepted,
    external_fill,
    external_order,
    filled,
    from_lookup,
    halted,
    rejected,
    strays,
    translate,
)

SENT = ("OrderApproved", "OrderSubmitStarted")
UNKNOWN = (*SENT, "OrderSubmitUnknown")
WORKING = (*SENT, "OrderAccepted")


def order_in(*story: str) -> Order:
    log = Log()
    return log.get(log.order(0, *story))


def told(kind: type[Any], order: Order, **fields: Any) -> Any:
    """A message about an order."""
    given: dict[str, Any] = {
        "event_key": "key-1",
        "broker_time": TIME + 5,
        "received_at": TIME + 6,
        "client_order_id": order.client_order_id,
    }
    if issubclass(kind, b.Fill):
        given["execution"] = execution(order)
    else:
        given["broker_order_id"] = "B1"
    return kind(**{**given, **fields})


def said(event: NewEvent) -> Any:
    return msgspec.json.decode(event.data, type=EVENT_TYPES[event.type].struct)


@pytest.mark.parametrize(
    ("kind", "fields", "expected", "taken"),
    [
        (b.OrderAccepted, {}, "OrderAccepted", {}),
        (b.OrderHeld, {"reason": "locate"}, "OrderAccepted", {}),
        (
            b.OrderRejected,
            {"code": "FUNDS", "message": "too poor"},
            "OrderRejected",
            {"code": "FUNDS", "message": "too poor"},
        ),
        (b.OrderCanceled, {"filled_quantity": Decimal(0), "reason": "asked"}, "OrderCanceled", {"reason": "asked"}),
        (b.OrderExpired, {"filled_quantity": Decimal(0)}, "OrderExpired", {}),
        (b.CancelRejected, {"code": "LATE", "message": "x"}, "OrderCancelRejected", {"code": "LATE", "message": "x"}),
        (b.Fill, {}, "OrderFilled", {"quantity": 10, "price": 100, "execution": "E1", "revision": 0, "symbol": "AAPL"}),
    ],
)
def test_what_a_message_means(kind: type[Any], fields: dict[str, Any], expected: str, taken: dict[str, Any]) -> None:
    order = order_in(*SENT)
    (event,) = translate(TELLER, order, told(kind, order, origin="replay", **fields))

    assert (event.type, event.stream, event.version) == (expected, f"order-{order.order}", None)
    assert (event.correlation_id, event.time) == (order.signal, TELLER.now)
    data = said(event)
    assert (data.order, data.client_order_id) == (order.order, order.client_order_id)
    assert (data.broker, data.account, data.broker_order_id) == ("paper", "paper", "B1")
    assert (data.evidence, data.origin) == ("message", "replay")
    assert data.broker_time == (TIME + 3 if kind is b.Fill else TIME + 5)
    assert {name: getattr(data, name) for name in taken} == taken


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (b.OrderUpdated, {"reason": "triggered"}),
        (b.OrderCompleted, {}),
    ],
)
def test_what_changes_nothing_is_no_event(kind: type[Any], fields: dict[str, Any]) -> None:
    order = order_in(*SENT)

    assert translate(TELLER, order, told(kind, order, **fields)) == []


def test_an_order_that_is_known_to_be_accepted_is_not_accepted_again() -> None:
    order = order_in(*WORKING)

    assert translate(TELLER, order, told(b.OrderAccepted, order)) == []


def test_the_reply_the_stream_and_a_question_give_the_same_event() -> None:
    order = order_in(*UNKNOWN)
    (streamed,) = translate(TELLER, order, told(b.OrderAccepted, order))
    (asked,) = from_lookup(TELLER, order, broker_order(order, "accepted"))
    replied = accepted(TELLER, order, "B1", None, "live", "reply")
    assert streamed.event_id == asked.event_id == replied.event_id

    (streamed,) = translate(TELLER, order, told(b.OrderRejected, order, code="NO", message=""))
    (asked,) = from_lookup(TELLER, order, broker_order(order, "rejected"))
    assert streamed.event_id == asked.event_id == rejected(TELLER, order, "NO", "", None, "reply").event_id

    (streamed,) = translate(TELLER, order, told(b.OrderCanceled, order, filled_quantity=Decimal(0), reason=""))
    assert streamed.event_id == from_lookup(TELLER, order, broker_order(order, "canceled"))[-1].event_id

    (streamed,) = translate(TELLER, order, told(b.Fill, order))
    assert streamed.event_id == filled(TELLER, order, execution(order), "lookup", "reconciliation").event_id


def test_the_ids_are_those_of_logs_that_exist() -> None:
    order = order_in(*SENT)
    client = order.client_order_id

    def status(name: str) -> str:
        return ids.status_uuid("paper", order.order, name, f"{client}:{name}")

    ended = {"filled_quantity": Decimal(0)}
    for kind, name, fields in (
        (b.OrderAccepted, "accepted", {}),
        (b.OrderRejected, "rejected", {"code": "", "message": ""}),
        (b.OrderCanceled, "canceled", {**ended, "reason": ""}),
        (b.OrderExpired, "expired", ended),
    ):
        (event,) = translate(TELLER, order, told(kind, order, **fields))
        assert event.event_id == status(name)


def test_each_refusal_of_a_cancel_is_a_fact_of_its_own() -> None:
    order = order_in(*WORKING)
    first, again, second = (
        translate(TELLER, order, told(b.CancelRejected, order, event_key=key, code="LATE", message=""))[0].event_id
        for key in ("k1", "k1", "k2")
    )

    assert first == again != second


def test_different_attempts_are_different_facts() -> None:
    one, two = order_in(*SENT), order_in(*SENT, "OrderSubmitNeverArrived", *SENT)

    assert one.order == two.order
    assert accepted(TELLER, one, "B1", 0, "live", "").event_id != accepted(TELLER, two, "B1", 0, "live", "").event_id


def test_what_is_said_of_an_earlier_attempt_moves_nothing_but_its_fill_is_booked() -> None:
    order = order_in(*SENT, "OrderSubmitNeverArrived", *SENT)
    first = ids.client_order_id(order.order, 1)
    canceled = told(b.OrderCanceled, order, client_order_id=first, filled_quantity=Decimal(0), reason="")
    fill = told(b.Fill, order, client_order_id=first, execution=execution(order, client_order_id=first))

    assert translate(TELLER, order, canceled) == []
    assert [event.type for event in translate(TELLER, order, fill)] == ["OrderFilled"]
    assert "proven not to have arrived" in strays(order, fill)
    assert "proven not to have arrived" in strays(order, told(b.OrderAccepted, order, client_order_id=first))
    assert strays(order, canceled) == ""
    assert strays(order, told(b.Fill, order)) == ""


@pytest.mark.parametrize("terms", [{"notional": Decimal(250)}, {"parent": "entry", "head": "head"}])
def test_an_order_that_ends_by_its_venues_word_is_complete_once(terms: dict[str, Any]) -> None:
    order = replace(order_in(*WORKING), **terms)
    (heard,) = translate(TELLER, order, told(b.OrderCompleted, order))
    (found,) = from_lookup(TELLER, order, broker_order(order, "filled"))
    assert (heard.type, heard.event_id) == ("OrderCompleted", found.event_id)


@pytest.mark.parametrize(
    ("status", "unproven", "proven"),
    [
        ("pending_submit", [], []),
        ("unknown", [], []),
        ("submitted", ["OrderAccepted"], []),
        ("accepted", ["OrderAccepted"], []),
        ("held", ["OrderAccepted"], []),
        ("partially_filled", ["OrderAccepted"], []),
        ("pending_cancel", ["OrderAccepted"], []),
        ("pending_replace", ["OrderAccepted"], []),
        ("filled", ["OrderAccepted"], []),
        ("canceled", ["OrderAccepted", "OrderCanceled"], ["OrderCanceled"]),
        ("expired", ["OrderAccepted", "OrderExpired"], ["OrderExpired"]),
        ("replaced", ["OrderAccepted", "OrderCanceled"], ["OrderCanceled"]),
        ("rejected", ["OrderRejected"], ["OrderRejected"]),
    ],
)
def test_what_asking_about_an_order_brings(status: OrderStatus, unproven: list[str], proven: list[str]) -> None:
    for story, expected in ((SENT, unproven), (UNKNOWN, unproven), (WORKING, proven)):
        order = order_in(*story)
        events = from_lookup(TELLER, order, broker_order(order, status, code="C", reason="why"))
        assert [event.type for event in events] == expected
        for event in events:
            data = said(event)
            assert (data.evidence, data.broker) == ("lookup", "paper")
            assert data.broker_time == (TIME + 1 if event.type == "OrderAccepted" else TIME + 2)


def test_a_rejection_that_is_found_out_has_its_reason() -> None:
    order = order_in(*UNKNOWN)
    (event,) = from_lookup(TELLER, order, broker_order(order, "rejected", code="FUNDS", reason="too poor"))
    (bare,) = from_lookup(TELLER, order, broker_order(order, "rejected"))

    assert (said(event).code, said(event).message) == ("FUNDS", "too poor")
    assert said(bare).code == "REJECTED"


def test_an_execution_without_a_fee_yet_has_none() -> None:
    order = order_in(*WORKING)

    assert said(filled(TELLER, order, execution(order, fee=None), "live", "message")).fee == 0
    assert said(filled(TELLER, order, execution(order, fee=Decimal("0.35")), "live", "message")).fee == Decimal("0.35")


def test_what_is_nobodys_is_booked_on_the_account() -> None:
    order = order_in(*WORKING)
    fill = external_fill(TELLER, execution())
    seen = external_order(TELLER, broker_order(order, "accepted", client_order_id=""))

    assert (fill.stream, fill.type) == ("account-paper", "ExternalFillBooked")
    assert (seen.stream, seen.type) == ("account-paper", "ExternalOrderSeen")
    # Once it is known whose it was, it must not be booked again.
    assert fill.event_id == filled(TELLER, order, execution(order), "live", "message").event_id


def test_a_halt_is_told_of_the_account_and_thrown_once_for_a_cause() -> None:
    events = halted("paper", "filled 13 of 10", "cause", TIME)

    assert [(event.stream, event.type) for event in events] == [
        ("account-paper", "AccountHalted"),
        ("control-account.paper", "Halted"),
    ]
    assert said(events[1]).level == "HALT"
    assert [e.event_id for e in halted("paper", "x", "cause", TIME + 1)] == [e.event_id for e in events]


def test_every_kind_of_fact_that_a_message_can_be_is_in_the_table() -> None:
    ours = {o.OrderAccepted, o.OrderRejected, o.OrderCanceled, o.OrderExpired, o.OrderCancelRejected}
    ours |= {o.OrderCompleted}
    assert {event for event, _ in MEANINGS.values()} == ours
