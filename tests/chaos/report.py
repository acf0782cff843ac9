"""The table at the end, and how a red seed is repeated."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.chaos.campaign import Outcome, RowResult
from tests.chaos.cells import CELLS, NotApplicable

_SHOWN = 6
CELL_ROWS = frozenset(row.name for fault in CELLS for row in fault.own_rows)
_STYLES = {"passed": "green", "FAILED": "bold red", "not applicable": "yellow"}


def table(results: Sequence[RowResult]) -> Table:
    """Fault × seeds × hits × lost × doubled × verdict."""
    shown = Table(title="The fault matrix", title_justify="left")
    shown.add_column("row", justify="right")
    shown.add_column("fault")
    for name in ("seeds", "hits", "signals", "orders", "lost", "doubled"):
        shown.add_column(name, justify="right")
    shown.add_column("verdict")
    for result in results:
        last = [outcome.judgement for outcome in result.outcomes if outcome.judgement]
        shown.add_row(
            result.row,
            result.title,
            f"{len(result.outcomes)}",
            f"{result.hits:,}",
            f"{max((j.signals for j in last), default=0):,}",
            f"{max((j.orders for j in last), default=0):,}",
            f"{result.lost}" + (f" (+{result.told} told)" if result.told else ""),
            f"{result.doubled}",
            f"[{_STYLES[result.verdict]}]{result.verdict}[/]"
            + (f": {escape(result.not_applicable)}" if result.not_applicable else ""),
        )
    return shown


def brokers(results: Sequence[RowResult]) -> Table | None:
    """Fault × broker × hits × lost × doubled × verdict, of the faults of brokers that were run; None without any."""
    by_row = {result.row: result for result in results}
    shown = Table(title="Faults of brokers", title_justify="left")
    shown.add_column("row", justify="right")
    for name in ("fault", "broker"):
        shown.add_column(name)
    for name in ("seeds", "hits", "lost", "doubled"):
        shown.add_column(name, justify="right")
    shown.add_column("verdict")
    for fault in CELLS:
        for broker, cell in fault.cells.items():
            if isinstance(cell, NotApplicable):
                shown.add_row(fault.name, fault.title, broker, *["-"] * 4, f"[dim]{escape(cell.text)}[/]")
            elif (result := by_row.get(cell if isinstance(cell, str) else cell.name)) is not None:
                counts = (len(result.outcomes), result.hits, result.lost, result.doubled)
                verdict = f"[{_STYLES[result.verdict]}]{result.verdict}[/]"
                shown.add_row(fault.name, fault.title, broker, *(f"{count:,}" for count in counts), verdict)
    return shown if any(row in by_row for row in CELL_ROWS) else None


def say_red(console: Console, outcome: Outcome) -> None:
    """What one red run found, the command that repeats it, and where its logs are."""
    console.print(f"[bold red]row {outcome.row}, seed {outcome.seed}[/]")
    found = outcome.findings()
    for line in found[:_SHOWN]:
        console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
    if len(found) > _SHOWN:
        console.print(f"  … and {len(found) - _SHOWN} more")
    repeat = f"--rows {outcome.row} --from-seed {outcome.seed} --seeds 1"
    console.print(f"  again: make chaos ARGS='{repeat}'", soft_wrap=True, highlight=False)
    if outcome.evidence:
        console.print(f"  logs:  {outcome.evidence}", soft_wrap=True, highlight=False)


def write(path: Path, results: Sequence[RowResult]) -> None:
    """Everything for programs."""
    whole = [
        {
            "row": r.row,
            "fault": r.title,
            "seeds": len(r.outcomes),
            "hits": r.hits,
            "lost": r.lost,
            "told": r.told,
            "doubled": r.doubled,
            "verdict": r.verdict,
            "not_applicable": r.not_applicable,
            "runs": [
                {
                    "seed": o.seed,
                    "hits": o.hits,
                    "seconds": round(o.seconds, 1),
                    "green": o.green,
                    "findings": o.findings(),
                    "outcomes": o.judgement.outcomes if o.judgement else {},
                    "evidence": o.evidence,
                }
                for o in r.outcomes
            ],
        }
        for r in results
    ]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(whole)) + b"\n")
