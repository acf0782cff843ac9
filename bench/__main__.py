"""`python -m bench`: measures the systems side by side and prints medians, spreads and ratios."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import brokering, capacity, deciding, failing_over, halting, machine, quoting, report
from bench import growth as growing
from bench.children import RoleError
from bench.harness import Listener, Measured, Plan, measure, spoken
from bench.system import ResultError
from bench.systems import COMPARED, SYSTEMS

_FILE_WIDTH = 140


def main(
    orders: Annotated[int, typer.Option(min=10, max=1_000_000, help="Orders of a saturated run.")] = 20_000,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="Rounds; each starts fresh engines.")] = 5,
    rates: Annotated[
        str, typer.Option(help="Orders a second of the paced runs, with commas between; may be empty.")
    ] = "100,500",
    seconds: Annotated[float, typer.Option(min=0.5, max=600, help="Length of a paced run.")] = 10.0,
    only: Annotated[str, typer.Option(help=f"Systems, with commas between, out of {', '.join(SYSTEMS)}.")] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round: 2,000 orders, three seconds a rate.")
    ] = False,
    growth: Annotated[
        int,
        typer.Option(min=0, max=1_000_000, help="Instead: does the cost stay flat up to so many orders in the log?"),
    ] = 0,
    halt: Annotated[
        bool, typer.Option("--halt", help="Instead: how long does a KILL take in the middle of a load?")
    ] = False,
    failover: Annotated[
        bool, typer.Option("--failover", help="Instead: how long until a standby has taken over from a killed process?")
    ] = False,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Instead: what does a decision cost, and what of it is its encoding?")
    ] = False,
    quotes: Annotated[
        bool, typer.Option("--quotes", help="Instead: how much longer do orders take beside 1,000 quotes a second?")
    ] = False,
    brokers: Annotated[
        bool, typer.Option("--brokers", help="Instead: what does Alpaca's twin cost beside the paper broker?")
    ] = False,
    needs: Annotated[
        bool,
        typer.Option("--capacity", help="Instead: memory by process and bytes on disk by order, over --orders twice."),
    ] = False,
    json: Annotated[Path | None, typer.Option(help="Write every run's figures to this file.")] = None,
) -> None:
    """Measures the systems in interleaved rounds on a nats-server and a Postgres of their own, both synced to disk.

    Everything is on this machine and bounded in count and time. Data goes to the folder for temporary files: set TMPDIR
    to put it on another disk.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    if growth:
        _show_growth(console, growth, json)
        return
    if halt:
        _show_halting(console, 1 if quick else rounds, json)
        return
    if failover:
        _show_failing_over(console, 1 if quick else rounds, json)
        return
    if decisions:
        _show_decisions(console, 1 if quick else rounds, json)
        return
    if quotes:
        _show_quoting(console, 1 if quick else rounds, 3.0 if quick else seconds, json)
        return
    if brokers:
        _show_brokering(console, 1 if quick else rounds, 3.0 if quick else seconds, json)
        return
    if needs:
        _show_capacity(console, 1_000 if quick else orders, json)
        return
    plan = Plan(
        orders=2_000 if quick else orders,
        rounds=1 if quick else rounds,
        rates=_rates(rates),
        seconds=3.0 if quick else seconds,
        systems=_systems(only),
    )
    here = machine.describe()
    console.print(
        f"{here.system}, {here.cpus} CPUs, load {here.load}, Python {here.python}; data in {here.data_folder} "
        f"({here.file_system}), fdatasync {here.fdatasync_ms} ms"
    )
    try:
        measured = _measure(console, plan)
    except (RoleError, ResultError) as failure:
        console.print(str(failure), style="red", markup=False)
        raise typer.Exit(1) from failure
    report.show(console, plan, measured)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": here, "plan": plan, "runs": measured})))
        console.print(f"Every run's figures are in {json}")


def _show_growth(console: Console, up_to: int, json: Path | None) -> None:
    with console.status("starting the engines") as status:
        try:
            idle, steps = asyncio.run(growing.measure(up_to, status.update))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    growing.show(console, idle, steps)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode({"idle_mb": idle, "steps": steps})))


def _show_capacity(console: Console, orders: int, json: Path | None) -> None:
    here = machine.describe()
    console.print(
        f"{here.system}, {here.cpus} CPUs, load {here.load}, Python {here.python}; data on {here.file_system}"
    )
    with console.status("starting the engines") as status:
        try:
            found = asyncio.run(capacity.measure(orders, status.update))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    capacity.show(console, found)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode({"machine": here, "needs": found})))


def _show_halting(console: Console, rounds: int, json: Path | None) -> None:
    with console.status("starting the engines") as status:
        try:
            found = asyncio.run(halting.measure(rounds, status.update))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    halting.show(console, found)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def _show_failing_over(console: Console, rounds: int, json: Path | None) -> None:
    with console.status("starting the engines") as status:

        def say(what: str) -> None:
            status.update(what)
            if not console.is_terminal:
                console.print(what)

        try:
            found = asyncio.run(failing_over.measure(rounds, say))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    failing_over.show(console, found)
    if json:
        told = {"machine": machine.describe(), "throws": found}
        json.write_bytes(msgspec.json.format(msgspec.json.encode(told)))


def _show_quoting(console: Console, rounds: int, seconds: float, json: Path | None) -> None:
    with console.status("starting the engines") as status:
        try:
            found = asyncio.run(quoting.measure(rounds, seconds, status.update))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    quoting.show(console, found)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def _show_brokering(console: Console, rounds: int, seconds: float, json: Path | None) -> None:
    with console.status("starting the engines") as status:

        def say(what: str) -> None:
            status.update(what)
            if not console.is_terminal:
                console.print(what)

        try:
            found = asyncio.run(brokering.measure(rounds, seconds, say))
        except (RoleError, ResultError) as failure:
            console.print(str(failure), style="red", markup=False)
            raise typer.Exit(1) from failure
    brokering.show(console, found)
    if json:
        told = {"machine": machine.describe(), "rounds": found}
        json.write_bytes(msgspec.json.format(msgspec.json.encode(told)))


def _show_decisions(console: Console, rounds: int, json: Path | None) -> None:
    with console.status("deciding"):
        found = deciding.measure(rounds)
    deciding.show(console, found)
    if json:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def _measure(console: Console, plan: Plan) -> list[Measured]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting the engines", total=plan.rounds * len(plan.systems) * len(plan.runs()))

        def starting(number: int, system: str, what: str) -> None:
            progress.update(task, description=f"round {number} of {plan.rounds}, {system}: {what}")

        def measured(one: Measured) -> None:
            progress.advance(task)
            console.print(_line(one))

        return asyncio.run(measure(plan, SYSTEMS, Listener(starting, measured)))


def _line(one: Measured) -> str:
    result = one.result
    latency = f", p50 {result.latency.p50:.1f} ms, p99 {result.latency.p99:.1f} ms" if result.latency else ""
    return (
        f"round {one.round}  {one.system:<10} {spoken(result.rate, result.orders):<28}"
        f"{result.orders_per_second:7,.0f} orders/s, {result.cpu_total:6,.0f} CPU µs/order{latency}"
    )


def _rates(text: str) -> tuple[float, ...]:
    try:
        rates = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of numbers such as 100,500", param_hint="--rates") from None
    if any(not 1 <= rate <= 10_000 for rate in rates):
        raise typer.BadParameter("a rate is from 1 to 10,000 orders a second", param_hint="--rates")
    return rates


def _systems(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip()) or COMPARED
    for name in names:
        if name not in SYSTEMS:
            raise typer.BadParameter(
                f"there is no system {name!r}; there are {', '.join(SYSTEMS)}", param_hint="--only"
            )
    return names


if __name__ == "__main__":
    typer.run(main)
