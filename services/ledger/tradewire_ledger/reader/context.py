"""What answers are made from: the follower's memory, and connections of their own to the read model."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext

import asyncpg
from msgspec import Struct

from tradewire.domain.account_book import AccountBook
from tradewire.domain.symbols import Symbols
from tradewire_ledger.access import Access
from tradewire_ledger.reader.follow import Follower
from tradewire_ledger.reader.model import Checkpoint
from tradewire_ledger.reader.store import Connection, Store

CONNECTIONS = 6
QUERY_SECONDS = 5.0


class OutOfStep(Exception):  # noqa: N818 - for a moment only
    """Memory is ahead of the tables, because storing failed: the reader is about to load the tables again."""


class Reading(Struct, frozen=True):
    """One moment of the read model: a connection that goes on seeing it, and the books of that moment."""

    connection: Connection
    at: Checkpoint
    books: dict[str, AccountBook]

    @property
    def store(self) -> Store:
        """The store's reading methods, on this connection."""
        return Store(self.connection)


class Context:
    """Shared by all queries and snapshots of one session."""

    def __init__(
        self,
        follower: Follower,
        pool: "asyncpg.Pool[asyncpg.Record]",
        brokers: Callable[[], dict[str, str]],
        sources: Callable[[], list[Symbols]],
    ) -> None:
        """`brokers` tells who holds the configured accounts, by account, and `sources` who calls symbols what."""
        self.follower, self._pool, self.brokers, self.sources = follower, pool, brokers, sources

    @asynccontextmanager
    async def in_memory(self) -> AsyncIterator[Follower]:
        """Gives the follower while nobody folds. Raises OutOfStep when memory and tables differ."""
        async with self.follower.still:
            if not self.follower.in_step:
                raise OutOfStep("the reader is about to start again")
            yield self.follower

    @asynccontextmanager
    async def reading(self, *, with_books: bool = False) -> AsyncIterator[Reading]:
        """Gives a moment of the read model, from one REPEATABLE READ transaction; its books are empty unless asked for.

        Raises:
            OutOfStep: memory and tables differ.
            LOST: Postgres does not answer, or the question takes too long.
        """
        async with self._pool.acquire() as proxy:
            connection: Connection = proxy  # type: ignore[assignment] # it has all of a connection's methods
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            # While nobody folds, memory and tables are at one position; the transaction keeps the tables there.
            async with self.follower.still if with_books else nullcontext():
                await transaction.start()
                at = await Store(connection).present_checkpoint()
                books = dict(self.follower.model.books) if with_books else {}
                in_step = self.follower.in_step and at == self.follower.model.checkpoint
            try:
                if with_books and not in_step:
                    raise OutOfStep("the reader is about to start again")
                yield Reading(connection, at, books)
            finally:
                if not connection.is_closed():
                    await transaction.rollback()


@asynccontextmanager
async def open_pool(access: Access) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """Opens the connections that answers are read by, and cuts them off at the end.

    Raises:
        LOST: Postgres does not answer.
    """
    pool = await asyncpg.create_pool(
        **access.options(),
        min_size=0,
        max_size=CONNECTIONS,
        timeout=10,
        server_settings={
            "application_name": "tradewire reader queries",
            "jit": "off",
            "statement_timeout": str(int(QUERY_SECONDS * 1000)),
            "idle_in_transaction_session_timeout": "60000",
        },
    )
    try:
        yield pool
    finally:
        pool.terminate()
