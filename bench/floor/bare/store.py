"""The sequencer's connection to Postgres: the head row, and a commit in one statement or by COPY."""

from collections.abc import Sequence
from typing import Any

import asyncpg
from msgspec import Struct

from bench.floor.bare.rows import COPY_HEAD, COPY_TAIL
from bench.floor.bare.subjects import LOG_ID
from tradewire.messages import chain
from tradewire.messages.log import Event

_LOCK = 7_061_951
_COPY_FROM_EVENTS = 40
_COLUMNS = (
    "pos", "stream", "version", "event_id", "type", "schema", "at", "time", "writer", "correlation_id", "causation_id",
    "data", "hash",
)  # fmt: skip

_INSERT = """
with head as (
    update head set frame = $3, pos = $4, hash = $5 where epoch = $1 and pos = $2 returning 1
), framed as (
    insert into frame (frame, first_pos, last_pos, hash) select $3, $2 + 1, $4, $5 from head
), stored as (
    insert into event (
        pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data, hash
    )
    select e.* from head, unnest(
        $6::bigint[], $7::text[], $8::bigint[], $9::uuid[], $10::text[], $11::smallint[], $12::bigint[], $13::bigint[],
        $14::text[], $15::uuid[], $16::uuid[], $17::bytea[], $18::bytea[]
    ) as e
)
select count(*) from head
"""

_BEGIN = """
begin;
insert into frame (frame, first_pos, last_pos, hash) values ({frame}, {pos} + 1, {last_pos}, '\\x{hash}');
update head set frame = {frame}, pos = {last_pos}, hash = '\\x{hash}' where epoch = {epoch} and pos = {pos}
"""


class HeadError(Exception):
    """The head row is not as this process left it: another sequencer has written."""


class Head(Struct, frozen=True):
    """Where the log ends."""

    epoch: int
    frame: int
    pos: int
    hash: bytes


class Store:
    """The only writer's connection, under a session lock and an epoch of its own."""

    def __init__(self, connection: asyncpg.Connection, head: Head) -> None:
        self._connection = connection
        self.head = head

    @classmethod
    async def open(cls, dsn: str) -> "Store":
        """Waits for the lock and takes the next epoch."""
        connection = await asyncpg.connect(dsn)
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "insert into head select 0, 0, 0, $1 where not exists (select 1 from head)", chain.genesis(LOG_ID)
        )
        row = await connection.fetchrow("update head set epoch = epoch + 1 returning epoch, frame, pos, hash")
        assert row is not None
        return cls(connection, Head(**row))

    async def versions(self) -> dict[str, int]:
        """The version of every stream."""
        rows = await self._connection.fetch("select stream, max(version) as version from event group by stream")
        return {row["stream"]: row["version"] for row in rows}

    async def positions(self, event_ids: Sequence[str]) -> dict[str, int]:
        """The positions of those of the ids that are stored."""
        rows = await self._connection.fetch(
            "select event_id::text, pos from event where event_id = any($1::uuid[])", event_ids
        )
        return {row["event_id"]: row["pos"] for row in rows}

    async def commit(self, events: Sequence[Event], hashes: Sequence[bytes], rows: Sequence[bytes]) -> Head:
        """Stores events as the next frame and returns the new head.

        Raises asyncpg.UniqueViolationError, with nothing stored, if an id or a version is there already, and HeadError.
        """
        new = Head(self.head.epoch, self.head.frame + 1, events[-1].pos, hashes[-1])
        if len(events) < _COPY_FROM_EVENTS:
            await self._insert(new, events, hashes)
        else:
            await self._copy(new, rows)
        self.head = new
        return new

    async def _insert(self, new: Head, events: Sequence[Event], hashes: Sequence[bytes]) -> None:
        touched = await self._connection.fetchval(
            _INSERT,
            new.epoch, self.head.pos, new.frame, new.pos, new.hash,
            [event.pos for event in events],
            [event.stream for event in events],
            [event.version for event in events],
            [event.event_id for event in events],
            [event.type for event in events],
            [event.schema for event in events],
            [event.at for event in events],
            [event.time for event in events],
            [event.writer for event in events],
            [event.correlation_id for event in events],
            [event.causation_id for event in events],
            [bytes(event.data) for event in events],
            hashes,
        )  # fmt: skip
        if touched != 1:
            raise HeadError

    async def _copy(self, new: Head, rows: Sequence[bytes]) -> None:
        begin = _BEGIN.format(
            frame=new.frame, pos=self.head.pos, last_pos=new.pos, hash=new.hash.hex(), epoch=new.epoch
        )
        try:
            if await self._connection.execute(begin) != "UPDATE 1":
                raise HeadError
            # A view, because asyncpg takes plain bytes for a path.
            source: Any = memoryview(b"".join((COPY_HEAD, *rows, COPY_TAIL)))
            await self._connection.copy_to_table("event", source=source, columns=_COLUMNS, format="binary")
        except (asyncpg.PostgresError, HeadError):
            await self._connection.execute("rollback")
            raise
        await self._connection.execute("commit")
