"""Faults of Postgres: a backend or the server dies, freezes, is full, or answers what nobody hears."""

import asyncio
import os
import signal

import asyncpg

from tests.chaos.run import LEASE_SECONDS, Run
from tests.chaos.small_disk import fill

_BACKEND = "select pid from pg_stat_activity where application_name = 'tradewire sequencer' and state is not null"
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


async def backend_killed(run: Run) -> None:
    """SIGKILL of the ledger's backend: Postgres then resets every connection and recovers."""
    async with run.load():
        await run.pause()
        connection = await run.system.database()
        for row in await connection.fetch(_BACKEND):
            os.kill(row["pid"], signal.SIGKILL)
            run.hit()
        connection.terminate()


async def stopped_at_once(run: Run) -> None:
    """An immediate stop (SIGQUIT) or a kill of the server, and a start from recovery."""
    postgres = run.system.engines.postgres
    async with run.load():
        await run.pause()
        if run.seed % 2:
            await postgres.kill()
        else:
            os.kill(postgres.pid, signal.SIGQUIT)
            await asyncio.sleep(0.2)
            await postgres.kill()
        run.hit()
        await asyncio.sleep(LEASE_SECONDS if run.seed % 4 == 3 else run.random.uniform(0, 1.5))
        await postgres.start()


async def locked_or_frozen(run: Run) -> None:
    """The tables are locked by somebody for longer than the ledger waits; every fourth time its backend is frozen."""
    async with run.load():
        await run.pause()
        connection = await run.system.database()
        if run.seed % 4 == 3:
            pids = [row["pid"] for row in await connection.fetch(_BACKEND)]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
                run.hit()
            await asyncio.sleep(11)
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        else:
            table = run.random.choice(("ledger.event", "ledger.frame", "ledger.head"))
            async with connection.transaction():
                await connection.execute(f"lock table {table} in access exclusive mode")
                run.hit()
                await asyncio.sleep(3.5)
        await connection.close()


async def full_disk(run: Run) -> None:
    """The disk of the write-ahead log is full: Postgres panics and refuses connections until there is space."""
    system = run.system
    async with run.load():
        await run.pause()
        ballast = await fill(system.folder / "wal")
        try:
            connection = await system.database()
            for _ in range(20):
                await connection.execute(
                    "select pg_logical_emit_message(true, 'chaos', repeat('x', 1000000)), pg_switch_wal()"
                )
                await asyncio.sleep(0)
        except _LOST:
            run.hit()
        await asyncio.sleep(run.random.uniform(0.5, 2))
        ballast.unlink()
        await system.engines.postgres.kill()
        await system.engines.postgres.start()
    connection = await system.database()
    await connection.execute("checkpoint")
    await connection.close()


async def cut_after_commit(run: Run) -> None:
    """The answer to a commit is lost and the connection cut: the outcome is read again by id."""
    link = run.system.links["sequencer.postgres"]
    async with run.load():
        for _ in range(2):
            await run.pause(0.3, 1.2)
            before = link.dropped_bytes
            link.drop_responses()
            async with asyncio.timeout(10):
                while link.dropped_bytes == before:
                    await asyncio.sleep(0.002)
            run.hit(link.cut())
            link.heal()


async def slow(run: Run) -> None:
    """The ledger's, or every other time the reader's, link to Postgres is slow: nothing is dropped, all is late."""
    link = run.system.links["sequencer.postgres" if run.seed % 2 else "reader.postgres"]
    before = link.delayed_chunks
    async with run.load():
        link.latency = 0.3
        await asyncio.sleep(3.5)
        run.hit(link.delayed_chunks - before)
        link.heal()
