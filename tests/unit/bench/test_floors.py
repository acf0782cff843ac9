"""Both floors on real engines: every order leaves exactly its six rows, and what goes wrong is noticed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest
from bench.children import RoleError
from bench.floor.bare.subjects import append_subject
from bench.floor.bare.system import Bare
from bench.floor.base import Floor
from bench.floor.idiomatic.system import Idiomatic
from bench.harness import Listener, Measured, Plan, measure
from bench.system import ResultError
from msgspec import Raw

from tradewire.ids import derive
from tradewire.messages.log import AppendRequest, Command, NewEvent, Result, decode_append_reply, encode
from tradewire_cli.engines.testing import Engines, running_engines


@asynccontextmanager
async def running(floor: Floor, folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder) as engines:
        try:
            await floor.start(engines, folder)
            yield engines
        finally:
            await floor.stop()


@pytest.mark.parametrize("system", [Idiomatic, Bare])
async def test_every_order_leaves_its_six_rows(system: type[Floor], tmp_path: Path) -> None:
    floor = system()
    async with running(floor, tmp_path):
        for rate, orders in ((None, 700), (200.0, 40)):
            result = await floor.run(rate, orders)
            assert (result.orders, result.rows) == (orders, 6 * orders)
            assert result.orders_per_second > 0
            assert result.cpu_total > 0
            assert [*result.cpu] == [*floor.roles, "nats", "postgres"]
            assert (result.latency is not None) == (rate is not None)
            if result.latency:
                assert 0 < result.latency.p50 <= result.latency.p99


async def test_the_bare_sequencer_appends_once_and_says_so(tmp_path: Path) -> None:
    floor = Bare()
    async with running(floor, tmp_path) as engines:
        client = await nats.connect(engines.nats_url, nkeys_seed=str(engines.nkey_file("admin")))

        async def append(version: int | None, *names: str) -> Result:
            event = [NewEvent("s", version, derive(name), "Noted", 1, 5, None, None, Raw(b"{}")) for name in names]
            request = AppendRequest((Command(tuple(event)),))
            reply = await client.request(append_subject("test"), encode(request), timeout=10)
            return decode_append_reply(reply.data).results[0]

        assert (await append(1, "a")).code == "appended"
        assert (await append(None, "b")).positions == (2,)
        # A decision that comes again meets its version first, a fact meets the unique index.
        for version, name, pos in ((1, "a", 1), (None, "b", 2)):
            again = await append(version, name)
            assert (again.code, again.positions) == ("replayed", (pos,))
        assert (await append(9, "c")).code == "version_conflict"
        assert (await append(None, "a", "d")).code == "id_reused"
        many = await append(None, *(f"many-{n}" for n in range(100)))
        assert many.positions == tuple(range(3, 103))
        await client.close()


async def test_a_row_too_many_is_noticed(tmp_path: Path) -> None:
    floor = Idiomatic()
    async with running(floor, tmp_path):
        await floor.run(None, 20)
        connection = await asyncpg.connect(floor.database_dsn)
        await connection.execute("insert into message (msg_id, subject, body) values ('x', 'floor.filled', '{}')")
        await connection.close()
        with pytest.raises(ResultError, match=r"floor\.filled': 41"):
            await floor.run(None, 20)


async def test_a_row_that_was_changed_is_noticed(tmp_path: Path) -> None:
    floor = Bare()
    async with running(floor, tmp_path) as engines:
        await floor.run(None, 20)
        client = await nats.connect(engines.nats_url, nkeys_seed=str(engines.nkey_file("admin")))
        connection = await asyncpg.connect(floor.database_dsn)
        assert await Bare().verify(connection, client.jetstream(), 20) == 120
        await connection.execute("update event set data = '{}' where pos = 50")
        with pytest.raises(ResultError, match="the chain is broken at position 50"):
            await Bare().verify(connection, client.jetstream(), 20)
        await connection.close()
        await client.close()


async def test_a_role_that_is_killed_ends_the_run(tmp_path: Path) -> None:
    floor = Bare()
    async with running(floor, tmp_path):
        ingest = next(
            child for child in psutil.Process().children(recursive=True) if "bench.floor.bare.ingest" in child.cmdline()
        )
        ingest.kill()
        with pytest.raises(RoleError, match="ingest ended with code -9"):
            await floor.run(None, 20)


async def test_rounds_interleave_the_systems_on_fresh_engines() -> None:
    heard: list[Measured] = []
    plan = Plan(orders=30, rounds=2, rates=(100.0,), seconds=0.1, systems=("idiomatic", "bare"), settle_seconds=0)
    systems = {"idiomatic": Idiomatic, "bare": Bare}
    found = await measure(plan, systems, Listener(lambda *_: None, heard.append))
    assert heard == found
    assert [(one.round, one.system, one.result.rate, one.result.rows) for one in found] == [
        (number, system, rate, 6 * orders)
        for number, order in ((1, ("idiomatic", "bare")), (2, ("bare", "idiomatic")))
        for system in order
        for rate, orders in ((None, 30), (100.0, 10))
    ]
