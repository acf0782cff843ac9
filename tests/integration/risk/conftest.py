"""Engines, a migrated database, a sequencer and a reader, and hands that do what the processes around risk do."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.risk.floor import Floor
from tests.processes import child
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
async def floor(engines: Engines, folder: Path) -> AsyncIterator[Floor]:
    async with (
        child("tradewire_ledger.sequencer", engines, "sequencer", folder) as sequencer,
        child("tradewire_ledger.reader", engines, "reader", folder) as reader,
    ):
        await sequencer.until_ready()
        await reader.until_ready()
        made = Floor(engines, folder, sequencer)
        yield made
        await made.close()
