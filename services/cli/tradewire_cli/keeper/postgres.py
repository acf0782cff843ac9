"""Postgres in a container, for development: its cluster made once, and its roles' passwords from files.

The wheel's Postgres is built without TLS, so what it says on the network is not encrypted.
"""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGQUIT, Signals
from typing import Final

from tradewire.errors import ConfigError
from tradewire.secret_files import read_secret
from tradewire_cli.engines import binaries
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.engines.postgres import DATABASE, role_scripts
from tradewire_cli.engines.postgres_cluster import ADMIN, cluster_folder, prepare_cluster, run
from tradewire_cli.engines.verdict import Verdict

PORT: Final = 5432
ROLES: Final = (ADMIN, "tradewire_sequencer", "tradewire_reader")
_QUERY_SECONDS: Final = 5.0
_ACCESS: Final = """\
# Written at each start. Only this container's user reaches the socket; others need a password.
local all all           trust
host  all all 0.0.0.0/0 scram-sha-256
host  all all ::/0      scram-sha-256
"""


class PostgresKeeper:
    """One Postgres over one data folder. `passwords` holds a file a role."""

    name = "postgres"
    stop_signal: Signals = SIGINT
    death_signal: Signals = SIGQUIT
    stop_seconds = 25.0

    def __init__(self, *, data: Path, passwords: Path) -> None:
        self._folder, self._passwords = DataFolder.at(data), passwords
        self._socket = Path(tempfile.gettempdir())
        self.watched: tuple[Path, ...] = (passwords,)
        self._roles_made = False

    async def prepare(self) -> Sequence[str]:
        if os.geteuid() == 0:
            raise ConfigError("user", "is root, and Postgres refuses to run as root", "Run as another user.")
        self._folder.create()
        await prepare_cluster(self._folder, None, self._password(ADMIN), sync=True)
        access = self._folder.postgres / "access.conf"
        write_atomically(access, _ACCESS)
        return (
            str(binaries.postgres_folder() / "postgres"), "-D", str(cluster_folder(self._folder)), "-p", str(PORT),
            "-c", "listen_addresses=*",
            "-c", f"unix_socket_directories={self._socket}",
            "-c", f"hba_file={access}",
        )  # fmt: skip

    async def reload(self, pid: int) -> None:
        os.kill(pid, SIGHUP)
        self._roles_made = False

    async def try_out(self) -> Verdict:
        try:
            if not self._roles_made:
                await self._make_roles()
                self._roles_made = True
            problem = await self._psql("select 1;", DATABASE)
        except (EngineFailed, ConfigError) as error:
            problem = str(error)
        return Verdict(problem, restart=bool(problem))

    async def close(self) -> None:
        """Nothing is held open."""

    async def _make_roles(self) -> None:
        """Makes the database and the roles, with the passwords of the files. May be repeated. Raises EngineFailed."""
        for script, database in role_scripts({role: self._password(role) for role in ROLES}):
            if problem := await self._psql(script, database):
                raise EngineFailed(problem)

    async def _psql(self, script: str, database: str) -> str:
        """Runs a script over the socket; returns what is wrong, or nothing."""
        try:
            async with asyncio.timeout(_QUERY_SECONDS):
                output, code = await run(
                    "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--host={self._socket}",
                    f"--port={PORT}", f"--username={ADMIN}", f"--dbname={database}", "--output=/dev/null",
                    account=None, environment={"PGCONNECT_TIMEOUT": "4"}, said=script,
                )  # fmt: skip
        except TimeoutError:
            return f"does not answer within {_QUERY_SECONDS:g} s"
        return " ".join(output.split()) if code else ""

    def _password(self, role: str) -> str:
        return read_secret(
            self._passwords / role,
            "--passwords",
            missing="Run `make k8s-secrets`.",
            empty="Run `make k8s-secrets`.",
        )
