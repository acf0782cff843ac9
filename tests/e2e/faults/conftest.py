"""One system for each broker's rows of the short form; the long form gives each row its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.chaos.campaign import Bench
from tests.chaos.shape import Shape
from tests.chaos.system import running_system
from tradewire_cli.engines.testing import reachable_folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench() -> AsyncIterator[Bench]:
    shape = Shape(links=("sequencer.postgres", "router.paper"))
    with reachable_folder() as folder:
        async with running_system(folder, shape) as system:
            yield Bench(system)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench_at_alpaca() -> AsyncIterator[Bench]:
    with reachable_folder() as folder:
        async with running_system(folder, Shape(broker="alpaca")) as system:
            yield Bench(system)
