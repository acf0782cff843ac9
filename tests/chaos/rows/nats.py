"""Faults of NATS: it dies, freezes, is away for long, or loses its disk; and what it delivers comes twice or late."""

import asyncio
import os
import shutil
import signal

from tests.chaos.run import LEASE_SECONDS, Run
from tests.chaos.system import ALL


async def killed(run: Run) -> None:
    """SIGKILL and a restart a little later."""
    nats = run.system.engines.nats
    async with run.load():
        await run.pause()
        await nats.kill()
        run.hit()
        await asyncio.sleep(run.random.uniform(0, 2))
        await nats.start()


async def away(run: Run) -> None:
    """NATS is away for longer than signals may be old: all say so, nobody crashes, and what is stale is denied."""
    system = run.system
    async with run.load(seconds=2.0):
        await run.pause(0.2, 1.0)
        await system.engines.nats.stop()
        run.hit()
        await asyncio.sleep(LEASE_SECONDS if run.seed % 4 == 3 else 5)
        for name in ALL:
            # The reader serves from Postgres and the paper broker over TCP: both live without NATS.
            if name in {"sequencer", "risk", "ingest", "router"} and await system.processes[name].ready():
                run.notes.append(f"{name} says that it is ready after five seconds without NATS")
        await system.engines.nats.start()


async def frozen(run: Run) -> None:
    """SIGSTOP for some seconds: publishes time out, and the same id is sent again."""
    pid = run.system.engines.nats.pid
    async with run.load():
        await run.pause()
        os.kill(pid, signal.SIGSTOP)
        run.hit()
        try:
            await asyncio.sleep(run.random.uniform(1.5, 6))
        finally:
            os.kill(pid, signal.SIGCONT)


async def disk_lost(run: Run) -> None:
    """The disk of JetStream is lost: streams are made anew, open work goes on from Postgres, and the gap is told."""
    system = run.system
    async with run.load():
        await run.pause()
        await system.engines.nats.kill()
        shutil.rmtree(system.folder / "nats" / "store")
        run.hit()
        await system.engines.nats.start()


async def mangled(run: Run) -> None:
    """Every subject delivers twice and up to ten times, out of order, and again seconds later."""
    mangling = run.system.mangling
    mangling.random, before = run.random, mangling.treated
    async with run.load():
        mangling.active = True
        await asyncio.sleep(3.5)
        mangling.active = False
        run.hit(mangling.treated - before)
