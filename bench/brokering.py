"""What a real broker costs beside the paper broker, and whether it keeps up: four measurements on one system.

Both brokers have an account and a router of their own, and orders go to them in turn, so that what is compared was
measured at the same time. The real one is Alpaca's twin on a real socket behind Alpaca's own client.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from bench.meter import percentile
from bench.report import spread
from bench.role import Run
from bench.system import Latency, ResultError
from bench.tradewire.broker_orders import (
    BURST,
    BURST_FIRST,
    PAPER,
    QUOTED,
    RESTING_FIRST,
    TWIN,
    WARM_UP,
    account_of,
    order_of,
)
from bench.tradewire.brokers import AtBrokers
from tradewire import ids
from tradewire_cli.engines.testing import reachable_folder, running_engines

ORDERS_PER_SECOND = 40.0
QUOTES_PER_SECOND = 1_000
FILLS, RESTING = 500, 1_000
MOST_RATIO, MOST_QUOTED, MOST_SECONDS = 2.0, 1.5, 5.0
"""What each figure may be: the twin over paper, beside quotes over alone, and a comparison in seconds."""
_SENT_PER_SECOND = 50.0
_SETTLE_SECONDS = 1.0
_GRACE_SECONDS = 60.0
_BEATS_PER_SECOND = 50
"""Not in step with the orders, or each beat would meet those of one broker."""
_COMPARISONS = 3
_TOOK, _AT = "tradewire_router_comparison_seconds", "tradewire_router_last_comparison_timestamp_seconds"


class Brokering(Struct, frozen=True):
    """A round. Latencies are from the publish to the broker's socket, by broker, alone and beside quotes.

    `heard` are the quotes that risk took, of which an adapter passes the newest on. `burst` is how long it took until
    all fills that came at once were in the log, and `compared` how long each comparison of all open orders took, both
    in seconds.
    """

    alone: dict[str, Latency]
    quoted: dict[str, Latency]
    heard: int
    burst: float
    compared: list[float]

    @property
    def ratio(self) -> float:
        """The median order of the twin over that of the paper broker."""
        return self.alone[TWIN].p50 / self.alone[PAPER].p50

    def beside(self, broker: str) -> float:
        """A broker's slowest hundredth beside quotes over alone."""
        return self.quoted[broker].p99 / self.alone[broker].p99


async def measure(rounds: int, seconds: float, say: Callable[[str], None]) -> list[Brokering]:
    """Returns one measurement a round, each on a system of its own.

    Raises:
        ResultError: an order, a fill or an answer is missing, or the log and a broker differ.
    """
    found = []
    for number in range(1, rounds + 1):

        def saying(what: str, number: int = number) -> None:
            say(f"round {number} of {rounds}: {what}")

        with reachable_folder() as folder, TemporaryDirectory(prefix="bench-") as logs:
            async with running_engines(folder / "data", durable=True) as engines:
                system = AtBrokers()
                try:
                    saying("starting and warming up")
                    await system.start(engines, Path(logs))
                    found.append(await _Round(system, seconds, saying, quotes_first=number % 2 == 0).run())
                finally:
                    await system.stop()
    return found


class _Round:
    """The measurements of one round, in their order."""

    def __init__(self, system: AtBrokers, seconds: float, say: Callable[[str], None], *, quotes_first: bool) -> None:
        self._system, self._say, self._quotes_first = system, say, quotes_first
        self._orders = int(ORDERS_PER_SECOND * seconds) // 4 * 4
        self._sent = self._filled = self._accepted = 0

    async def run(self) -> Brokering:
        await self._orders_flow(WARM_UP)
        latencies: dict[bool, dict[str, Latency]] = {}
        heard = 0
        for with_quotes in (True, False) if self._quotes_first else (False, True):
            beside = f"beside {QUOTES_PER_SECOND:,} quotes/s of the twin" if with_quotes else "to both brokers in turn"
            self._say(f"{ORDERS_PER_SECOND:.0f} orders/s {beside}")
            await asyncio.sleep(_SETTLE_SECONDS)
            if with_quotes:
                latencies[with_quotes], heard = await self._beside_quotes()
            else:
                latencies[with_quotes] = await self._orders_flow(self._orders)
        burst = await self._burst()
        compared = await self._comparisons()
        await self._verify()
        return Brokering(latencies[False], latencies[True], heard, burst, compared)

    async def _orders_flow(self, orders: int) -> dict[str, Latency]:
        """Orders at a steady rate, until all are filled; the latencies by broker."""
        first, self._sent = self._sent, self._sent + orders
        self._filled, self._accepted = self._filled + orders, self._accepted + orders
        await self._system.begin(Run(first, orders, ORDERS_PER_SECOND))
        began = (await self._system.finish(_GRACE_SECONDS + orders / ORDERS_PER_SECOND)).first
        await self._system.until("OrderFilled", self._filled, _GRACE_SECONDS)
        return latencies_of(range(first, first + orders), began, self._system.received(), self._system.posted())

    async def _beside_quotes(self) -> tuple[dict[str, Latency], int]:
        before = await self._heard()
        quoting = asyncio.create_task(self._quote())
        try:
            found = await self._orders_flow(self._orders)
        finally:
            quoting.cancel()
            with suppress(asyncio.CancelledError):
                await quoting
        return found, await self._heard() - before

    async def _quote(self) -> None:
        """Has the twin tell quotes of all symbols in turn, some in each beat."""
        began, count = time.monotonic(), 0
        each = QUOTES_PER_SECOND // _BEATS_PER_SECOND
        while True:
            await self._system.do(
                "quotes", symbols=QUOTED, first=f"{100 + count % 7}", step="0.01", spread="0.01", count=each
            )
            count += 1
            await asyncio.sleep(max(began + count / _BEATS_PER_SECOND - time.monotonic(), 0))

    async def _heard(self) -> int:
        return int(await self._system.metric("risk", "tradewire_risk_quotes_total"))

    async def _rest(self, first: int, orders: int) -> None:
        """Sends orders to the twin that stay open there."""
        self._accepted += orders
        await self._system.begin(Run(first, orders, _SENT_PER_SECOND))
        await self._system.finish(_GRACE_SECONDS + orders / _SENT_PER_SECOND)
        await self._system.until("OrderAccepted", self._accepted, _GRACE_SECONDS)

    async def _burst(self) -> float:
        """Fills many orders with one quote; seconds until all are in the log."""
        self._say(f"{FILLS} orders that rest, and one quote that fills them all")
        await self._rest(BURST_FIRST, FILLS)
        self._filled += FILLS
        began = time.monotonic()
        await self._system.do("quote", symbol=BURST, bid="99", ask="100")
        await self._system.until("OrderFilled", self._filled, _GRACE_SECONDS)
        return time.monotonic() - began

    async def _comparisons(self) -> list[float]:
        """How long the account's comparison takes beside many open orders, each after a lost connection."""
        self._say(f"{RESTING:,} orders that rest, and {_COMPARISONS} connections that are lost")
        await self._rest(RESTING_FIRST, RESTING)
        found = []
        router = f"router-{TWIN}"
        for _ in range(_COMPARISONS):
            lost = time.time()
            await asyncio.to_thread(self._system.twin.hang_up)
            async with asyncio.timeout(_GRACE_SECONDS):
                while await self._system.metric(router, _AT) < lost:  # noqa: ASYNC110 - a metric cannot be waited on
                    await asyncio.sleep(0.05)
            await asyncio.sleep(_SETTLE_SECONDS)
            found.append(await self._system.metric(router, _TOOK))
        return found

    async def _verify(self) -> None:
        """Nothing was lost, doubled or different. Raises ResultError."""
        for kind in ("ReconciliationBroken", "OrderRejected", "OrderSubmitUnknown", "Halted"):
            if count := await self._system.count(kind):
                raise ResultError(f"the log has {count} {kind}")
        theirs = [each for each in self._system.twin.ledger()["executions"] if each["symbol"] == BURST]
        ours = [each for each in await self._system.said("OrderFilled") if each["symbol"] == BURST]
        if len(theirs) != FILLS or len({each["execution"] for each in ours}) != FILLS or len(ours) != FILLS:
            raise ResultError(f"of {FILLS} fills the twin has {len(theirs)} and the log {len(ours)}")


def latencies_of(
    numbers: range, began: int, at_paper: Mapping[str, int], at_twin: Mapping[str, int]
) -> dict[str, Latency]:
    """The latencies by broker of orders that were due at a steady rate from `began` on (monotonic ns).

    The brokers' times are in µs since the epoch, by order at the paper broker and by client order id at the twin.

    Raises:
        ResultError: a broker has not received an order.
    """
    offset = time.time_ns() - time.monotonic_ns()
    waited: dict[str, list[float]] = {PAPER: [], TWIN: []}
    for number in numbers:
        order, broker = order_of(number), account_of(number)
        at = at_paper.get(order) if broker == PAPER else at_twin.get(ids.client_order_id(order, 1))
        if at is None:
            raise ResultError(f"{broker} never received order {number}")
        due = began + (number - numbers.start) * 1e9 / ORDERS_PER_SECOND
        waited[broker].append((at * 1000 - offset - due) / 1e6)
    return {broker: Latency(percentile(each, 50), percentile(each, 99)) for broker, each in waited.items()}


def show(console: Console, found: Sequence[Brokering]) -> None:
    """Prints the tables and the verdicts."""
    title = f"{ORDERS_PER_SECOND:.0f} orders/s in turn: signal to the broker's socket, ms"
    table = Table(title=title, title_justify="left", title_style="bold")
    columns = ("round", "broker", "p50 alone", "p50 beside quotes", "p99 alone", "p99 beside quotes")
    for column in columns:
        table.add_column(column, justify="left" if column == "broker" else "right")
    for number, each in enumerate(found, 1):
        for broker in (PAPER, TWIN):
            alone, quoted = each.alone[broker], each.quoted[broker]
            figures = (alone.p50, quoted.p50, alone.p99, quoted.p99)
            table.add_row(str(number), broker, *(f"{figure:.1f}" for figure in figures))
    console.print(table)
    heard = ", ".join(f"{each.heard:,}" for each in found)
    console.print(f"quotes of the twin that risk heard, the newest of each symbol: {heard}")
    verdict(
        console, "publish to the twin's socket over publish to paper, p50", [each.ratio for each in found], MOST_RATIO
    )
    for broker in (PAPER, TWIN):
        ratios = [each.beside(broker) for each in found]
        verdict(console, f"p99 beside quotes over p99 alone, {broker}", ratios, MOST_QUOTED)
    verdict(console, f"{FILLS} fills in one burst, all in the log after s", [each.burst for each in found], None)
    slowest = [max(each.compared) for each in found]
    verdict(console, f"comparison of {RESTING:,} open orders, s", slowest, MOST_SECONDS)


def verdict(console: Console, what: str, figures: Sequence[float], most: float | None) -> None:
    """Prints a figure of all rounds, and whether its median is within what it may be."""
    said = "" if most is None else f", {'within' if median(figures) <= most else 'above'} {most:g}"
    console.print(f"{what}: {spread(figures)}{said}")
