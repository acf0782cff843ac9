"""The embedded engines on their own: they start, keep what they acknowledged, and stop."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from tradewire_cli.engines.account import postgres_account
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres_cluster import cluster_folder
from tradewire_cli.engines.testing import Engines, running_engines


async def connect(engines: Engines, user: str) -> Client:
    seed = str(engines.nkey_file(user))
    return await nats.connect(engines.nats_url, nkeys_seed=seed, inbox_prefix=f"_INBOX.{user}".encode())


async def test_both_engines_keep_acknowledged_data_through_a_kill(tmp_path: Path) -> None:
    async with running_engines(tmp_path) as engines:
        client = await connect(engines, "admin")
        stream = client.jetstream()
        await stream.add_stream(name="KEPT", subjects=["kept"])
        await stream.publish("kept", b"1")
        await client.close()
        await engines.nats.kill()
        await engines.nats.start()
        client = await connect(engines, "admin")
        assert (await client.jetstream().get_msg("KEPT", 1)).data == b"1"
        await client.close()

        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        connection.terminate()
        await engines.postgres.kill()
        await engines.postgres.start()
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.close()


async def test_a_lock_file_whose_number_somebody_else_has_by_now_stops_nothing(tmp_path: Path) -> None:
    """In a container the same few numbers come again: NATS may have that of the Postgres which was killed."""
    account = postgres_account()
    async with running_engines(tmp_path, nats=False) as engines:
        await engines.postgres.kill()
        lock = cluster_folder(DataFolder.at(tmp_path)) / "postmaster.pid"
        _, _, rest = lock.read_text().partition("\n")
        user = account.uid if account is not None else None
        stranger = await asyncio.create_subprocess_exec("sleep", "300", user=user)
        try:
            lock.write_text(f"{stranger.pid}\n{rest}")
            await engines.postgres.start()
            assert stranger.returncode is None
        finally:
            stranger.kill()
            await stranger.wait()
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_the_environment_of_another_postgres_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/nowhere", "PGOPTIONS": "--nonsense=1"}.items():
        monkeypatch.setenv(name, value)
    async with running_engines(tmp_path, nats=False) as engines:
        monkeypatch.undo()
        connection = await asyncpg.connect(engines.dsn("tradewire_reader"))
        assert await connection.fetchval("SHOW fsync") == "off"
        assert await connection.fetchval("SHOW data_checksums") == "on"
        await connection.close()


async def test_passwords_and_roles_are_what_they_should_be(tmp_path: Path) -> None:
    async with running_engines(tmp_path, nats=False, durable=True) as engines:
        admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
        assert await admin.fetchval("SHOW fsync") == "on"
        rows = await admin.fetch("SELECT rolname, rolsuper, rolpassword FROM pg_authid WHERE rolcanlogin")
        assert {row["rolname"]: row["rolsuper"] for row in rows} == {
            "tradewire_admin": True,
            "tradewire_sequencer": False,
            "tradewire_reader": False,
        }
        assert all(row["rolpassword"].startswith("SCRAM-SHA-256$") for row in rows)
        await admin.close()
        for dsn in (engines.dsn("tradewire_reader").replace("tradewire_reader:", "tradewire_reader:x"),
                    engines.dsn("tradewire_admin").replace("tradewire_admin:", "postgres:")):  # fmt: skip
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(dsn)


async def test_lost_passwords_are_made_anew_and_the_data_stays(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    async with running_engines(tmp_path, nats=False) as engines:
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        await connection.close()
    before = {path.name: path.read_text() for path in folder.secrets.glob("postgres_*")}
    shutil.rmtree(folder.secrets)
    folder.create()

    async with running_engines(tmp_path, nats=False) as engines:
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.close()
        await (await asyncpg.connect(engines.dsn("tradewire_reader"))).close()
    after = {path.name: path.read_text() for path in folder.secrets.glob("postgres_*")}
    assert set(after) == set(before)
    assert after["postgres_admin"] != before["postgres_admin"]
    assert not [word for word in after.values() if word in (folder.logs / "postgres.log").read_text()]


async def test_a_folder_keeps_its_data_passwords_and_keys(tmp_path: Path) -> None:
    async with running_engines(tmp_path, nats=False) as engines:
        first = engines.dsn("tradewire_admin").split("@")[0]
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        await connection.close()
    async with running_engines(tmp_path, nats=False) as engines:
        assert engines.dsn("tradewire_admin").split("@")[0] == first
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.close()
