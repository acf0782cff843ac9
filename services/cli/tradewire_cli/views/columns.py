"""Tables that fit the terminal: where it is narrow, the columns that matter least are left out."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from rich import box
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
_GAP = 2
"""Between two columns: the padding, and the box's own line, which is blank."""


class Column(Struct, Generic[T], frozen=True):
    """A column: its title, what stands in it, and how much it matters.

    `rank` 0 always stays; of the others the highest goes first. `fold` marks the one that may be broken into lines.
    """

    title: str
    cell: Callable[[T], str | Text]
    right: bool = False
    rank: int = 0
    fold: bool = False


def table(rows: Sequence[T], columns: Sequence[Column[T]], width: int) -> Table:
    """Returns the table of some rows for a terminal of so many columns."""
    cells = [[_text(column.cell(row)) for row in rows] for column in columns]
    widths = [
        max([len(column.title), *(cell.cell_len for cell in lines)])
        for column, lines in zip(columns, cells, strict=True)
    ]
    shown = _fitting(columns, widths, width)
    natural = sum(widths[n] for n in shown) + _GAP * len(shown)
    made = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    made.width = width if natural > width else None
    # Where not even the columns that always stay fit, every cell is broken into lines: an id that is cut is of no use.
    tight = sum(_need(columns[n], widths[n]) for n in shown) + _GAP * len(shown) > width
    for number in shown:
        column = columns[number]
        made.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not (column.fold or tight),
            overflow="fold",
        )
    for line in range(len(rows)):
        made.add_row(*(cells[number][line] for number in shown))
    return made


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell


def _need(column: Column[T], wide: int) -> int:
    """How wide a column must be at least: one that folds has room for its title, or 16 characters of a longer cell."""
    return max(len(column.title), min(wide, 16)) if column.fold else wide


def _fitting(columns: Sequence[Column[T]], widths: Sequence[int], width: int) -> list[int]:
    """Which columns are shown."""
    needs = [_need(column, wide) for column, wide in zip(columns, widths, strict=True)]
    shown = list(range(len(columns)))
    while sum(needs[n] for n in shown) + _GAP * len(shown) > width:
        left_out = max((n for n in shown if columns[n].rank), key=lambda n: (columns[n].rank, n), default=None)
        if left_out is None:
            break
        shown.remove(left_out)
    return shown
