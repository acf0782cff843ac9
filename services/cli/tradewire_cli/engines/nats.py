"""The embedded nats-server: JetStream on disk, loopback, one nkey user a role."""

import asyncio
import os
import signal
import time
from typing import Final

import msgspec
from msgspec.structs import replace

from tradewire.settings import Nats
from tradewire_cli.engines import binaries, nats_probe, probe
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.folder import DataFolder, write_atomically
from tradewire_cli.engines.nats_config import Node, Tls, server_config
from tradewire_cli.engines.part import Say, silent

_POLL_SECONDS: Final = 0.03
_RELOAD_SECONDS: Final = 10.0


class _Varz(msgspec.Struct):
    config_load_time: str


class NatsServer:
    """A nats-server over one data folder, whose `nats/users.conf` must exist before `start`."""

    name: Final = "nats"

    def __init__(self, folder: DataFolder, *, host: str, port: int, monitor_port: int, tls: Tls | None = None) -> None:
        self.host, self.port, self.monitor_port, self._tls = host, port, monitor_port, tls
        self.url = f"{'tls' if tls else 'nats'}://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 - compared, not bound
        self.monitor_url = self.http = f"http://127.0.0.1:{monitor_port}"
        self._folder = folder

    async def start(self) -> Child:
        """Writes the configuration and starts the server; `wait_ready` says when it serves."""
        config = self._folder.nats / "nats.conf"
        node = Node(
            listen=f"{self.host}:{self.port}",
            monitor=f"127.0.0.1:{self.monitor_port}",
            store=str(self._folder.nats / "store"),
            tls=self._tls,
        )
        text = server_config(node)
        write_atomically(config, text)
        program = (str(binaries.nats_server()), "--config", str(config))
        return await Child.start(self.name, program, log=self._folder.logs / "nats.log")

    async def wait_ready(self, child: Child, say: Say = silent) -> None:
        """Waits until the server and JetStream answer; recovery may take its time. Raises EngineFailed if it ends."""
        while child.exit_code is None:
            answer = await probe.get("127.0.0.1", self.monitor_port, "/healthz")
            if answer is not None and answer[0] == 200:
                return
            if answer is not None:
                say(f"recovering: {child.said_last}")
            await asyncio.sleep(_POLL_SECONDS)
        await child.wait()
        raise EngineFailed(f"nats-server ended with code {child.exit_code}{child.last_words}")

    async def ailment(self, child: Child) -> str:
        """Why a server that was ready is of no use any more until it is started anew, such as after a full disk."""
        if child.exit_code is not None:
            return ""
        found = await nats_probe.look(self.settings("admin"), self.monitor_port)
        return found.problem if found.restart else ""

    def settings(self, user: str) -> Nats:
        """How a user of this data folder connects; under TLS it shows the server's own certificate."""
        settings = Nats(url=self.url, nkey_file=str(self._folder.seed_of(user)), user=user)
        if self._tls is None:
            return settings
        return replace(settings, tls_ca=self._tls.ca, tls_cert=self._tls.cert, tls_key=self._tls.key)

    async def stop(self, child: Child, limit_seconds: float) -> bool:
        """Stops the server; returns whether it ended by itself."""
        return await child.stop(limit_seconds)


async def reload_users(pid: int, monitor_port: int) -> None:
    """Makes a running nats-server read its users again and waits until it has; users that are gone are disconnected.

    Raises EngineFailed if it does not take the new configuration within 10 seconds.
    """
    before = await _config_load_time(monitor_port)
    os.kill(pid, signal.SIGHUP)
    end = time.monotonic() + _RELOAD_SECONDS
    while time.monotonic() < end:
        now = await _config_load_time(monitor_port)
        if now is not None and now != before:
            return
        await asyncio.sleep(_POLL_SECONDS)
    raise EngineFailed("nats-server did not take its new users; logs/nats.log says why")


async def _config_load_time(monitor_port: int) -> str | None:
    answer = await probe.get("127.0.0.1", monitor_port, "/varz")
    return msgspec.json.decode(answer[1], type=_Varz).config_load_time if answer is not None else None
