"""`python -m tradewire_ledger`, and what the reader's role may do."""

from pathlib import Path

import asyncpg
import pytest

from tests.integration.reader.bench import Log, command
from tests.unit.reader.histories import History
from tradewire_cli.engines.testing import Engines, running_engines


async def test_migrations_are_applied_once(folder: Path) -> None:
    async with running_engines(folder, nats=False) as engines:
        code, first = await command(engines, "migrate", user="admin")
        assert code == 0
        assert "Applied: 0002_read_model.sql" in first
        assert await command(engines, "migrate", user="admin") == (0, "The schema is up to date.\n")


async def test_a_migration_that_fails_says_why_without_the_password(folder: Path) -> None:
    async with running_engines(folder, nats=False) as engines:
        code, output = await command(engines, "migrate", user="admin")
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        await connection.execute("drop schema read cascade")
        await connection.execute("drop schema ledger cascade; create schema ledger; delete from schema_migrations")
        await connection.close()
        code, output = await command(engines, "migrate", user="admin")
        assert code == 1
        assert "the migrations failed" in output
        assert 'schema "ledger" already exists' in output
        await engines.postgres.stop()
        code, output = await command(engines, "migrate", user="admin")
        assert code == 1
        assert "connection refused" in output
        assert "Traceback" not in output
        password = engines.dsn("tradewire_admin").split(":")[2].split("@")[0]
        assert password not in output


async def test_a_missing_setting_or_a_wrong_command_says_what_is_right(engines: Engines) -> None:
    for name, key in (("migrate", "admin_dsn"), ("rebuild", "reader_dsn"), ("digest", "reader_dsn")):
        code, output = await command(engines, name, user="risk")
        assert code == 2
        assert f"tradewire-ledger {name}: postgres.{key}: is not set" in output
    for arguments in ((), ("nonsense",), ("digest", "twice")):
        code, output = await command(engines, *arguments)
        assert code == 2
        assert "usage: tradewire-ledger <command>" in output
    assert (await command(engines, "--help"))[0] == 0


async def test_rebuild_and_digest_need_a_log(engines: Engines) -> None:
    for name in ("rebuild", "digest"):
        code, output = await command(engines, name)
        assert code == 1
        assert "has not begun yet" in output


async def test_rebuild_says_that_postgres_is_away(engines: Engines) -> None:
    await engines.postgres.stop()
    code, output = await command(engines, "rebuild")
    assert code == 1
    assert "tradewire-ledger rebuild: Postgres:" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("tradewire_reader", "insert into ledger.frame values (1, 1, 1, sha256(''))"),
        ("tradewire_reader", "update ledger.head set pos = 0"),
        ("tradewire_reader", "delete from ledger.event"),
        ("tradewire_reader", "drop table read.orders"),
        ("tradewire_reader", "truncate read.orders"),
        ("tradewire_sequencer", "select 1 from read.orders"),
        ("tradewire_sequencer", "delete from read.checkpoint"),
    ],
)
async def test_a_role_may_not_touch_what_is_not_its_own(engines: Engines, role: str, statement: str) -> None:
    connection = await asyncpg.connect(engines.dsn(role))  # type: ignore[arg-type]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "alter table ledger.event disable trigger event_append_only",
            "L0: position {pos}, ledger.event: its trigger event_append_only is disabled, or does not always fire",
        ),
        (
            "alter table ledger.frame enable trigger frame_no_truncate",
            "L0: position {pos}, ledger.frame: its trigger frame_no_truncate is disabled, or does not always fire",
        ),
        (
            "drop trigger event_no_truncate on ledger.event",
            "L0: position {pos}, ledger.event: its trigger event_no_truncate is gone",
        ),
    ],
)
async def test_the_check_finds_that_the_log_can_be_rewritten(
    engines: Engines, log: Log, statement: str, says: str
) -> None:
    history = History(1)
    history.begin()
    pos = await log.write(history)
    whole, output = await command(engines, "check", "--quick")
    assert (whole, "L0  holds           4  the log's tables" in output) == (0, True), output

    connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await connection.execute(statement)
    await connection.close()

    code, output = await command(engines, "check", "--quick")
    assert code == 1
    assert says.format(pos=pos) in output
    assert "L0  BROKEN" in output
    assert output.endswith("1 violations\n")
