"""nats-server in a container: configured from the one template, and ready while a publish reaches the disk."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM, SIGUSR2, Signals
from typing import Final

import msgspec
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Histogram

from tradewire.errors import ConfigError
from tradewire.settings import Nats
from tradewire_cli.engines import binaries, nats_probe
from tradewire_cli.engines.certificates import CA_FILE, CERT_FILE, KEY_FILE
from tradewire_cli.engines.folder import write_atomically
from tradewire_cli.engines.nats_config import USERS_FILE, server_config, users_config
from tradewire_cli.engines.render import CLIENT_PORT, MONITOR_PORT, node
from tradewire_cli.engines.verdict import Verdict

_USER: Final = "probe"
_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class NatsKeeper:
    """One nats-server, alone or one of three or five. Its pod's name is in POD_NAME: `nats-2` is the third."""

    name = "nats"
    death_signal: Signals = SIGKILL

    def __init__(
        self, *, nodes: int, data: Path, users: Path, key: Path, tls: Path, shard: str, registry: CollectorRegistry
    ) -> None:
        pod = os.environ.get("POD_NAME", "nats-0")
        self._number = int(found[1]) if (found := re.fullmatch(r"[a-z0-9-]*?-(\d)", pod)) else 0
        self._pod, self._nodes, self._data, self._users, self._tls, self._shard = pod, nodes, data, users, tls, shard
        self.watched: tuple[Path, ...] = (users, tls)
        # Where there are others, clients are sent to them one after the other; a lone server lets go at once.
        self.stop_signal, self.stop_seconds = (SIGUSR2, 45.0) if nodes > 1 else (SIGTERM, 20.0)
        self._settings = Nats(
            url=f"tls://localhost:{CLIENT_PORT}",
            nkey_file=str(key),
            user=_USER,
            tls_ca=str(tls / CA_FILE),
            tls_cert=str(tls / CERT_FILE),
            tls_key=str(tls / KEY_FILE),
        )
        tag = f"pod:{self._pod}" if nodes > 1 else ""
        self._place = nats_probe.Place(f"PROBE_{self._number}", f"probe.{self._number}", tag)
        self._seconds = Histogram(
            "tradewire_nats_publish_seconds",
            "Time of a publish until this server has it on disk",
            buckets=_BUCKETS,
            registry=registry,
        )

    async def prepare(self) -> Sequence[str]:
        folder = self._data / "nats"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError("--data", f"{folder}: {error.strerror}", "Give a folder to write to.") from None
        own = replace(node(self._nodes, tls=self._tls, store=str(self._data / "jetstream")), name=self._pod)
        write_atomically(folder / "nats.conf", f'server_tags: ["pod:{self._pod}"]\n{server_config(own)}')
        self._write_users()
        return (str(binaries.nats_server()), "--config", str(folder / "nats.conf"))

    async def reload(self, pid: int) -> None:
        self._write_users()
        os.kill(pid, SIGHUP)

    async def try_out(self) -> Verdict:
        return await nats_probe.look(self._settings, MONITOR_PORT, self._place, self._seconds.time)

    async def close(self) -> None:
        """Nothing is held open."""

    def _write_users(self) -> None:
        try:
            keys = msgspec.json.decode(self._users.read_bytes(), type=dict[str, str])
        except OSError as error:
            raise ConfigError("--users", f"{self._users}: {error.strerror}", "Run `make k8s-secrets`.") from None
        except msgspec.DecodeError as error:
            raise ConfigError("--users", f"{self._users}: {error}", "Run `make k8s-secrets`.") from None
        write_atomically(self._data / "nats" / USERS_FILE, users_config(keys, self._shard))
