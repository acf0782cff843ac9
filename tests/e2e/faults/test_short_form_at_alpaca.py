"""The short form's part at Alpaca: the vendor's client against the twin, one seed of the most telling faults."""

import pytest

from tests.chaos.campaign import Bench
from tests.chaos.matrix import BY_NAME

ROWS = ("alpaca4", "alpaca21", "alpaca23", "alpacacut")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ROWS)
async def test_nothing_is_lost_or_doubled_at_alpaca_when(bench_at_alpaca: Bench, name: str) -> None:
    outcome = await bench_at_alpaca.run(BY_NAME[name], seed=0)
    assert outcome.green, "\n".join(outcome.findings())
