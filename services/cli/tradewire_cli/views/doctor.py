"""The doctor's rows on a terminal: what was found, and under what is not OK the cause and the cure."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from tradewire_cli.views.columns import Column, table
from tradewire_router.doctor.row import Row

_STYLES: Final = {"OK": "green", "WARN": "yellow", "FAIL": "bold red", "NONE": "dim"}


def rows(account: str, found: Sequence[Row], width: int) -> RenderableType:
    """The table of one account, and in a line what it comes to."""
    columns: list[Column[Row]] = [
        Column("check", lambda row: Text(row.check, "bold")),
        Column("result", lambda row: Text("–" if row.result == "NONE" else row.result, _STYLES[row.result])),
        Column("found, cause and cure", _cell, fold=True),
    ]
    counts = Counter(row.result for row in found)
    words = ", ".join(f"{counts[result]} {result}" for result in ("OK", "WARN", "FAIL") if counts[result])
    verdict = "something is wrong" if counts["FAIL"] else "nothing is wrong"
    style = _STYLES["FAIL" if counts["FAIL"] else "WARN" if counts["WARN"] else "OK"]
    return Group(table(found, columns, width), Text(), Text(f"{account}: {verdict} ({words})", style))


def _cell(row: Row) -> Text:
    cell = Text(row.found, "dim" if row.result == "NONE" else "")
    if row.cause:
        cell.append(f"\ncause: {row.cause}", "dim")
    if row.cure:
        cell.append(f"\n→ {row.cure}", _STYLES[row.result])
    return cell
