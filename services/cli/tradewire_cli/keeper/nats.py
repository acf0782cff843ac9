"""nats-server in a container: configured from the one template, and alive as long as a publish reaches the disk."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from signal import SIGHUP, SIGKILL, SIGTERM, SIGUSR2, Signals
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Histogram

from tradewire.bus import Bus
from tradewire.errors import ConfigError, Unavailable
from tradewire.settings import Nats
from tradewire_cli.engines import binaries, probe
from tradewire_cli.engines.certificates import CA_FILE, CERT_FILE, KEY_FILE
from tradewire_cli.engines.folder import write_atomically
from tradewire_cli.engines.nats_config import USERS_FILE, server_config, users_config
from tradewire_cli.engines.render import CLIENT_PORT, MONITOR_PORT, node

_USER: Final = "probe"
_PUBLISH_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 5.0
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
        self._bus: Bus | None = None
        self._made = False
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

    async def try_out(self) -> str:
        # A bus that is told to connect waits for as long as it takes; what is asked first says what it waits for.
        answer = await probe.get("127.0.0.1", MONITOR_PORT, "/healthz")
        if answer is None:
            return f"does not answer at port {MONITOR_PORT}"
        if answer[0] != 200:
            return f"recovers, or waits for the other nodes: {_error(answer[1])}"
        try:
            return await self._publish()
        except Unavailable as error:
            return f"does not take a publish: {error}"

    async def close(self) -> None:
        if self._bus is not None:
            await self._bus.close()
            self._bus = None

    def _write_users(self) -> None:
        try:
            keys = msgspec.json.decode(self._users.read_bytes(), type=dict[str, str])
        except OSError as error:
            raise ConfigError("--users", f"{self._users}: {error.strerror}", "Run `make k8s-secrets`.") from None
        except msgspec.DecodeError as error:
            raise ConfigError("--users", f"{self._users}: {error}", "Run `make k8s-secrets`.") from None
        write_atomically(self._data / "nats" / USERS_FILE, users_config(keys, self._shard))

    async def _publish(self) -> str:
        if self._bus is None:
            self._bus = await Bus.connect(self._settings, _USER)
        if not self._bus.connected:
            return f"refuses its own keeper: {self._bus.last_error}"
        if not self._made:
            await self._bus.api(f"STREAM.CREATE.PROBE_{self._number}", self._stream())
            self._made = True
        with self._seconds.time():
            answer = await self._bus.request(f"probe.{self._number}", b"alive", timeout=_PUBLISH_SECONDS)
        error = msgspec.json.decode(answer.data).get("error")
        return f"does not take a publish: {error.get('description')}" if error else ""

    def _stream(self) -> dict[str, Any]:
        """One small stream of this server alone, on its disk."""
        return {
            "name": f"PROBE_{self._number}",
            "subjects": [f"probe.{self._number}"],
            "storage": "file",
            "num_replicas": 1,
            "max_msgs": 16,
            "discard": "old",
            "placement": {"tags": [f"pod:{self._pod}"]} if self._nodes > 1 else None,
        }


def _error(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body).get("error", ""))
    except (msgspec.DecodeError, AttributeError):
        return body.decode(errors="replace").strip()
