"""A shard of the worked example at work: every process is of it, and it trades its own accounts alone."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node
from tests.deploy.node.network import missing
from tests.deploy.steps import PROCESSES, started, traded, without_operator

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]
_SERVING = (*(name for name in PROCESSES if name != "ingest"), "ingest-a", "ingest-b", "nats-0", "nats-1", "nats-2")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    arguments = ("--namespace", "tradewire-us", "--shard", "us")
    async with started(without_operator("two-shards-us"), *arguments) as made:
        await made.until_ready(*_SERVING)
        yield made


async def sent(node: Node, *words: str) -> tuple[int, str]:
    return await node.pods["desk"].run_in(["tradewire", "send", "buy", "AAPL", "1", "--price", "190", "--wait", *words])


async def test_it_trades_its_account_on_its_own_log(node: Node) -> None:
    await traded(node, 1)
    code, said = await node.pods["desk"].run_in(["tradewire", "orders", "--json"])
    assert code == 0, said
    assert {order["account"] for order in json.loads(said)["orders"]} == {"momentum"}
    status, streams = await node.network.get(f"http://{node.pods['nats-0'].address}:8222/jsz?streams=1")
    assert status == 200
    assert '"name": "LOG_us"' in streams
    assert "LOG_main" not in streams


async def test_it_refuses_the_accounts_of_the_other(node: Node) -> None:
    code, said = await sent(node, "--account", "carry")
    assert code != 0
    assert "ACCOUNT_UNKNOWN" in said, said
