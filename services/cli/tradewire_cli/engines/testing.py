"""Real engines for tests: a nats-server and a Postgres with Tradewire's users, rights and roles, stopped at the end.

    from tradewire_cli.engines.testing import running_engines

    async def test_something(tmp_path: Path) -> None:
        async with running_engines(tmp_path) as engines:
            client = await nats.connect(
                engines.nats_url, nkeys_seed=str(engines.nkey_file("risk")), inbox_prefix=b"_INBOX.risk"
            )
            connection = await asyncpg.connect(engines.dsn("tradewire_admin"))

`engines` has:

- `nats_url`, `monitor_url` (http, for `/jsz?config=1`), `shard` (`main` unless told);
- `nkey_file(user)`: the seed's file of `sequencer`, `reader`, `ingest`, `risk`, `router`, `paper`, `feed`, `admin`, and
  of every user added; `await add_user("strategy-momo")` or `add_user("person-anna")` makes one while the server runs,
  `await remove_user(…)` ends it;
- `await renew_user(user)` puts another key in the place of one while the server runs;
- with `running_engines(folder, tls=True)`, NATS under TLS that wants a certificate of its clients, too: `tls` is the
  folder of its files, and `renew_certificates(days)` swaps them all, the authority included, for when NATS starts anew;
- `nats_settings(user)`: how a user connects;
- `dsn(role)`: `tradewire_admin` (a superuser, for migrations), `tradewire_sequencer`, `tradewire_reader`; the roles may
  log in and connect, and what else they may do comes from `python -m tradewire_ledger migrate`;
- `environment(user)`: the `TRADEWIRE_…` variables that point a child process at these engines;
- `nats` and `postgres`, each with `await kill()` (SIGKILL), `await stop()`, `await start()` on the same port and data,
  and `pid`. A killed engine stays down until `start`.

`running_engines(folder, postgres=False)` starts NATS alone, and the other way round. Both start at once, in about a
second; the same folder may be used again and keeps its data. JetStream syncs always, as in production; Postgres does
not call fsync (`durable=True` makes it), because tests kill processes, not machines.

`with reachable_folder() as folder:` gives a fresh folder for tests that start `tradewire up` itself: pytest's own
temporary folders are closed to the account that Postgres runs as under root.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from signal import SIGKILL
from tempfile import mkdtemp

from tradewire.settings import Nats
from tradewire_cli import keys
from tradewire_cli.engines import certificates
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.nats import NatsServer, reload_users
from tradewire_cli.engines.nats_config import Tls
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.postgres import DatabaseRole, PostgresServer

_STOP_SECONDS = 10.0
HOSTS = ("localhost", "127.0.0.1")


class Engine:
    """One engine under a test's hands."""

    def __init__(self, server: NatsServer | PostgresServer) -> None:
        self.server = server
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """The running engine's process id."""
        return self._running().pid

    async def start(self) -> None:
        """Starts the engine on its port and data, and waits until it serves."""
        self._child = await self.server.start()
        await self.server.wait_ready(self._child)

    async def stop(self) -> None:
        """Stops the engine as `tradewire up` does, if it runs."""
        if self._child is not None:
            await self.server.stop(self._child, _STOP_SECONDS)
            self._child = None

    async def kill(self) -> None:
        """Kills the engine with SIGKILL and waits until it is gone."""
        child = self._running()
        child.send(SIGKILL)
        await child.wait()
        self._child = None

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError(f"{self.server.name} is not running")
        return self._child


class Engines:
    """The engines of one test."""

    def __init__(self, folder: DataFolder, nats: NatsServer, postgres: PostgresServer, shard: str) -> None:
        self.nats, self.postgres = Engine(nats), Engine(postgres)
        self.nats_url, self.monitor_url, self.shard = nats.url, nats.monitor_url, shard
        self._folder, self._nats_server, self._postgres_server = folder, nats, postgres

    def nkey_file(self, user: str) -> Path:
        """The seed's file of a NATS user."""
        return self._folder.seed_of(user)

    def dsn(self, role: DatabaseRole) -> str:
        """The connection string of a database role."""
        return self._postgres_server.dsn(role)

    def environment(self, user: str) -> dict[str, str]:
        """The variables with which a service reaches the engines as `user`; the ledger's name their database role."""
        found = {
            "TRADEWIRE_SHARD": self.shard,
            "TRADEWIRE_NATS_URL": self.nats_url,
            "TRADEWIRE_NATS_MONITOR_URLS": self.monitor_url,
            "TRADEWIRE_NATS_NKEY_FILE": str(self.nkey_file(user)),
        }
        settings = self.nats_settings(user)
        found |= {
            f"TRADEWIRE_NATS_{name.upper()}": value
            for name in ("tls_ca", "tls_cert", "tls_key")
            if (value := getattr(settings, name))
        }
        if user == "sequencer":
            found["TRADEWIRE_POSTGRES_DSN"] = self.dsn("tradewire_sequencer")
            if not self._postgres_server.durable:
                found["TRADEWIRE_POSTGRES_DURABILITY"] = "unverified"
        if user == "reader":
            found["TRADEWIRE_POSTGRES_READER_DSN"] = self.dsn("tradewire_reader")
        if user == "admin":
            found["TRADEWIRE_POSTGRES_ADMIN_DSN"] = self.dsn("tradewire_admin")
        return found

    async def add_user(self, user: str) -> Path:
        """Makes a key for a strategy or a person while the server runs; returns the seed's file."""
        seed = keys.register(self._folder, user)
        await self.reload_nats()
        return seed

    async def renew_user(self, user: str) -> None:
        """Puts another key in the place of a user's while the server runs, which ends the user's connections."""
        keys.forget(self._folder, user)
        keys.register(self._folder, user)
        await self.reload_nats()

    def public_key(self, user: str) -> str:
        """The public nkey that a user has now."""
        return keys.known(self._folder)[user].public

    def nats_settings(self, user: str) -> Nats:
        """How a user connects to NATS."""
        return self._nats_server.settings(user)

    @property
    def tls(self) -> Path:
        """The folder of the files of TLS."""
        return _tls_folder(self._folder)

    def renew_certificates(self, days: float = certificates.CERTIFICATE_DAYS) -> None:
        """Swaps the files of TLS, the authority included; a number of days below 0 makes certificates that have ended.

        NATS shows the new ones from its next start on.
        """
        certificates.issue(certificates.new_authority(), "nats", HOSTS, days).write(self.tls)

    async def reload_nats(self) -> None:
        """Has the running NATS read its users and certificates again."""
        await reload_users(self.nats.pid, self._nats_server.monitor_port)

    async def remove_user(self, user: str) -> None:
        """Revokes a user's key while the server runs."""
        keys.forget(self._folder, user)
        await self.reload_nats()


@asynccontextmanager
async def running_engines(
    path: Path,
    *,
    nats: bool = True,
    postgres: bool = True,
    shard: str = "main",
    durable: bool = False,
    tls: bool = False,
) -> AsyncIterator[Engines]:
    """Starts the engines over the data folder `path`, and stops them at the end. See the module for what it gives."""
    folder = DataFolder.at(path)
    folder.create()
    keys.prepare(folder, shard)
    files = _tls_folder(folder)
    ca, cert, key = (
        str(files / name) for name in (certificates.CA_FILE, certificates.CERT_FILE, certificates.KEY_FILE)
    )
    server_tls = Tls(ca, cert, key) if tls else None
    nats_server = NatsServer(folder, host="127.0.0.1", port=free_port(), monitor_port=free_port(), tls=server_tls)
    postgres_server = PostgresServer(folder, port=free_port(), durable=durable)
    engines = Engines(folder, nats_server, postgres_server, shard)
    if tls:
        engines.renew_certificates()
    with _reachable_postgres(folder):
        try:
            async with asyncio.TaskGroup() as starting:
                if nats:
                    starting.create_task(engines.nats.start())
                if postgres:
                    starting.create_task(_start_postgres(engines.postgres, postgres_server))
            yield engines
        finally:
            await asyncio.gather(engines.nats.stop(), engines.postgres.stop())


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Gives a fresh temporary folder that Postgres's account can reach, and removes it at the end."""
    path = Path(mkdtemp(prefix="tradewire-"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _tls_folder(folder: DataFolder) -> Path:
    return folder.nats / "tls"


async def _start_postgres(engine: Engine, server: PostgresServer) -> None:
    await engine.start()
    await server.create_roles()


@contextmanager
def _reachable_postgres(folder: DataFolder) -> Iterator[None]:
    """As root, keeps Postgres's part elsewhere while it runs: pytest closes its folders at each session's start."""
    if os.geteuid() != 0:
        yield
        return
    with reachable_folder() as elsewhere:
        moved = elsewhere / "postgres"
        if folder.postgres.exists():
            folder.postgres.rename(moved)
        else:
            moved.mkdir()
        folder.postgres.symlink_to(moved)
        try:
            yield
        finally:
            folder.postgres.unlink()
            shutil.move(moved, folder.postgres)
