"""Limits that people set, propose and agree to."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.unit.ingest.building import NOW, Log, stored
from tests.unit.ingest.commanding import ANNA, LIVE, answered, carry_out, done, planned
from tradewire import ids
from tradewire.domain.times import SECOND, instant_text
from tradewire.messages.account_events import LimitProposed, LimitSet
from tradewire_ingest.domain.commands import Plan, Sender
from tradewire_ingest.domain.limit_commands import LOOSE_AT_MOST

HOUR = 3_600 * SECOND
LIVE_BOB = replace(LIVE, identity="person:bob")
ALONE = replace(LIVE, people=1)


def held(log: Log, scope: str = "account.real") -> dict[str, str]:
    return log.state.controls.limits[scope].limits


def at(sender: Sender, time: int) -> Sender:
    return replace(sender, time=time)


async def set_limit(log: Log, sender: Sender = LIVE, scope: str = "account.real", **fields: Any) -> Any:
    """Carries a change out; returns what the last event says."""
    given = {"scope": scope, "reason": "test", "request": f"r{len(log.events)}", **fields}
    return await done(log, "set-limit", sender, **given)


async def test_named_limits_change_and_the_others_stay() -> None:
    log = Log()
    log.limit("strategy.momo", {"max_order_value": "5000", "cooldown": "1m", "rounding": "down"})
    [event] = planned(
        await carry_out(
            log,
            "set-limit",
            scope="strategy.momo",
            limits={"max_order_value": "4000", "max_open_positions": "3", "cooldown": ""},
            reason="calmer",
        )
    )
    assert (event.stream, event.version) == ("limits-strategy.momo", 2)
    assert stored(event) == LimitSet(
        scope="strategy.momo",
        limits={"max_order_value": "4000", "rounding": "down", "max_open_positions": "3"},
        old={"max_order_value": "5000", "cooldown": "1m", "rounding": "down"},
        by="person:anna",
        reason="calmer",
        request="r-1",
    )


async def test_the_first_limits_of_a_scope_are_its_first_version() -> None:
    [event] = planned(
        await carry_out(Log(), "set-limit", scope="broker.paper", limits={"max_order_value": "1"}, reason="x")
    )
    assert (event.stream, event.version, stored(event).old) == ("limits-broker.paper", 1, {})


async def test_what_holds_already_is_not_set_again() -> None:
    log = Log()
    log.limit("global", {"max_order_value": "5000"})
    reply = answered(
        await carry_out(
            log, "set-limit", scope="global", limits={"max_order_value": "5000", "cooldown": ""}, reason="x"
        )
    )
    assert (reply.ok, reply.code) == (True, "ALREADY_IN_FORCE")


async def test_what_the_configuration_sets_for_everything_is_changed_but_not_taken_away() -> None:
    log = Log()
    log.limit("global", {"max_order_value": "5000", "allowed_symbols": "AAPL"})
    sender = replace(ANNA, limits=frozenset({"max_order_value"}))
    taken = {"scope": "global", "limits": {"max_order_value": ""}, "reason": "x"}
    reply = answered(await carry_out(log, "set-limit", sender, **taken))
    assert (reply.ok, reply.code, reply.field) == (False, "INVALID_FIELD", "limits.max_order_value")
    assert "configuration" in reply.message
    assert (await set_limit(log, sender, "global", limits={"max_order_value": "6000"})).limits["max_order_value"]
    assert "allowed_symbols" not in (await set_limit(log, sender, "global", limits={"allowed_symbols": ""})).limits


@pytest.mark.parametrize(
    ("until", "end"), [("4h", NOW + 4 * HOUR), (instant_text(NOW + HOUR), NOW + HOUR), ("2026-03-09T14:30:00+01:00", 0)]
)
async def test_what_is_set_for_a_time_says_when_it_ends_and_what_holds_then(until: str, end: int) -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000"})
    said = await set_limit(log, limits={"max_order_value": "9000"}, until=until)
    assert said.expires_at == (end or 1_773_063_000 * SECOND)
    held_now = log.state.controls.limits["account.real"]
    assert (held_now.limits, held_now.then) == ({"max_order_value": "9000"}, {"max_order_value": "5000"})


@pytest.mark.parametrize("until", [instant_text(NOW), instant_text(NOW - SECOND), "0s"])
async def test_a_time_that_is_over_is_no_end(until: str) -> None:
    reply = answered(
        await carry_out(
            Log(), "set-limit", scope="account.paper", limits={"max_order_value": "1"}, reason="x", until=until
        )
    )
    assert (reply.ok, reply.code, reply.field) == (False, "INVALID_FIELD", "until")


async def test_a_permanent_change_leaves_what_is_temporary_until_its_time() -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000", "max_open_orders": "5"})
    await set_limit(log, limits={"max_order_value": "9000"}, until="4h")
    await set_limit(log, limits={"max_open_orders": "2"})
    now = log.state.controls.limits["account.real"]
    assert now.limits == {"max_order_value": "9000", "max_open_orders": "2"}
    assert (now.then, now.expires_at) == ({"max_order_value": "5000", "max_open_orders": "2"}, NOW + 4 * HOUR)


async def test_a_permanent_change_of_what_is_temporary_ends_that() -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000"})
    await set_limit(log, limits={"max_order_value": "9000"}, until="4h")
    await set_limit(log, limits={"max_order_value": "1000"})
    now = log.state.controls.limits["account.real"]
    assert (now.limits, now.expires_at) == ({"max_order_value": "1000"}, None)


async def test_what_is_temporary_is_prolonged_over_what_is_permanent_and_never_becomes_it() -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000"})
    await set_limit(log, limits={"max_order_value": "9000"}, until="1h")
    await set_limit(log, limits={"max_order_value": "8000"}, until="2h")
    now = log.state.controls.limits["account.real"]
    assert (now.limits, now.then) == ({"max_order_value": "8000"}, {"max_order_value": "5000"})
    assert now.expires_at == NOW + 2 * HOUR


async def test_one_time_holds_for_all_that_is_temporary() -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000", "max_open_orders": "5"})
    await set_limit(log, limits={"max_order_value": "9000"}, until="1h")
    fields: dict[str, Any] = {"scope": "account.real", "limits": {"max_open_orders": "7"}, "reason": "x"}
    reply = answered(await carry_out(log, "set-limit", LIVE, until="2h", **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "INVALID_FIELD", "until")
    assert "max_order_value" in reply.expected
    await set_limit(log, until="1h", **fields)
    now = log.state.controls.limits["account.real"]
    assert now.limits == {"max_order_value": "9000", "max_open_orders": "7"}
    assert now.then == {"max_order_value": "5000", "max_open_orders": "5"}


async def test_what_has_expired_counts_no_more_even_before_it_is_put_back() -> None:
    log = Log()
    log.limit("account.real", {"max_order_value": "5000", "max_open_orders": "5"})
    await set_limit(log, limits={"max_order_value": "9000"}, until="1h")
    said = await set_limit(log, at(LIVE, NOW + HOUR), limits={"max_open_orders": "2"})
    assert said.limits == {"max_order_value": "5000", "max_open_orders": "2"}
    assert said.expires_at is None


@pytest.mark.parametrize(
    ("before", "limits", "until", "field"),
    [
        ({"min_order_value": "10"}, {"max_order_value": "9"}, "", "max_order_value"),
        ({"max_order_value": "10"}, {"min_order_value": "11"}, "1h", "min_order_value"),
        ({}, {"min_order_quantity": "2", "max_order_quantity": "1"}, "", "min_order_quantity"),
    ],
)
async def test_limits_that_no_order_could_pass_are_refused(
    before: dict[str, str], limits: dict[str, str], until: str, field: str
) -> None:
    log = Log()
    log.limit("account.paper", before)
    fields: dict[str, Any] = {"scope": "account.paper", "limits": limits, "reason": "x", "until": until}
    reply = answered(await carry_out(log, "set-limit", **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "INVALID_FIELD", f"limits.{field}")
    assert "no order could pass" in reply.message


async def test_what_was_wrong_before_hinders_no_other_change() -> None:
    log = Log()
    log.limit("account.paper", {"min_order_value": "11", "max_order_value": "10"})
    assert (await set_limit(log, ANNA, "account.paper", limits={"max_open_orders": "1"})).limits[
        "max_open_orders"
    ] == "1"


async def test_an_unknown_strategys_limits_are_set_with_a_warning() -> None:
    log = Log()
    fields: dict[str, Any] = {"limits": {"max_order_value": "1"}, "reason": "x"}
    outcome = await carry_out(log, "set-limit", scope="strategy.nope", **fields)
    assert isinstance(outcome, Plan)
    assert outcome.warning == "no strategy nope is known: it has no profile, no key and no order"
    outcome = await carry_out(log, "set-limit", scope="symbol.NOPE", **fields)
    assert isinstance(outcome, Plan)
    assert outcome.warning == ""


LOOSER: list[dict[str, str]] = [
    {"max_order_value": "5000.01"},
    {"max_order_value": "none"},
    {"max_order_value": ""},
    {"max_order_value": "1", "allow_short": "yes"},
    {"cooldown": "30s"},
    {"allowed_symbols": "AAPL,MSFT"},
]
BEFORE = {"max_order_value": "5000", "allow_short": "no", "cooldown": "1m", "allowed_symbols": "AAPL"}


@pytest.mark.parametrize("limits", LOOSER)
@pytest.mark.parametrize("scope", ["global", "broker.paper", "account.real", "strategy.momo", "symbol.AAPL"])
async def test_letting_more_pass_with_real_money_needs_a_second_person(scope: str, limits: dict[str, str]) -> None:
    log = Log()
    log.limit(scope, BEFORE)
    outcome = await carry_out(log, "set-limit", LIVE, scope=scope, limits=limits, reason="bigger")
    [event] = planned(outcome)
    said = stored(event)
    assert isinstance(said, LimitProposed)
    assert (event.stream, event.version) == (f"limits-{scope}", 2)
    assert said.old == BEFORE
    assert said.limits == {name: text for name, text in (BEFORE | limits).items() if text}
    log.append(event)
    assert held(log, scope) == BEFORE
    again = answered(await carry_out(log, "set-limit", LIVE, scope=scope, limits=limits, reason="bigger"))
    assert (again.ok, again.code, again.positions) == (True, "PROPOSED", (2,))


@pytest.mark.parametrize(
    ("scope", "sender"),
    [("account.paper", LIVE), ("global", ANNA), ("strategy.momo", ANNA), ("broker.paper", ANNA)],
)
async def test_where_no_live_account_lies_nobody_else_is_needed(scope: str, sender: Sender) -> None:
    log = Log()
    log.limit(scope, BEFORE)
    for limits in LOOSER[:2]:
        assert isinstance(await set_limit(log, sender, scope, limits=limits), LimitSet)


async def test_letting_less_pass_needs_nobody_else() -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    said = await set_limit(log, limits={"max_order_value": "4999", "cooldown": "2m", "max_open_orders": "1"})
    assert isinstance(said, LimitSet)


async def test_letting_more_pass_for_a_while_needs_nobody_else() -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    said = await set_limit(log, ALONE, limits={"max_order_value": "9000"}, until="4h")
    assert (type(said), said.limits["max_order_value"]) == (LimitSet, "9000")


async def test_a_while_has_an_end() -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    fields: dict[str, Any] = {"scope": "account.real", "limits": {"max_order_value": "9000"}, "reason": "x"}
    reply = answered(await carry_out(log, "set-limit", LIVE, until=f"{LOOSE_AT_MOST // SECOND + 1}s", **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "INVALID_FIELD", "until")
    assert planned(await carry_out(log, "set-limit", LIVE, until=f"{LOOSE_AT_MOST // SECOND}s", **fields))


@pytest.mark.parametrize("people", [1, None])
async def test_whoever_is_alone_must_say_when_it_ends(people: int | None) -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    sender = replace(LIVE, people=people)
    fields: dict[str, Any] = {"scope": "account.real", "limits": {"max_order_value": "9000"}, "reason": "x"}
    reply = answered(await carry_out(log, "set-limit", sender, **fields))
    assert (reply.ok, reply.code, reply.field) == (False, "NOT_ALLOWED", "until")
    assert ("is not known" in reply.message) is (people is None)
    assert planned(await carry_out(log, "set-limit", sender, until="1h", **fields))


async def test_what_one_person_lowered_for_a_while_is_not_raised_again_by_one() -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    await set_limit(log, limits={"max_order_value": "100"}, until="4h")
    for until in ("", "1h"):
        fields: dict[str, Any] = {"limits": {"max_order_value": "5000"}, "reason": "x", "until": until}
        [event] = planned(await carry_out(log, "set-limit", LIVE, scope="account.real", **fields))
        assert isinstance(stored(event), LimitProposed)


async def propose(log: Log) -> str:
    """Anna proposes; returns her request's id."""
    log.limit("account.real", BEFORE)
    said = await set_limit(log, limits={"max_order_value": "9000"}, reason="bigger")
    assert isinstance(said, LimitProposed)
    return said.request


@pytest.mark.parametrize("by_scope", [True, False])
@pytest.mark.parametrize("why", ["", "fine"])
async def test_a_second_person_puts_a_proposal_in_force(by_scope: bool, why: str) -> None:
    log = Log()
    request = await propose(log)
    named = "account.real" if by_scope else request
    [event] = planned(await carry_out(log, "agree-limit", LIVE_BOB, proposal=named, reason=why))
    assert (event.stream, event.version) == ("limits-account.real", 3)
    assert event.causation_id == ids.command_uuid(request, "LimitProposed")
    assert stored(event) == LimitSet(
        scope="account.real",
        limits={**BEFORE, "max_order_value": "9000"},
        old=BEFORE,
        by="person:anna",
        reason="bigger; fine" if why else "bigger",
        request="r-1",
        seconded_by="person:bob",
    )
    log.append(event)
    again = answered(await carry_out(log, "agree-limit", LIVE_BOB, proposal=named, reason=why))
    assert (again.ok, again.code, again.positions) == (True, "OK", (3,))


async def test_who_proposed_does_not_second() -> None:
    log = Log()
    await propose(log)
    reply = answered(await carry_out(log, "agree-limit", LIVE, proposal="account.real"))
    assert (reply.ok, reply.code, reply.field) == (False, "NOT_ALLOWED", "proposal")


async def test_agreeing_twice_is_told_who_set_what() -> None:
    log = Log()
    request = await propose(log)
    await done(log, "agree-limit", LIVE_BOB, proposal=request)
    for named in ("account.real", request):
        reply = answered(await carry_out(log, "agree-limit", LIVE_BOB, proposal=named, request="r-2"))
        assert (reply.ok, reply.code, reply.field) == (False, "NO_PROPOSAL", "proposal")
        assert "version 3 of account.real was set by person:anna" in reply.message


async def test_a_proposal_stands_only_while_the_limits_are_as_they_were() -> None:
    log = Log()
    request = await propose(log)
    await set_limit(log, LIVE_BOB, limits={"max_open_orders": "1"})
    reply = answered(await carry_out(log, "agree-limit", LIVE_BOB, proposal=request))
    assert (reply.ok, reply.code) == (False, "NO_PROPOSAL")
    assert "person:bob" in reply.message


async def test_a_newer_proposal_takes_the_place_of_an_older_one() -> None:
    log = Log()
    request = await propose(log)
    await set_limit(log, limits={"max_order_value": "8000"})
    reply = answered(await carry_out(log, "agree-limit", LIVE_BOB, proposal=request))
    assert (reply.code, reply.expected) == ("NO_PROPOSAL", "account.real")
    assert "another proposal, by person:anna" in reply.message
    agreed = await done(log, "agree-limit", LIVE_BOB, proposal="account.real")
    assert agreed.limits["max_order_value"] == "8000"


@pytest.mark.parametrize("named", ["account.real", "global", "r-77"])
async def test_where_nothing_is_proposed_nothing_is_agreed_to(named: str) -> None:
    reply = answered(await carry_out(Log(), "agree-limit", LIVE_BOB, proposal=named))
    assert (reply.ok, reply.code, reply.field) == (False, "NO_PROPOSAL", "proposal")
    assert reply.expected == "nothing: no limits wait for a second person"


async def test_what_two_people_agreed_to_is_the_whole() -> None:
    log = Log()
    log.limit("account.real", BEFORE)
    await set_limit(log, limits={"cooldown": "10s"}, until="4h")
    request = (await set_limit(log, limits={"max_order_value": "9000"})).request
    agreed = await done(log, "agree-limit", LIVE_BOB, proposal=request)
    assert (agreed.limits, agreed.expires_at) == ({**BEFORE, "max_order_value": "9000"}, None)
    assert agreed.old["cooldown"] == "10s"


async def test_the_id_of_a_proposal_is_no_id_for_anything_else() -> None:
    log = Log()
    request = await propose(log)
    for verb, sender, fields in (
        ("set-limit", LIVE, {"scope": "account.real", "limits": {"max_order_value": "9999"}, "reason": "bigger"}),
        ("agree-limit", LIVE_BOB, {"proposal": request}),
    ):
        reply = answered(await carry_out(log, verb, sender, request=request, **fields))
        assert (reply.ok, reply.code) == (False, "IDEMPOTENCY_CONFLICT")
