"""What a machine has to have: memory by process, idle and under load, and bytes on disk by order.

One system, one log, and the same number of orders twice. What is there once, such as a table's first pages, is in the
first half's figure and hardly in the second's, which is the one that counts for a long log.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.meter import table_bytes
from bench.tradewire.system import Tradewire
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

_SETTLED_SECONDS = 2.0
_SAMPLE_SECONDS = 0.2
_RATE = 100.0
_PACED_SECONDS = 10.0
_WAVE = 100
"""So many orders at once: no queue grows until a price is too old, however busy the machine is."""
_MEGABYTE = 1e6


class Memory(Struct, frozen=True):
    """Of a process with its children, in bytes. `pss` shares out what several processes have in common."""

    rss: int
    pss: int


class Disk(Struct, frozen=True):
    """Bytes on disk. `postgres` is tables with their indexes, without the write-ahead log, which is bounded."""

    postgres: int
    nats: int
    journal: int


class Step(Struct, frozen=True):
    """What there was with so many orders in the log, of which the last half came at so many a second."""

    orders: int
    orders_per_second: float
    disk: Disk


class Needs(Struct, frozen=True):
    """Everything that was measured. `paced` is the highest beside 100 orders a second, `full` after the last order."""

    idle: dict[str, Memory]
    full: dict[str, Memory]
    paced: dict[str, Memory]
    steps: tuple[Step, ...]


async def measure(orders: int, say: Callable[[str], None]) -> Needs:
    """Sends `orders` orders, then as many again, then 100 a second for ten seconds. Raises RoleError or ResultError."""
    with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
        data, work = folder / "data", Path(logs)
        async with running_engines(data, durable=True) as engines:
            system = Tradewire({"max_price_age": "1m"})
            await system.start(engines, work)
            try:
                await asyncio.sleep(_SETTLED_SECONDS)
                pids = system.pids | {"nats": engines.nats.pid, "postgres": engines.postgres.pid}
                idle, steps = memory_of(pids), [Step(0, 0.0, await _disk(engines, data, work))]
                for half in (1, 2):
                    say(f"{orders:,} orders, {half} of 2")
                    speed = await _waves(system, orders)
                    await asyncio.sleep(_SETTLED_SECONDS)
                    steps.append(Step(half * orders, speed, await _disk(engines, data, work)))
                full = memory_of(pids)
                say(f"{_RATE:g} orders a second")
                paced = await _highest(system, pids)
            finally:
                await system.stop()
    return Needs(idle, full, paced, tuple(steps))


async def _waves(system: Tradewire, orders: int) -> float:
    """Sends so many orders; returns how many a second there were inside of the waves."""
    seconds = 0.0
    for sent in range(0, orders, _WAVE):
        seconds += (await system.run(None, min(_WAVE, orders - sent))).seconds
    return orders / seconds


async def _highest(system: Tradewire, pids: dict[str, int]) -> dict[str, Memory]:
    load = asyncio.create_task(system.run(_RATE, int(_RATE * _PACED_SECONDS)))
    highest = memory_of(pids)
    while not load.done():
        await asyncio.wait({load}, timeout=_SAMPLE_SECONDS)
        now = memory_of(pids)
        highest = {name: max(highest[name], now[name], key=lambda each: each.pss) for name in pids}
    await load
    return highest


def memory_of(pids: dict[str, int]) -> dict[str, Memory]:
    """What each process holds, its children included."""
    found = {}
    for name, pid in pids.items():
        parts = list(_parts(psutil.Process(pid)))
        found[name] = Memory(sum(rss for rss, _ in parts), sum(pss for _, pss in parts))
    return found


def _parts(root: psutil.Process) -> Iterator[tuple[int, int]]:
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_full_info()
            yield memory.rss, memory.pss


async def _disk(engines: Engines, data: Path, work: Path) -> Disk:
    tables = await table_bytes(engines.dsn("tradewire_admin"))
    return Disk(tables, _bytes_in(data / "nats"), _bytes_in(work / "paper"))


def _bytes_in(folder: Path) -> int:
    sizes = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # the server renames and removes files of its own
            sizes += path.stat().st_size if path.is_file() else 0
    return sizes


def per_order(before: Step, after: Step) -> dict[str, float]:
    """Bytes by order that came between two steps, by where they lie."""
    count = after.orders - before.orders
    return {name: (getattr(after.disk, name) - getattr(before.disk, name)) / count for name in Disk.__struct_fields__}


def show(console: Console, needs: Needs) -> None:
    """Prints both tables."""
    memory = _table("Memory in MB: PSS (RSS)", "process", "idle", "after the last order", "at 100 orders/s, highest")
    columns = (needs.idle, needs.full, needs.paced)
    for name in needs.idle:
        memory.add_row(name, *(_megabytes(column[name]) for column in columns))
    memory.add_section()
    memory.add_row("all", *(_megabytes(_sum(column)) for column in columns))
    console.print(memory)
    disk = _table(
        "Bytes on disk by order", "orders in the log", "orders/s", "Postgres", "NATS", "paper's journal", "all"
    )
    for before, after in zip(needs.steps, needs.steps[1:], strict=False):
        found = per_order(before, after)
        disk.add_row(
            f"{before.orders:,} to {after.orders:,}",
            f"{after.orders_per_second:,.0f}",
            *(f"{found[name]:,.0f}" for name in Disk.__struct_fields__),
            f"{sum(found.values()):,.0f}",
        )
    console.print(disk)


def _sum(found: dict[str, Memory]) -> Memory:
    return Memory(sum(each.rss for each in found.values()), sum(each.pss for each in found.values()))


def _megabytes(memory: Memory) -> str:
    return f"{memory.pss / _MEGABYTE:,.0f} ({memory.rss / _MEGABYTE:,.0f})"


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for column in columns:
        table.add_column(column, justify="right")
    return table
