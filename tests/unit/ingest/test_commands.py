"""People's commands: what each leads to, and what is answered when it cannot be carried out."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ingest.building import NOW, Log, stored
from tests.unit.ingest.commanding import ANNA, BOB, LIVE, answered, carry_out, done, planned, reader_of
from tradewire.domain.orders import Status
from tradewire.messages.account_events import FlattenRequested, Halted, Resumed
from tradewire.messages.order_events import OrderCancelRequested
from tradewire_ingest.domain.commands import Plan, Sender
from tradewire_ingest.domain.order_commands import CANCELS_TOGETHER


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


@pytest.mark.parametrize(
    ("level", "reason", "kept"),
    [("HALT", "", "test"), ("HALT", "worse", "worse"), ("KILL", "", "")],
)
async def test_a_halt_without_a_word_keeps_the_reason_of_the_one_that_stands(
    level: str, reason: str, kept: str
) -> None:
    log = Log()
    log.halt("global", "HALT")

    said = await done(log, "halt", BOB, scope="global", level=level, reason=reason)
    again = answered(await carry_out(log, "halt", BOB, scope="global", level=level, reason=reason))

    assert (said.level, said.reason, said.by) == (level, kept, BOB.identity)
    assert (again.code, len(again.positions)) == ("OK", 1)
    assert log.state.controls.switches["global"].reason == kept


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


async def test_where_nothing_is_halted_nothing_is_expected() -> None:
    reply = answered(await carry_out(Log(), "resume", scope="global", reason="well"))
    assert (reply.code, reply.message, reply.expected) == (
        "NOT_HALTED",
        "global is not halted, and nothing else is",
        "",
    )


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("halt", {"scope": "account.third", "level": "HALT"}),
        ("resume", {"scope": "account.third", "reason": "x"}),
        ("cancel", {"account": "third"}),
        ("flatten", {"account": "third", "reason": "x"}),
        ("set-limit", {"scope": "account.third", "limits": {"max_order_value": "1"}, "reason": "x"}),
    ],
)
async def test_an_account_that_is_not_configured_is_named(verb: str, fields: dict[str, Any]) -> None:
    reply = answered(await carry_out(Log(), verb, **fields))
    assert (reply.code, reply.expected) == ("UNKNOWN_ACCOUNT", "paper or second")


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("halt", {"level": "HALT"}),
        ("resume", {"reason": "x"}),
        ("set-limit", {"limits": {"max_order_value": "1"}, "reason": "x"}),
    ],
)
async def test_a_broker_that_holds_no_account_is_named(verb: str, fields: dict[str, Any]) -> None:
    reply = answered(await carry_out(Log(), verb, scope="broker.alpaca", **fields))
    assert (reply.code, reply.field, reply.expected) == ("UNKNOWN_BROKER", "scope", "paper")
    [event] = planned(await carry_out(Log(), "halt", scope="broker.paper", level="HALT"))
    assert event.stream == "control-broker.paper"


async def test_a_strategy_is_paused_as_a_fact_and_resumed_by_the_same_verb_as_all() -> None:
    log = Log()
    [event] = planned(await carry_out(log, "pause", strategy="momo", reason="odd"))
    assert (event.stream, event.version) == ("control-strategy.momo", None)
    assert stored(event) == Halted(scope="strategy.momo", level="PAUSED", by="person:anna", reason="odd", request="r-1")
    log.append(event)
    [event] = planned(await carry_out(log, "resume", scope="strategy.momo", reason="well", request="r-2"))
    assert event.version == 2
    log.halt("strategy.momo", "HALT")
    reply = answered(await carry_out(log, "pause", strategy="momo", reason="odd", request="r-3"))
    assert (reply.ok, reply.code) == (True, "ALREADY_IN_FORCE")


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("halt", {"scope": "strategy.mono", "level": "HALT"}),
        ("kill", {"scope": "strategy.mono"}),
        ("pause", {"strategy": "mono", "reason": "odd"}),
    ],
)
async def test_a_switch_of_a_strategy_that_nobody_knows_is_thrown_with_a_warning(
    verb: str, fields: dict[str, Any]
) -> None:
    log = Log()
    for sender, meant in ((ANNA, ""), (replace(ANNA, strategies=frozenset({"momo"})), ". Did you mean momo?")):
        outcome = await carry_out(log, verb, sender, **fields)
        assert planned(outcome)
        assert isinstance(outcome, Plan)
        assert outcome.warning == f"no strategy mono is known: it has no profile, no key and no order{meant}"


@pytest.mark.parametrize("strategy", ["momo", "calm", "manual"])
async def test_a_strategy_with_a_profile_a_key_or_an_order_is_known(strategy: str) -> None:
    log = Log()
    log.deny(log.order("s", strategy="calm"))
    outcome = await carry_out(
        log, "pause", replace(ANNA, strategies=frozenset({"momo"})), strategy=strategy, reason="x"
    )
    assert isinstance(outcome, Plan)
    assert outcome.warning == ""


async def test_a_flatten_is_a_fact_of_its_account() -> None:
    [event] = planned(await carry_out(Log(), "flatten", account="second", reason="holiday"))
    assert (event.stream, event.version) == ("account-second", None)
    assert stored(event) == FlattenRequested(account="second", by="person:anna", reason="holiday", request="r-1")


async def test_a_flatten_cancels_every_open_order_of_its_account_together_with_the_wish() -> None:
    log = Log()
    orders = (log.order("a"), log.order("b", strategy="slow", symbol="MSFT"))
    log.order("c", account="second")
    over = log.order("d")
    log.deny(over)
    plan = await carry_out(log, "flatten", account="paper", reason="holiday")
    events = planned(plan)
    assert [(event.stream, event.type) for event in events] == [
        ("account-paper", "FlattenRequested"),
        *((f"order-{order}", "OrderCancelRequested") for order in orders),
    ]
    asked = stored(events[1])
    assert (asked.by, asked.reason, asked.request) == ("person:anna", "holiday", "r-1")
    assert isinstance(plan, Plan)
    assert (len(plan.commands), plan.orders) == (1, orders)


async def test_a_halted_account_that_is_configured_no_more_can_be_resumed() -> None:
    log = Log()
    log.halt("account.third")
    assert planned(await carry_out(log, "resume", BOB, scope="account.third", reason="closed"))


@pytest.mark.parametrize(
    ("sender", "level", "allowed"),
    [
        (LIVE, "HALT", False),
        (LIVE, "REDUCE_ONLY", False),
        (LIVE, "PAUSED", True),
        (replace(LIVE, people=1), "KILL", True),
        (replace(LIVE, people=None), "KILL", False),
        (replace(LIVE, identity="person:bob"), "KILL", True),
        (ANNA, "KILL", True),
    ],
)
async def test_what_one_has_halted_with_real_money_somebody_else_resumes(
    sender: Sender, level: str, allowed: bool
) -> None:
    log = Log()
    log.halt("strategy.momo", level)
    outcome = await carry_out(log, "resume", sender, scope="strategy.momo", reason="well")
    if allowed:
        assert planned(outcome)
    else:
        reply = answered(outcome)
        assert (reply.code, reply.field, reply.expected) == ("NOT_ALLOWED", "scope", "the key of another person")
        assert ("ingest.people" in reply.message) is (sender.people is None)


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
    find = reader_of(log, before, Status.DENIED)
    reply = answered(await carry_out(log, "cancel", order=name, find=find))
    assert (reply.ok, reply.code) == (False, "ALREADY_TERMINAL")
    assert "denied" in reply.message


async def test_the_same_cancel_of_an_order_that_is_over_by_now_gets_its_first_answer() -> None:
    log = Log()
    name = log.order("a")
    before = log.state.orders[name]
    log.append(*planned(await carry_out(log, "cancel", order=name, reason="x")))
    fresh = Log()  # an ingest that began after the order was over
    find = reader_of(log, before, Status.DENIED)
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
    ("pause", {"strategy": "slow", "reason": "x"}),
    ("resume", {"scope": "strategy.momo", "reason": "x"}),
    ("cancel", {"strategy": "momo", "reason": "x"}),
    ("flatten", {"account": "paper", "reason": "x"}),
    ("set-limit", {"scope": "account.paper", "limits": {"max_order_value": "5"}, "reason": "x"}),
    ("set-limit", {"scope": "account.paper", "limits": {"max_order_value": "5"}, "reason": "x", "until": "1h"}),
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
    later = replace(ANNA, time=NOW + 1)
    reply = answered(await carry_out(log, verb, later, **fields))
    assert (reply.ok, reply.code) == (True, "OK")
    assert reply.positions == tuple(event.pos for event in events)
    assert reply.orders == (orders if verb in {"cancel", "flatten"} else ())


@pytest.mark.parametrize(("verb", "fields"), REQUESTS)
@pytest.mark.parametrize("change", ["person", "reason", "verb"])
async def test_the_id_of_another_request_is_a_conflict(verb: str, fields: dict[str, Any], change: str) -> None:
    log = Log()
    log.halt("strategy.momo")
    log.order("a")
    log.append(*planned(await carry_out(log, verb, **fields)))
    sender = BOB if change == "person" else ANNA
    if change == "reason":
        fields = {**fields, "reason": "another"}
    elif change == "verb":
        verb, fields = ("cancel", {"symbol": "AAPL"}) if verb != "cancel" else ("kill", {})
    reply = answered(await carry_out(log, verb, sender, **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "IDEMPOTENCY_CONFLICT", "request")
