"""What each database role may do, as a real Postgres has it: each statement is allowed or refused, and none is left."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest
import pytest_asyncio

from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.access import Access
from tradewire_ledger.migrate import migrate
from tradewire_ledger.sequencer.store import Store

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

EVENT = (
    "insert into ledger.event (pos, stream, version, event_id, type, schema, at, time, writer, data, hash) "
    "values (99, 's', 1, gen_random_uuid(), 'T', 1, 1, 1, 'w', '', sha256(''))"
)
FRAME = "insert into ledger.frame values (99, 99, 99, sha256(''))"
FORWARD = "update ledger.head set epoch = epoch + 1, frame = frame + 1, pos = pos + 1, hash = sha256('b'), at = at + 1"
ALLOWED = {
    "tradewire_sequencer": [
        EVENT, FRAME, FORWARD, "select * from ledger.event", "select * from ledger.frame", "select * from ledger.head",
        "select version from public.schema_migrations",
        "insert into ledger.head values (true, gen_random_uuid(), 0, 0, 0, sha256(''), 0) on conflict do nothing",
    ],
    "tradewire_reader": [
        "select * from ledger.event", "select * from ledger.frame", "select * from ledger.head",
        "select * from ledger.events", "select * from read.orders", "delete from read.cash",
        "select version from public.schema_migrations",
    ],
}  # fmt: skip
REFUSED_TO_BOTH = [
    "update ledger.event set writer = 'x'", "delete from ledger.event", "truncate ledger.event",
    "update ledger.frame set hash = sha256('x')", "delete from ledger.frame", "truncate ledger.frame",
    "update ledger.head set log_id = gen_random_uuid()", "delete from ledger.head", "truncate ledger.head",
    "drop table ledger.event", "drop schema ledger cascade", "drop table read.orders",
    "alter table ledger.event disable trigger event_append_only", "alter table ledger.event add column more text",
    "drop trigger event_append_only on ledger.event", "drop trigger head_never_falls on ledger.head",
    "create or replace function ledger.refuse_change() returns trigger language plpgsql as 'begin return new; end'",
    "alter table ledger.event owner to current_user",
    "create table public.mine (x int)", "create table ledger.mine (x int)", "create schema mine",
    "create temporary table mine (x int)", "create role mine", "set role tradewire_owner", "set role tradewire_admin",
    "set session_replication_role = replica", "select pg_reload_conf()",
    "select pg_read_file('postgresql.conf')", "copy ledger.event to program 'true'",
    "update public.schema_migrations set version = '9999'", "delete from public.schema_migrations",
    "alter role tradewire_reader superuser", "alter role tradewire_sequencer superuser",
]  # fmt: skip
REFUSED = {
    "tradewire_sequencer": [
        *REFUSED_TO_BOTH, "select * from ledger.events", "select * from read.orders", "delete from read.checkpoint",
        "update ledger.head set single = true",
    ],
    "tradewire_reader": [*REFUSED_TO_BOTH, EVENT, FRAME, FORWARD, "truncate read.orders"],
}  # fmt: skip
MODULE = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines(folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder, nats=False) as running:
        migrate(Settings(postgres=Postgres(admin_dsn=running.dsn("tradewire_admin"))))
        admin = await asyncpg.connect(running.dsn("tradewire_admin"))
        await admin.execute("insert into ledger.head values (true, gen_random_uuid(), 3, 7, 9, sha256('a'), 5)")
        await admin.close()
        yield running


async def attempt(connection: Connection, statement: str) -> Exception | None:
    """What Postgres says to a statement, of which nothing is left."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return error
    finally:
        await transaction.rollback()
    return None


@MODULE
@pytest.mark.parametrize("role", ["tradewire_sequencer", "tradewire_reader"])
async def test_a_role_may_do_what_it_needs_and_nothing_else(engines: Engines, role: str) -> None:
    connection = await asyncpg.connect(engines.dsn(role))  # type: ignore[arg-type]
    try:
        broken = {text: str(error) for text in ALLOWED[role] if (error := await attempt(connection, text)) is not None}
        assert broken == {}
        said = {text: await attempt(connection, text) for text in REFUSED[role]}
        taken = {
            text: error for text, error in said.items() if not isinstance(error, asyncpg.InsufficientPrivilegeError)
        }
        assert taken == {}
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("alter system set fsync = off")  # which no transaction may hold
    finally:
        await connection.close()


@MODULE
@pytest.mark.parametrize("column", ["epoch", "frame", "pos", "at"])
@pytest.mark.parametrize("role", ["tradewire_sequencer", "tradewire_admin"])
async def test_the_head_never_falls_whoever_asks(engines: Engines, role: str, column: str) -> None:
    connection = await asyncpg.connect(engines.dsn(role))  # type: ignore[arg-type]
    try:
        if role == "tradewire_admin":
            await connection.execute("set session_replication_role = replica")
        error = await attempt(connection, f"update ledger.head set {column} = {column} - 1")
        assert isinstance(error, asyncpg.RestrictViolationError)
        assert "the log does not go back" in str(error)
    finally:
        await connection.close()


@MODULE
@pytest.mark.parametrize("statement", ["delete from ledger.head", "truncate ledger.head"])
async def test_the_head_stays_whoever_asks(engines: Engines, statement: str) -> None:
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    try:
        assert isinstance(await attempt(admin, statement), asyncpg.RestrictViolationError)
    finally:
        await admin.close()


@MODULE
async def test_the_owner_owns_everything_and_cannot_log_in(engines: Engines) -> None:
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    try:
        owners = await admin.fetch(
            "select distinct owner::regrole::text from ("
            " select relowner as owner from pg_class"
            " where relnamespace in ('ledger'::regnamespace, 'read'::regnamespace)"
            " union all select proowner from pg_proc where pronamespace = 'ledger'::regnamespace"
            " union all select nspowner from pg_namespace where nspname in ('ledger', 'read')"
            " union all select datdba from pg_database where datname = 'tradewire'"
            " union all select relowner from pg_class where relname = 'schema_migrations') as found"
        )
        assert [row["owner"] for row in owners] == ["tradewire_owner"]
        owner = await admin.fetchrow("select * from pg_authid where rolname = 'tradewire_owner'")
        assert owner is not None
        assert (owner["rolcanlogin"], owner["rolsuper"], owner["rolpassword"]) == (False, False, None)
    finally:
        await admin.close()


@MODULE
async def test_what_an_earlier_release_made_becomes_the_owners(engines: Engines) -> None:
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    owned = "select relowner::regrole::text from pg_class where oid = 'ledger.event'::regclass"
    try:
        for what in ("schema ledger", "table ledger.event", "function ledger.refuse_change()"):
            await admin.execute(f"alter {what} owner to tradewire_admin")
        assert await admin.fetchval(owned) == "tradewire_admin"
        await engines.postgres.server.create_roles()  # type: ignore[union-attr]
        assert await admin.fetchval(owned) == "tradewire_owner"
        assert migrate(Settings(postgres=Postgres(admin_dsn=engines.dsn("tradewire_admin")))) == ""
    finally:
        await admin.close()


SESSION = {
    "synchronous_commit": "on", "idle_in_transaction_session_timeout": "5s", "lock_timeout": "2s",
    "statement_timeout": "10s", "tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000", "application_name": "tradewire sequencer",
}  # fmt: skip


@MODULE
async def test_the_writing_connection_has_time_limits_and_waits_for_the_disk(engines: Engines) -> None:
    store = await Store.open(Access(engines.dsn("tradewire_sequencer")), durable=False)
    try:
        found = {name: await store._connection.fetchval(f"show {name}") for name in SESSION}
        assert found == SESSION
    finally:
        await store.close()


@MODULE
async def test_who_comes_in_by_hand_has_time_limits(engines: Engines) -> None:
    for role, limits in (("tradewire_sequencer", ["30s", "5s", "5s"]), ("tradewire_reader", ["1min", "10s", "1min"])):
        connection = await asyncpg.connect(engines.dsn(role))  # type: ignore[arg-type]
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        assert [await connection.fetchval(f"show {name}") for name in names] == limits
        await connection.close()
