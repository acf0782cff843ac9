"""The checklist on a terminal: a row each, with what to do under what is not OK."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from tradewire_cli.preflight.row import WAIVED, Row, standing_in_the_way
from tradewire_cli.views.columns import Column, table

_STYLES: Final = {"OK": "green", "WARN": "yellow", "FAIL": "bold red", WAIVED: "cyan"}


def checklist(account: str, rows: Sequence[Row], width: int, *, live: bool) -> RenderableType:
    """The table, and in a line what it comes to."""
    columns: list[Column[Row]] = [
        Column("row", lambda row: Text(row.row, "bold")),
        Column("result", lambda row: Text(row.shown, _STYLES[row.shown])),
        Column("measured, and what to do", _cell, fold=True),
    ]
    return Group(table(rows, columns, width), Text(), _verdict(account, rows, live=live))


def _cell(row: Row) -> Text:
    cell = Text(row.measured)
    if row.waived:
        cell.append(f"\nwaived: {row.waived}", _STYLES[WAIVED])
    elif row.fix:
        cell.append(f"\n→ {row.fix}", _STYLES[row.shown])
    return cell


def _verdict(account: str, rows: Sequence[Row], *, live: bool) -> Text:
    counts = Counter(row.shown for row in rows)
    words = ", ".join(f"{counts[shown]} {shown}" for shown in _STYLES if counts[shown])
    in_the_way = standing_in_the_way(rows, live=live)
    if in_the_way:
        names = ", ".join(row.row for row in in_the_way)
        return Text(
            f"{account} is not green ({words}): mend {names}, or waive by name with --waive ROW=REASON", "bold red"
        )
    after = f'; if it is halted, `tradewire resume account.{account} --reason "…"` lets it trade' if live else ""
    return Text(f"{account} is green ({words}){after}", "green")
