"""How the ledger comes to Postgres: as which role, with a password from a file, and what stands in its way.

Password and certificates are read again at each connection, so that they may be swapped on disk.
"""

from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.secret_files import read_secret
from tradewire.settings import Postgres

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Key = Literal["dsn", "reader_dsn", "admin_dsn"]


_HERE = {"", "localhost", "127.0.0.1", "::1"}


class Access(Struct, frozen=True):
    """A role's way into the database. `key` is the setting that it comes from."""

    dsn: str
    password_file: str = ""
    key: str = "postgres.dsn"

    def options(self) -> dict[str, Any]:
        """The arguments for asyncpg, which asks for the password at each connection."""
        return {"dsn": self.dsn} | ({"password": self.password} if self.password_file else {})

    @property
    def address(self) -> str:
        """Where Postgres is, for people, without the password."""
        return urlsplit(self.dsn).netloc.rpartition("@")[2] or "the default socket"

    async def connect(self, *, command_timeout: float | None, settings: dict[str, str]) -> Connection:
        """Connects, with `command_timeout` in seconds, None for none, and these settings of the server.

        Raises:
            LOST: Postgres does not answer or refuses, or the DSN or a file that it names is wrong.
            ConfigError: a file of the password or of TLS cannot be read.
        """
        self._verify_files()
        try:
            return await asyncpg.connect(
                **self.options(), timeout=10, command_timeout=command_timeout, server_settings=settings
            )
        except ValueError as error:
            raise ConnectionError(f"{self.key}: {error}") from None
        except OSError as error:  # a TimeoutError too, which says nothing
            why = str(error) or type(error).__name__
            raise ConnectionError(f"no connection to {self.address} ({self.key}): {why}") from None

    def _verify_files(self) -> None:
        """The driver does not say which of them is missing."""
        asked = parse_qs(urlsplit(self.dsn).query)
        for name in ("sslrootcert", "sslcert", "sslkey"):
            for file in asked.get(name, ()):
                try:
                    Path(file).read_bytes()
                except OSError as error:
                    fix = "Put it there; it is read again at the next connection."
                    raise ConfigError(self.key, f"{name}={file}: {error.strerror}", fix) from None

    def password(self) -> str:
        """The password as it stands in the file now.

        Raises:
            ConfigError: the file is missing, empty, or for everybody to read.
        """
        key = self.key.replace("dsn", "password_file")
        fix = "Put the role's password there; it is read again at the next connection."
        return read_secret(Path(self.password_file), key, missing=fix, empty=fix)

    def refused(self, error: asyncpg.PostgresError) -> ConfigError:
        """What to say of a password that Postgres does not take."""
        where = self.key.replace("dsn", "password_file") if self.password_file else self.key
        return ConfigError(where, str(error), "Give the role its password.")


def access_of(settings: Postgres, key: Key) -> Access:
    """The way in that a setting names.

    Raises:
        ConfigError: it names none.
    """
    dsn: str = getattr(settings, key)
    if not dsn:
        raise ConfigError(f"postgres.{key}", "is not set", f"Set it, or TRADEWIRE_POSTGRES_{key.upper()}.")
    return Access(dsn, getattr(settings, key.replace("dsn", "password_file")), f"postgres.{key}")


def unprotected(dsn: str) -> str:
    """Returns why a connection over the network could be listened to or diverted, or nothing."""
    parts = urlsplit(dsn)
    asked = parse_qs(parts.query)
    hosts = {host.rpartition(":")[0] or host for host in parts.netloc.rpartition("@")[2].split(",")}
    hosts |= set(asked.get("host", ()))
    if all(host.strip("[]") in _HERE or host.startswith("/") for host in hosts):
        return ""
    mode = asked.get("sslmode", ["prefer"])[0]
    if mode == "verify-full":
        return ""
    return f"sslmode={mode} does not verify who answers: write sslmode=verify-full&sslrootcert=FILE"
