"""A person's yes or no to a held order."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ingest.building import NOW, Log, stored
from tests.unit.ingest.commanding import ANNA, BOB, answered, carry_out, done, planned, reader_of
from tradewire.domain.orders import Status
from tradewire.messages.order_events import OrderApprovalGranted, OrderApprovalRefused, OrderLapsed

ANSWERS: list[tuple[str, dict[str, Any]]] = [("approve", {}), ("deny", {"reason": "too much"})]


async def test_a_held_order_is_approved_at_the_version_that_was_seen() -> None:
    log = Log()
    order = log.hold(log.order("a"))
    [event] = planned(await carry_out(log, "approve", order=order[:9]))
    assert (event.stream, event.version) == (f"order-{order}", 3)
    assert stored(event) == OrderApprovalGranted(order=order, by="person:anna", request="r-1", alone=False)


async def test_a_held_order_is_denied_with_a_reason() -> None:
    log = Log()
    order = log.hold(log.order("a"))
    [event] = planned(await carry_out(log, "deny", order=order, reason="too much"))
    assert (event.stream, event.version) == (f"order-{order}", 3)
    assert stored(event) == OrderApprovalRefused(order=order, by="person:anna", reason="too much", request="r-1")


@pytest.mark.parametrize(("verb", "fields"), ANSWERS)
async def test_an_order_that_waits_for_nobody_is_named_with_its_state(verb: str, fields: dict[str, Any]) -> None:
    log = Log()
    order = log.order("a")
    reply = answered(await carry_out(log, verb, order=order, **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "NOT_HELD", "order")
    assert reply.message == f"order {order} is requested"


@pytest.mark.parametrize(("verb", "fields"), ANSWERS)
async def test_a_second_answer_is_told_who_gave_the_first(verb: str, fields: dict[str, Any]) -> None:
    log = Log()
    order = log.hold(log.order("a"))
    await done(log, "approve", BOB, order=order)
    reply = answered(await carry_out(log, verb, order=order, request="r-2", **fields))
    assert (reply.code, reply.message) == ("NOT_HELD", f"order {order} is requested, approved by person:bob")


@pytest.mark.parametrize(("verb", "fields"), ANSWERS)
async def test_an_order_that_lapsed_or_was_denied_is_told_by_the_reader(verb: str, fields: dict[str, Any]) -> None:
    log = Log()
    order = log.hold(log.order("a"))
    held = log.state.orders[order]
    log.add(f"order-{order}", OrderLapsed(order=order, reason="APPROVAL_EXPIRED"))
    for status in (Status.LAPSED, Status.DENIED):
        reply = answered(await carry_out(log, verb, order=order, find=reader_of(log, held, status), **fields))
        assert (reply.ok, reply.code) == (False, "NOT_HELD")
        assert f"is {status.value}" in reply.message


@pytest.mark.parametrize(("verb", "fields"), ANSWERS)
@pytest.mark.parametrize(("late", "code"), [(-1, None), (0, "TOO_LATE"), (1, "TOO_LATE")])
async def test_an_answer_after_the_deadline_is_too_late(
    verb: str, fields: dict[str, Any], late: int, code: str | None
) -> None:
    log = Log()
    order = log.hold(log.order("a"), deadline=NOW)
    outcome = await carry_out(log, verb, replace(ANNA, time=NOW + late), order=order, **fields)
    if code is None:
        assert planned(outcome)
    else:
        assert (answered(outcome).code, answered(outcome).field) == (code, "order")


@pytest.mark.parametrize(("people", "allowed"), [(1, True), (2, False), (None, False)])
async def test_who_sent_the_signal_approves_it_only_when_alone(people: int | None, allowed: bool) -> None:
    log = Log()
    order = log.hold(log.order("a", strategy="manual", person="anna"))
    outcome = await carry_out(log, "approve", replace(ANNA, people=people), order=order)
    if allowed:
        assert planned(outcome)
    else:
        assert (answered(outcome).code, answered(outcome).expected) == ("NOT_ALLOWED", "the key of another person")
    assert planned(await carry_out(log, "approve", BOB, order=order))


async def test_who_sent_the_signal_may_deny_it() -> None:
    log = Log()
    order = log.hold(log.order("a", strategy="manual", person="anna"))
    assert planned(await carry_out(log, "deny", order=order, reason="never mind"))


@pytest.mark.parametrize(("verb", "fields"), ANSWERS)
async def test_the_same_answer_again_gets_the_same_reply_whatever_the_order_is_by_now(
    verb: str, fields: dict[str, Any]
) -> None:
    log = Log()
    order = log.hold(log.order("a"))
    held = log.state.orders[order]
    await done(log, verb, order=order, **fields)
    reply = answered(await carry_out(log, verb, order=order, **fields))
    assert (reply.ok, reply.code, reply.positions, reply.orders) == (True, "OK", (3,), (order,))
    fresh, find = Log(), reader_of(log, held, Status.DENIED)  # an ingest that began after the order was over
    again = answered(await carry_out(fresh, verb, order=order, find=find, **fields))
    assert (again.ok, again.positions, again.orders) == (True, (3,), (order,))
    other = answered(await carry_out(fresh, verb, BOB, order=order, find=find, **fields))
    assert (other.ok, other.code) == (False, "IDEMPOTENCY_CONFLICT")


async def test_an_order_that_nobody_knows_is_unknown() -> None:
    reply = answered(await carry_out(Log(), "approve", order="abcd"))
    assert (reply.ok, reply.code, reply.field) == (False, "UNKNOWN_ORDER", "order")
