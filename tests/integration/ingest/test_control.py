"""The command door, with two replicas: what people are told, and what is then in the log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import denied, new
from tests.integration.ingest.plant import Plant, signal
from tests.processes import child
from tests.waiting import soon
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages import control
from tradewire.messages.control import ControlReply


@pytest.fixture
async def door(plant: Plant) -> AsyncIterator[Plant]:
    """Two replicas of ingest."""
    async with plant.ingest(), plant.ingest():
        yield plant


async def orders(plant: Plant, *names: str, **fields: Any) -> list[str]:
    """Requests orders and returns their ids, once they are in the log."""
    for name in names:
        await plant.publish("momo", signal(name, **fields))
    await plant.until_settled()
    found = {data["signal_id"]: data["order"] for data in await plant.data("OrderRequested")}
    return [found[name] for name in names]


async def again(plant: Plant, verb: str, person: str, first: ControlReply, request: str, **fields: Any) -> None:
    """The same request, several times, so that both replicas answer it."""
    for _ in range(6):
        reply = await plant.ask(verb, person, request=request, **fields)
        assert (reply.ok, reply.positions, reply.orders) == (first.ok, first.positions, first.orders)


async def test_switches_are_thrown_and_lifted_and_the_log_says_by_whom_and_why(door: Plant) -> None:
    asked: list[tuple[str, str, dict[str, str]]] = [
        ("halt", "anna", {"scope": "strategy.momo", "level": "REDUCE_ONLY", "reason": "too fast"}),
        ("halt", "anna", {"scope": "strategy.momo", "level": "HALT", "reason": "<script>'; drop table"}),
        ("kill", "bob", {}),
        ("resume", "bob", {"scope": "strategy.momo", "reason": "mended"}),
        ("halt", "anna", {"scope": "symbol.BTC/USDT", "level": "KILL"}),
        ("halt", "anna", {"scope": "broker.paper", "level": "HALT"}),
        ("resume", "anna", {"scope": "broker.paper", "reason": "back"}),
    ]
    for verb, person, fields in asked:
        request = uuid4().hex
        reply = await door.ask(verb, person, request=request, **fields)
        assert (reply.ok, reply.code) == (True, "OK"), reply
        [(position, stream, _, _, _, data)] = [
            row for row in await door.rows("Halted", "Resumed") if row[5]["request"] == request
        ]
        assert reply.positions == (position,)  # in the log before the answer
        scope = fields.get("scope", "global")
        assert stream == f"control-{scope}"
        assert (data["scope"], data["by"], data["reason"]) == (scope, f"person:{person}", fields.get("reason", ""))
        assert data.get("level") == (None if verb == "resume" else fields.get("level", "KILL"))
        await again(door, verb, person, reply, request, **fields)
    assert len(await door.rows("Halted", "Resumed")) == len(asked)
    await door.assert_clean()


async def test_what_cannot_be_carried_out_is_said_by_field_and_changes_nothing(door: Plant) -> None:
    assert (await door.ask("halt", scope="global", level="HALT")).ok
    before = await door.rows()
    wrong: list[tuple[str, dict[str, Any], str, str]] = [
        ("resume", {"scope": "global"}, "MISSING_FIELD", "reason"),
        ("resume", {"scope": "global", "reason": ""}, "MISSING_FIELD", "reason"),
        ("resume", {"scope": "strategy.momo", "reason": "x"}, "NOT_HALTED", "scope"),
        ("halt", {"scope": "somewhere", "level": "HALT"}, "INVALID_FIELD", "scope"),
        ("halt", {"scope": "account.third", "level": "HALT"}, "UNKNOWN_ACCOUNT", "scope"),
        ("halt", {"scope": "global", "level": "STOP"}, "INVALID_FIELD", "level"),
        ("halt", {"scope": "global"}, "MISSING_FIELD", "level"),
        ("halt", {"scope": "global", "level": "HALT", "level2": 1}, "UNKNOWN_FIELD", "level2"),
        ("cancel", {}, "MISSING_FIELD", "order"),
        ("cancel", {"order": "zzzz"}, "INVALID_FIELD", "order"),
        ("cancel", {"order": "abcdef0123"}, "UNKNOWN_ORDER", "order"),
        ("cancel", {"account": "third"}, "UNKNOWN_ACCOUNT", "account"),
        *((verb, {}, "NOT_SUPPORTED_YET", "verb") for verb in sorted(control.NOT_SUPPORTED_YET)),
        ("pause", {"strategy": "momo"}, "MISSING_FIELD", "reason"),
        ("flatten", {"account": "third", "reason": "x"}, "UNKNOWN_ACCOUNT", "account"),
        ("halt", {"scope": "broker.alpaca", "level": "HALT"}, "UNKNOWN_BROKER", "scope"),
        ("approve", {"order": "abcdef0123"}, "UNKNOWN_ORDER", "order"),
        ("deny", {"order": "abcdef0123"}, "MISSING_FIELD", "reason"),
        ("explode", {}, "UNKNOWN_VERB", "verb"),
    ]
    for verb, fields, code, field in wrong:
        request = uuid4().hex
        reply = await door.ask(verb, request=request, **fields)
        assert await door.ask(verb, request=request, **fields) == reply
        assert (reply.ok, reply.code, reply.field) == (False, code, field), (verb, fields, reply)
        assert reply.message
        assert reply.expected
    weaker = await door.ask("halt", scope="global", level="REDUCE_ONLY")
    assert (weaker.ok, weaker.code) == (True, "ALREADY_IN_FORCE")

    async def on_record() -> bool:
        return len(await door.data("CommandRefused")) >= len(wrong)

    await soon(on_record)
    tried = [(d["verb"], d["by"], d["code"], d["field"]) for d in await door.data("CommandRefused")]
    assert sorted(tried) == sorted((verb, "person:anna", code, field) for verb, _, code, field in wrong)
    assert [row for row in await door.rows() if not row[1].startswith("command-")] == before


async def test_orders_are_canceled_by_id_by_prefix_and_together(door: Plant) -> None:
    one, two, three, four = await orders(door, "s-1", "s-2", "s-3", "s-4")
    [other] = await orders(door, "s-5", symbol="MSFT")
    request = uuid4().hex
    reply = await door.ask("cancel", order=one, reason="by id", request=request)
    assert (reply.ok, reply.orders) == (True, (one,))
    assert (await door.ask("cancel", order=two[:12])).orders == (two,)
    assert (await door.ask("cancel", symbol="MSFT")).orders == (other,)
    everything = uuid4().hex
    reply = await door.ask("cancel", strategy="momo", account="paper", request=everything)
    assert set(reply.orders) == {one, two, three, four, other}
    await door.append_as_risk(
        *(new(denied(order=order), stream=f"order-{order}", version=None, key=order) for order in (one, three))
    )
    await again(door, "cancel", "anna", reply, everything, strategy="momo", account="paper")
    nothing = await door.ask("cancel", strategy="slow")
    assert (nothing.ok, nothing.code) == (True, "NOTHING_TO_DO")
    by = {data["by"] for data in await door.data("OrderCancelRequested")}
    assert by == {"person:anna"}
    assert len(await door.data("OrderCancelRequested")) == 3 + 5
    await door.assert_clean()


async def test_an_order_that_is_over_is_named_with_its_state_and_a_repeat_gets_its_first_answer(door: Plant) -> None:
    one, two = await orders(door, "s-1", "s-2")
    request = uuid4().hex
    first = await door.ask("cancel", order=one, request=request)
    await door.append_as_risk(
        *(new(denied(order=order), stream=f"order-{order}", version=None, key=order) for order in (one, two))
    )

    async def over() -> bool:
        reply = await door.ask("cancel", order=two[:13])
        return reply.code == "ALREADY_TERMINAL" and "denied" in reply.message

    await soon(over)
    await again(door, "cancel", "anna", first, request, order=one)
    async with child("tradewire_ingest", door.engines, "ingest", door.folder) as later:
        await later.until_ready()  # its snapshot holds neither order
        await again(door, "cancel", "anna", first, request, order=one)


async def test_the_id_of_another_request_is_a_conflict(door: Plant) -> None:
    assert (await door.ask("halt", scope="global", level="HALT", request="r-1")).ok
    for person, verb, fields in (
        ("anna", "halt", {"scope": "global", "level": "KILL"}),
        ("anna", "resume", {"scope": "global", "reason": "x"}),
        ("bob", "halt", {"scope": "global", "level": "HALT"}),
    ):
        reply = await door.ask(verb, person, request="r-1", **fields)
        assert (reply.ok, reply.code, reply.field) == (False, "IDEMPOTENCY_CONFLICT", "request")
    assert len(await door.rows("Halted", "Resumed")) == 1


async def test_two_people_who_resume_at_once_lift_the_switch_once(door: Plant) -> None:
    people = ("anna", "bob", "carl")
    for person in people:
        await door.bus(f"person-{person}")
    assert (await door.ask("kill")).ok
    replies = await asyncio.gather(*(door.ask("resume", person, scope="global", reason="well") for person in people))
    assert sorted(reply.code for reply in replies) == ["NOT_HALTED", "NOT_HALTED", "OK"]
    assert len(await door.rows("Resumed")) == 1


async def test_without_a_ledger_the_outcome_is_said_to_be_unknown_and_asking_again_settles_it(door: Plant) -> None:
    await door.sequencer.kill()
    request = uuid4().hex
    reply = await door.ask("kill", request=request)
    assert (reply.ok, reply.code) == (False, "UNAVAILABLE")
    async with child("tradewire_ledger.sequencer", door.engines, "sequencer", door.folder) as sequencer:
        await sequencer.until_ready()
        reply = await door.ask("kill", request=request)
        assert reply.ok
        assert len(await door.rows("Halted")) == 1


async def test_nobody_can_speak_in_another_persons_name(door: Plant) -> None:
    bob: Bus = await door.bus("person-bob")
    with pytest.raises(Unavailable):
        await bob.request("control.kill.anna", b'{"request":"r-1"}', timeout=1)
    assert await door.rows("Halted") == []
