"""What answers are made from: the follower's memory, and connections of their own to the read model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tradewire_ledger.reader.follow import Follower
from tradewire_ledger.reader.model import Checkpoint
from tradewire_ledger.reader.store import Connection, Store

CONNECTIONS = 6
QUERY_SECONDS = 5.0


class Context:
    """Shared by all queries and snapshots of one session."""

    def __init__(self, follower: Follower, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.follower, self._pool = follower, pool

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[tuple[Connection, Checkpoint]]:
        """Gives a connection that sees the log and the read model as they are at one checkpoint."""
        async with self._pool.acquire() as proxied:
            connection: Connection = proxied  # type: ignore[assignment] - the proxy has all of a connection's methods
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                store = Store(connection)
                yield connection, await store.checkpoint(await store.head())


async def open_pool(dsn: str) -> "asyncpg.Pool[asyncpg.Record]":
    """Opens the connections that answers are read by. Raises LOST when Postgres does not answer."""
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=10,
        server_settings={
            "application_name": "tradewire reader queries",
            "statement_timeout": str(int(QUERY_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": "60000",
        },
    )
