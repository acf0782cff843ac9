"""The tables at the end: medians, the spread, where the CPU goes, and the ratios within rounds."""

from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.harness import Measured, Plan
from bench.system import Result

Figure = Callable[[Result], float | None]

FIGURES: dict[str, Figure] = {
    "orders/s": lambda result: result.orders_per_second if result.rate is None else None,
    "CPU µs/order": lambda result: result.cpu_total,
    "bytes/order": lambda result: result.postgres_bytes,
    "p50 ms": lambda result: result.latency.p50 if result.latency else None,
    "p99 ms": lambda result: result.latency.p99 if result.latency else None,
}


def by_round(measured: Sequence[Measured], system: str, rate: float | None, figure: Figure) -> dict[int, float]:
    """A figure of a system at a rate, by round; rounds without it are left out."""
    found = ((one.round, figure(one.result)) for one in measured if one.system == system and one.result.rate == rate)
    return {number: value for number, value in found if value is not None}


def ratios(measured: Sequence[Measured], pair: tuple[str, str], rate: float | None, figure: Figure) -> list[float]:
    """First over second of a pair of systems, within each round that has both."""
    first, second = (by_round(measured, system, rate, figure) for system in pair)
    return [first[number] / second[number] for number in first if second.get(number)]


def spread(values: Sequence[float]) -> str:
    """Median, least and greatest, in three digits or so."""
    if not values:
        return ""
    if len(values) == 1:
        return _short(values[0])
    return f"{_short(median(values))} [{_short(min(values))}..{_short(max(values))}]"


def show(console: Console, plan: Plan, measured: Sequence[Measured]) -> None:
    """Prints everything."""
    console.print(_figures(plan, measured))
    console.print(_cpu(plan, measured))
    if len(plan.systems) > 1:
        console.print(_ratios(plan, measured))


def _figures(plan: Plan, measured: Sequence[Measured]) -> Table:
    table = _table("Median of the rounds [least..greatest]", "run", "system", *FIGURES)
    for rate in (None, *plan.rates):
        for system in plan.systems:
            cells = [spread([*by_round(measured, system, rate, figure).values()]) for figure in FIGURES.values()]
            table.add_row(_run(rate), system, *cells)
        table.add_section()
    return table


def _cpu(plan: Plan, measured: Sequence[Measured]) -> Table:
    table = _table("CPU µs/order by process: median", "run", "process", *plan.systems)
    for rate in (None, *plan.rates):
        processes = dict.fromkeys(name for one in measured if one.result.rate == rate for name in one.result.cpu)
        for process in (*processes, "total"):
            table.add_row(
                _run(rate), process, *(_median_cpu(measured, system, rate, process) for system in plan.systems)
            )
        table.add_section()
    return table


def _median_cpu(measured: Sequence[Measured], system: str, rate: float | None, process: str) -> str:
    def figure(result: Result) -> float | None:
        return result.cpu_total if process == "total" else result.cpu.get(process)

    found = by_round(measured, system, rate, figure).values()
    return _short(median(found)) if found else ""


def _ratios(plan: Plan, measured: Sequence[Measured]) -> Table:
    table = _table("Ratios within rounds: median [least..greatest]", "run", "systems", *FIGURES)
    for rate in (None, *plan.rates):
        for pair in combinations(reversed(plan.systems), 2):
            cells = [spread(ratios(measured, pair, rate, figure)) for figure in FIGURES.values()]
            table.add_row(_run(rate), " / ".join(pair), *cells)
        table.add_section()
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="left" if column in {"run", "system", "systems", "process"} else "right")
    return table


def _run(rate: float | None) -> str:
    return f"{rate:g}/s" if rate else "saturated"


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
