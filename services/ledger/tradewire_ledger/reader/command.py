"""What the command line does to the read model, beside a running reader or without one."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tradewire.errors import LogCorrupt, Unavailable
from tradewire.settings import Settings
from tradewire_ledger.access import access_of
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader.digest import digest
from tradewire_ledger.reader.rebuild import rebuild
from tradewire_ledger.reader.store import NotStarted, Store

PROGRESS_POSITIONS = 100_000


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """A connection as the reader's role, with what can go wrong as errors for people."""
    access = access_of(settings.postgres, "reader_dsn")
    try:
        store = await Store.open(access)
        try:
            yield store
        finally:
            store.close()
    except NotStarted as error:
        raise Unavailable(str(error)) from None
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}") from error


async def digest_read_model(settings: Settings) -> str:
    """Returns the digest of the read model, and the position that it is of."""
    async with opened(settings) as store, store.connection.transaction(isolation="repeatable_read", readonly=True):
        found = await digest(store)
    return f"{found.digest} at position {found.pos} of log {found.log_id}"


async def rebuild_read_model(settings: Settings) -> str:
    """Folds the read model anew in one transaction and returns its digest.

    Raises:
        LogCorrupt: the old read model, at the same position, was another one; the new one is kept.
    """
    told = 0

    def progress(pos: int, target: int) -> None:
        nonlocal told
        if pos - told >= PROGRESS_POSITIONS:
            told = pos
            print(f"{pos} of {target} positions", file=sys.stderr)  # noqa: T201 - a command line speaks

    async with opened(settings) as store:
        rebuilt = await rebuild(store, progress)
    after, before = rebuilt.after, rebuilt.before
    if before is not None and before.digest != after.digest:
        differing = ", ".join(name for name, value in after.tables.items() if before.tables.get(name) != value)
        raise LogCorrupt(f"the old read model was not what the log says, in {differing}; the new one is {after.digest}")
    compared = "as before" if before is not None else "with nothing to compare it to"
    return f"{after.digest} at position {after.pos} of log {after.log_id}, {compared}"
