"""How long until a standby has taken over? Signals flow, and the process that leads is killed with SIGKILL.

Each process that is single-active has one standby beside it here, so that the figures are those of the lease and of the
successor's start on what the log holds: what a cluster needs to notice a lost node and to start a pod comes on top.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import asyncpg
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.role import Run
from bench.system import ResultError
from bench.tradewire.system import PROCESSES, Tradewire, denials
from tradewire_cli.engines import probe
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

KILLED = ("sequencer", "risk", "router", "ingest")
RATE = 2.0
_BEFORE_SECONDS = 4.0
_STANDBY = "-standby"
_WAIT_SECONDS = 90.0
_POLL_SECONDS = 0.05
_LED = """
select min(at) from ledger.event where type = 'LeaseGranted' and at > $1
"""
_FLOWED = """
select min(filled.at) from ledger.event filled join ledger.event received using (correlation_id)
where filled.type = 'OrderFilled' and received.type = 'SignalReceived' and received.at > $1
"""
_ENDED = """
select count(*) filter (where type = 'OrderFilled') filled,
       count(*) filter (where type in ('OrderDenied', 'OrderLapsed', 'OrderRejected', 'OrderCanceled')) failed
from ledger.event
"""


class FailOver(Struct, frozen=True):
    """One throw, in seconds after the kill: when the standby led, and when an order of a later signal was filled.

    Of `orders` that were signalled in all, `denied` were not sent: each of the others was filled, once.
    """

    killed: str
    led: float
    flowed: float
    orders: int
    denied: int


class _Pairs(Tradewire):
    """The six processes, and a standby of each that is single-active."""

    async def start(self, engines: Engines, workdir: Path) -> None:
        """Starts the standbys when the others lead; what has been started is killed where that comes to nothing."""
        try:
            await super().start(engines, workdir)
            for name in (f"{each}{_STANDBY}" for each in KILLED):
                (workdir / name).mkdir()
                self._ports[name] = free_port()
                await self._spawn(name, PROCESSES[name.removesuffix(_STANDBY)], workdir)
                await self._alive(name)
        except BaseException:
            for process in self._processes.values():
                process.kill()
            raise

    def more(self, name: str) -> Mapping[str, str]:
        """A standby has a data folder of its own, as on another machine."""
        return {"TRADEWIRE_DATA": str(self._journal.parent / name)} if name.endswith(_STANDBY) else {}

    async def _alive(self, name: str) -> None:
        async def live() -> int | None:
            return await self.says(name, "/livez") or None

        await _until(live, f"{name} is not alive")

    async def says(self, name: str, path: str) -> bool:
        """Whether a process answers 200 at a path."""
        answer = await probe.get("127.0.0.1", self._ports[name], path)
        return answer is not None and answer[0] == 200

    async def kill(self, name: str) -> None:
        """As when the machine is lost."""
        process = self._processes.pop(name)
        process.kill()
        await process.wait()


async def measure(rounds: int, say: Callable[[str], None]) -> list[FailOver]:
    """Returns a fail-over of each process a round, each on a system of its own.

    Raises:
        ResultError: an order did not end, or was filled twice, or nobody took over.
    """
    found = []
    for number in range(1, rounds + 1):
        for killed in KILLED:
            say(f"round {number} of {rounds}: the {killed} that leads is killed")
            with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
                async with running_engines(folder / "data", durable=True) as engines:
                    system = _Pairs({"max_price_age": "10m"})  # else what waits longer than 5 s is denied
                    await system.start(engines, Path(logs))
                    try:
                        found.append(thrown := await _throw(system, engines, killed, say))
                        say(f"{killed}: led after {thrown.led:.1f} s, an order flowed after {thrown.flowed:.1f} s")
                    finally:
                        await system.stop()
    return found


async def _throw(system: _Pairs, engines: Engines, killed: str, say: Callable[[str], None]) -> FailOver:
    orders = int(RATE * _BEFORE_SECONDS * 8)
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    try:
        await system.begin(Run(0, orders, RATE))
        await asyncio.sleep(_BEFORE_SECONDS)
        await system.kill(killed)
        at = time.time_ns() // 1000
        led = await _when_led(system, connection, killed, at)
        flowed = await _until(lambda: connection.fetchval(_FLOWED, at), f"no order flows after the kill of {killed}")
        await system.finish(_WAIT_SECONDS)

        async def ended() -> int | None:
            return sum(await _ended(connection)) >= orders or None

        await _until(ended, f"not all of {orders} orders ended after the kill of {killed}")
        filled, failed = await _ended(connection)
        if filled + failed != orders:
            raise ResultError(f"{killed}: of {orders} orders {filled} were filled and {failed} came to nothing")
        if failed:
            say(f"{killed}: of {orders} orders {failed} came to nothing{await denials(connection)}")
    finally:
        await connection.close()
    return FailOver(killed, (led - at) / 1e6, (flowed - at) / 1e6, orders, failed)


async def _ended(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, int]:
    row = await connection.fetchrow(_ENDED)
    assert row is not None
    return row["filled"], row["failed"]


async def _when_led(system: _Pairs, connection: "asyncpg.Connection[asyncpg.Record]", killed: str, at: int) -> int:
    """When the standby led (µs): it was granted the lease; the sequencer, which grants them, was ready."""
    if killed != "sequencer":
        return await _until(lambda: connection.fetchval(_LED, at), f"nobody was granted the lease of {killed}")

    async def ready() -> int | None:
        return time.time_ns() // 1000 if await system.says(f"{killed}{_STANDBY}", "/readyz") else None

    return await _until(ready, f"the standby of {killed} is not ready")


async def _until(ask: Callable[[], Awaitable[int | None]], problem: str) -> int:
    """Asks until there is an answer. Raises ResultError after a while."""
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        if (answer := await ask()) is not None:
            return answer
        await asyncio.sleep(_POLL_SECONDS)
    raise ResultError(problem)


def show(console: Console, found: Sequence[FailOver]) -> None:
    """Prints the table."""
    table = Table(
        title=f"Fail-over at {RATE:.0f} signals/s, SIGKILL, seconds: median (least to most)", title_justify="left"
    )
    for column in ("killed", "the standby leads", "an order flows", "throws", "orders", "of them denied"):
        table.add_column(column, justify="right")
    for killed in KILLED:
        throws = [each for each in found if each.killed == killed]
        table.add_row(
            killed,
            _spread([each.led for each in throws]),
            _spread([each.flowed for each in throws]),
            str(len(throws)),
            str(sum(each.orders for each in throws)),
            str(sum(each.denied for each in throws)),
        )
    console.print(table)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
