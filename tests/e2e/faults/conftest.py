"""One system for the rows of the short form; the long form gives each row its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.chaos.campaign import Bench
from tests.chaos.system import Shape, running_system
from tradewire_cli.engines.testing import reachable_folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    shape = Shape(links=("sequencer.postgres", "router.paper"))
    with reachable_folder() as folder:
        async with running_system(folder, shape) as system:
            yield Bench(system)
