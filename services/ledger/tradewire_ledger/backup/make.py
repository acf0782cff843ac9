"""Makes a backup: the whole log, read in one REPEATABLE READ transaction and streamed to its place, then read again.

The transaction ends with the last row, before anything is read again; what became of a backup is put on record by a
connection of its own, because the first one may have been cut off or left in the middle of a COPY.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction
from msgspec import Struct

import tradewire
from tradewire import faults
from tradewire.build import build_id
from tradewire.errors import TradewireError, Unavailable
from tradewire.settings import Settings
from tradewire_ledger.access import Key, access_of
from tradewire_ledger.backup import records
from tradewire_ledger.backup.form import (
    BLOCK_BYTES,
    BackupRefused,
    Header,
    Row,
    Sealer,
    Summary,
    parse_row,
    verify,
)
from tradewire_ledger.backup.places import SUFFIX, Place, place_of
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader.store import Connection

Progress = Callable[[str, int, int], None]
"""Told what is being done, the position reached and the one to reach."""

NOT_INCLUDED = (
    "keys and passwords (data/keys, data/secrets), and tradewire.toml",
    "the read model, which is made anew from the log",
    "SIGNALS in NATS: signals that were acknowledged and are not in the log yet",
    "the paper broker's journal (data/paper): it is the outside world, as any broker's own books are",
    "cached bars and calendars, which are fetched again, and the processes' own log files",
)
"""What a backup does not hold, for people."""

_HEAD = "select log_id, epoch, frame, pos, hash, at from ledger.head"
_CHECKPOINT = "select log_id, code, generation, frame, pos from read.checkpoint"
_ROWS = """
select e.pos, e.stream, e.version, e.event_id, e.type, e.schema, e.at, e.time, e.writer, e.correlation_id,
       e.causation_id, e.data, e.hash, f.frame, f.first_pos, f.hash
from ledger.event e left join ledger.frame f on f.last_pos = e.pos
order by e.pos
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COPY_HEADER = 19
_COPY_END = b"\xff\xff"
_WAITING = 4


class NothingYet(Unavailable):
    """There is no log: nothing to back up is no failure of a backup."""


class Made(Struct, frozen=True):
    """A backup that was written and verified: where, its name, what it holds, how long it took, what was let go."""

    place: str
    name: str
    summary: Summary
    seconds: float
    removed: list[str]


def newest_schema() -> str:
    """The newest migration that this release packs, such as `0002`."""
    folder = files("tradewire_ledger") / "migrations"
    return max(each.name.partition("_")[0] for each in folder.iterdir() if each.name.endswith(".sql"))


async def connected(settings: Settings, key: Key) -> Connection:
    """A connection on which a statement may last; it is cut off when nothing is heard of the server.

    Raises:
        ConfigError: the setting `postgres.<key>` is missing, or a file that it needs, or its password is wrong.
        Unavailable: Postgres does not answer or refuses.
    """
    access = access_of(settings.postgres, key)
    try:
        return await access.connect(
            command_timeout=None,
            settings={
                "application_name": "tradewire backup",
                "jit": "off",
                "statement_timeout": "0",
                "idle_in_transaction_session_timeout": "0",  # a place may be slow to take what was read
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
            },
        )
    except asyncpg.InvalidPasswordError as error:
        raise access.refused(error) from None
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}") from error


async def back_up(settings: Settings, to: str, progress: Progress) -> Made:
    """Writes a backup to `to`, verifies it, puts it on record, and lets go of those beyond `backup.keep` of this log.

    Raises:
        ConfigError: `to` is no place, or no reader_dsn is set.
        Unavailable: Postgres or the place does not answer, or there is no log yet.
        BackupRefused: what was written is not what was read.
    """
    place = place_of(to, settings.backup)
    connection = await connected(settings, "reader_dsn")
    began = _now()
    header: Header | None = None
    try:
        try:
            moment = connection.transaction(isolation="repeatable_read", readonly=True)
            await moment.start()
            header = await _header(connection, settings, began)
            name = _name(header)
            async with _copied(connection, moment) as copied:
                summary = await _write(copied, place, name, header, progress)
        except LOST as error:
            raise Unavailable(f"Postgres: {str(error) or type(error).__name__}") from error
        ended = _now()
        await _record(settings, began, ended, place, name, summary.bytes, header, "")
        removed = await _prune(place, header.log_id, settings.backup.keep)
        return Made(str(place), name, summary, (ended - began) / 1e6, removed)
    except NothingYet:
        raise
    except TradewireError as error:
        with suppress(TradewireError):
            await _record(settings, began, _now(), place, "", 0, header, str(error))
        raise
    finally:
        connection.terminate()


async def _record(
    settings: Settings, began: int, ended: int, place: Place, name: str, size: int, header: Header | None, why: str
) -> None:
    """Puts on record what became of a backup. Raises as `connected` does."""
    log_id, pos = (header.log_id, header.pos) if header is not None else (None, 0)
    connection = await connected(settings, "reader_dsn")
    try:
        with suppress(asyncpg.UndefinedTableError):  # a schema from before there were backups
            await records.add(
                connection,
                began_at=began,
                ended_at=ended,
                place=str(place),
                name=name,
                size=size,
                pos=pos,
                log_id=log_id,
                error=why,
            )
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}") from error
    finally:
        connection.terminate()


async def _header(connection: Connection, settings: Settings, now: int) -> Header:
    try:
        head: Any = await connection.fetchrow(_HEAD)
    except asyncpg.UndefinedTableError:
        head = None
    if head is None or not head["pos"]:
        raise NothingYet("there is no log yet: nothing was ever appended")
    at: Any = await connection.fetchrow(_CHECKPOINT)
    checkpoint = {name: str(value) if name == "log_id" else value for name, value in at.items()} if at else None
    return Header(
        log_id=str(head["log_id"]),
        epoch=head["epoch"],
        frame=head["frame"],
        pos=head["pos"],
        hash=head["hash"].hex(),
        at=head["at"],
        made_at=now,
        schema=newest_schema(),
        version=tradewire.__version__,
        build=build_id(),
        shard=settings.shard,
        checkpoint=checkpoint,
    )


def _name(header: Header) -> str:
    # To the microsecond: two backups that are made at once must not take each other's file.
    stamp = (_EPOCH + timedelta(microseconds=header.made_at)).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{prefix_of(header.log_id)}{stamp}-{header.pos}{SUFFIX}"


def prefix_of(log_id: str) -> str:
    """How the names of a log's backups begin; in the order of their names they are in that of their times."""
    return f"tradewire-{log_id[:8]}-"


async def _write(copied: AsyncIterator[bytes], place: Place, name: str, header: Header, progress: Progress) -> Summary:
    sealer, found = Sealer(), []

    async def read_again(chunks: AsyncIterator[bytes]) -> None:
        summary = await verify(name, chunks)
        if summary.header != header or summary.seal != sealer.seal:
            raise BackupRefused(f"{name}: what was written is not what was read")
        found.append(summary)

    await place.put(name, _sealed(copied, header, sealer, progress), read_again)
    return found[0]


async def _sealed(
    copied: AsyncIterator[bytes], header: Header, sealer: Sealer, progress: Progress
) -> AsyncIterator[bytes]:
    """The file's bytes as they come from Postgres; only a few blocks are in memory."""
    yield sealer.begin(header)
    raw, rows, size = [], [], 0
    async for row, taken in _rows(copied):
        raw.append(taken)
        rows.append(row)
        size += len(taken)
        if size >= BLOCK_BYTES:
            yield sealer.rows(b"".join(raw), rows)
            progress("backing up", row.pos, header.pos)
            raw, rows, size = [], [], 0
    if rows:
        yield sealer.rows(b"".join(raw), rows)
    if (sealer.events, sealer.frames) != (header.pos, header.frame):
        raise BackupRefused(
            f"log {header.log_id}: its head is at position {header.pos}, frame {header.frame}, and it holds "
            f"{sealer.events} events and {sealer.frames} frames: run `tradewire check`"
        )
    faults.point("backup.before_end")
    yield sealer.end()


async def _rows(copied: AsyncIterator[bytes]) -> AsyncIterator[tuple[Row, bytes]]:
    """Every row of the log, with its bytes, out of a binary COPY."""
    buffer = bytearray()
    begun = False
    async for data in copied:
        buffer += data
        at = 0
        if not begun:
            if len(buffer) < _COPY_HEADER:
                continue
            at, begun = _COPY_HEADER, True
        while buffer[at : at + 2] != _COPY_END and (found := parse_row(buffer, at + 2)) is not None:
            row, end = found
            yield row, bytes(buffer[at + 2 : end])
            at = end
        del buffer[:at]


@asynccontextmanager
async def _copied(connection: Connection, moment: Transaction) -> AsyncIterator[AsyncIterator[bytes]]:
    """The log as a binary COPY gives it, after which its transaction ends; whoever leaves before that gives it up."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)

    async def take(data: bytes) -> None:
        await queue.put(bytes(data))

    async def copy() -> None:
        try:
            await connection.copy_from_query(_ROWS, output=take, format="binary")
            await moment.commit()
        finally:
            await queue.put(None)

    async def given() -> AsyncIterator[bytes]:
        while (data := await queue.get()) is not None:
            yield data
        await copying

    copying = asyncio.ensure_future(copy())
    try:
        yield given()
    finally:
        if not copying.done():
            copying.cancel()
            with suppress(asyncio.CancelledError, *LOST):
                await asyncio.gather(copying, _empty(queue))
        elif not copying.cancelled():
            copying.exception()  # known to whoever read to the end, and no matter to others


async def _empty(queue: "asyncio.Queue[bytes | None]") -> None:
    """Lets a COPY that is given up come to its end."""
    while await queue.get() is not None:
        pass


async def _prune(place: Place, log_id: str, keep: int) -> list[str]:
    """Removes the oldest backups of a log beyond the newest `keep`; those of other logs stay, for a person to judge."""
    ours = [each.name for each in await place.files() if each.name.startswith(prefix_of(log_id))]
    old = ours[:-keep]
    for name in old:
        await place.delete(name)
    return old


def _now() -> int:
    return time.time_ns() // 1_000
