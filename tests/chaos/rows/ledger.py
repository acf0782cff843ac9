"""Faults of the ledger: death around the commit, and two of them at once."""

import asyncio

from tests.chaos.run import Run

POINTS = ("sequencer.before_commit", "sequencer.after_commit", "sequencer.before_reply", "sequencer.in_transaction")


async def sequencer_dies(run: Run) -> None:
    """The ledger is killed before its commit, inside the transaction, after the commit, or before the reply."""
    point = POINTS[run.seed % len(POINTS)]
    if point != "sequencer.in_transaction":
        await run.dies_at("sequencer", point)
        return
    # Only a large batch is copied in a transaction of several statements.
    await run.armed("sequencer", point, 1)
    async with run.load(rate=600.0, seconds=0.5):
        await run.until_struck()


async def two_at_once(run: Run) -> None:
    """A second ledger runs beside the first, waits for the lock, and takes over when the first one dies or freezes."""
    system = run.system
    second = system.launch("sequencer", "sequencer-two")
    try:
        await second.until_alive()
        async with run.load():
            await run.pause()
            leader = system.processes["sequencer"]
            if run.seed % 2:
                run.hit(await leader.kill())
            else:
                run.hit(leader.freeze())
                connection = await system.database()
                await connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tradewire sequencer'"
                    " and pid in (select pid from pg_locks where locktype = 'advisory' and granted)"
                )
                await connection.close()
                await asyncio.sleep(1.5)
                leader.thaw()
            await run.pause()
    finally:
        await system.dismiss("sequencer-two")
        await system.until_ready()
