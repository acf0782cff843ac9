import pytest

from tests.unit.cli.builders import seen, widest
from tradewire_cli.views.columns import Column, table

ROWS = ["alpha", "be"]
COLUMNS: list[Column[str]] = [
    Column("name", lambda row: row),
    Column("length", lambda row: str(len(row)), right=True),
    Column("rather important", lambda row: row * 2, rank=1),
    Column("hardly important", lambda row: row * 3, rank=2),
]


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (80, ["name", "length", "rather important", "hardly important"]),
        (40, ["name", "length", "rather important"]),
        (20, ["name", "length"]),
    ],
)
def test_a_narrow_terminal_shows_what_matters_most(width: int, titles: list[str]) -> None:
    shown = seen(table(ROWS, COLUMNS, width), width)

    assert [title for title in (column.title for column in COLUMNS) if title in shown] == titles
    assert widest(shown) <= width


def test_numbers_end_under_each_other() -> None:
    lines = seen(table(["a" * 12, "b"], COLUMNS[:2], 80)).splitlines()

    assert lines[2].index("12") + 1 == lines[3].index("1")


def test_a_column_that_folds_breaks_into_lines_instead_of_hiding_others() -> None:
    words = Column[str]("words", lambda row: f"{row} " * 20, fold=True)

    shown = seen(table(ROWS, [COLUMNS[0], words], 40), 40)

    assert widest(shown) <= 40
    assert shown.count("alpha") == 21


def test_where_nothing_can_be_left_out_cells_break_into_lines_instead_of_being_cut() -> None:
    shown = seen(table(["3f2a91c0-aaaa-4bbb", "77000000-0000-4ccc"], COLUMNS[:2], 16), 16)

    assert "…" not in shown
    names = "".join(line[:9].strip() for line in shown.splitlines()[2:])
    assert "3f2a91c0" in names
    assert names.count("4ccc") == 1
