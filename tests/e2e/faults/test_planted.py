"""The suite sees a bug when there is one: some of those that `python -m tests.chaos --planted` plants."""

import pytest

from tests.chaos.planted.cases import CASES, Case
from tests.chaos.planted.prove import prove

QUICK = {"blind-retry", "ack-before-append", "library-sends-again"}


@pytest.mark.parametrize("case", [case for case in CASES if case.bug in QUICK], ids=lambda case: case.bug)
async def test_a_planted_bug_turns_its_row_red(case: Case) -> None:
    assert case.words in await prove(case)
