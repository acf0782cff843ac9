"""A migrated database with a log in it, and an S3 server."""

import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from tests.integration.reader.bench import Log
from tests.unit.reader.histories import History
from tradewire.settings import Backup, Postgres, Settings
from tradewire_cli.engines.ports import free_port
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
    history = History(7)
    history.begin()
    history.play(40)
    await made.write(history)
    yield made
    await made.close()


@pytest.fixture
def settings(engines: Engines) -> Settings:
    """All roles of the database; a backup of it keeps the newest three."""
    roles = Postgres(
        dsn=engines.dsn("tradewire_sequencer"),
        reader_dsn=engines.dsn("tradewire_reader"),
        admin_dsn=engines.dsn("tradewire_admin"),
    )
    return Settings(postgres=roles, backup=Backup(keep=3))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server that holds nothing, with its credentials in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    urllib.request.urlopen(f"{address}/moto-api/reset", b"").close()  # its buckets are the process's own
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")  # without keys, no machine is asked for a role
    yield address
    server.stop()
