"""One engine of a data folder by itself, for a command, while nothing else runs there. The caller holds the lock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from tradewire.settings import Nats
from tradewire_cli import OWNER, keys
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.nats import NatsServer
from tradewire_cli.engines.ports import PortBook
from tradewire_cli.engines.postgres import PostgresServer

_NATS_SECONDS: Final = 15.0
_POSTGRES_SECONDS: Final = 30.0


@asynccontextmanager
async def nats_alone(folder: DataFolder, shard: str) -> AsyncIterator[Nats]:
    """Starts NATS, and gives how the supervisor reaches it."""
    keys.prepare(folder, shard, people=(OWNER,))
    ports = PortBook(folder.ports)
    server = NatsServer(folder, host="127.0.0.1", port=ports.choose("nats"), monitor_port=ports.choose("nats_monitor"))
    child = await server.start()
    try:
        await server.wait_ready(child)
        yield Nats(url=server.url, nkey_file=str(folder.seed_of("admin")), user="admin")
    finally:
        await server.stop(child, _NATS_SECONDS)


@asynccontextmanager
async def postgres_alone(folder: DataFolder) -> AsyncIterator[PostgresServer]:
    """Starts Postgres, with a new cluster where there is none."""
    server = PostgresServer(folder, port=PortBook(folder.ports).choose("postgres"))
    child = await server.start()
    try:
        await server.wait_ready(child)
        yield server
    finally:
        await server.stop(child, _POSTGRES_SECONDS)
