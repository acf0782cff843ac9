"""A real nats-server with Tradewire's users, and connections to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tradewire.bus import Bus
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, running_engines

Connect = Callable[[str], Awaitable[Bus]]


async def settle(*buses: Bus) -> None:
    """Returns when the server has what each bus sent and each has what was for it; the first bus comes first.

    Twice, because the PING of nats-py's flush overtakes what its flusher has not yet written.
    """
    for bus in buses:
        await bus.flush()
        await bus.flush()


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    async with running_engines(tmp_path, postgres=False) as running:
        yield running


@pytest.fixture
async def connect(engines: Engines) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def connect(user: str) -> Bus:
            bus = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file(user)), user=user), user)
            stack.push_async_callback(bus.close)
            return bus

        yield connect
