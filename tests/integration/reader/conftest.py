"""A migrated database, a NATS, a log to write to, and a reader as a real process."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.integration.reader.bench import Asker, Log, Tables
from tests.processes import Child, child
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.migrate import migrate


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
async def engines(folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder) as running:
        migrate(Settings(postgres=Postgres(admin_dsn=running.dsn("tradewire_admin"))))
        yield running


@pytest.fixture
async def log(engines: Engines) -> AsyncIterator[Log]:
    made = await Log.open(engines)
    yield made
    await made.close()


@pytest.fixture
async def asker(engines: Engines) -> AsyncIterator[Asker]:
    made = await Asker.open(engines)
    yield made
    await made.bus.close()


@pytest.fixture
async def tables(engines: Engines) -> AsyncIterator[Tables]:
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    yield Tables(connection)
    await connection.close()


@pytest.fixture
async def reader(engines: Engines, log: Log, folder: Path) -> AsyncIterator[Child]:
    async with child("tradewire_ledger.reader", engines, "reader", folder) as started:
        await started.until_ready()
        yield started
