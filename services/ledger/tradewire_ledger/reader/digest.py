"""The digest of the read model: sha256 over every row of every table in the order of its key.

It depends on the log and the folds alone, not on how the frames were batched, so a rebuild must give it again.
"""

from hashlib import sha256

from msgspec import Struct

from tradewire_ledger.reader import sql
from tradewire_ledger.reader.columns import encode
from tradewire_ledger.reader.store import Store

ROWS_AT_ONCE = 500


class Digest(Struct, frozen=True):
    """The digest (hex) at a position of a log, and each table's own."""

    log_id: str
    pos: int
    digest: str
    tables: dict[str, str]


async def digest(store: Store) -> Digest:
    """Reads the whole read model, inside the transaction that the store's connection is in."""
    at = await store.present_checkpoint()
    tables: dict[str, str] = {}
    for table, statement in sql.DIGESTED.items():
        hashed = sha256()
        async for row in store.connection.cursor(statement, prefetch=ROWS_AT_ONCE):
            hashed.update(row[0].encode())
            hashed.update(b"\n")
        tables[table] = hashed.hexdigest()
    books = await store.books(at)
    tables["books"] = sha256(b"\n".join(encode(books[account]) for account in sorted(books))).hexdigest()
    whole = sha256("\n".join(f"{name} {value}" for name, value in sorted(tables.items())).encode())
    return Digest(at.log_id, at.pos, whole.hexdigest(), tables)
