"""What the keeper of a nats-server answers to its probes: it is started anew for its disk, and for nothing else."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.integration.up.cluster import HOSTS, Cluster, Server, running_cluster
from tests.waiting import soon
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.permissions import SERVICE_USERS
from tradewire.runtime.health import Health
from tradewire.runtime.tasks import end_tasks
from tradewire_cli import keys
from tradewire_cli.engines import certificates
from tradewire_cli.engines.nats import reload_users
from tradewire_cli.engines.nats_config import USERS_FILE
from tradewire_cli.engines.render import users
from tradewire_cli.keeper import nats as keeper
from tradewire_cli.keeper.keep import _look
from tradewire_cli.keeper.nats import NatsKeeper


class Probed:
    """What /livez and /readyz of one server's keeper rest on."""

    def __init__(self) -> None:
        self.health = Health()
        self.health.started()
        self.health.set("nats", "is starting")

    async def ready(self) -> bool:
        assert self.health.live
        return self.health.ready

    async def says(self, text: str) -> None:
        """Waits until it is not ready for this reason, and sees it found alive after that again and again."""

        async def said() -> bool:
            assert self.health.live
            return text in self.health.problems.get("nats", "")

        await soon(said)
        for _ in range(2):
            before = self.health.alive_at

            async def found_alive(before: float = before) -> bool:
                return self.health.alive_at > before and await said()

            await soon(found_alive)

    async def well(self) -> bool:
        return self.health.ready and self.health.live

    async def dead(self) -> bool:
        return not self.health.live


@asynccontextmanager
async def probed(cluster: Cluster, server: Server, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Probed]:
    """The keeper's looks at a server of this machine, whose ports are others than a container's."""
    monkeypatch.setenv("POD_NAME", server.name)
    monkeypatch.setattr(keeper, "CLIENT_PORT", server.port)
    monkeypatch.setattr(keeper, "MONITOR_PORT", server.monitor)
    kept = NatsKeeper(
        nodes=len(cluster.servers),
        data=server.folder,
        users=server.folder / "users.json",
        key=cluster.folder / "keys" / "probe.nk",
        tls=cluster.tls,
        shard="main",
        registry=CollectorRegistry(),
    )
    found = Probed()
    looking = asyncio.create_task(_look(kept, found.health))
    try:
        await soon(found.ready)
        yield found
    finally:
        await end_tasks(looking)


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path, nodes=1) as running:
        yield running


async def reload(cluster: Cluster) -> None:
    for server in cluster.servers:
        assert server.child is not None
        await reload_users(server.child.pid, server.monitor)


async def meta_leader(cluster: Cluster) -> str:
    said = await cluster.servers[0].asked("/jsz")
    return str(said["meta_cluster"]["leader"])


@pytest.mark.parametrize("led", [True, False])
async def test_a_server_without_a_quorum_is_not_ready_and_stays_alive(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, led: bool
) -> None:
    leader = await meta_leader(cluster)
    left = next(server for server in cluster.servers if (server.name == leader) is led)
    async with probed(cluster, left, monkeypatch) as server:
        lost = [each for each in cluster.servers if each is not left]
        await asyncio.gather(*(each.kill() for each in lost))
        await server.says("meta leader")
        await asyncio.gather(*(each.start() for each in lost))
        await soon(server.ready)


async def test_an_ended_certificate_is_no_reason_to_start_it_anew(
    node: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = certificates.new_authority()
    certificates.issue(authority, "nats", HOSTS).write(node.tls)
    await reload(node)
    async with probed(node, node.servers[0], monkeypatch) as server:
        certificates.issue(authority, "nats", HOSTS, days=-1).write(node.tls)
        await reload(node)
        await server.says("certificate has expired")
        certificates.issue(authority, "nats", HOSTS).write(node.tls)
        await reload(node)
        await soon(server.ready)


async def test_a_key_that_the_server_does_not_know_is_none_either(
    node: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with probed(node, node.servers[0], monkeypatch) as server:
        (node.folder / "keys" / "probe.nk").write_bytes(keys.new_seed())
        await server.says("refuses the key of probe")
        text = users(node.folder / "keys", "main", (*SERVICE_USERS, "strategy-momo"))
        (node.servers[0].folder / USERS_FILE).write_text(text)
        await reload(node)
        await soon(server.ready)


@pytest.mark.parametrize("nodes", [1, 3])
async def test_a_server_whose_disk_was_full_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: int
) -> None:
    async with running_cluster(tmp_path, nodes) as cluster:
        full = cluster.servers[0]
        assert full.child is not None
        bus = await Bus.connect(cluster.settings("admin"), "admin")
        config = {"name": "SIGNALS", "subjects": ["signals.*"], "storage": "file", "num_replicas": nodes}
        await bus.api("STREAM.CREATE.SIGNALS", config)
        async with probed(cluster, full, monkeypatch) as server:
            resource.prlimit(full.child.pid, resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))

            async def said() -> bool:
                with contextlib.suppress(Unavailable):
                    await bus.request("signals.momo", b"x" * 1_000)
                return "write error" in server.health.problems.get("nats", "")

            await soon(said)
            resource.prlimit(full.child.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await soon(server.dead)
            await full.stop()
            await full.start()
            await soon(server.well)
        await bus.close()
