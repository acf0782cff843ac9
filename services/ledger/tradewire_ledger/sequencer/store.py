"""The sequencer's one writing connection to Postgres."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any
from uuid import uuid4

import asyncpg

from tradewire import faults
from tradewire.messages.chain import genesis
from tradewire.messages.log import Event, Frame
from tradewire_ledger.access import Access
from tradewire_ledger.domain.framing import Chained, Head
from tradewire_ledger.fitness import Unfit, verify_durability, verify_schema
from tradewire_ledger.lost import LOST
from tradewire_ledger.rows import event_of, frames_of
from tradewire_ledger.sequencer import sql

COPY_FROM_EVENTS = 48
"""From so many events on, COPY costs less than one guarded statement."""

COMMAND_SECONDS = 10.0
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_FIELDS = len(sql.EVENT_COLUMNS).to_bytes(2, "big")
_COPY_HASH = (32).to_bytes(4, "big")
_COPY_TAIL = b"\xff\xff"


class Conflict(Exception):  # noqa: N818 - a question to ask again, not an error
    """An id or a stream's version exists already: look up and decide again. Nothing was written."""


class HeadLost(Exception):  # noqa: N818
    """Another ledger has taken the head, or it is not known what became of a commit: start again from the lock."""


class Store:
    """The connection that holds the lock. Every method raises HeadLost when the connection cannot be trusted."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", head: Head, note: str = "") -> None:
        self._connection = connection
        self.head = head
        self.note = note
        """What people should know of the database."""
        self._turn = asyncio.Lock()
        self.lost = asyncio.Event()
        connection.add_termination_listener(lambda _: self.lost.set())

    @classmethod
    async def open(cls, access: Access, *, durable: bool = True) -> "Store":
        """Connects, looks at the database, waits for the lock as long as another ledger holds it, bumps the epoch.

        Raises:
            LOST, ConfigError: Postgres does not answer or refuses, or a file that leads to it is missing.
            Unfit: the schema is not this build's, or, unless `durable` is waived, commits may be lost.
        """
        connection = await access.connect(
            command_timeout=COMMAND_SECONDS,
            settings={
                "application_name": "tradewire sequencer",
                "idle_in_transaction_session_timeout": "5s",
                "lock_timeout": "0",
                "statement_timeout": "0",
                "synchronous_commit": "on",
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
                "tcp_user_timeout": "10000",
            },
        )
        try:
            await verify_schema(connection)
            note = await verify_durability(connection) if durable else ""
            await connection.execute(sql.LOCK, timeout=365 * 86_400)
            log_id = str(uuid4())
            await connection.execute(sql.CREATE_HEAD, log_id, genesis(log_id))
            row = await connection.fetchrow(sql.BUMP_EPOCH)
            await connection.execute("set lock_timeout = '2s'; set statement_timeout = '10s'")
        except BaseException:
            connection.terminate()
            raise
        if row is None:
            raise HeadLost("ledger.head has no row")
        head = Head(str(row["log_id"]), row["epoch"], row["frame"], row["pos"], row["hash"], row["at"])
        return cls(connection, head, note)

    async def close(self) -> None:
        """Lets go of the lock."""
        self._connection.terminate()

    async def _guarded(self, work: Awaitable[Any]) -> Any:
        try:
            async with self._turn:
                return await work
        except asyncpg.UniqueViolationError:
            raise Conflict from None
        except LOST as error:
            raise HeadLost(f"{type(error).__name__}: {error}") from error

    async def commit(self, chained: Chained) -> None:
        """Writes one commit, all or nothing.

        Raises:
            Conflict: an id or version exists; nothing was written.
            HeadLost: another ledger has the head, or the outcome is not known.
        """
        faults.point("sequencer.before_commit")
        if len(chained.events) < COPY_FROM_EVENTS:
            await self._guarded(self._statement(chained))
        else:
            await self._guarded(self._copy(chained))
        faults.point("sequencer.after_commit")
        self.head = chained.head

    async def _statement(self, chained: Chained) -> None:
        new, old = chained.head, self.head
        moved = await self._connection.fetchval(
            sql.APPEND,
            new.frame,
            new.pos,
            new.hash,
            new.at,
            old.epoch,
            old.frame,
            old.pos,
            *_columns(_frame_rows(chained.frames)),
            *_columns(_event_rows(chained)),
        )
        if moved != 1:
            raise HeadLost("the head has moved: another ledger is at work")

    async def _copy(self, chained: Chained) -> None:
        new, old = chained.head, self.head
        async with self._connection.transaction():
            moved = await self._connection.fetchval(
                sql.MOVE_HEAD,
                new.frame,
                new.pos,
                new.hash,
                new.at,
                old.epoch,
                old.frame,
                old.pos,
                *_columns(_frame_rows(chained.frames)),
            )
            if moved != 1:
                raise HeadLost("the head has moved: another ledger is at work")
            await self._connection.copy_to_table(
                "event",
                schema_name="ledger",
                columns=sql.EVENT_COLUMNS,
                format="binary",
                source=memoryview(_copy_rows(chained)),  # type: ignore[arg-type]
            )
            faults.point("sequencer.in_transaction")

    async def versions(self, streams: set[str]) -> dict[str, int]:
        """The versions of streams; 0 for one that does not exist."""
        rows = await self._guarded(self._connection.fetch(sql.VERSIONS, list(streams)))
        return {row["stream"]: row["version"] for row in rows}

    async def whole_versions(self) -> dict[str, int]:
        """The versions of all streams that are remembered whole."""
        return {
            row["stream"]: row["version"] for row in await self._guarded(self._connection.fetch(sql.WHOLE_VERSIONS))
        }

    async def events_by_id(self, ids: set[str]) -> dict[str, Event | None]:
        """Each id with its event, or None when it does not exist."""
        rows = await self._guarded(self._connection.fetch(sql.BY_IDS, list(ids)))
        found: dict[str, Event | None] = dict.fromkeys(ids)
        found.update((str(row["event_id"]), event_of(row)) for row in rows)
        return found

    async def leases(self) -> list[Event]:
        """The last event of every lease."""
        return [event_of(row) for row in await self._guarded(self._connection.fetch(sql.LEASES))]

    async def frames(self, first: int, last: int) -> list[Frame]:
        """Frames `first` to `last`, read whole."""
        frames = await self._guarded(self._connection.fetch(sql.FRAMES, first, last))
        if not frames:
            return []
        rows = await self._guarded(self._connection.fetch(sql.EVENTS, frames[0]["first_pos"], frames[-1]["last_pos"]))
        return frames_of(self.head.log_id, self.head.epoch, frames, [event_of(row) for row in rows])

    async def frame_hash(self, frame: int) -> str | None:
        """The chain's value after a frame, in hex."""
        value = await self._guarded(self._connection.fetchval(sql.FRAME_HASH, frame))
        return None if value is None else value.hex()

    async def verify_durability(self) -> None:
        """Raises HeadLost when the server has come to lose commits; the next open says why."""
        try:
            self.note = await self._guarded(verify_durability(self._connection))
        except Unfit as error:
            raise HeadLost(f"Postgres {error}") from None

    async def verify(self) -> None:
        """Raises HeadLost unless this ledger's epoch is still the head's."""
        epoch = await self._guarded(self._connection.fetchval(sql.EPOCH))
        if epoch != self.head.epoch:
            raise HeadLost(f"epoch {epoch} has taken over from {self.head.epoch}")


def _frame_rows(frames: Sequence[Frame]) -> list[tuple[Any, ...]]:
    return [(f.frame, f.first_pos, f.last_pos, bytes.fromhex(f.hash)) for f in frames]


def _copy_rows(chained: Chained) -> bytes:
    """The events as Postgres' binary COPY format has them (PostgreSQL documentation, COPY, Binary Format)."""
    parts = [_COPY_HEAD]
    for preimage, value in zip(chained.preimages, chained.hashes, strict=True):
        parts += (_COPY_FIELDS, preimage, _COPY_HASH, value)
    parts.append(_COPY_TAIL)
    return b"".join(parts)


def _event_rows(chained: Chained) -> list[tuple[Any, ...]]:
    return [
        (
            e.pos,
            e.stream,
            e.version,
            e.event_id,
            e.type,
            e.schema,
            e.at,
            e.time,
            e.writer,
            e.correlation_id,
            e.causation_id,
            bytes(e.data),
            value,
        )
        for e, value in zip(chained.events, chained.hashes, strict=True)
    ]


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
