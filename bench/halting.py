"""How long does a KILL take? Signals flow at a steady rate, and then a person halts everything.

The log and the broker's journal say what came afterwards.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.role import Run
from bench.system import ResultError
from bench.tradewire.system import Tradewire
from tradewire.bus import Bus
from tradewire.messages.control import KillCommand, decode_reply, encode
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

RATE = 200.0
SECONDS = 6.0
_PERSON = "owner"
_SETTLE_SECONDS = 2.0


class Halting(Struct, frozen=True):
    """One KILL. Times are in ms after the request was sent; `after` counts submits behind the halt in the log."""

    answered: float
    recorded: float
    last_call: float
    orders: int
    after: int


async def measure(rounds: int, say: Callable[[str], None]) -> list[Halting]:
    """Returns a KILL a round, each on a system of its own.

    Raises:
        ResultError: the command was refused, or the log does not have it.
    """
    found = []
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}: {RATE:.0f} signals/s, and a KILL in the middle")
        with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
            async with running_engines(folder / "data", durable=True) as engines:
                system = Tradewire()
                await system.start(engines, Path(logs))
                try:
                    found.append(await _one(system, engines))
                finally:
                    await system.stop()
    return found


async def _one(system: Tradewire, engines: Engines) -> Halting:
    seed = await engines.add_user(f"person-{_PERSON}")
    bus = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(seed), user=f"person-{_PERSON}"), "bench")
    try:
        await system.begin(Run(0, int(RATE * SECONDS), RATE))
        await asyncio.sleep(SECONDS / 2)
        sent, sent_at = time.monotonic_ns(), time.time_ns() // 1000
        command = KillCommand(request="bench", reason="how long does it take")
        reply = decode_reply((await bus.request(f"control.kill.{_PERSON}", encode(command), timeout=10)).data)
        answered = (time.monotonic_ns() - sent) / 1e6
        if not reply.ok:
            raise ResultError(f"the KILL was refused: {reply.message}")
        await system.finish()
        await asyncio.sleep(_SETTLE_SECONDS)
    finally:
        await bus.close()
    return await _told(system, engines.dsn("tradewire_admin"), sent_at, answered)


async def _told(system: Tradewire, dsn: str, sent_at: int, answered: float) -> Halting:
    connection = await asyncpg.connect(dsn)
    try:
        halted = await connection.fetchrow("select pos, at from ledger.event where type = 'Halted'")
        if halted is None:
            raise ResultError("the log has no Halted")
        submits = "select count(*) from ledger.event where type = 'OrderSubmitStarted'"
        orders = await connection.fetchval(submits)
        after = await connection.fetchval(f"{submits} and pos > $1", halted["pos"])
    finally:
        await connection.close()
    last = max(system.received().values())
    return Halting(answered, (halted["at"] - sent_at) / 1000, (last - sent_at) / 1000, orders, after)


def show(console: Console, found: list[Halting]) -> None:
    """Prints the table."""
    table = Table(title=f"A KILL at {RATE:.0f} signals/s", title_justify="left")
    for column in ("answered, ms", "in the log, ms", "last call of the broker, ms", "submits", "submits behind it"):
        table.add_column(column, justify="right")
    for each in found:
        row = (
            f"{each.answered:.1f}",
            f"{each.recorded:.1f}",
            f"{each.last_call:.1f}",
            f"{each.orders}",
            f"{each.after}",
        )
        table.add_row(*row)
    console.print(table)
