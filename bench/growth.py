"""Does an order cost the same however long the log is? One system, one log, measured again and again as it grows.

Between the measurements the log is filled with orders that are not measured. What is compared is CPU per order, which
drifts least; the first measurement is the one that all others are a multiple of.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.system import Result
from bench.tradewire.system import Tradewire
from tradewire_cli.engines.testing import reachable_folder, running_engines

MEASURED_ORDERS = 1_000
_FILL_ORDERS = 10_000


class Step(Struct, frozen=True):
    """A measurement with so many orders in the log, and what each process then holds in memory, in MB."""

    log_orders: int
    result: Result
    resident: dict[str, float]


async def measure(up_to: int, say: Callable[[str], None]) -> tuple[dict[str, float], list[Step]]:
    """Returns the processes' memory while idle, and a step at 1,000 orders and at each tenfold of it up to `up_to`."""
    steps: list[Step] = []
    with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
        async with running_engines(folder / "data", durable=True) as engines:
            system = Tradewire()
            await system.start(engines, Path(logs))
            try:
                await asyncio.sleep(2)
                idle = _resident(system.pids)
                done = 0
                for milestone in _milestones(up_to):
                    while done < milestone:
                        count = min(_FILL_ORDERS, milestone - done)
                        say(f"filling the log: {done:,} of {milestone:,} orders")
                        await system.run(None, count)
                        done += count
                    await asyncio.sleep(1)
                    say(f"measuring at {done:,} orders")
                    result = await system.run(None, MEASURED_ORDERS)
                    done += MEASURED_ORDERS
                    steps.append(Step(milestone, result, _resident(system.pids)))
            finally:
                await system.stop()
    return idle, steps


def _milestones(up_to: int) -> list[int]:
    found, step = [], 1_000
    while step < up_to:
        found.append(step)
        step *= 10
    return [*found, up_to]


def _resident(pids: dict[str, int]) -> dict[str, float]:
    return {name: psutil.Process(pid).memory_info().rss / 1e6 for name, pid in pids.items()}


def show(console: Console, idle: dict[str, float], steps: list[Step]) -> None:
    """Prints the table."""
    table = Table(title="As the log grows", title_justify="left")
    for column in ("orders in the log", "CPU µs/order", "x first", "orders/s"):
        table.add_column(column, justify="right")
    first = steps[0].result.cpu_total
    for step in steps:
        table.add_row(
            f"{step.log_orders:,}",
            f"{step.result.cpu_total:,.0f}",
            f"{step.result.cpu_total / first:.2f}",
            f"{step.result.orders_per_second:,.0f}",
        )
    console.print(table)
    memory = Table(title="Resident memory, MB", title_justify="left")
    memory.add_column("process")
    memory.add_column("idle", justify="right")
    for step in steps:
        memory.add_column(f"{step.log_orders:,}", justify="right")
    for name, size in idle.items():
        memory.add_row(name, f"{size:.0f}", *(f"{step.resident[name]:.0f}" for step in steps))
    console.print(memory)
