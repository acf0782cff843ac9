"""The embedded Postgres server: loopback and a private socket, scram, its roles and their generated passwords."""

import asyncio
import contextlib
import hashlib
import os
import secrets
import signal
import stat
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from tradewire_cli.engines import binaries
from tradewire_cli.engines.account import postgres_account
from tradewire_cli.engines.child import Account, Child
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.engines.part import Say, silent
from tradewire_cli.engines.postgres_cluster import (
    ADMIN,
    clean_environment,
    cluster_folder,
    past_lock,
    prepare_cluster,
    renew_password,
    run,
)

DatabaseRole = Literal["tradewire_admin", "tradewire_sequencer", "tradewire_reader"]

DATABASE: Final = "tradewire"
_MAKE_DATABASE: Final = """\
SELECT 'CREATE DATABASE tradewire' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tradewire') \\gexec
"""
_UNLOGGED: Final = "SET log_min_error_statement = panic;\n"
"""A password must not reach the server's log, not even with a statement that fails."""
_SECRETS: Final[dict[DatabaseRole, str]] = {
    ADMIN: "postgres_admin",
    "tradewire_sequencer": "postgres_sequencer",
    "tradewire_reader": "postgres_reader",
}
_POLL_SECONDS: Final = 0.02
_SILENCE_SECONDS_MAX: Final = 300.0
_STATUS_LINE: Final = 7
_SOCKET_PATH_BYTES_MAX: Final = 107


class PostgresServer:
    """A Postgres over one data folder. `durable=False` is for tests: a crash of the machine may then lose data."""

    name: Final = "postgres"

    def __init__(self, folder: DataFolder, *, port: int, durable: bool = True) -> None:
        self.port = port
        self.http = ""
        self._folder = folder
        self.durable = durable
        self._account = postgres_account()

    async def start(self) -> Child:
        """Makes the cluster if there is none and starts the server.

        Raises ConfigError if another major version made the cluster, and EngineFailed if it cannot be made.
        """
        pgdata, kept = cluster_folder(self._folder), self._folder.secrets / _SECRETS[ADMIN]
        lost = pgdata.exists() and not kept.exists()
        password = secrets.token_urlsafe(32) if lost else self._password(ADMIN)
        await prepare_cluster(self._folder, self._account, password, sync=self.durable)
        if lost:
            await renew_password(self._folder, self._account, password)
            write_atomically(kept, password)
        program = [
            str(binaries.postgres_folder() / "postgres"), "-D", str(pgdata), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={_socket_folder(self._folder, self._account)}",
        ]  # fmt: skip
        if not self.durable:
            program += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        return await Child.start(
            self.name,
            program,
            log=self._folder.logs / "postgres.log",
            environment={**clean_environment(), **past_lock(pgdata)},
            account=self._account,
            death_signal=signal.SIGQUIT,
            folder=pgdata,
        )

    async def wait_ready(self, child: Child, say: Say = silent) -> None:
        """Waits until the server takes connections, however long recovery works.

        Raises EngineFailed if it ends, or says nothing for 300 seconds: recovery reports its progress every 2 seconds.
        """
        status_file = cluster_folder(self._folder) / "postmaster.pid"
        while child.exit_code is None:
            if _is_ready(status_file, child.pid):
                return
            if time.monotonic() - child.last_output > _SILENCE_SECONDS_MAX:
                raise EngineFailed(f"Postgres makes no progress{child.last_words}")
            if "redo" in child.said_last or "recovery" in child.said_last or "syncing" in child.said_last:
                say(f"recovering: {child.said_last}")
            await asyncio.sleep(_POLL_SECONDS)
        await child.wait()
        raise EngineFailed(f"Postgres ended with code {child.exit_code}{child.last_words}")

    async def ailment(self, child: Child) -> str:
        """Nothing: Postgres ends by itself when it cannot go on."""
        return ""

    async def stop(self, child: Child, limit_seconds: float) -> bool:
        """Stops the server: clients are cut off, then, after the limit, without a checkpoint."""
        asking_helped = await child.stop(limit_seconds, (signal.SIGINT, signal.SIGQUIT))
        with contextlib.suppress(OSError):
            _socket_path(self._folder, self._account).rmdir()
        return asking_helped

    async def create_roles(self) -> None:
        """Makes the database, its owner and the two login roles with their passwords; may be repeated.

        The server must be ready. What the roles may do is granted by the ledger's migrations. Raises EngineFailed if
        Postgres refuses.
        """
        made: tuple[DatabaseRole, ...] = ("tradewire_sequencer", "tradewire_reader")
        for script, database in role_scripts({role: self._password(role) for role in made}):
            await self._psql(script, database)

    def dsn(self, role: DatabaseRole) -> str:
        """Returns the connection string of a role, with its password."""
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port}/{DATABASE}?sslmode=disable"

    async def _psql(self, script: str, database: str) -> None:
        output, code = await run(
            "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
            "--host=127.0.0.1", f"--port={self.port}", f"--username={ADMIN}", f"--dbname={database}",
            account=None,
            environment={"PGPASSWORD": self._password(ADMIN), "PGCONNECT_TIMEOUT": "10", "PGSSLMODE": "disable"},
            said=script,
        )  # fmt: skip
        if code != 0:
            raise EngineFailed(f"Postgres refused to make its roles: {output.strip()}")

    def _password(self, role: DatabaseRole) -> str:
        path = self._folder.secrets / _SECRETS[role]
        if not path.exists():
            write_atomically(path, secrets.token_urlsafe(32))
        return path.read_text().strip()


def roles() -> str:
    """Returns the SQL that makes the roles and hands the database to its owner, without passwords."""
    return Path(__file__).with_name("roles.sql").read_text()


def role_scripts(passwords: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Returns what psql must run, and in which database, to make Tradewire's own, its roles and their passwords."""
    lines = (f"\\set password {word}\nALTER ROLE {role} PASSWORD :'password';\n" for role, word in passwords.items())
    return (_MAKE_DATABASE, "postgres"), (roles() + _UNLOGGED + "".join(lines), DATABASE)


def _is_ready(status_file: Path, pid: int) -> bool:
    try:
        lines = status_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _STATUS_LINE and lines[0] == str(pid) and lines[_STATUS_LINE].strip() == "ready"


def _socket_folder(folder: DataFolder, account: Account | None) -> Path:
    """Makes the socket's folder, 0700, and returns it. Raises EngineFailed if somebody else's is in its place."""
    path = _socket_path(folder, account)
    owner = _owner(account)
    path.mkdir(mode=0o700, exist_ok=True)
    if account is not None and path.lstat().st_uid == os.geteuid():
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise EngineFailed(f"{path} is not a folder of the user that Postgres runs as: remove it")
    path.chmod(0o700)
    return path


def _socket_path(folder: DataFolder, account: Account | None) -> Path:
    """In the data folder, or in the temporary one when that path would be too long for a socket."""
    path = folder.postgres.resolve() / "socket"
    if len(os.fsencode(path / ".s.PGSQL.65535")) <= _SOCKET_PATH_BYTES_MAX:
        return path
    name = hashlib.sha256(os.fsencode(folder.path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tradewire-{_owner(account)}-{name}"


def _owner(account: Account | None) -> int:
    return account.uid if account else os.geteuid()
