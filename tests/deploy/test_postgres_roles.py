"""Production's Postgres has the roles that migrations and processes need, whose administrator is no superuser."""

import asyncio
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tests.deploy.rendering import of_kind, overlay
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import running_engines
from tradewire_ledger.migrate import migrate


def made_first() -> list[str]:
    """What CloudNativePG runs as its superuser in the new database, whose owner is tradewire_admin."""
    (cluster,) = of_kind(overlay("production"), "Cluster")
    found: list[str] = cluster["spec"]["bootstrap"]["initdb"]["postInitApplicationSQL"]
    return found


def test_the_roles_are_those_of_a_single_machine() -> None:
    assert made_first() == [(files("tradewire_cli") / "engines" / "roles.sql").read_text()]


async def test_a_fresh_database_can_be_migrated_by_its_owner_and_reached_by_the_roles(tmp_path: Path) -> None:
    async with running_engines(tmp_path, nats=False) as engines:
        superuser = engines.dsn("tradewire_admin")
        admin = await asyncpg.connect(superuser)
        # The server's own superuser is called tradewire_admin here, so that the one of the cluster has another name.
        await admin.execute("create role app_admin login password 'secret' nosuperuser")
        await admin.execute("create database app owner app_admin")
        await admin.close()
        within = urlsplit(superuser)._replace(path="/app")
        fresh = await asyncpg.connect(within.geturl())
        for statement in made_first():
            await fresh.execute(statement.replace("tradewire_admin", "app_admin"))
        await fresh.close()
        host = within.netloc.rpartition("@")[2]
        dsn = within._replace(netloc=f"app_admin:secret@{host}").geturl()
        await asyncio.to_thread(migrate, Settings(postgres=Postgres(admin_dsn=dsn)))
        sequencer = await asyncpg.connect(urlsplit(engines.dsn("tradewire_sequencer"))._replace(path="/app").geturl())
        assert await sequencer.fetchval("select pos from ledger.head") is None
        await sequencer.close()
