"""A migrated database, a NATS and a sequencer, as real processes."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.integration.ledger.desk import Desk
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
async def sequencer(engines: Engines, folder: Path) -> AsyncIterator[Child]:
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as started:
        await started.until_ready()
        yield started


@pytest.fixture
async def desk(engines: Engines) -> AsyncIterator[Desk]:
    made = await Desk.open(engines)
    yield made
    await made.close()


@pytest.fixture
async def admin(engines: Engines) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    yield connection
    await connection.close()
