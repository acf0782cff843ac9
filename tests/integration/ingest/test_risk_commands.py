"""Limits, approvals, pauses and flattening through the command door: what people are told, and what is in the log."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.builders import new
from tests.integration.ingest.plant import Plant, signal
from tests.live import live_config
from tests.processes import Child
from tests.waiting import now
from tradewire.domain.times import SECOND
from tradewire.messages.order_events import OrderHeld, OrderLapsed
from tradewire.messages.vocabulary import CheckResult

ORDER = {"max_order_value": "5000"}
WHERE: dict[str, Any] = {"scope": "account.paper", "reason": "x"}
BAD_LIMITS: list[tuple[dict[str, Any], str, str]] = [
    ({"limits": {"max_order_value": "0"}}, "INVALID_FIELD", "limits.max_order_value"),
    ({"limits": {"max_order_value": "-5"}}, "INVALID_FIELD", "limits.max_order_value"),
    ({"limits": {"max_order_value": "NaN"}}, "INVALID_FIELD", "limits.max_order_value"),
    ({"limits": {"max_order_value": "plenty"}}, "INVALID_FIELD", "limits.max_order_value"),
    ({"limits": {"max_order_value": 5}}, "INVALID_FIELD", "limits"),
    ({"limits": {"max_everything": "5"}}, "INVALID_FIELD", "limits"),
    ({"limits": {}}, "MISSING_FIELD", "limits"),
    ({"limits": ORDER, "reason": ""}, "MISSING_FIELD", "reason"),
    ({"limits": ORDER, "scope": "everything"}, "INVALID_FIELD", "scope"),
    ({"limits": ORDER, "scope": "account.third"}, "UNKNOWN_ACCOUNT", "scope"),
    ({"limits": ORDER, "scope": "broker.alpaca"}, "UNKNOWN_BROKER", "scope"),
    ({"limits": ORDER, "until": "soon"}, "INVALID_FIELD", "until"),
    ({"limits": ORDER, "until": "2020-01-01T00:00:00Z"}, "INVALID_FIELD", "until"),
    ({"limits": {"max_order_value": ""}, "scope": "global"}, "INVALID_FIELD", "limits.max_order_value"),
]


@pytest.fixture
async def ingest(plant: Plant) -> AsyncIterator[Child]:
    async with plant.ingest() as started:
        yield started


@pytest.fixture
async def live(plant: Plant, folder: Path) -> AsyncIterator[Plant]:
    """Two replicas of ingest, and an account where real money is at stake."""
    config = folder / "live.toml"
    config.write_text(live_config())
    env = {"TRADEWIRE_CONFIG": str(config)}
    async with plant.ingest(env), plant.ingest(env):
        yield plant


def counted(process: Child, verb: str, code: str) -> float:
    """How often a verb was answered so."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    found = re.search(rf'tradewire_ingest_commands_total{{code="{code}",verb="{verb}"}} (\S+)', page)
    return float(found[1]) if found else 0.0


async def held(plant: Plant, name: str, *, hand: str = "", deadline: int | None = None) -> str:
    """An order that waits for a person: of the strategy momo, or sent by hand by somebody."""
    if hand:
        await plant.publish(f"manual:{hand}", signal(name), user=f"person-{hand}")
    else:
        await plant.publish("momo", signal(name))
    await plant.until_settled()
    [order] = [data["order"] for data in await plant.data("OrderRequested") if data["signal_id"] == name]
    waits = OrderHeld(
        order=order,
        attempt=1,
        state_pos=1,
        checks=(CheckResult("approval", "30000", "25000", False),),
        limits={"global": 1},
        control={},
        reason="APPROVAL_NEEDED",
        deadline=now() + 3_600 * SECOND if deadline is None else deadline,
    )
    [result] = await plant.append_as_risk(new(waits, stream=f"order-{order}", version=2, key=order))
    assert result.stored, result
    return str(order)


async def test_limits_are_set_in_every_scope_at_the_next_version(plant: Plant, ingest: Child) -> None:
    for scope in ("global", "broker.paper", "account.paper", "strategy.momo", "symbol.BTC/USDT"):
        request = uuid4().hex
        fields: dict[str, Any] = {"scope": scope, "limits": ORDER, "reason": "calm"}
        reply = await plant.ask("set-limit", request=request, **fields)
        assert (reply.ok, reply.code) == (True, "OK"), reply
        more = await plant.ask("set-limit", "bob", scope=scope, limits={"max_open_positions": "3"}, reason="few")
        assert more.ok
        again = await plant.ask("set-limit", request=request, **fields)
        assert (again.ok, again.positions) == (True, reply.positions)
        first, second = (row for row in await plant.rows("LimitSet") if row[1] == f"limits-{scope}")
        assert (first[0], first[2], second[2]) == (reply.positions[0], 1, 2)
        assert (first[5]["limits"], first[5]["old"], first[5]["by"]) == (ORDER, {}, "person:anna")
        assert second[5]["limits"] == {**ORDER, "max_open_positions": "3"}
        assert (second[5]["old"], second[5]["by"], second[5]["reason"]) == (ORDER, "person:bob", "few")
    await plant.assert_clean()


async def test_a_bad_limit_is_named_with_its_fix_and_nothing_changes(plant: Plant, ingest: Child) -> None:
    assert (await plant.ask("set-limit", **{**WHERE, "limits": ORDER})).ok
    before = await plant.rows()
    for fields, code, field in BAD_LIMITS:
        reply = await plant.ask("set-limit", **{**WHERE, **fields})
        assert (reply.ok, reply.code, reply.field) == (False, code, field), (fields, reply)
        assert reply.message
        assert reply.expected
    assert [row for row in await plant.rows() if not row[1].startswith("command-")] == before


async def test_an_attempt_is_counted_and_logged_with_who_and_why_not(plant: Plant, ingest: Child) -> None:
    order = await held(plant, "s-1", deadline=1)
    for verb, fields, code in (
        ("set-limit", {**WHERE, "limits": {"max_order_value": "NaN"}}, "INVALID_FIELD"),
        ("resume", {"scope": "global", "reason": ""}, "MISSING_FIELD"),
        ("approve", {"order": order}, "TOO_LATE"),
        ("agree-limit", {"proposal": "global"}, "NO_PROPOSAL"),
    ):
        before = counted(ingest, verb, code)
        assert (await plant.ask(verb, **fields)).code == code
        assert counted(ingest, verb, code) == before + 1
        assert re.search(rf'"verb": ?"{verb}", "person": ?"anna", "code": ?"{code}"', ingest.output())
    assert re.search(rf'"verb": ?"approve".*"order": ?"{order}"', ingest.output())
    assert re.search(rf'"verb": ?"set-limit".*"scope": ?"{WHERE["scope"]}"', ingest.output())


async def test_people_who_set_limits_at_once_lose_nothing(live: Plant) -> None:
    names = ["max_open_orders", "max_orders_per_day", "max_open_positions", "max_orders_per_minute"]
    for person in ("anna", "bob"):
        await live.bus(f"person-{person}")
    replies = await asyncio.gather(
        *(
            live.ask("set-limit", person, scope="account.real", limits={name: "7"}, reason="at once")
            for name, person in zip(names, ["anna", "bob", "anna", "bob"], strict=True)
        )
    )
    assert [reply.code for reply in replies] == ["OK"] * 4
    last = (await live.data("LimitSet"))[-1]
    assert last["limits"] == dict.fromkeys(names, "7")
    await live.assert_clean()


async def test_loosening_with_real_money_needs_an_end_or_a_second_person(live: Plant) -> None:
    await live.bus("person-anna")
    assert (await live.ask("set-limit", scope="account.real", limits=ORDER, reason="first")).ok
    more: dict[str, Any] = {"scope": "account.real", "limits": {"max_order_value": "9000"}, "reason": "bigger"}
    alone = await live.ask("set-limit", **more)
    assert (alone.ok, alone.code, alone.field) == (False, "NOT_ALLOWED", "until")
    for_a_while = await live.ask("set-limit", until="1h", **more)
    assert for_a_while.ok
    said = (await live.data("LimitSet"))[-1]
    assert (said["limits"], said["old"], said["expires_at"] > now()) == (more["limits"], ORDER, True)
    assert (await live.ask("set-limit", scope="account.paper", limits={"max_order_value": "none"}, reason="play")).ok

    await live.bus("person-bob")  # now there are two
    limits = len(await live.data("LimitSet"))
    request = uuid4().hex
    proposed = await live.ask("set-limit", request=request, **more)
    assert (proposed.ok, proposed.code) == (True, "PROPOSED")
    again = await live.ask("set-limit", request=request, **more)
    assert (again.code, again.positions) == ("PROPOSED", proposed.positions)
    own = await live.ask("agree-limit", proposal=request)
    assert (own.ok, own.code) == (False, "NOT_ALLOWED")
    assert len(await live.data("LimitSet")) == limits
    agreed = await live.ask("agree-limit", "bob", proposal=request, reason="fine")
    assert (agreed.ok, agreed.code) == (True, "OK")
    said = (await live.data("LimitSet"))[-1]
    assert (said["limits"], said["by"], said["seconded_by"]) == (more["limits"], "person:anna", "person:bob")
    twice = await live.ask("agree-limit", "bob", proposal="account.real")
    assert (twice.ok, twice.code) == (False, "NO_PROPOSAL")
    await live.assert_clean()


async def test_a_proposal_falls_when_the_limits_change_first(live: Plant) -> None:
    for person in ("anna", "bob"):
        await live.bus(f"person-{person}")
    assert (await live.ask("set-limit", scope="global", limits=ORDER, reason="first")).ok
    more: dict[str, Any] = {"scope": "global", "limits": {"max_order_value": "9000"}, "reason": "bigger"}
    assert (await live.ask("set-limit", **more)).code == "PROPOSED"
    assert (await live.ask("set-limit", "bob", scope="global", limits={"max_open_orders": "1"}, reason="few")).ok
    late = await live.ask("agree-limit", "bob", proposal="global")
    assert (late.ok, late.code) == (False, "NO_PROPOSAL")
    assert "person:bob" in late.message
    await live.assert_clean()


async def test_a_held_order_is_answered_once_whoever_asks_at_once(live: Plant) -> None:
    people = ("anna", "bob")
    for person in people:
        await live.bus(f"person-{person}")
    order = await held(live, "s-1")
    replies = await asyncio.gather(
        live.ask("approve", "anna", order=order),
        live.ask("approve", "bob", order=order[:13]),
        live.ask("deny", "anna", order=order, reason="too much"),
        live.ask("deny", "bob", order=order, reason="too much"),
    )
    assert sorted(reply.code for reply in replies) == ["NOT_HELD", "NOT_HELD", "NOT_HELD", "OK"]
    assert len(await live.rows("OrderApprovalGranted", "OrderApprovalRefused")) == 1
    await live.assert_clean()


async def test_an_approval_twice_late_or_by_whoever_sent_the_signal_is_refused(live: Plant) -> None:
    for person in ("anna", "bob"):
        await live.bus(f"person-{person}")
    order, late, own = (
        await held(live, "s-1"),
        await held(live, "s-2", deadline=1),
        await held(live, "s-3", hand="anna"),
    )
    request = uuid4().hex
    assert (await live.ask("approve", order=order, request=request)).ok
    for _ in range(4):  # both replicas
        assert (await live.ask("approve", order=order, request=request)).ok
        twice = await live.ask("approve", "bob", order=order)
        assert (twice.ok, twice.code) == (False, "NOT_HELD")
        assert "approved by person:anna" in twice.message
    too_late = await live.ask("approve", order=late)
    assert (too_late.ok, too_late.code) == (False, "TOO_LATE")
    lapsed = new(OrderLapsed(order=late, reason="APPROVAL_EXPIRED"), stream=f"order-{late}", version=3, key=late)
    assert (await live.append_as_risk(lapsed))[0].stored

    lapsed_already = await live.ask("approve", order=late)
    assert (lapsed_already.ok, "lapse" in lapsed_already.message) == (False, True)
    by_herself = await live.ask("approve", order=own)
    assert (by_herself.ok, by_herself.code, by_herself.field) == (False, "NOT_ALLOWED", "order")
    assert (await live.ask("approve", "bob", order=own)).ok
    granted = await live.data("OrderApprovalGranted")
    assert [(data["order"], data["by"]) for data in granted] == [(order, "person:anna"), (own, "person:bob")]
    await live.assert_clean()


async def test_a_denied_order_names_who_and_why(plant: Plant, ingest: Child) -> None:
    order = await held(plant, "s-1")
    request = uuid4().hex
    reply = await plant.ask("deny", order=order, reason="too much", request=request)
    assert (reply.ok, reply.orders) == (True, (order,))
    [data] = await plant.data("OrderApprovalRefused")
    assert data == {"order": order, "by": "person:anna", "reason": "too much", "request": request}
    again = await plant.ask("deny", order=order, reason="too much", request=request)
    assert (again.ok, again.positions) == (True, reply.positions)
    other = await plant.ask("approve", "bob", order=order)
    assert (other.ok, other.code) == (False, "NOT_HELD")
    assert "denied: too much" in other.message


async def test_a_pause_and_a_flatten_are_on_the_record(plant: Plant, ingest: Child) -> None:
    paused = await plant.ask("pause", strategy="momo", reason="odd", request="r-1")
    flat = await plant.ask("flatten", account="paper", reason="holiday", request="r-2")
    assert (paused.ok, flat.ok) == (True, True)
    [halted] = await plant.rows("Halted")
    assert (halted[1], halted[5]["level"], halted[5]["scope"]) == ("control-strategy.momo", "PAUSED", "strategy.momo")
    [flattened] = await plant.rows("FlattenRequested")
    assert (flattened[0], flattened[1]) == (flat.positions[0], "account-paper")
    assert flattened[5] == {"account": "paper", "by": "person:anna", "reason": "holiday", "request": "r-2"}
    assert (await plant.ask("flatten", account="paper", reason="holiday", request="r-2")).positions == flat.positions
    without = await plant.ask("resume", scope="strategy.momo")
    assert (without.ok, without.code, without.field) == (False, "MISSING_FIELD", "reason")
    assert (await plant.ask("resume", "bob", scope="strategy.momo", reason="well")).ok
    await plant.assert_clean()
