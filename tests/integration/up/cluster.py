"""The production file of NATS as servers on this machine: only addresses, names and folders are put in their place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any

import msgspec

from tests.waiting import soon
from tradewire.permissions import SERVICE_USERS
from tradewire.settings import Nats
from tradewire_cli.engines import binaries, certificates, probe
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.nats_config import USERS_FILE, server_config
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.render import CLIENT_PORT, MONITOR_PORT, ROUTE_PORT, STORE, TLS_FOLDER, node, users

HOSTS = ("localhost", "127.0.0.1")


class Server:
    """One node, with its own ports and folder."""

    def __init__(self, folder: Path, number: int) -> None:
        self.name = f"nats-{number}"
        self.folder = folder / self.name
        self.port, self.monitor, self.route = free_port(), free_port(), free_port()
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    @property
    def monitor_url(self) -> str:
        return f"http://127.0.0.1:{self.monitor}"

    async def start(self) -> None:
        program = (str(binaries.nats_server()), "--config", str(self.folder / "nats.conf"))
        log = self.folder / "nats.log"
        self.child = await Child.start(self.name, program, log=log, environment={"POD_NAME": self.name})

    async def kill(self) -> None:
        assert self.child is not None
        self.child.send(SIGKILL)
        await self.child.wait()
        self.child = None

    async def stop(self) -> None:
        if self.child is not None:
            await self.child.stop(10)
            self.child = None

    async def asked(self, path: str) -> dict[str, Any]:
        answer = await probe.get("127.0.0.1", self.monitor, path)
        return msgspec.json.decode(answer[1]) if answer is not None and answer[0] == 200 else {}


class Cluster:
    """Servers that are one NATS, and what their clients need."""

    def __init__(self, folder: Path, servers: list[Server]) -> None:
        self.folder, self.servers = folder, servers

    @property
    def tls(self) -> Path:
        return self.folder / "tls"

    def settings(self, user: str, **more: Any) -> Nats:
        """What a service's [nats] says; one server down must not matter to it."""
        return Nats(
            url=",".join(server.url for server in self.servers),
            monitor_urls=[server.monitor_url for server in self.servers],
            nkey_file=str(self.folder / "keys" / f"{user}.nk"),
            tls_ca=str(self.tls / certificates.CA_FILE),
            tls_cert=str(self.tls / certificates.CERT_FILE),
            tls_key=str(self.tls / certificates.KEY_FILE),
            replicas=len(self.servers),
            **more,
        )

    async def agreed(self) -> bool:
        """Whether every node that runs knows a leader and has caught up."""
        running = [server for server in self.servers if server.child is not None]
        return all([(await server.asked("/healthz")).get("status") == "ok" for server in running])


@asynccontextmanager
async def running_cluster(folder: Path, nodes: int = 3) -> AsyncIterator[Cluster]:
    """Starts the nodes of the file that `render` writes for so many, and stops them at the end."""
    servers = [Server(folder, number) for number in range(nodes)]
    cluster = Cluster(folder, servers)
    certificates.issue(certificates.new_authority(), "nats", HOSTS).write(cluster.tls)
    text = users(folder / "keys", "main", (*SERVICE_USERS, "strategy-momo"))
    for server in servers:
        server.folder.mkdir()
        (server.folder / USERS_FILE).write_text(text)
        (server.folder / "nats.conf").write_text(_placed(nodes, cluster, server))
    try:
        await asyncio.gather(*(server.start() for server in servers))
        await soon(cluster.agreed)
        yield cluster
    finally:
        await asyncio.gather(*(server.stop() for server in servers))


def _placed(nodes: int, cluster: Cluster, server: Server) -> str:
    """The production file for one server of this machine."""
    text = server_config(node(nodes, tls=Path(TLS_FOLDER)))
    places = {
        f"0.0.0.0:{CLIENT_PORT}": f"127.0.0.1:{server.port}",
        f"0.0.0.0:{MONITOR_PORT}": f"127.0.0.1:{server.monitor}",
        TLS_FOLDER: str(cluster.tls),
        STORE: str(server.folder / "store"),
        **({f"0.0.0.0:{ROUTE_PORT}": f"127.0.0.1:{server.route}"} if nodes > 1 else {}),
        **{
            f"{other.name}.nats-headless:{ROUTE_PORT}": f"127.0.0.1:{other.route}"
            for other in (cluster.servers if nodes > 1 else ())
        },
    }
    for there, here in places.items():
        assert there in text, there
        text = text.replace(there, here)
    return f'server_tags: ["pod:{server.name}"]\n{text}'  # as its keeper has it
