"""What a process lacks: it lives and is not ready, says why in one line, and gets on as soon as that is mended."""

import asyncio
import contextlib
import json
import secrets
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import asyncpg
import nkeys
import pytest
import pytest_asyncio

from tests.processes import Child, child
from tests.waiting import soon
from tradewire import subjects
from tradewire.bus import Bus
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines import certificates
from tradewire_cli.engines import nats as nats_engine
from tradewire_cli.engines.nats import NatsServer, reload_users
from tradewire_cli.engines.nats_config import Node, server_config
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.migrate import migrate

MODULE = pytest.mark.asyncio(loop_scope="module")
MODULES = {"sequencer": "tradewire_ledger.sequencer", "reader": "tradewire_ledger.reader"}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines(folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder, durable=True) as running:
        migrate(Settings(postgres=Postgres(admin_dsn=running.dsn("tradewire_admin"))))
        yield running


def problems(process: Child) -> dict[str, str]:
    """What /readyz says is wrong."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=1) as answer:
            return cast("dict[str, str]", json.load(answer)["problems"])
    except urllib.error.HTTPError as error:
        return cast("dict[str, str]", json.load(error)["problems"])


class Waiting:
    """A process that lacks something."""

    def __init__(self, process: Child) -> None:
        self.process = process

    async def says(self, part: str, text: str) -> None:
        """Waits until it is not ready for this reason; it has told the reason in one line, and told it once."""
        seen: list[dict[str, str]] = []

        async def said() -> bool:
            assert self.process.alive, self.process.output()
            seen.append(await asyncio.to_thread(problems, self.process))
            return text in seen[-1].get(part, "")

        try:
            await soon(said)
        except AssertionError:
            raise AssertionError(f"{seen[-1:]}\n{self.process.output()}") from None
        assert "\n" not in seen[-1][part]
        assert not await asyncio.to_thread(self.process.ready)
        told = [line for line in self.process.output().splitlines() if text in json.loads(line).get("problem", "")]
        assert len(told) == 1, told

    async def gets_on(self) -> None:
        await self.process.until_ready(60)


Start = Callable[..., Any]


@pytest.fixture
def start(engines: Engines, folder: Path) -> Start:
    @asynccontextmanager
    async def begin(user: str = "sequencer", env: Mapping[str, str] | None = None) -> AsyncIterator[Waiting]:
        async with child(MODULES[user], engines, user, folder, env) as process:
            yield Waiting(process)

    return begin


def copied(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)


@MODULE
async def test_a_key_that_is_missing(engines: Engines, start: Start, tmp_path: Path) -> None:
    key = tmp_path / "late.nk"
    async with start(env={"TRADEWIRE_NATS_NKEY_FILE": str(key)}) as process:
        await process.says("nats", f"nats.nkey_file: {key}: No such file or directory. Put the seed")
        copied(engines.nkey_file("sequencer"), key)
        await process.gets_on()


@MODULE
async def test_a_key_that_the_server_does_not_know(engines: Engines, start: Start, tmp_path: Path) -> None:
    key = tmp_path / "wrong.nk"
    key.write_bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))
    key.chmod(0o600)
    async with start(env={"TRADEWIRE_NATS_NKEY_FILE": str(key)}) as process:
        await process.says("nats", "refuses the key of sequencer")
        copied(engines.nkey_file("sequencer"), key)
        await process.gets_on()


@MODULE
async def test_a_key_that_everybody_may_read_ends_the_start(engines: Engines, start: Start, tmp_path: Path) -> None:
    key = tmp_path / "open.nk"
    copied(engines.nkey_file("sequencer"), key)
    key.chmod(0o644)
    async with start(env={"TRADEWIRE_NATS_NKEY_FILE": str(key)}) as process:
        assert await process.process.ended() == 2
        assert f"nats.nkey_file: {key} can be read by everybody. Run: chmod o-r {key}" in process.process.output()


@MODULE
async def test_a_server_that_does_not_sync(engines: Engines, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered = server_config

    def lax(node: Node) -> str:
        text = rendered(node)
        assert "  sync_interval: always\n" in text
        return text.replace("  sync_interval: always\n", "")

    with monkeypatch.context() as patched:
        patched.setattr(nats_engine, "server_config", lax)
        await engines.nats.stop()
        await engines.nats.start()
    try:
        async with start() as process:
            await process.says("nats_sync", "has no `sync_interval: always`: set `jetstream {")
            await engines.nats.stop()
            await engines.nats.start()
            await process.gets_on()
    finally:
        await engines.nats.stop()
        await engines.nats.start()


Change = Callable[[str], str]


async def with_rights(engines: Engines, folder: Path, change: Change) -> Callable[[], Awaitable[None]]:
    """Has the server read a changed list of users; returns what takes the change back."""
    users, server = folder / "nats" / "users.conf", cast("NatsServer", engines.nats.server)
    before = users.read_text()

    async def put(text: str) -> None:
        users.write_text(text)
        await reload_users(engines.nats.pid, server.monitor_port)

    assert change(before) != before
    await put(change(before))
    return lambda: put(before)


def of_sequencer(text: str, old: str, new: str) -> str:
    """The list with a change in the sequencer's rights alone."""
    begin = text.index("{ # sequencer")
    end = text.index("  }\n", text.index("allow_responses", begin))
    assert old in text[begin:end]
    return text[:begin] + text[begin:end].replace(old, new, 1) + text[end:]


RIGHTS = [
    ('"log.main", ', "", "NATS does not let publish log.main: sequencer: write users.conf"),
    ('"log.main", ', '"log.main", "ledger.main.append.router", ',
     "NATS lets publish ledger.main.append.router, which is not for sequencer: write users.conf"),
    ('"ledger.main.append.*", ', "", "NATS does not let subscribe ledger.main.append.*: sequencer"),
    ('"$SYS.REQ.USER.INFO"', '"none"', "NATS refuses $SYS.REQ.USER.INFO to sequencer"),
    ("max: 1,", "max: -1,", "NATS lets answer -1 times per request, not 1 times, sequencer"),
]  # fmt: skip


@MODULE
@pytest.mark.parametrize(("old", "new", "says"), RIGHTS)
async def test_rights_that_are_not_the_tables(
    engines: Engines, folder: Path, start: Start, old: str, new: str, says: str
) -> None:
    take_back = await with_rights(engines, folder, lambda text: of_sequencer(text, old, new))
    try:
        async with start() as process:
            await process.says("nats_rights", says)
            await take_back()
            await process.gets_on()
    finally:
        await take_back()


@MODULE
async def test_rights_that_are_taken_from_a_running_process(engines: Engines, folder: Path, start: Start) -> None:
    async with start() as process:
        await process.gets_on()
        old = '"heartbeat.ledger.main", '
        take_back = await with_rights(engines, folder, lambda text: of_sequencer(text, old, ""))
        try:
            await process.says("nats_rights", "does not let publish heartbeat.ledger.main")
        finally:
            await take_back()
        await process.gets_on()


@MODULE
async def test_a_database_that_is_away(engines: Engines, start: Start) -> None:
    await engines.postgres.stop()
    try:
        async with start() as process:
            port = urlsplit(engines.dsn("tradewire_sequencer")).port
            await process.says("postgres", f"no connection to 127.0.0.1:{port} (postgres.dsn): ")
            await engines.postgres.start()
            await process.gets_on()
    finally:
        await engines.postgres.stop()
        await engines.postgres.start()


@MODULE
async def test_an_outage_that_is_over_is_said_no_more_and_the_next_one_is(engines: Engines, start: Start) -> None:
    bus = await Bus.connect(engines.nats_settings("admin"), "admin")
    said: list[dict[str, Any]] = [{}]
    refused = "Connection refused"
    await bus.subscribe(subjects.heartbeat("sequencer", "main"), lambda beat: said.append(json.loads(beat.data)))
    async with start() as process:

        def told() -> int:
            lines = (json.loads(line) for line in process.process.output().splitlines())
            return sum(refused in line.get("problem", "") for line in lines)

        async def waiting(before: int) -> bool:
            return told() > before and refused in said[-1].get("postgres", "")

        async def well() -> bool:
            return said[-1].get("ready") is True and "postgres" not in said[-1]

        for _ in range(2):
            await soon(well)
            before = told()
            await engines.postgres.stop()
            try:
                await soon(partial(waiting, before))
            finally:
                await engines.postgres.start()
        await soon(well)
    await bus.close()


VERSIONS = [
    ("delete from public.schema_migrations where version = '0003'",
     "insert into public.schema_migrations values ('0003')", "lacks migration 0003: run `tradewire-ledger migrate`"),
    ("insert into public.schema_migrations values ('9999')",
     "delete from public.schema_migrations where version = '9999'",
     "has migration 9999, and this build ends at "),
    ("alter table public.schema_migrations rename to away", "alter table public.away rename to schema_migrations",
     "has no tables yet: run `tradewire-ledger migrate`"),
    ("revoke select on public.schema_migrations from tradewire_sequencer, tradewire_reader",
     "grant select on public.schema_migrations to tradewire_sequencer, tradewire_reader",
     "has the schema of an older build: run `tradewire-ledger migrate`"),
]  # fmt: skip


@MODULE
@pytest.mark.parametrize(("wrong", "right", "says"), VERSIONS)
async def test_a_schema_of_another_build(engines: Engines, start: Start, wrong: str, right: str, says: str) -> None:
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await admin.execute(wrong)
    mended = False
    try:
        async with start() as sequencer, start("reader") as reader:
            await sequencer.says("postgres", says)
            await soon(lambda: asyncio.to_thread(lambda: says in problems(reader.process).get("postgres", "")))
            await admin.execute(right)
            mended = True
            await sequencer.gets_on()
            await reader.gets_on()
    finally:
        if not mended:  # the next test has the same database
            await admin.execute(right)
        await admin.close()


@MODULE
@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
async def test_a_server_that_may_lose_commits(engines: Engines, start: Start, name: str) -> None:
    admin = await asyncpg.connect(engines.dsn("tradewire_admin"))
    await admin.execute(f"alter system set {name} = off")
    await admin.execute("select pg_reload_conf()")
    try:
        async with start() as process:
            await process.says("postgres", f"has {name} = off, so that commits may be lost: set {name} = on and reload")
            await admin.execute(f"alter system reset {name}")
            await admin.execute("select pg_reload_conf()")
            await process.gets_on()
    finally:
        await admin.execute(f"alter system reset {name}")
        await admin.execute("select pg_reload_conf()")
        await admin.close()


@MODULE
@pytest.mark.parametrize("user", ["sequencer", "reader"])
async def test_a_password_that_is_missing_wrong_and_right(
    engines: Engines, start: Start, tmp_path: Path, user: str
) -> None:
    dsn = urlsplit(engines.dsn(f"tradewire_{user}"))  # type: ignore[arg-type]
    bare = dsn._replace(netloc=f"tradewire_{user}@{dsn.hostname}:{dsn.port}").geturl()
    file, prefix = tmp_path / "password", "READER_" if user == "reader" else ""
    env = {f"TRADEWIRE_POSTGRES_{prefix}DSN": bare, f"TRADEWIRE_POSTGRES_{prefix}PASSWORD_FILE": str(file)}
    async with start(user, env) as process:
        key = f"postgres.{prefix.lower()}password_file"
        waits = process.says if user == "sequencer" else _is_told(process)
        await waits("postgres", f"{key}: {file}: No such file or directory. Put the role's password there")
        file.write_text("wrong")
        file.chmod(0o600)
        await waits("postgres", f'{key}: password authentication failed for user "tradewire_{user}"')
        file.write_text(str(dsn.password) + "\n")
        await process.gets_on()


def _is_told(process: Waiting) -> Callable[[str, str], Awaitable[None]]:
    async def told(part: str, text: str) -> None:
        await soon(lambda: asyncio.to_thread(lambda: text in problems(process.process).get(part, "")))
        assert process.process.alive

    return told


@MODULE
async def test_an_authority_of_postgres_that_is_missing(engines: Engines, start: Start, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    dsn = engines.dsn("tradewire_sequencer").partition("?")[0] + f"?sslmode=verify-full&sslrootcert={ca}"
    async with start(env={"TRADEWIRE_POSTGRES_DSN": dsn}) as process:
        await process.says("postgres", f"postgres.dsn: sslrootcert={ca}: No such file or directory. Put it there")


@asynccontextmanager
async def under_tls(folder: Path, issued: certificates.Issued, target: int) -> AsyncIterator[int]:
    """Postgres under TLS: the wheel's is built without it, so this answers the protocol's SSLRequest in its place."""
    issued.write(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / certificates.CERT_FILE, folder / certificates.KEY_FILE)

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
            writer.write(b"S")
            await writer.start_tls(context)
            inside = await asyncio.open_connection("127.0.0.1", target)
            await asyncio.gather(pipe(reader, inside[1]), pipe(inside[0], writer))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@MODULE
async def test_an_authority_of_postgres_that_is_another_ones(engines: Engines, start: Start, tmp_path: Path) -> None:
    ours, theirs = certificates.new_authority(), certificates.new_authority()
    ca = tmp_path / "ca.crt"
    ca.write_bytes(theirs.cert)
    dsn = urlsplit(engines.dsn("tradewire_sequencer"))
    assert dsn.port is not None
    async with under_tls(tmp_path / "server", certificates.issue(ours, "postgres", ["127.0.0.1"]), dsn.port) as port:
        way = dsn.netloc.replace(str(dsn.port), str(port))
        env = {"TRADEWIRE_POSTGRES_DSN": f"postgresql://{way}/tradewire?sslmode=verify-full&sslrootcert={ca}"}
        async with start(env=env) as process:
            await process.says("postgres", "certificate verify failed")
            ca.write_bytes(ours.cert)
            await process.gets_on()
