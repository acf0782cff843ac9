"""Runs a row with a bug planted until the bug is seen."""

from tests.chaos.campaign import bench
from tests.chaos.matrix import BY_NAME
from tests.chaos.planted.bugs import planted_here
from tests.chaos.planted.cases import Case
from tests.chaos.row import Row


async def prove(case: Case) -> str:
    """Returns what the suite said of the bug, or nothing when no seed of the case turned red by it."""
    row = BY_NAME[case.row]
    with planted_here(case.bug):
        return await _found(case, row)


async def _found(case: Case, row: Row) -> str:
    async with bench(row, planted=case.bug) as here:
        for seed in case.seeds:
            if found := case.seen_in(await here.run(row, seed)):
                return found
    return ""
