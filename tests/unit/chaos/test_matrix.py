"""The table of rows and its page say the same, and every planted bug has a row and a process to be in."""

import re
from pathlib import Path

from tests.chaos.matrix import BY_NAME, ROWS
from tests.chaos.planted.bugs import BUGS
from tests.chaos.planted.cases import CASES
from tests.chaos.system import MODULES

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run-the-fault-matrix.md"


def test_the_page_lists_every_row_in_order() -> None:
    rows = PAGE.read_text().partition("## The rows")[2].partition("## ")[0]
    assert re.findall(r"^\| (\w+) \|", rows, re.MULTILINE)[1:] == [row.name for row in ROWS]
    assert len(BY_NAME) == len(ROWS)


def test_every_planted_bug_is_proven_by_a_row() -> None:
    assert {case.bug for case in CASES} == BUGS.keys()
    assert {case.row for case in CASES} <= BY_NAME.keys()
    assert {module for patches in BUGS.values() for module in patches} <= set(MODULES.values())
