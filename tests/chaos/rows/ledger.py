"""Faults of the ledger: death around the commit, two of them at once, a storm of conflicts, and tampering."""

import asyncio
from collections import Counter

from msgspec import Struct

from tests.chaos.run import Run
from tradewire import ids
from tradewire.append import Appender
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.registry import new_event
from tradewire.messages.signals_events import NothingToDo
from tradewire_ledger.check import check

POINTS = ("sequencer.before_commit", "sequencer.after_commit", "sequencer.before_reply", "sequencer.in_transaction")
_WRITERS = 8
_VERSIONS = 6
_SEQUENCER = """
select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tradewire sequencer'
and pid in (select pid from pg_locks where locktype = 'advisory' and granted)
"""


async def sequencer_dies(run: Run) -> None:
    """The ledger is killed before its commit, inside the transaction, after the commit, or before the reply."""
    point = POINTS[run.seed % len(POINTS)]
    if point != "sequencer.in_transaction":
        await run.dies_at("sequencer", point)
        return
    await run.armed("sequencer", point, 1)
    ingest = run.system.processes["ingest"]
    async with run.load():
        # Only a large batch is copied in a transaction of several statements, so signals are let pile up.
        ingest.freeze()
        await asyncio.sleep(2)
        ingest.thaw()
        await run.until_struck()


async def two_at_once(run: Run) -> None:
    """A second ledger stands by, and takes over when the first one dies, or freezes and loses its connection."""
    system = run.system
    second = system.launch("sequencer", "sequencer-two")
    try:
        await second.until_alive()
        async with run.load():
            await run.pause()
            leader = system.processes["sequencer"]
            if run.seed % 2:
                run.hit(await leader.kill())
            else:
                run.hit(leader.freeze())
                connection = await system.database()
                await connection.execute(_SEQUENCER)
                await connection.close()
                await asyncio.sleep(1.5)
                leader.thaw()
            await run.pause()
    finally:
        await system.dismiss("sequencer-two")
        await system.until_ready()


async def conflicts(run: Run) -> None:
    """Writers race for the same versions and send each other's ids, while the ledger forgets what it remembered."""
    buses = [await run.system.bus("ingest") for _ in range(2)]
    seen: Counter[str] = Counter()

    async def race(writer: int) -> None:
        appender = Appender(buses[writer % 2], run.system.engines.shard, "ingest")
        for turn in range(12):
            for version in range(1, _VERSIONS + 1):
                events = (_contested(run, turn, version, writer), _shared(run, turn, version, writer))
                results = await appender.append([Command((event,)) for event in events])
                seen.update(result.code for result in results)

    async with run.load():
        racing = asyncio.gather(*(race(writer) for writer in range(_WRITERS)))
        await run.pause(0.1, 0.5)
        await run.system.processes["sequencer"].kill()
        await racing
    for bus in buses:
        await bus.close()
    run.hit(seen["version_conflict"] + seen["id_reused"])
    if seen["appended"] + seen["replayed"] < 2 * 12 * _VERSIONS:
        run.notes.append(f"a race was won by nobody: {dict(seen)}")


def _contested(run: Run, turn: int, version: int, writer: int) -> NewEvent:
    """One of several events that want to be the same version of a stream."""
    signal = ids.derive("chaos", run.prefix, str(turn))
    data = NothingToDo(signal=signal, reason=f"writer {writer}")
    event_id = ids.derive("chaos", run.prefix, str(turn), str(version), str(writer))
    return new_event(f"signal-{signal}", version, event_id, data, time=1, correlation=signal)


def _shared(run: Run, turn: int, version: int, writer: int) -> NewEvent:
    """The same id from every writer, with the same content from every other one."""
    signal = ids.derive("chaos", run.prefix, "shared", str(turn), str(version))
    data = NothingToDo(signal=signal, reason=f"writer {writer % 2}")
    return new_event(f"signal-{signal}", None, ids.derive("chaos", signal), data, time=1, correlation=signal)


async def tampered(run: Run) -> None:
    """A superuser takes the triggers off and changes a row: the check names it, and is clean when it is undone."""
    async with run.load(seconds=1.0):
        pass
    connection = await run.system.database()
    pos = run.random.randint(1, await connection.fetchval("select pos from ledger.head") - 1)
    tampering = _TAMPERINGS[run.seed % len(_TAMPERINGS)]
    old = await connection.fetchrow("select * from ledger.event where pos = $1", pos)
    assert old is not None
    await connection.execute("alter table ledger.event disable trigger all")
    await connection.execute(tampering.change, pos)
    try:
        verdict = await check(run.system.settings, settled=False, quick=True, progress=lambda *_: None)
        # A row that is gone shows at the one after it.
        run.hit(any(found.invariant == "L2" and found.pos in {pos, pos + 1} for found in verdict.violations))
        if verdict.clean:
            run.notes.append(f"position {pos} was changed and the check is clean")
    finally:
        await connection.execute(tampering.undo, *(old[column] for column in tampering.columns))
        for trigger in ("event_append_only", "event_no_truncate"):
            await connection.execute(f"alter table ledger.event enable always trigger {trigger}")
        await connection.close()


class _Tampering(Struct, frozen=True):
    """What is changed at a position, and how it is undone with columns of the old row."""

    change: str
    undo: str
    columns: tuple[str, ...]


_SPACED = "convert_to(replace(convert_from(data, 'UTF8'), ',', ', '), 'UTF8')"
_ROW = (
    *("pos", "stream", "version", "event_id", "type", "schema", "at"),
    *("time", "writer", "correlation_id", "causation_id", "data", "hash"),
)
_TAMPERINGS = (
    _Tampering(
        f"update ledger.event set data = {_SPACED} where pos = $1",
        "update ledger.event set data = $1 where pos = $2",
        ("data", "pos"),
    ),
    _Tampering(
        "update ledger.event set time = time + 1 where pos = $1",
        "update ledger.event set time = $1 where pos = $2",
        ("time", "pos"),
    ),
    _Tampering(
        "update ledger.event set hash = sha256(hash) where pos = $1",
        "update ledger.event set hash = $1 where pos = $2",
        ("hash", "pos"),
    ),
    _Tampering(
        "delete from ledger.event where pos = $1",
        f"insert into ledger.event ({', '.join(_ROW)}) values ({', '.join(f'${n}' for n in range(1, len(_ROW) + 1))})",
        _ROW,
    ),
)
