"""The data folder: where everything of one installation lies, and who may read it."""

import os
from pathlib import Path

from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire_cli.engines.access import given_away, require_writable


class DataFolder(Struct, frozen=True):
    """The paths inside one data folder. Made by `at`, because `path` must be absolute."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "DataFolder":
        """Returns the layout of `path`, which need not exist."""
        return cls(path.expanduser().absolute())

    @property
    def lock(self) -> Path:
        """Held by the running `tradewire up`; holds its pid."""
        return self.path / "lock"

    @property
    def run_file(self) -> Path:
        """What runs where, for the command line and for the next start."""
        return self.path / "run.json"

    @property
    def ports(self) -> Path:
        """The ports that were chosen, for the next start."""
        return self.path / "ports.json"

    @property
    def keys(self) -> Path:
        """The nkey seeds, one file a NATS user."""
        return self.path / "keys"

    @property
    def key_registry(self) -> Path:
        """The public keys and their users."""
        return self.path / "keys.json"

    @property
    def secrets(self) -> Path:
        """Generated passwords and tokens, one file each."""
        return self.path / "secrets"

    @property
    def logs(self) -> Path:
        """One rotated log a process."""
        return self.path / "logs"

    @property
    def prometheus_targets(self) -> Path:
        """Where the processes tell their metrics, in Prometheus' form."""
        return self.path / "prometheus" / "targets.json"

    @property
    def nats(self) -> Path:
        """The nats-server's configuration and JetStream's files."""
        return self.path / "nats"

    @property
    def postgres(self) -> Path:
        """The Postgres cluster's parent; owned by the account that Postgres runs as."""
        return self.path / "postgres"

    def create(self) -> None:
        """Makes the folder and its private parts. As root, others may pass through it, because Postgres must.

        A folder that was there keeps its mode. Raises ConfigError, with the line that mends it, if this user cannot
        write it or another one runs it.
        """
        try:
            require_writable(self.path)
            self._create()
        except OSError as error:
            problem = f"cannot be the data folder: {error.strerror}"
            raise ConfigError(str(self.path), problem, "Choose another with --data.") from None

    def _create(self) -> None:
        if not self.path.is_dir():
            self.path.mkdir(parents=True)
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        if self.keys.exists() and (owner := self.keys.stat().st_uid) != os.geteuid():
            fix = f"Run as that user, choose another folder, or give it to user {os.geteuid()}: {given_away(self.path)}"
            raise ConfigError(str(self.path), f"is run by user {owner}", fix)
        for private in (self.keys, self.secrets, self.logs, self.nats):
            private.mkdir(exist_ok=True)
            private.chmod(0o700)

    def seed_of(self, user: str) -> Path:
        """The file with a NATS user's seed."""
        return self.keys / f"{user}.nk"


def write_atomically(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    """Writes a whole file or nothing: a new file with `mode` beside it, on disk, then renamed over it."""
    data = content.encode() if isinstance(content, str) else content
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
