"""Backups and restores that are killed, and several at once: nothing half made is ever seen or believed."""

import asyncio
import os
import sys
import time
from pathlib import Path
from signal import SIGCONT, SIGKILL
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from tests.integration.backup.test_backup import ask, content, names_in, quiet, recorded
from tests.integration.reader.bench import Log
from tests.waiting import soon
from tradewire.errors import ConfigError, Unavailable
from tradewire.settings import Settings
from tradewire_ledger.backup import make, restore
from tradewire_ledger.backup.form import verify
from tradewire_ledger.backup.places import place_of


@pytest.fixture
def to(tmp_path: Path) -> str:
    return str(tmp_path / "backups")


async def started(settings: Settings, *arguments: str, fault: str = "") -> asyncio.subprocess.Process:
    """The ledger's program in a process of its own, which a fault may end."""
    roles = settings.postgres
    environment = {
        **os.environ,
        "TRADEWIRE_POSTGRES_READER_DSN": roles.reader_dsn,
        "TRADEWIRE_POSTGRES_ADMIN_DSN": roles.admin_dsn,
        "TRADEWIRE_FAULTS": fault,
    }
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradewire_ledger", *arguments, env=environment, stdout=pipe, stderr=pipe
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """Its exit code, and what it said on standard error."""
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def stopped(process: asyncio.subprocess.Process) -> None:
    """Waits until a fault has stopped it where it was."""

    async def is_stopped() -> bool:
        state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert state != "Z", await ended(process)
        return state == "T"

    await soon(is_stopped)


@pytest.mark.parametrize("fault", ["backup.before_end", "backup.before_rename"])
async def test_a_backup_that_is_killed_is_not_seen_and_the_next_one_clears_it_away(
    log: Log, settings: Settings, to: str, fault: str
) -> None:
    code, _ = await ended(await started(settings, "backup", to, fault=f"{fault}=kill"))
    assert code == -SIGKILL
    [left] = Path(to).iterdir()
    assert left.name.endswith(".unfinished")
    assert await place_of(to, settings.backup).files() == []
    with pytest.raises(restore.Refused, match="holds no backup"):
        await restore.newest(settings, to)

    os.utime(left, (0, time.time() - 3_600))
    made = await make.back_up(settings, to, quiet)
    assert names_in(to) == [made.name]
    assert made.summary.header.pos == log.pos


async def test_two_backups_at_once_make_two_whole_files(log: Log, settings: Settings, to: str) -> None:
    first = await started(settings, "backup", to, fault="backup.before_rename=stop")
    await stopped(first)
    [unfinished] = Path(to).iterdir()
    os.utime(unfinished, (0, time.time() - 3_600))  # a long one: the second must not take it for a dead one's
    second = await make.back_up(settings, to, quiet)
    assert sorted(names_in(to)) == sorted([unfinished.name, second.name])
    os.kill(first.pid, SIGCONT)
    assert await ended(first) == (0, "")

    files = await place_of(to, settings.backup).files()
    assert len(files) == 2
    for file in files:
        summary = await verify(file.name, place_of(to, settings.backup).get(file.name))
        assert summary.header.pos == log.pos
    assert (await recorded(settings)).failures == 0


async def test_backups_of_the_same_moment_do_not_take_each_others_file(log: Log, settings: Settings, to: str) -> None:
    made = await asyncio.gather(*(make.back_up(settings, to, quiet) for _ in range(3)))
    assert names_in(to) == sorted(each.name for each in made)
    assert len(names_in(to)) == 3
    assert log.pos


@pytest.mark.parametrize("fault", ["restore.after_events", "restore.before_commit"])
async def test_a_restore_that_is_killed_leaves_the_log_that_was_there(
    log: Log, settings: Settings, to: str, fault: str
) -> None:
    await make.back_up(settings, to, quiet)
    before, head = await content(settings, log.pos), log.store.head
    await log.close()

    code, _ = await ended(await started(settings, "restore", to, "--replace", fault=f"{fault}=kill"))
    assert code == -SIGKILL

    [now] = await ask(settings.postgres.admin_dsn, "select * from ledger.head")
    assert (str(now["log_id"]), now["pos"], now["hash"]) == (head.log_id, head.pos, head.hash)
    assert await content(settings, head.pos) == before
    guards = "select tgenabled from pg_trigger t join pg_class c on c.oid = tgrelid where relname in ('event', 'frame')"
    assert {each["tgenabled"] for each in await ask(settings.postgres.admin_dsn, f"{guards} and not tgisinternal")} == {
        b"A"
    }
    # Whoever runs it again gets what they asked for.
    done = await restore.restore(settings, to, quiet, replace=True)
    assert await content(settings, head.pos) == before
    assert done.pos == head.pos + 2


KILL = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tradewire backup'"


async def test_a_restore_that_is_cut_off_behind_its_commit_is_done(
    log: Log, settings: Settings, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.back_up(settings, to, quiet)
    before, pos = await content(settings, log.pos), log.pos
    await log.close()
    admin = settings.postgres.admin_dsn
    other, fill = await asyncpg.connect(admin), restore._fill
    tasks: list[asyncio.Task[Any]] = []

    async def filled(*arguments: Any) -> Any:
        """Somebody has the table in the moment of the commit, so that it cannot be analyzed."""
        head = await fill(*arguments)
        tasks.append(asyncio.create_task(other.execute("begin; lock ledger.event in share update exclusive mode")))
        await soon(
            lambda: ask(admin, "select 1 from pg_locks where relation = 'ledger.event'::regclass and not granted")
        )
        tasks.append(
            asyncio.create_task(soon(lambda: ask(admin, f"{KILL} and query ~ '^analyze' and state = 'active'")))
        )
        return head

    monkeypatch.setattr(restore, "_fill", filled)
    done = await restore.restore(settings, to, quiet, replace=True)
    await asyncio.gather(*tasks)
    await other.close()
    [head] = await ask(admin, "select * from ledger.head")
    assert (str(head["log_id"]), head["pos"]) == (done.log_id, pos + 2)
    assert await content(settings, pos) == before


async def test_a_restore_that_is_cut_off_in_its_commit_says_that_it_is_not_known(
    log: Log, settings: Settings, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.back_up(settings, to, quiet)
    await log.close()
    fill, heads = restore._fill, []

    async def filled(*arguments: Any) -> Any:
        heads.append(await fill(*arguments))
        await ask(settings.postgres.admin_dsn, KILL)
        return heads[0]

    monkeypatch.setattr(restore, "_fill", filled)
    with pytest.raises(Unavailable, match="whether it was is not known") as error:
        await restore.restore(settings, to, quiet, replace=True)
    assert f"names {heads[0].log_id} if so" in str(error.value)


async def test_of_two_restores_at_once_the_second_is_refused(log: Log, settings: Settings, to: str) -> None:
    await make.back_up(settings, to, quiet)
    await log.close()
    first = await started(settings, "restore", to, "--replace", fault="restore.after_events=stop")
    await stopped(first)
    for flags in ([], ["--look"]):
        code, said = await ended(await started(settings, "restore", to, "--replace", *flags))
        assert (code, "a ledger, or another restore, is at work on this Postgres" in said) == (1, True)
        assert len(said.splitlines()) == 1
    os.kill(first.pid, SIGCONT)
    assert await ended(first) == (0, "")
    [head] = await ask(settings.postgres.admin_dsn, "select pos from ledger.head")
    assert head["pos"] == log.pos + 2


async def test_what_is_refused_is_refused_by_a_look_as_well_and_nothing_changes(
    log: Log, settings: Settings, to: str
) -> None:
    made = await make.back_up(settings, to, quiet)
    other = replace(settings, shard="eu")
    head = log.store.head
    await log.close()
    line = (
        f'{made.name}: is of shard main, and these settings are of shard eu: name a backup of eu, or set shard = "main"'
    )
    for work in (restore.look(other, to, replace=True), restore.restore(other, to, quiet, replace=True)):
        with pytest.raises(restore.Refused) as refused:
            await work
        assert str(refused.value) == line
    with pytest.raises(restore.Refused, match=r"Postgres holds log .*restore with --replace"):
        await restore.look(settings, to, replace=False)
    assert await restore.look(settings, to, replace=True) == made.name
    [now] = await ask(settings.postgres.admin_dsn, "select * from ledger.head")
    assert (str(now["log_id"]), now["hash"]) == (head.log_id, head.hash)


async def test_the_passwords_come_from_their_files(log: Log, settings: Settings, to: str, tmp_path: Path) -> None:
    """As on a cluster, where the DSNs have none."""
    roles = settings.postgres
    changes: dict[str, str] = {}
    for key in ("reader_dsn", "admin_dsn"):
        dsn = getattr(roles, key)
        user, _, rest = dsn.removeprefix("postgresql://").partition("@")
        name, _, password = user.partition(":")
        file = tmp_path / key
        file.write_text(password)
        file.chmod(0o600)
        changes |= {key: f"postgresql://{name}@{rest}", key.replace("dsn", "password_file"): str(file)}
    without = replace(settings, postgres=replace(roles, **changes))
    await make.back_up(without, to, quiet)
    await log.close()
    assert (await restore.restore(without, to, quiet, replace=True)).pos == log.pos + 2

    Path(changes["reader_password_file"]).write_text("another")
    with pytest.raises(ConfigError, match=r"^postgres\.reader_password_file: "):
        await make.back_up(without, to, quiet)
