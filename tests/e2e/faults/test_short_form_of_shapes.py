"""The short form's part that needs a system of a shape of its own: full disks, a cut-off process, and TLS."""

import pytest

from tests.chaos.campaign import bench
from tests.chaos.matrix import BY_NAME
from tests.chaos.small_disk import NotPermitted

ROWS = ("12", "13log", "46disk", "49")


@pytest.mark.parametrize("name", ROWS)
async def test_nothing_is_lost_or_doubled_when(name: str) -> None:
    row = BY_NAME[name]
    try:
        async with bench(row) as here:
            outcome = await here.run(row, seed=0)
    except NotPermitted as reason:
        pytest.skip(f"row {name} is not applicable here: {reason}")
    assert outcome.green, "\n".join(outcome.findings())
