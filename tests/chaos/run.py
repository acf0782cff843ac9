"""One run: a row's fault during a load, and everything quiet again afterwards."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import asyncpg

from tests.chaos.kept import Name
from tests.chaos.load import Feed, Publisher, Script, at_twin, last_cancels, on_bus, script
from tests.chaos.system import System
from tradewire.errors import Unavailable
from tradewire.runtime.tasks import end_tasks

QUIET_SECONDS = 60.0
STILL_SECONDS = 0.6
LEASE_SECONDS = 12.0
"""Longer than any lease lasts without an answer."""
_POLL_SECONDS = 0.15
_IN_FLIGHT = """
select h.pos, h.pos - c.pos as behind, (
  select count(*) from read.orders
  where open and (
    status not in ('working', 'partially_filled', 'held')
    or convert_from(state, 'UTF8')::jsonb @> '{"cancel_requested": true}'
  )
) as flying
from ledger.head h, read.checkpoint c
"""


_CASH = "select cash from read.cash where account = $1 and currency = 'USD'"
_HELD = "select symbol, quantity from read.positions where account = $1 and quantity::numeric <> 0"


class Run:
    """What a row's function works with: the system, chance from the seed, and the count of hits."""

    def __init__(self, system: System, row: str, seed: int) -> None:
        self.system, self.seed = system, seed
        self.random = Random(f"{row}/{seed}")
        self.prefix = f"r{row}-s{seed}".replace("+", "")
        self.hits = 0
        self.publisher = Publisher(system.engines, self.random, self.prefix, system.world)
        self.feed: Feed
        """What quotes the prices during the load."""
        self.notes: list[str] = []

    def hit(self, times: int | bool = 1) -> None:
        """Counts that the fault struck."""
        self.hits += int(times)

    @asynccontextmanager
    async def load(self, seconds: float = 3.0, rate: float = 0) -> AsyncIterator[None]:
        """Publishes meanwhile; at the end waits until all is acknowledged, and cancels what still works.

        The rate is that of the system unless the row says another.

        The fault is injected in the body, after the first signal is on its way.
        """
        system, random = self.system, self.random
        rate = rate or system.rate
        signals = script(random, self.prefix, int(seconds * rate))
        await self.publisher.open()
        bus = await system.bus("feed")
        say = at_twin(system.twin, random) if "twin" in system.names else on_bus(bus)
        self.feed = Feed(say, random, system.world)
        feeding = asyncio.create_task(self.feed.run())
        try:
            await asyncio.sleep(0.2)
            publishing = asyncio.create_task(self.publisher.run(signals, rate))
            await self.publisher.started.wait()
            yield
            await self._published(publishing)
            await self._finish()
        finally:
            await end_tasks(feeding)
            await bus.close()
            await self.publisher.close()

    async def _published(self, publishing: "asyncio.Task[None]") -> None:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await publishing
        except TimeoutError:
            missing = self.publisher.attempted.keys() - self.publisher.acked.keys()
            self.notes.append(f"{len(missing)} signals have no ack {QUIET_SECONDS:g} s after the fault")

    async def _finish(self) -> None:
        """Waits, with quotes still coming, until all is decided; then cancels what works, and waits again."""
        if await self.quiet():
            await self._published(asyncio.create_task(self.publisher.run(last_cancels(self.prefix))))
            await self.quiet()

    async def extra(self, signals: list[Script]) -> None:
        """Publishes more signals, at once."""
        await self.publisher.run(signals, rate=1000)

    # Waiting

    async def quiet(self) -> bool:
        """Waits until nothing is in flight anywhere; says in `notes` what still is when that takes too long."""
        loop = asyncio.get_running_loop()
        until, still_since, at = loop.time() + QUIET_SECONDS, loop.time(), -1
        busy = "nothing was seen yet"
        while loop.time() < until:
            try:
                async with asyncio.timeout(10):
                    busy, pos = await self._busy()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, Unavailable, TimeoutError) as error:
                busy, pos = f"{type(error).__name__}: {error}", -1
            if busy or pos != at:
                still_since, at = loop.time(), pos
            elif loop.time() - still_since >= STILL_SECONDS:
                return True
            await asyncio.sleep(_POLL_SECONDS)
        self.notes.append(f"not quiet {QUIET_SECONDS:g} s after the fault: {busy or 'the log still grows'}")
        return False

    async def _busy(self) -> tuple[str, int]:
        """What is still in flight, or empty, and the log's last position."""
        system = self.system
        if waiting := await system.unready():
            return f"not ready: {', '.join(waiting)}", -1
        info: dict[str, Any] = await system.admin.api(f"CONSUMER.INFO.SIGNALS.ingest-{system.engines.shard}")
        if left := info["num_pending"] + info["num_ack_pending"]:
            return f"{left} signals are not taken", -1
        connection = await system.database()
        try:
            row = await connection.fetchrow(_IN_FLIGHT)
            still = row is not None and not row["behind"] and not row["flying"]
            apart = await self._apart(connection) if still and "twin" in system.names else ""
        finally:
            await connection.close()
        if row is None:
            return "the reader has no checkpoint", -1
        if row["behind"]:
            return f"the read model is {row['behind']} behind", int(row["pos"])
        return (f"{row['flying']} orders are in flight" if row["flying"] else apart), int(row["pos"])

    async def _apart(self, connection: "asyncpg.Connection[asyncpg.Record]") -> str:
        """What a twin has that the log has not heard of yet: some of it comes with a comparison alone."""
        ledger = await self.system.twin.ledger()
        cash = await connection.fetchval(_CASH, self.system.account)
        held = await connection.fetch(_HELD, self.system.account)
        theirs = {symbol: Decimal(quantity) for symbol, quantity in ledger["positions"].items()}
        if cash is None or Decimal(cash) != Decimal(ledger["cash"]):
            return f"cash is {cash}, and at the twin {ledger['cash']}"
        if (ours := {each["symbol"]: Decimal(each["quantity"]) for each in held}) != theirs:
            return f"positions are {ours}, and at the twin {theirs}"
        return ""

    # Faults that several rows inject

    async def armed(self, name: Name, point: str, nth: int, action: str = "kill") -> None:
        """Starts a process anew with a fault point armed, and waits until all is ready."""
        system = self.system
        system.faults_file.unlink(missing_ok=True)
        await system.processes[name].restart({"TRADEWIRE_FAULTS": f"{point}={action}@{nth}"})
        await system.until_ready()

    def struck(self) -> int:
        """How often fault points struck since `armed`."""
        file = self.system.faults_file
        return len(file.read_text().splitlines()) if file.exists() else 0

    async def until_struck(self, seconds: float = 15.0) -> None:
        """Waits for an armed fault point to be reached, and counts it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.struck():
                    await asyncio.sleep(0.02)
        self.hit(self.struck())

    async def dies_at(self, name: Name, point: str, most: int = 30) -> None:
        """A process is killed at a fault point, at some passage, during the load; then it comes back."""
        await self.armed(name, point, self.random.randint(1, most))
        async with self.load():
            await self.until_struck()

    async def pause(self, least: float = 0.2, most: float = 1.5) -> None:
        """Lets some of the load pass."""
        await asyncio.sleep(self.random.uniform(least, most))
