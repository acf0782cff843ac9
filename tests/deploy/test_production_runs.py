"""The production overlay's NATS and processes at work: three nodes, of which any one may be lost."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node
from tests.deploy.node.network import missing
from tests.deploy.steps import PROCESSES, started, traded, until_not_ready, without_operator
from tests.waiting import soon
from tradewire.runtime.health import STALLED_SECONDS

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]
SERVERS = ("nats-0", "nats-1", "nats-2")
RUNNING = (*(name for name in PROCESSES if name != "ingest"), "ingest-a", "ingest-b")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    async with started(without_operator("production")) as made:
        await made.until_ready()
        yield made


async def test_every_stream_is_on_three_nodes(node: Node) -> None:
    await traded(node, 1)
    status, said = await node.network.get(f"http://{node.pods['nats-0'].address}:8222/jsz?streams=1&config=1")
    assert status == 200
    for stream in ("SIGNALS", "LOG_main"):
        assert f'"name": "{stream}"' in said
    assert said.count('"num_replicas": 3') >= 2


@pytest.mark.parametrize("lost", SERVERS)
async def test_the_loss_of_one_server_stops_nothing(node: Node, lost: str) -> None:
    await node.pods[lost].kill()
    try:
        await node.until_ready(*(name for name in SERVERS if name != lost))
        await traded(node, 2)
    finally:
        node.pods[lost].start()
    await node.until_ready(*SERVERS, *RUNNING)
    await traded(node, 3)


async def test_the_last_of_three_servers_is_not_ready_and_stays_alive(node: Node) -> None:
    last = node.pods["nats-0"]

    async def publishes() -> float:
        _, page = await node.network.get(f"http://{last.address}:8080/metrics")
        [line] = [line for line in page.splitlines() if line.startswith("tradewire_nats_publish_seconds_count")]
        return float(line.rpartition(" ")[2])

    for name in SERVERS[1:]:
        await node.pods[name].kill()
    try:
        await until_not_ready(last)
        when_ready = await publishes()

        async def long_not_ready() -> bool:
            nonlocal when_ready
            assert await last.live()
            if await last.ready():  # it knows of the loss only by and by
                when_ready = await publishes()
            return await publishes() > when_ready + 1.5 * STALLED_SECONDS  # no more than one a second

        await soon(long_not_ready)
    finally:
        for name in SERVERS[1:]:
            node.pods[name].start()
    await node.until_ready(*SERVERS, *RUNNING)
    assert last.exit_codes == []
    await traded(node, 4)


async def test_servers_may_be_drained_one_after_the_other(node: Node) -> None:
    for name in SERVERS:
        await node.pods[name].stop()
        node.pods[name].start()
        await node.until_ready(*SERVERS)
    await node.until_ready(*RUNNING)
    await traded(node, 5)
