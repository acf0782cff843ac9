"""What the pure function that decides an order costs, beside encoding the same decisions and nothing else."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from tests.unit.risk.builders import Log

from bench.tradewire.limits import LIFTED_ALL, STRICT
from tradewire_risk.domain.decide import decide_requested

ORDERS = 200
_REPEATS = 20
_STEADY = {
    "max_order_value": "1000000",
    "max_position_value": "1000000000",
    "max_open_orders_per_symbol": "1000000",
    "max_open_orders": "1000000",
    "max_orders_per_second": "1000000",
    "max_orders_per_minute": "1000000",
    "max_orders_per_day": "1000000",
    "max_repeated_executions": "1000000",
    "max_price_away": "3",
    "max_price_away_passive": "20",
    "max_balance_age": "60s",
    "max_instrument_age": "1d",
    "duplicate_window": "0s",
}
"""Limits that a batch in one symbol does not meet."""
LIMITS = {"lifted": {**_STEADY, **LIFTED_ALL}, "strict": {**_STEADY, **STRICT}}


class Cost(Struct, frozen=True):
    """One round's costs of a decision, in seconds. `decide` makes the event to append, its encoding included."""

    limits: str
    measured: int
    """How many checks had something to measure."""
    size: int
    """Bytes of the encoded decision."""
    decide: float
    encode: float


def measure(rounds: int) -> list[Cost]:
    """Decides a batch of orders that are all approved, over and over."""
    return [_cost(name, limits) for _ in range(rounds) for name, limits in LIMITS.items()]


def _cost(name: str, limits: dict[str, str]) -> Cost:
    log = Log(limits=limits)
    log.cash("1000000000")
    log.instrument("AAPL")
    log.balances("1000000000")
    for number in range(ORDERS):
        log.request(f"s{number}")
    found = decide_requested(log.state, log.board, log.now)
    if denied := [each.reason for each in found if each.reason is not None]:
        raise AssertionError(f"{len(denied)} orders were not approved, the first for {denied[0]}")
    encode = msgspec.json.Encoder().encode
    data = [each.data for each in found]
    decided = data[0]
    return Cost(
        limits=name,
        measured=len(decided.checks),
        size=len(encode(decided)),
        decide=_fastest(lambda: decide_requested(log.state, log.board, log.now)),
        encode=_fastest(lambda: [encode(each) for each in data]),
    )


def _fastest(work: Callable[[], object]) -> float:
    """Seconds an order, of the repeat that was disturbed least."""
    taken = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken) / ORDERS


def show(console: Console, found: Sequence[Cost]) -> None:
    """Prints medians of the rounds."""
    table = Table(title="Decisions of one process, median of the rounds", title_justify="left", title_style="bold")
    for column in ("limits", "checks that measured", "bytes", "decisions/s", "without encoding", "ratio to encoding"):
        table.add_column(column, justify="left" if column == "limits" else "right")
    for name in LIMITS:
        costs = [cost for cost in found if cost.limits == name]
        decide, encode = median(cost.decide for cost in costs), median(cost.encode for cost in costs)
        ratio = median(cost.decide / cost.encode for cost in costs)
        table.add_row(
            name,
            str(costs[0].measured),
            f"{costs[0].size:,}",
            f"{1 / decide:,.0f}",
            f"{1 / (decide - encode):,.0f}",
            f"{ratio:.0f}x",
        )
    console.print(table)
