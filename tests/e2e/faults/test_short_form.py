"""The fault matrix in its short form: one seed of the most telling rows. `make chaos` runs them all, many times."""

import pytest

from tests.chaos.campaign import Bench
from tests.chaos.matrix import BY_NAME

ROWS = ("1", "3", "4", "5", "9", "16", "19", "21", "43", "two", "8", "13", "46", "47", "48")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ROWS)
async def test_nothing_is_lost_or_doubled_when(bench: Bench, name: str) -> None:
    outcome = await bench.run(BY_NAME[name], seed=0)
    assert outcome.green, "\n".join(outcome.findings())
