"""`python -m tests.chaos`: the fault matrix in its long form, or the proof that it sees planted bugs."""

import asyncio
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.chaos import report
from tests.chaos.brokers import BROKERS
from tests.chaos.campaign import Outcome, RowResult, run_row
from tests.chaos.matrix import BY_NAME, EVERY
from tests.chaos.planted.cases import CASES, Case
from tests.chaos.planted.prove import prove
from tests.chaos.row import Row

_START_SECONDS = 5.0
_FILE_WIDTH = 140


def main(
    rows: Annotated[str, typer.Option(help="Rows, with commas between; all of them unless named.")] = "",
    broker: Annotated[str, typer.Option(help=f"Only rows of this broker: {', '.join(BROKERS)}.")] = "",
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Seeds of each row.")] = 20,
    from_seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Rows at once, each on a system of its own.")] = 2,
    json: Annotated[Path | None, typer.Option(help="Write every run to this file.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the logs of red runs are kept.")] = None,
    planted: Annotated[bool, typer.Option("--planted", help="Instead: plant the rows' bugs and expect red.")] = False,
    names: Annotated[bool, typer.Option("--list", help="Instead: print the rows.")] = False,
) -> None:
    """Runs every fault of the matrix under load and judges the log, the read model and the broker's journal.

    Everything is on this machine, on ports of its own, and ends with this program. Exits with 1 when a row fails.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=_FILE_WIDTH)
    if names:
        for row in EVERY:
            console.print(f"{row.name:>11}  {row.title}")
        return
    kept = out or Path(tempfile.gettempdir()) / "tradewire-chaos" / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    chosen = _chosen(rows, broker)
    if planted:
        named = {row.name for row in chosen}
        raise typer.Exit(0 if asyncio.run(_planted(console, [each for each in CASES if each.row in named])) else 1)
    results = asyncio.run(_campaign(console, chosen, range(from_seed, from_seed + seeds), jobs, kept))
    console.print(report.table(results))
    if (of_brokers := report.brokers(results)) is not None:
        console.print(of_brokers)
    for result in results:
        for outcome in result.failed:
            report.say_red(console, outcome)
    if json is not None:
        report.write(json, results)
    raise typer.Exit(1 if any(result.verdict == "FAILED" for result in results) else 0)


def _chosen(text: str, broker: str) -> list[Row]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in BY_NAME]:
        raise typer.BadParameter(f"{', '.join(unknown)}: no such row; --list prints them", param_hint="--rows")
    if broker not in {"", *BROKERS}:
        raise typer.BadParameter(f"{broker}: one of {', '.join(BROKERS)}", param_hint="--broker")
    chosen = [BY_NAME[name] for name in names] or list(EVERY)
    chosen = [row for row in chosen if broker in {"", row.shape.broker}]
    if not chosen:
        raise typer.BadParameter(f"none of these rows is of {broker}", param_hint="--rows")
    return chosen


async def _campaign(
    console: Console, rows: Sequence[Row], seeds: Sequence[int], jobs: int, out: Path
) -> list[RowResult]:
    estimate = sum(_START_SECONDS + row.seconds * len(seeds) for row in rows) / min(jobs, len(rows))
    console.print(f"{len(rows)} rows × {len(seeds)} seeds, {jobs} at once: about {estimate / 60:.0f} minutes")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    turn = asyncio.Semaphore(jobs)
    # Long rows first, so that no row is left over at the end.
    order = sorted(rows, key=lambda row: -row.seconds)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("runs", total=len(rows) * len(seeds))

        def tell(outcome: Outcome) -> None:
            progress.advance(task)
            if not outcome.green:
                report.say_red(console, outcome)
            elif not console.is_terminal:
                console.print(f"row {outcome.row}, seed {outcome.seed}: {outcome.hits} hits, {outcome.seconds:.0f} s")

        async def one(row: Row) -> RowResult:
            async with turn:
                return await run_row(row, seeds, out, tell)

        results = await asyncio.gather(*(one(row) for row in order))
    by_row = {result.row: result for result in results}
    return [by_row[row.name] for row in rows]


async def _planted(console: Console, cases: Sequence[Case]) -> bool:
    if not cases:
        raise typer.BadParameter("no bug is planted in any of these", param_hint="--rows")
    seen = True
    for case in cases:
        found = await prove(case)
        seen = seen and bool(found)
        verdict = f"[green]seen[/]: {found}" if found else "[bold red]NOT SEEN[/]"
        console.print(f"{case.bug} in row {case.row}: {verdict}", soft_wrap=True)
    return seen


if __name__ == "__main__":
    typer.run(main)
