"""One running ledger and paper broker a module; every test trades an account of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.integration.router.pit import Pit
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import reachable_folder, running_engines
from tradewire_ledger.migrate import migrate


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pit() -> AsyncIterator[Pit]:
    with reachable_folder() as folder:
        async with running_engines(folder) as engines:
            migrate(Settings(postgres=Postgres(admin_dsn=engines.dsn("tradewire_admin"))))
            made = Pit(engines, folder)
            try:
                await made.open()
                yield made
                await made.check_as_a_process()
            finally:
                await made.close()
