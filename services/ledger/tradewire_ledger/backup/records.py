"""What became of each backup, in the table `ledger.backup`: the schedule and the metrics go by it."""

from pathlib import Path
from typing import Any

import asyncpg
from msgspec import Struct

from tradewire_ledger.reader.store import Connection

_LAST = """
with counted as (select * from ledger.backup where $1 = '' or place = $1)
select
    (select max(ended_at) from counted where done) as succeeded_at,
    (select max(began_at) from counted) as tried_at,
    (select count(*) from counted where not done) as failures,
    last.bytes, last.began_at, last.ended_at, last.pos
from (select 1) as one
left join lateral (select * from counted where done order by ended_at desc, id desc limit 1) as last on true
"""
_ADD = """
insert into ledger.backup (began_at, ended_at, done, place, name, bytes, pos, log_id, error)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Known(Struct, frozen=True):
    """The last good backup, when one was tried last, and how many have failed. Times in microseconds, 0 for never."""

    succeeded_at: int = 0
    tried_at: int = 0
    failures: int = 0
    bytes: int = 0
    seconds: float = 0.0
    pos: int = 0


def name_of(to: str) -> str:
    """By which name a place is on record, as `str` of it says: a bucket as it is written, a folder from the root."""
    return to if not to or "://" in to else str(Path(to).expanduser().absolute())


async def known(connection: Connection, to: str) -> Known:
    """What the table says of the backups to the place of the settings, or of all where they name none.

    One that somebody made elsewhere is no reason to leave out the one that is due. Nothing while there is no table.
    """
    try:
        row: Any = await connection.fetchrow(_LAST, name_of(to))
    except asyncpg.UndefinedTableError:
        return Known()
    took = (row["ended_at"] - row["began_at"]) / 1e6 if row["ended_at"] else 0.0
    return Known(
        row["succeeded_at"] or 0, row["tried_at"] or 0, row["failures"], row["bytes"] or 0, took, row["pos"] or 0
    )


async def add(
    connection: Connection,
    *,
    began_at: int,
    ended_at: int,
    place: str,
    name: str,
    size: int,
    pos: int,
    log_id: str | None,
    error: str = "",
) -> None:
    """Puts a backup on record; a failed one says why in `error`."""
    await connection.execute(_ADD, began_at, ended_at, not error, place, name, size, pos, log_id, error)


async def begun(connection: Connection) -> bool:
    """Whether there is a log, which there is not in the first moments of a new system."""
    try:
        return bool(await connection.fetchval("select pos from ledger.head"))
    except asyncpg.UndefinedTableError:
        return False


def due_at(last: Known, every: int, now: int) -> int:
    """When (µs) the next backup is to begin; `every` in microseconds. After a failure it is tried again soon."""
    if last.tried_at > last.succeeded_at:
        return last.tried_at + min(every, RETRY_MICROSECONDS)
    return min(last.succeeded_at, now) + every if last.succeeded_at else now


RETRY_MICROSECONDS = 300_000_000
"""How long after a failure the next one begins, at most."""
