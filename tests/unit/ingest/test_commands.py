"""People's commands: what each leads to, and what is answered when it cannot be carried out."""

from typing import Any

import msgspec
import pytest

from tests.unit.ingest.building import NOW, Log, stored
from tradewire.messages import control
from tradewire.messages.account_events import Halted, Resumed
from tradewire.messages.answers import PublicEvent
from tradewire.messages.control import ControlReply
from tradewire.messages.order_events import OrderCancelRequested
from tradewire_ingest.domain.commands import CANCELS_TOGETHER, Outcome, Plan, Sender
from tradewire_ingest.handlers import on_command
from tradewire_ingest.lookups import Found, NotOne

ANNA = Sender("person:anna", NOW, frozenset({"paper", "second"}))


async def nothing_found(_beginning: str) -> Found | NotOne:
    return NotOne.UNKNOWN


async def carry_out(log: Log, verb: str, sender: Sender = ANNA, find: Any = nothing_found, **fields: Any) -> Outcome:
    command = control.parse(verb, msgspec.json.encode({"request": "r-1", **fields}))
    return await on_command(command, sender, log.state, find)


def planned(outcome: Outcome) -> list[Any]:
    assert isinstance(outcome, Plan), outcome
    return [event for command in outcome.commands for event in command.events]


def answered(outcome: Outcome) -> ControlReply:
    assert isinstance(outcome, ControlReply), outcome
    return outcome


def public(log: Log) -> tuple[PublicEvent, ...]:
    return tuple(
        PublicEvent(
            pos=event.pos,
            at=event.at,
            time="",
            stream=event.stream,
            version=event.version,
            type=event.type,
            account=None,
            order=None,
            signal=None,
            data=event.data,
        )
        for event in log.events
    )


@pytest.mark.parametrize(
    ("verb", "fields", "level"),
    [
        ("halt", {"scope": "account.paper", "level": "REDUCE_ONLY"}, "REDUCE_ONLY"),
        ("halt", {"scope": "account.paper", "level": "HALT", "reason": "<b>'; drop"}, "HALT"),
        ("halt", {"scope": "account.paper", "level": "KILL"}, "KILL"),
        ("kill", {"scope": "account.paper"}, "KILL"),
    ],
)
async def test_a_switch_is_thrown_as_a_fact(verb: str, fields: dict[str, Any], level: Any) -> None:
    [event] = planned(await carry_out(Log(), verb, **fields))
    assert (event.stream, event.version) == ("control-account.paper", None)
    assert stored(event) == Halted(
        scope="account.paper", level=level, by="person:anna", reason=fields.get("reason", ""), request="r-1"
    )


async def test_a_kill_without_a_scope_is_for_everything() -> None:
    [event] = planned(await carry_out(Log(), "kill"))
    assert event.stream == "control-global"


@pytest.mark.parametrize(("thrown", "level"), [("KILL", "HALT"), ("KILL", "REDUCE_ONLY"), ("HALT", "REDUCE_ONLY")])
async def test_a_switch_is_never_lowered_by_a_halt(thrown: str, level: str) -> None:
    log = Log()
    log.halt("global", thrown)
    reply = answered(await carry_out(log, "halt", scope="global", level=level))
    assert (reply.ok, reply.code) == (True, "ALREADY_IN_FORCE")
    assert thrown in reply.message


async def test_a_switch_is_lifted_under_the_version_that_was_seen() -> None:
    log = Log()
    log.halt("global", "HALT")
    log.halt("global", "KILL")
    [event] = planned(await carry_out(log, "resume", scope="global", reason="all is well"))
    assert (event.stream, event.version) == ("control-global", 3)
    assert stored(event) == Resumed(scope="global", by="person:anna", reason="all is well", request="r-1")


async def test_what_is_not_halted_cannot_be_resumed_and_what_is_halted_is_named() -> None:
    log = Log()
    log.halt("strategy.momo")
    reply = answered(await carry_out(log, "resume", scope="global", reason="well"))
    assert (reply.ok, reply.code, reply.field, reply.expected) == (False, "NOT_HALTED", "scope", "strategy.momo")


@pytest.mark.parametrize("verb", ["halt", "resume", "cancel"])
async def test_an_account_that_is_not_configured_is_named(verb: str) -> None:
    fields: dict[str, Any] = {
        "halt": {"scope": "account.third", "level": "HALT"},
        "resume": {"scope": "account.third", "reason": "x"},
        "cancel": {"account": "third"},
    }[verb]
    reply = answered(await carry_out(Log(), verb, **fields))
    assert (reply.code, reply.expected) == ("UNKNOWN_ACCOUNT", "paper or second")


async def test_a_halted_account_that_is_configured_no_more_can_be_resumed() -> None:
    log = Log()
    log.halt("account.third")
    assert planned(await carry_out(log, "resume", scope="account.third", reason="closed"))


@pytest.mark.parametrize("length", [36, 13, 4])
async def test_an_order_is_canceled_by_its_id_or_a_beginning_of_it(length: int) -> None:
    log = Log()
    order = log.order("a")
    [event] = planned(await carry_out(log, "cancel", order=order[:length], reason="why not"))
    assert (event.stream, event.version) == (f"order-{order}", None)
    assert stored(event) == OrderCancelRequested(order=order, by="person:anna", reason="why not", request="r-1")


async def test_a_beginning_of_several_ids_names_none() -> None:
    log = Log()
    beginnings: dict[str, int] = {}
    while max(beginnings.values(), default=0) < 2:  # two ids that begin alike
        beginning = log.order(f"n{len(log.events)}")[:4]
        beginnings[beginning] = beginnings.get(beginning, 0) + 1
    shared = max(beginnings, key=lambda beginning: beginnings[beginning])
    reply = answered(await carry_out(log, "cancel", order=shared))
    assert (reply.code, reply.field) == ("AMBIGUOUS_ORDER", "order")


async def test_an_order_that_nobody_knows_is_unknown() -> None:
    reply = answered(await carry_out(Log(), "cancel", order="abcd"))
    assert (reply.ok, reply.code, reply.field) == (False, "UNKNOWN_ORDER", "order")


async def test_an_order_that_is_over_is_named_with_its_state() -> None:
    log = Log()
    name = log.order("a")
    before = log.state.orders[name]
    log.deny(name)
    over = msgspec.structs.replace(before, status="denied")

    async def find(_beginning: str) -> Found | NotOne:
        return Found(msgspec.convert(msgspec.to_builtins(over), type(over)), public(log))

    reply = answered(await carry_out(log, "cancel", order=name, find=find))
    assert (reply.ok, reply.code) == (False, "ALREADY_TERMINAL")
    assert "denied" in reply.message


async def test_the_same_cancel_of_an_order_that_is_over_by_now_gets_its_first_answer() -> None:
    log = Log()
    name = log.order("a")
    before = log.state.orders[name]
    log.append(*planned(await carry_out(log, "cancel", order=name, reason="x")))
    over = msgspec.convert(msgspec.to_builtins(msgspec.structs.replace(before, status="denied")), type(before))

    async def find(_beginning: str) -> Found | NotOne:
        return Found(over, public(log))

    fresh = Log()  # an ingest that began after the order was over
    reply = answered(await carry_out(fresh, "cancel", order=name, reason="x", find=find))
    assert (reply.ok, reply.positions, reply.orders) == (True, (2,), (name,))


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"strategy": "momo"}, {"a", "b", "c"}),
        ({"symbol": "MSFT"}, {"b", "d"}),
        ({"account": "second"}, {"c"}),
        ({"strategy": "momo", "symbol": "AAPL", "account": "paper"}, {"a"}),
    ],
)
async def test_every_open_order_that_matches_is_canceled(fields: dict[str, Any], matches: set[str]) -> None:
    log = Log()
    orders = {
        "a": log.order("a"),
        "b": log.order("b", symbol="MSFT"),
        "c": log.order("c", account="second"),
        "d": log.order("d", strategy="other", symbol="MSFT"),
    }
    outcome = await carry_out(log, "cancel", **fields)
    wanted = {orders[name] for name in matches}
    assert {stored(event).order for event in planned(outcome)} == wanted
    assert isinstance(outcome, Plan)
    assert set(outcome.orders) == wanted


async def test_cancels_beyond_one_append_are_several_commands() -> None:
    log = Log()
    for n in range(CANCELS_TOGETHER + 1):
        log.order(str(n))
    outcome = await carry_out(log, "cancel", strategy="momo")
    assert isinstance(outcome, Plan)
    assert [len(command.events) for command in outcome.commands] == [CANCELS_TOGETHER, 1]
    assert len({event.event_id for event in planned(outcome)}) == CANCELS_TOGETHER + 1


async def test_nothing_to_cancel_is_no_error() -> None:
    reply = answered(await carry_out(Log(), "cancel", strategy="momo"))
    assert (reply.ok, reply.code) == (True, "NOTHING_TO_DO")


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("halt", {"scope": "global", "level": "HALT", "reason": "x"}),
    ("kill", {"reason": "x"}),
    ("resume", {"scope": "strategy.momo", "reason": "x"}),
    ("cancel", {"strategy": "momo", "reason": "x"}),
]


@pytest.mark.parametrize(("verb", "fields"), REQUESTS)
async def test_the_same_request_again_gets_the_same_answer(verb: str, fields: dict[str, Any]) -> None:
    log = Log()
    log.halt("strategy.momo")
    orders = (log.order("a"), log.order("b"))
    events = log.append(*planned(await carry_out(log, verb, **fields)))
    log.halt("global", "KILL")
    for order in orders:
        log.deny(order)
    reply = answered(await carry_out(log, verb, **fields))
    assert (reply.ok, reply.code) == (True, "OK")
    assert reply.positions == tuple(event.pos for event in events)
    assert reply.orders == (orders if verb == "cancel" else ())


@pytest.mark.parametrize(("verb", "fields"), REQUESTS)
@pytest.mark.parametrize("change", ["person", "reason", "verb"])
async def test_the_id_of_another_request_is_a_conflict(verb: str, fields: dict[str, Any], change: str) -> None:
    log = Log()
    log.halt("strategy.momo")
    log.order("a")
    log.append(*planned(await carry_out(log, verb, **fields)))
    sender = Sender("person:bob", NOW, ANNA.accounts) if change == "person" else ANNA
    if change == "reason":
        fields = {**fields, "reason": "another"}
    elif change == "verb":
        verb, fields = ("cancel", {"symbol": "AAPL"}) if verb != "cancel" else ("kill", {})
    reply = answered(await carry_out(log, verb, sender, **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "IDEMPOTENCY_CONFLICT", "request")
