"""Makes the log anew from a backup, under a new log_id and a higher epoch, halted: all of it or nothing.

The events keep their positions, ids, versions, times and bytes; the hash chain begins at another genesis, so that
everybody who followed the old log takes a snapshot of the new one. Behind them come LogRestored, which says what the
log was, and a global HALT, which only a person lifts.
"""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from struct import Struct as Packed
from typing import Any
from uuid import uuid4

import asyncpg
from msgspec import Struct

from tradewire import faults, ids
from tradewire.build import build_id
from tradewire.domain.switches import GLOBAL, control_stream
from tradewire.errors import TradewireError, Unavailable
from tradewire.messages.account_events import Halted
from tradewire.messages.chain import genesis
from tradewire.messages.registry import new_event
from tradewire.messages.system_events import LogRestored
from tradewire.settings import Settings
from tradewire_ledger.backup.form import Header, Row, Summary, Trailer, Unsealer, read_rows, unreadable, verify
from tradewire_ledger.backup.make import Progress, connected, newest_schema
from tradewire_ledger.backup.places import SUFFIX, Place, place_of, split
from tradewire_ledger.domain.decide import Accepted
from tradewire_ledger.domain.framing import Head, chain
from tradewire_ledger.lost import LOST
from tradewire_ledger.migrate import migrate
from tradewire_ledger.reader.store import Connection
from tradewire_ledger.sequencer import sql

WRITER = "restore"
LOST_SINCE = (
    "limits that people set after the backup: compare `tradewire limits` with what you want",
    "switches that people threw or lifted after it: everything is halted until a person resumes it",
    "approvals, refusals, breaks that people accepted, and what they resolved after it",
    "signals after it, except those that NATS still holds or strategies send again",
)
"""What a log that is restored has lost, for people. What brokers did is fetched from them."""

_TRY_LOCK = "select pg_try_advisory_lock(hashtext('tradewire ledger'), hashtext(current_database()))"
_THERE = "select log_id, pos from ledger.head"
_OWNER = "select pg_get_userbyid(relowner) from pg_class where oid = 'ledger.event'::regclass"
_TRIGGERS = """
select c.relname as table, t.tgname as name from pg_trigger t
join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'ledger' and c.relname in ('event', 'frame', 'head') and not t.tgisinternal
"""
_UNKNOWN = (
    "it was about to be committed, and whether it was is not known: `select log_id from ledger.head` names {} if so; "
    "if not, nothing was restored"
)
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_EVENT_FIELDS = len(sql.EVENT_COLUMNS).to_bytes(2, "big")
_HASH = (32).to_bytes(4, "big")
_FRAME = Packed(">hIqIqIqI").pack
_COPY_END = b"\xff\xff"
_CHUNK = 1 << 18


class Refused(TradewireError):  # noqa: N818 - named for what it says
    """Nothing was restored; the message says why, and what to do."""


class Restored(Struct, frozen=True):
    """What was restored: the file, the log that it is now, where it ends, and what was there before, if anything."""

    file: str
    summary: Summary
    log_id: str
    pos: int
    epoch: int
    replaced: str


async def newest(settings: Settings, source: str) -> tuple[Place, str]:
    """The place and name of a file, or of the newest backup of a place.

    Raises:
        Refused: the place holds none.
        Unavailable: it cannot be reached.
    """
    if source.endswith(SUFFIX):
        where, name = split(source)
        return place_of(where, settings.backup), name
    place = place_of(source, settings.backup)
    files = await place.files()
    if not files:
        raise Refused(f"{place} holds no backup: name a folder or a file that ends with {SUFFIX}")
    return place, max(files, key=lambda each: each.name.rsplit("-", 2)[-2:]).name


async def chosen(settings: Settings, source: str) -> tuple[Place, str, Summary]:
    """The backup that is meant, read as a whole, and fit for this release and this shard.

    Raises:
        BackupRefused: the file is not whole or was changed.
        Refused: it is of another shard, or of a release that this one cannot go on with.
        ConfigError, Unavailable: its place is wrong, or does not answer.
    """
    place, name = await newest(settings, source)
    summary = await verify(name, place.get(name))
    if why := unreadable(summary, newest_schema()):
        raise Refused(f"{name}: {why}")
    if (shard := summary.header.shard) != settings.shard:
        raise Refused(
            f"{name}: is of shard {shard}, and these settings are of shard {settings.shard}: name a backup of "
            f'{settings.shard}, or set shard = "{shard}"'
        )
    return place, name, summary


async def look(settings: Settings, source: str, *, replace: bool) -> str:
    """Refuses whatever `restore` would refuse, and changes nothing; returns the file's name. Raises as it does."""
    _, name, _ = await chosen(settings, source)
    connection = await connected(settings, "admin_dsn")
    try:
        await _alone(connection)
        with suppress(asyncpg.UndefinedTableError):
            _replaceable(await connection.fetchrow(_THERE), replace=replace)
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}; nothing was restored") from error
    finally:
        connection.terminate()
    return name


async def _alone(connection: Connection) -> None:
    """Takes the ledger's lock, which ends with the connection. Raises Refused when somebody has it."""
    if not await connection.fetchval(_TRY_LOCK):
        raise Refused(
            "a ledger, or another restore, is at work on this Postgres: stop everything, then restore; "
            "nothing was changed"
        )


def _replaceable(head: Any, *, replace: bool) -> str:
    """What is there before a restore. Raises Refused when it is a log, and nobody said that it is to be replaced."""
    what = f"log {head['log_id']} with {head['pos']:,} positions" if head is not None and head["pos"] else ""
    if what and not replace:
        raise Refused(f"Postgres holds {what}: back it up if you may need it, then restore with --replace")
    return what


async def restore(settings: Settings, source: str, progress: Progress, *, replace: bool) -> Restored:
    """Verifies the whole file, then puts its log into Postgres in one transaction.

    Raises:
        BackupRefused: the file is not whole or was changed.
        Refused: it is of another shard or a newer release; there is a log already and `replace` is not set; a ledger
            or another restore is at work.
        ConfigError, Unavailable, MigrationFailed: as they say.
    """
    place, name, summary = await chosen(settings, source)
    connection = await connected(settings, "admin_dsn")
    outcome = "nothing was restored"
    try:
        await _alone(connection)
        migrate(settings)
        async with connection.transaction():
            before = await _emptied(connection, replace=replace)
            head = await _fill(connection, place, name, summary, progress)
            faults.point("restore.before_commit")
            outcome = _UNKNOWN.format(head.log_id)
        with suppress(*LOST):  # the log is there, and Postgres analyzes it by itself in time
            await connection.execute("analyze ledger.event; analyze ledger.frame")
    except LOST as error:
        raise Unavailable(f"Postgres: {str(error) or type(error).__name__}; {outcome}") from error
    finally:
        connection.terminate()
    return Restored(name, summary, head.log_id, head.pos, head.epoch, before)


async def _emptied(connection: Connection, *, replace: bool) -> str:
    """Empties the log's tables within the transaction; returns what was there.

    Raises:
        Refused: there is a log and nobody said that it is to be replaced.
    """
    owner = await connection.fetchval(_OWNER)
    await connection.execute(f'set local role "{owner}"')
    what = _replaceable(await connection.fetchrow(f"{_THERE} for update"), replace=replace)
    # Only the owner can, and only until this transaction ends: nobody ever sees a log that could be changed.
    guards = await connection.fetch(_TRIGGERS)
    for guard in guards:
        await connection.execute(f"alter table ledger.{guard['table']} disable trigger {guard['name']}")
    await connection.execute("truncate ledger.event, ledger.frame, ledger.head")
    for guard in guards:
        await connection.execute(f"alter table ledger.{guard['table']} enable always trigger {guard['name']}")
    return what


async def _fill(connection: Connection, place: Place, name: str, summary: Summary, progress: Progress) -> Head:
    header, log_id = summary.header, str(uuid4())
    await connection.copy_to_table(
        "event",
        schema_name="ledger",
        columns=sql.EVENT_COLUMNS,
        format="binary",
        source=_events(_opened(place, name), header, log_id, progress),
    )
    faults.point("restore.after_events")
    frames = Frames(log_id)
    await connection.copy_to_table(
        "frame",
        schema_name="ledger",
        columns=("frame", "first_pos", "last_pos", "hash"),
        format="binary",
        source=frames.rows(_opened(place, name), header),
    )
    # Above every epoch that the lost ledgers may have had, so that nobody who heard one of them ignores this one.
    epoch = max(header.epoch, time.time_ns() // 1_000_000_000)
    head = Head(log_id, epoch, header.frame, header.pos, frames.value, header.at)
    return await _say(connection, head, summary)


async def _say(connection: Connection, head: Head, summary: Summary) -> Head:
    """Appends what happened, and the halt. Raises HeadLost as the sequencer's own store does."""
    header, now = summary.header, time.time_ns() // 1_000
    restored = LogRestored(
        was=header.log_id,
        pos=header.pos,
        hash=header.hash,
        made_at=header.made_at,
        seal=summary.seal,
        build=build_id(),
    )
    request = ids.derive("restore", head.log_id)
    halted = Halted(
        scope=GLOBAL,
        level="HALT",
        by=WRITER,
        reason=f"restored from a backup of log {header.log_id[:8]} at position {header.pos}",
        request=request,
    )
    accepted = []
    for stream, data in (("system", restored), (control_stream(GLOBAL), halted)):
        version = await connection.fetchval("select max(version) from ledger.event where stream = $1", stream) or 0
        event_id = ids.command_uuid(request, type(data).__name__)
        event = new_event(stream, version + 1, event_id, data, time=now, correlation=None)
        accepted.append(Accepted(event, version + 1, WRITER))
    said = chain(head, accepted, now)
    await connection.execute(
        "insert into ledger.head (log_id, epoch, frame, pos, hash, at) values ($1, $2, $3, $4, $5, $6)",
        head.log_id,
        said.head.epoch,
        said.head.frame,
        said.head.pos,
        said.head.hash,
        said.head.at,
    )
    for frame in said.frames:
        await connection.execute(
            "insert into ledger.frame (frame, first_pos, last_pos, hash) values ($1, $2, $3, $4)",
            frame.frame,
            frame.first_pos,
            frame.last_pos,
            bytes.fromhex(frame.hash),
        )
    rows = [
        _EVENT_FIELDS + preimage + _HASH + value for preimage, value in zip(said.preimages, said.hashes, strict=True)
    ]
    await connection.copy_to_table(
        "event",
        schema_name="ledger",
        columns=sql.EVENT_COLUMNS,
        format="binary",
        source=_once(_COPY_HEADER + b"".join(rows) + _COPY_END),
    )
    return said.head


def _opened(place: Place, name: str) -> Unsealer:
    return Unsealer(name, place.get(name))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _rows(file: Unsealer, header: Header) -> AsyncIterator[Row]:
    """The rows, all checked again: the file is read more than once, and must be the one that was verified."""
    if await file.header() != header:
        raise file.refuse("has changed since it was verified")
    async for each in read_rows(file, header):
        if not isinstance(each, Trailer):
            yield each


async def _events(file: Unsealer, header: Header, log_id: str, progress: Progress) -> AsyncIterator[bytes]:
    value, out = genesis(log_id), bytearray(_COPY_HEADER)
    async for row in _rows(file, header):
        value = sha256(value + row.preimage).digest()
        out += _EVENT_FIELDS + row.preimage + _HASH + value
        if len(out) >= _CHUNK:
            yield bytes(out)
            out.clear()
            progress("restoring", row.pos, header.pos)
    yield bytes(out) + _COPY_END


class Frames:
    """The frames of the new log; `value` is its chain at the end."""

    def __init__(self, log_id: str) -> None:
        self.value = genesis(log_id)

    async def rows(self, file: Unsealer, header: Header) -> AsyncIterator[bytes]:
        """As a binary COPY."""
        out = bytearray(_COPY_HEADER)
        async for row in _rows(file, header):
            self.value = sha256(self.value + row.preimage).digest()
            if row.frame is None:
                continue
            number, first, _ = row.frame
            out += _FRAME(4, 8, number, 8, first, 8, row.pos, 32) + self.value
            if len(out) >= _CHUNK:
                yield bytes(out)
                out.clear()
        yield bytes(out) + _COPY_END
