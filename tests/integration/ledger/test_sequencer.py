"""The sequencer as a process, with a real Postgres and a real NATS: what is appended stays, once, in one order."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.builders import command, fact, new, nothing
from tests.integration.ledger.desk import Desk, codes
from tests.processes import Child, child
from tradewire.domain.audit.audit import Audit
from tradewire.messages.log import Fence
from tradewire.messages.order_events import OrderFilled
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.rows import event_of

Connection = Any


async def audit(admin: Connection) -> Audit:
    """The whole log through the audit."""
    head = await admin.fetchrow("select * from ledger.head")
    made = Audit(str(head["log_id"]), {})
    rows = await admin.fetch("select * from ledger.event order by pos")
    hashes = {row["pos"]: row["hash"] for row in rows}
    for row in rows:
        made.feed(event_of(row), row["hash"])
    for row in await admin.fetch("select * from ledger.frame order by frame"):
        made.frames.feed(row["frame"], row["first_pos"], row["last_pos"], row["hash"], hashes.get(row["last_pos"]))
    made.finish()
    assert made.log.pos == made.frames.pos == head["pos"]
    assert made.frames.frame == head["frame"]
    return made


async def assert_clean(admin: Connection, events: int) -> None:
    made = await audit(admin)
    assert made.report.violations == []
    assert made.log.pos == events


async def test_appends_replays_and_survives_a_restart(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    assert codes(await desk.add("a", "b")) == ["appended", "appended"]
    assert codes(await desk.add("b", "c")) == ["replayed", "appended"]
    await sequencer.kill()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await second.until_ready()
        again = await desk.add("a", "d")

    assert codes(again) == ["replayed", "appended"]
    assert again[0].positions == (1,)
    assert again[0].events[0].event_id == nothing("a").event_id
    await assert_clean(admin, 4)


async def test_a_unique_violation_is_looked_up_and_decided_again(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.add("a")
    await sequencer.kill()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await second.until_ready()
        other_id = nothing("a", reason="another")
        other_id = type(other_id)(
            **{f: getattr(other_id, f) for f in other_id.__struct_fields__} | {"event_id": nothing("zzz").event_id}
        )
        results = await desk.append(other_id, nothing("a", reason="another"), nothing("b"))

    assert codes(results) == ["version_conflict", "id_reused", "appended"]
    await assert_clean(admin, 2)


@pytest.mark.parametrize("point", ["before_commit", "after_commit", "before_reply", "in_transaction"])
async def test_killed_at_any_point_nothing_is_lost_or_doubled(
    engines: Engines, folder: Path, desk: Desk, admin: Connection, point: str
) -> None:
    faults = {"TRADEWIRE_FAULTS": f"sequencer.{point}=kill@2"}
    keys = [str(n) for n in range(120 if point == "in_transaction" else 3)]
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder, faults) as first:
        await first.until_ready()
        assert codes(await desk.add("first", *(f"one-{k}" for k in keys)))[0] == "appended"
        asking = asyncio.create_task(desk.add(*keys))
        await first.ended()
        async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
            await second.until_ready()
            results = await asking

    assert first.process.returncode == -signal.SIGKILL
    committed = point in {"after_commit", "before_reply"}
    assert set(codes(results)) == {"replayed" if committed else "appended"}
    await assert_clean(admin, 1 + 2 * len(keys))


async def test_of_two_ledgers_one_appends_and_the_other_takes_over(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await desk.add("a")
        await asyncio.sleep(1)
        assert not second.ready()
        assert sequencer.ready()
        asking = asyncio.create_task(desk.add(*map(str, range(50))))
        await sequencer.kill()
        await second.until_ready()
        await asking

        assert await admin.fetchval("select epoch from ledger.head") == 2
    await assert_clean(admin, 51)


async def test_a_paused_ledger_whose_head_was_taken_writes_nothing(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    """The lock's connection dies with its backend while the process sleeps; on waking it must find that out."""
    await desk.add("a")
    sequencer.send(signal.SIGSTOP)
    await admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%sequencer'"
    )
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await second.until_ready()
        await desk.add("b")
        sequencer.send(signal.SIGCONT)
        results = await desk.add(*map(str, range(30)))
        await asyncio.sleep(1)

        assert set(codes(results)) == {"appended"}
        assert not sequencer.ready()
        assert second.ready()
    await assert_clean(admin, 32)


async def test_a_killed_postgres_comes_back_and_what_was_asked_is_answered(
    engines: Engines, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.add("a")
    await admin.close()
    await engines.postgres.kill()
    asking = asyncio.create_task(desk.add("b", "c"))
    await asyncio.sleep(0.5)
    assert not asking.done()
    await engines.postgres.start()
    await sequencer.until_ready()

    assert codes(await asking) == ["appended", "appended"]
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await assert_clean(connection, 3)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update ledger.event set type = 'X'",
        "delete from ledger.event",
        "truncate ledger.event",
        "update ledger.frame set last_pos = 9",
        "delete from ledger.frame",
        "truncate ledger.frame",
    ],
)
async def test_the_log_is_append_only_even_for_a_superuser(
    sequencer: Child, desk: Desk, admin: Connection, engines: Engines, statement: str
) -> None:
    await desk.add("a")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(statement)
    await admin.execute("set session_replication_role = replica")
    with pytest.raises(asyncpg.RestrictViolationError):
        await admin.execute(statement)
    writer = await asyncpg.connect(engines.dsn("tradewire_sequencer"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await writer.execute(statement)
    await writer.close()


async def test_a_tampered_row_is_named(sequencer: Child, desk: Desk, admin: Connection) -> None:
    await desk.add("a", "b", "c")
    await admin.execute("alter table ledger.event disable trigger all")
    await admin.execute(
        "update ledger.event set data = replace(convert_from(data, 'utf8'), 'test', 'tost')::bytea where pos = 2"
    )
    await admin.execute("alter table ledger.event enable always trigger event_append_only")

    found = (await audit(admin)).report.violations
    assert [(v.invariant, v.pos) for v in found] == [("L2", 2)]


async def test_leases_are_exclusive_and_fence(sequencer: Child, desk: Desk) -> None:
    granted = await desk.lease("acquire", "router-paper", "one", writer="router")
    other = await desk.lease("acquire", "router-paper", "two", writer="router")
    renewed = await desk.lease("renew", "router-paper", "one", granted.epoch, writer="router")
    foreign = await desk.lease("renew", "router-paper", "two", granted.epoch, writer="router")

    assert (granted.granted, granted.epoch) == (True, 1)
    assert (other.granted, other.holder) == (False, "one")
    assert 11 < other.retry_seconds <= 12
    assert renewed.granted
    assert not foreign.granted

    bus = await desk.as_user("router")
    from tradewire.append import Appender

    appender = Appender(bus, "main", "router")
    filled = command(new(fact(OrderFilled)))
    assert codes(await appender.append([filled], Fence("router-paper", 1))) == ["appended"]
    await desk.lease("release", "router-paper", "one", 1, writer="router")
    later = command(new(fact(OrderFilled, execution="E2")))
    assert codes(await appender.append([later], Fence("router-paper", 1))) == ["stale_fence"]
    next_holder = await desk.lease("acquire", "router-paper", "two", writer="router")
    assert (next_holder.granted, next_holder.epoch) == (True, 2)
    assert codes(await appender.append([later], Fence("router-paper", 1))) == ["stale_fence"]
    assert codes(await appender.append([later], Fence("router-paper", 2))) == ["appended"]


async def test_a_supervisor_gives_back_what_a_reaped_child_held(sequencer: Child, desk: Desk) -> None:
    await desk.lease("acquire", "router-paper", "one", writer="router")
    assert (await desk.lease("release", "", "one", writer="admin")).granted

    assert (await desk.lease("acquire", "router-paper", "two", writer="router")).epoch == 2


async def test_leases_outlive_the_ledger(engines: Engines, folder: Path, sequencer: Child, desk: Desk) -> None:
    await desk.lease("acquire", "router-paper", "one", writer="router")
    await sequencer.kill()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await second.until_ready()

        assert (await desk.lease("renew", "router-paper", "one", 1, writer="router")).granted
        assert not (await desk.lease("acquire", "router-paper", "two", writer="router")).granted


async def test_garbage_gets_an_answer_and_nothing_stalls(sequencer: Child, desk: Desk, admin: Connection) -> None:
    for payload in (b"", b"{", b"[]", b"[[[]],null]", b"\xff\xfe", b"[[[[],[]]],null]", b"null"):
        answer = await desk.bus.request("ledger.main.append.ingest", payload, timeout=3)
        assert b"invalid" in answer.data
        lease = await desk.bus.request("ledger.main.lease.ingest", payload, timeout=3)
        assert b'"granted":false' in lease.data

    assert codes(await desk.add("a")) == ["appended"]
    await assert_clean(admin, 1)


async def test_many_writers_at_once_get_one_gapless_order(sequencer: Child, desk: Desk, admin: Connection) -> None:
    results = await asyncio.gather(*(desk.add(*(f"{w}-{n}" for n in range(40))) for w in range(25)))

    assert sorted(pos for r in results for x in r for pos in x.positions) == list(range(1, 1001))
    await assert_clean(admin, 1000)
