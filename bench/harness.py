"""Interleaved rounds: in each, every system runs once on the same freshly started engines, in a rotated order.

A machine's speed drifts, so figures are compared within a round. Every run is bounded in orders and in time, and a run
that does not end with exactly its rows ends the bench.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from bench.system import Result, System
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

_WARM_UP_ORDERS = 200
OTHER_LIMITS = frozenset({"lifted", "strict"})
"""Systems that are Tradewire once more."""


class Plan(Struct, frozen=True):
    """What to run. A run at a rate takes `seconds`, but no more than `orders`; the saturated run takes `orders`."""

    orders: int
    rounds: int
    rates: tuple[float, ...]
    seconds: float
    systems: tuple[str, ...]
    settle_seconds: float = 1.0
    """A pause before each run, so that what the last one left to the disk is not in this one's figures."""

    def runs(self) -> list[tuple[float | None, int]]:
        """Rate and orders of each run of a system in a round."""
        paced = [(rate, max(2, min(self.orders, round(rate * self.seconds)))) for rate in self.rates]
        return [(None, self.orders), *paced]


def spoken(rate: float | None, orders: int) -> str:
    """A run in words."""
    return f"{orders:,} orders at {rate:g}/s" if rate else f"{orders:,} orders, saturated"


class Measured(Struct, frozen=True):
    """One run. Rounds count from 1."""

    round: int
    system: str
    result: Result


class Listener(Struct, frozen=True):
    """Who wants to hear how it goes: before a run, and after it."""

    starting: Callable[[int, str, str], None]
    """Round, system, and what comes now."""
    measured: Callable[[Measured], None]


async def measure(plan: Plan, systems: Mapping[str, Callable[[], System]], listener: Listener) -> list[Measured]:
    """Runs the plan. Raises ResultError or RoleError at the first run that is not as it should be."""
    found = []
    for number in range(1, plan.rounds + 1):
        for names in sharing(rotated(plan.systems, number - 1)):
            with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
                async with running_engines(folder / "data", durable=True) as engines:
                    for name in names:
                        workdir = Path(logs) / name
                        workdir.mkdir()
                        found += await _measure_system(plan, number, name, systems[name](), engines, workdir, listener)
    return found


def sharing(systems: Sequence[str]) -> list[list[str]]:
    """The systems by the engines that they run on: one system with other limits would go on with another's log."""
    together = [name for name in systems if name not in OTHER_LIMITS]
    return [group for group in (together, *([name] for name in systems if name in OTHER_LIMITS)) if group]


def rotated(systems: Sequence[str], by: int) -> list[str]:
    """The systems, beginning with another one each round, so that none always runs first."""
    turn = by % len(systems)
    return [*systems[turn:], *systems[:turn]]


async def _measure_system(
    plan: Plan, number: int, name: str, system: System, engines: Engines, workdir: Path, listener: Listener
) -> list[Measured]:
    found = []
    try:
        listener.starting(number, name, "starting and warming up")
        await system.start(engines, workdir)
        await system.run(None, min(_WARM_UP_ORDERS, plan.orders))
        for rate, orders in plan.runs():
            await asyncio.sleep(plan.settle_seconds)
            listener.starting(number, name, spoken(rate, orders))
            measured = Measured(number, name, await system.run(rate, orders))
            listener.measured(measured)
            found.append(measured)
    finally:
        await system.stop()
    return found
