"""What do quotes cost the orders? The same steady orders on one system, with and without quotes beside them.

Every process that hears quotes hears all of them: risk, which keeps the newest of each symbol, and the paper broker.
What an adapter's own library does with a broker's stream is not in it.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.children import RoleProcess
from bench.report import spread
from bench.role import Access, Run
from bench.system import Latency, ResultError
from bench.tradewire.system import Tradewire
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

ORDERS_PER_SECOND = 100.0
QUOTES_PER_SECOND = 1_000.0
MOST = 1.5
"""How much longer the slowest hundredth of the orders may take beside the quotes."""
_WARM_UP_ORDERS = 200
_SETTLE_SECONDS = 1.0
_LEAD_SECONDS = 0.5
_GRACE_SECONDS = 30.0


class Quoting(Struct, frozen=True):
    """A round: the same orders without and with quotes. `heard` counts the quotes that risk took."""

    quiet: Latency
    quoted: Latency
    heard: int

    @property
    def ratio(self) -> float:
        """With quotes over without, of the slowest hundredth."""
        return self.quoted.p99 / self.quiet.p99


async def measure(rounds: int, seconds: float, say: Callable[[str], None]) -> list[Quoting]:
    """Returns a comparison a round, each on a system of its own; which run comes first takes turns.

    Raises:
        ResultError: orders or quotes were lost.
    """
    found = []
    for number in range(1, rounds + 1):
        with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
            async with running_engines(folder / "data", durable=True) as engines:
                system = Tradewire()
                quoter: RoleProcess | None = None
                try:
                    say(f"round {number} of {rounds}: starting and warming up")
                    await system.start(engines, Path(logs))
                    quoter = await _quoter(engines, Path(logs))
                    await system.run(None, _WARM_UP_ORDERS)
                    found.append(await _round(system, quoter, seconds, number, rounds, say))
                finally:
                    if quoter is not None:
                        await quoter.stop()
                    await system.stop()
    return found


async def _quoter(engines: Engines, workdir: Path) -> RoleProcess:
    access = Access(engines.nats_url, "", str(engines.nkey_file("feed")))
    return await RoleProcess.start("quoter", "bench.tradewire.quoter", access, workdir)


async def _round(
    system: Tradewire, quoter: RoleProcess, seconds: float, number: int, rounds: int, say: Callable[[str], None]
) -> Quoting:
    latencies: dict[bool, Latency] = {}
    heard = 0
    for with_quotes in (False, True) if number % 2 else (True, False):
        beside = f"beside {QUOTES_PER_SECOND:,.0f} quotes/s" if with_quotes else "alone"
        say(f"round {number} of {rounds}: {ORDERS_PER_SECOND:.0f} orders/s {beside}")
        await asyncio.sleep(_SETTLE_SECONDS)
        before = await system.metric("risk", "tradewire_risk_quotes_total")
        quotes = int(QUOTES_PER_SECOND * (seconds + 2 * _LEAD_SECONDS))
        if with_quotes:
            await quoter.begin(Run(0, quotes, QUOTES_PER_SECOND))
            await asyncio.sleep(_LEAD_SECONDS)
        result = await system.run(ORDERS_PER_SECOND, int(ORDERS_PER_SECOND * seconds))
        assert result.latency is not None
        latencies[with_quotes] = result.latency
        if with_quotes:
            await quoter.finish(_GRACE_SECONDS)
            await asyncio.sleep(_SETTLE_SECONDS)
            heard = int(await system.metric("risk", "tradewire_risk_quotes_total") - before)
            if heard != quotes:
                raise ResultError(f"risk heard {heard} of {quotes} quotes")
    return Quoting(latencies[False], latencies[True], heard)


def show(console: Console, found: Sequence[Quoting]) -> None:
    """Prints the table and the verdict."""
    title = (
        f"{ORDERS_PER_SECOND:.0f} orders/s, alone and beside {QUOTES_PER_SECOND:,.0f} quotes/s: signal to broker, ms"
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("round", "p50 alone", "p50 beside", "p99 alone", "p99 beside", "p99 ratio", "quotes heard"):
        table.add_column(column, justify="right")
    for number, each in enumerate(found, 1):
        table.add_row(
            str(number),
            f"{each.quiet.p50:.1f}",
            f"{each.quoted.p50:.1f}",
            f"{each.quiet.p99:.1f}",
            f"{each.quoted.p99:.1f}",
            f"{each.ratio:.2f}",
            f"{each.heard:,}",
        )
    console.print(table)
    ratios = [each.ratio for each in found]
    verdict = "within" if median(ratios) <= MOST else "above"
    console.print(f"p99 beside quotes over p99 alone: {spread(ratios)}, {verdict} {MOST}")
