"""A real log into a file and back: a folder, S3, what is refused, and that nothing is lost when it fails."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import pytest
from msgspec.structs import replace

from tests.integration.reader.bench import Log
from tests.unit.reader.histories import History
from tradewire.errors import Unavailable
from tradewire.settings import Backup, Settings
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.access import Access
from tradewire_ledger.backup import make, restore
from tradewire_ledger.backup.form import BackupRefused, verify
from tradewire_ledger.backup.places import Bucket, Folder, place_of
from tradewire_ledger.backup.records import Known, due_at, known
from tradewire_ledger.check import check
from tradewire_ledger.sequencer.store import Store

EVENTS = """
select pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data
from ledger.event where pos <= $1 order by pos
"""


def quiet(_what: str, _pos: int, _target: int) -> None:
    """Nobody watches."""


def names_in(folder: str) -> list[str]:
    """Everything that lies there, hidden or not."""
    return sorted(each.name for each in Path(folder).iterdir())


async def ask(dsn: str, statement: str, *values: Any) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement, *values)
    finally:
        await connection.close()


async def content(settings: Settings, pos: int) -> list[tuple[Any, ...]]:
    """The events up to a position, without their hashes, and the frames' borders."""
    events = await ask(settings.postgres.admin_dsn, EVENTS, pos)
    frames = "select frame, first_pos, last_pos from ledger.frame where last_pos <= $1 order by frame"
    return [tuple(row) for row in (*events, *await ask(settings.postgres.admin_dsn, frames, pos))]


async def recorded(settings: Settings, to: str = "") -> Known:
    connection = await make.connected(settings, "reader_dsn")
    try:
        return await known(connection, to)
    finally:
        connection.terminate()


@pytest.fixture
def to(tmp_path: Path) -> str:
    return str(tmp_path / "backups")


async def test_what_is_restored_is_the_log_under_another_name_and_halted(
    engines: Engines, log: Log, settings: Settings, to: str
) -> None:
    made = await make.back_up(settings, to, quiet)
    pos, old = log.pos, log.store.head
    before = await content(settings, pos)
    await log.close()

    with pytest.raises(restore.Refused, match=rf"Postgres holds log {old.log_id} with {pos:,} positions"):
        await restore.restore(settings, to, quiet, replace=False)
    done = await restore.restore(settings, to, quiet, replace=True)

    assert (done.file, done.replaced) == (made.name, f"log {old.log_id} with {pos:,} positions")
    assert await content(settings, pos) == before
    [head] = await ask(engines.dsn("tradewire_admin"), "select * from ledger.head")
    assert str(head["log_id"]) == done.log_id != old.log_id
    assert (head["pos"], head["frame"]) == (pos + 2, old.frame + 1)
    assert head["epoch"] > old.epoch + 1_000_000
    said = await ask(engines.dsn("tradewire_admin"), "select type, data from ledger.events where pos > $1", pos)
    assert [row["type"] for row in said] == ["LogRestored", "Halted"]
    assert f'"was": "{old.log_id}"' in said[0]["data"]
    verdict = await check(settings, settled=False, quick=False, progress=lambda *_: None)
    assert [v for v in verdict.violations if v.invariant.startswith("L")] == []
    # And a ledger goes on with it.
    store = await Store.open(Access(engines.dsn("tradewire_sequencer")), durable=False)
    assert store.head.epoch == head["epoch"] + 1
    await store.close()


async def test_an_empty_database_takes_a_backup_and_so_does_one_without_tables(
    engines: Engines, log: Log, settings: Settings, to: str
) -> None:
    await make.back_up(settings, to, quiet)
    pos, before = log.pos, await content(settings, log.pos)
    await log.close()
    drop = "drop schema ledger cascade; drop schema read cascade; drop table public.schema_migrations"
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await connection.execute(drop)
    await connection.close()

    done = await restore.restore(settings, to, quiet, replace=False)

    assert done.replaced == ""
    assert await content(settings, pos) == before


async def test_the_backup_of_a_restored_log_is_restored_as_well(
    log: Log, settings: Settings, to: str, tmp_path: Path
) -> None:
    await make.back_up(settings, to, quiet)
    await log.close()
    first = await restore.restore(settings, to, quiet, replace=True)
    again = str(tmp_path / "again")
    await make.back_up(settings, again, quiet)
    second = await restore.restore(settings, again, quiet, replace=True)

    assert second.pos == first.pos + 2
    assert second.epoch >= first.epoch
    assert second.summary.header.log_id == first.log_id


@pytest.mark.parametrize("place", ["one byte", "the last byte", "half", "nothing"])
async def test_a_damaged_file_is_refused_by_its_name_and_the_log_stays(
    log: Log, settings: Settings, to: str, place: str
) -> None:
    made = await make.back_up(settings, to, quiet)
    file = Path(to) / made.name
    data = bytearray(file.read_bytes())
    before, head = await content(settings, log.pos), log.store.head
    await log.close()
    if place == "one byte":
        data[len(data) // 2] ^= 1
    elif place == "the last byte":
        data[-1] ^= 1
    file.write_bytes(data[: len(data) // 2] if place == "half" else b"" if place == "nothing" else data)

    with pytest.raises(BackupRefused, match=made.name):
        await restore.restore(settings, str(file), quiet, replace=True)

    [now] = await ask(settings.postgres.admin_dsn, "select * from ledger.head")
    assert (str(now["log_id"]), now["hash"]) == (head.log_id, head.hash)
    assert await content(settings, head.pos) == before


async def test_a_file_that_changes_between_two_looks_changes_nothing(
    log: Log, settings: Settings, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make.back_up(settings, to, quiet)
    file, head = Path(to) / made.name, log.store.head
    await log.close()

    async def verify_then_damage(name: str, chunks: Any) -> Any:
        found = await verify(name, chunks)
        data = bytearray(file.read_bytes())
        data[-40] ^= 1
        file.write_bytes(data)
        return found

    monkeypatch.setattr(restore, "verify", verify_then_damage)
    with pytest.raises(BackupRefused):
        await restore.restore(settings, to, quiet, replace=True)
    [now] = await ask(settings.postgres.admin_dsn, "select log_id, pos from ledger.head")
    assert (str(now["log_id"]), now["pos"]) == (head.log_id, head.pos)
    triggers = "select tgenabled from pg_trigger where tgname in ('event_no_truncate', 'frame_no_truncate')"
    assert {row["tgenabled"] for row in await ask(settings.postgres.admin_dsn, triggers)} == {b"A"}


async def test_nothing_is_restored_under_a_ledger_at_work(log: Log, settings: Settings, to: str) -> None:
    await make.back_up(settings, to, quiet)
    with pytest.raises(restore.Refused, match="a ledger, or another restore, is at work on this Postgres"):
        await restore.restore(settings, to, quiet, replace=True)
    assert log.pos


async def test_a_backup_is_of_one_moment_while_the_log_goes_on(
    log: Log, settings: Settings, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = log.pos
    read_header = make._header

    async def write_behind(*arguments: Any) -> Any:
        header = await read_header(*arguments)
        more = History(9)
        more.open_account("other")
        await log.write(more)
        return header

    monkeypatch.setattr(make, "_header", write_behind)
    made = await make.back_up(settings, to, quiet)

    assert made.summary.header.pos == made.summary.trailer.events == began < log.pos


async def test_a_place_that_is_slow_is_not_cut_off_by_postgres(
    engines: Engines, log: Log, settings: Settings, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = "alter role tradewire_reader set idle_in_transaction_session_timeout = '50ms'"
    await ask(engines.dsn("tradewire_admin"), limit)
    read_header = make._header

    async def slow_header(*arguments: Any) -> Any:
        header = await read_header(*arguments)
        await asyncio.sleep(0.5)
        return header

    async def slow_verify(name: str, chunks: Any) -> Any:
        at_work = (
            "select 1 from pg_stat_activity where application_name = 'tradewire backup' and xact_start is not null"
        )
        assert await ask(engines.dsn("tradewire_admin"), at_work) == []
        kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tradewire backup'"
        await ask(engines.dsn("tradewire_admin"), kill)
        return await verify(name, chunks)

    monkeypatch.setattr(make, "_header", slow_header)
    monkeypatch.setattr(make, "verify", slow_verify)
    made = await make.back_up(settings, to, quiet)

    assert names_in(to) == [made.name]
    last = await recorded(settings)
    assert (last.failures, last.pos, last.succeeded_at > 0) == (0, log.pos, True)


async def test_a_log_that_is_not_whole_is_not_backed_up(
    engines: Engines, log: Log, settings: Settings, to: str
) -> None:
    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await connection.execute("alter table ledger.event disable trigger event_append_only")
    await connection.execute("update ledger.event set writer = 'nobody' where pos = 5")
    await connection.close()

    with pytest.raises(BackupRefused, match="position 5 does not follow"):
        await make.back_up(settings, to, quiet)

    assert names_in(to) == []
    assert (await recorded(settings)).failures == 1
    assert log.pos > 5


async def test_the_newest_are_kept_and_other_logs_are_left_alone(log: Log, settings: Settings, to: str) -> None:
    strange = "tradewire-00000000-20200101T000000Z-7.twbackup"
    Path(to).mkdir()
    for name in (strange, "notes.txt"):
        (Path(to) / name).write_text("somebody's")
    names = []
    for second in range(5):
        clock = 1_700_000_000_000_000 + second * 1_000_000
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(make, "_now", lambda at=clock: at)
            names.append((await make.back_up(settings, to, quiet)).name)

    assert names_in(to) == sorted([strange, "notes.txt", *names[-3:]])
    last = await recorded(settings)
    assert (last.succeeded_at, last.failures, last.pos) == (1_700_000_004_000_000, 0, log.pos)
    assert {oct((Path(to) / name).stat().st_mode & 0o777) for name in names[-3:]} == {"0o600"}


async def test_one_that_is_made_elsewhere_is_not_the_one_that_is_due(
    log: Log, settings: Settings, to: str, tmp_path: Path
) -> None:
    made = await make.back_up(settings, str(tmp_path / "elsewhere"), quiet)
    assert await recorded(settings, to) == Known()
    assert (await recorded(settings)).bytes == made.summary.bytes

    await make.back_up(settings, to, quiet)
    last = await recorded(settings, to)
    assert (last.pos, last.failures) == (log.pos, 0)
    assert due_at(last, 60_000_000, last.succeeded_at) == last.succeeded_at + 60_000_000


async def test_no_log_is_nothing_to_back_up_and_no_failure(engines: Engines, settings: Settings, to: str) -> None:
    with pytest.raises(make.NothingYet, match="there is no log yet"):
        await make.back_up(settings, to, quiet)
    assert await recorded(settings) == Known()
    assert (await ask(engines.dsn("tradewire_admin"), "select count(*) from ledger.event"))[0]["count"] == 0


async def test_a_place_that_cannot_be_written_is_a_failure_on_record(log: Log, settings: Settings) -> None:
    with pytest.raises(Unavailable, match="/proc/nowhere"):
        await make.back_up(settings, "/proc/nowhere", quiet)
    last = await recorded(settings)
    assert (last.succeeded_at, last.failures) == (0, 1)
    assert last.tried_at
    assert log.pos


async def test_what_is_cut_off_while_it_is_written_is_never_seen(log: Log, settings: Settings, to: str) -> None:
    place = Folder(Path(to))
    reached = asyncio.Event()

    async def stuck() -> Any:
        yield b"the beginning"
        reached.set()
        await asyncio.Event().wait()

    async def never(_chunks: Any) -> None:
        raise AssertionError

    writing = asyncio.create_task(place.put("tradewire-x.twbackup", stuck(), never))
    await reached.wait()
    assert await place.files() == []
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert names_in(to) == []


async def test_s3_keeps_backups_as_a_folder_does(
    log: Log, settings: Settings, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket="tradewire")
    settings = replace(settings, backup=Backup(keep=2, endpoint=s3, region="us-east-1"))
    to, names = "s3://tradewire/main/log", []
    for second in range(3):
        monkeypatch.setattr(make, "_now", lambda at=1_700_000_000_000_000 + second * 1_000_000: at)
        names.append((await make.back_up(settings, to, quiet)).name)
    keys = [each["Key"] for each in client.list_objects_v2(Bucket="tradewire")["Contents"]]
    assert keys == [f"main/log/{name}" for name in names[1:]]

    whole = client.get_object(Bucket="tradewire", Key=keys[1])["Body"].read()
    client.put_object(Bucket="tradewire", Key=keys[1], Body=whole[:-9])
    before, pos = await content(settings, log.pos), log.pos
    await log.close()
    with pytest.raises(BackupRefused, match=names[2]):
        await restore.restore(settings, to, quiet, replace=True)
    done = await restore.restore(settings, f"{to}/{names[1]}", quiet, replace=True)

    assert done.file == names[1]
    assert await content(settings, pos) == before


async def test_what_s3_has_got_wrong_is_not_left_there(s3: str) -> None:
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket="tradewire")
    place = place_of("s3://tradewire", Backup(endpoint=s3, region="us-east-1"))
    assert isinstance(place, Bucket)

    async def data() -> Any:
        yield b"x" * 100

    async def wrong(chunks: Any) -> None:
        assert b"".join([chunk async for chunk in chunks]) == b"x" * 100
        raise BackupRefused("it is not right")

    with pytest.raises(BackupRefused, match="it is not right"):
        await place.put("tradewire-x.twbackup", data(), wrong)
    assert await place.files() == []
