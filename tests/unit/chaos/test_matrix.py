"""The table of rows and its page say the same, and every planted bug has a row and a process to be in."""

import re
from pathlib import Path

from tests.chaos.brokers import BROKERS
from tests.chaos.cells import CELLS, NotApplicable
from tests.chaos.matrix import BY_NAME, EVERY, ROWS
from tests.chaos.planted.bugs import BUGS, HERE, NATS
from tests.chaos.planted.cases import CASES
from tests.chaos.system import MODULES
from tradewire_router.brokers.opening import adapter

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run-the-fault-matrix.md"


def test_the_page_lists_every_row_in_order() -> None:
    rows = PAGE.read_text().partition("## The rows")[2].partition("## ")[0]
    assert re.findall(r"^\| (\w+) \|", rows, re.MULTILINE)[1:] == [row.name for row in ROWS]
    assert len(BY_NAME) == len(EVERY)


def test_the_page_lists_every_fault_of_brokers_in_order() -> None:
    faults = PAGE.read_text().partition("## The faults of brokers")[2].partition("## ")[0]
    assert re.findall(r"^\| (\w+) \|", faults, re.MULTILINE)[1:] == [fault.name for fault in CELLS]


def test_every_fault_of_brokers_is_a_row_or_not_applicable_at_each_by_what_that_declares() -> None:
    numbers = {fault.name for fault in CELLS}
    assert {str(number) for number in range(21, 36)} <= numbers
    for fault in CELLS:
        assert fault.cells.keys() == set(BROKERS)
        for broker, cell in fault.cells.items():
            if isinstance(cell, NotApplicable):
                assert getattr(adapter(broker).capabilities, cell.capability) == cell.value, (fault.name, broker)
            else:
                row = BY_NAME[cell] if isinstance(cell, str) else cell
                assert row.shape.broker == broker
                assert BY_NAME[row.name] is row


def test_every_planted_bug_is_proven_by_a_row() -> None:
    assert {case.bug for case in CASES} == BUGS.keys()
    assert {case.row for case in CASES} <= BY_NAME.keys()
    assert {module for patches in BUGS.values() for module in patches} <= {*MODULES.values(), NATS, HERE}
