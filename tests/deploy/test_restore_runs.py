"""A backup into a bucket and its restore on a cluster, in the steps of the page, with orders sent after the backup."""

import json
import sys
from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node
from tests.deploy.node.network import GATEWAY, missing
from tests.deploy.rendering import K8S, composed
from tests.deploy.steps import PROCESSES, soon, started, traded
from tradewire_cli.engines.testing import reachable_folder

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]
_PORT: Final = 9000
_BUCKET: Final = "s3://backups/tradewire"
_DECIDING: Final = [name for name in PROCESSES if name != "paper-0"]


_SETTINGS: Final = f"""
[backup]
to = "{_BUCKET}"
endpoint = "http://{GATEWAY}:{_PORT}"
every = "1h"
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    with reachable_folder() as folder:
        told = (K8S / "overlays/dev/tradewire.toml").read_text() + _SETTINGS
        manifests = composed(folder, "dev", "backup", settings=told)
    async with started(manifests) as made:
        server = made.network.serve(sys.executable, "-m", "moto.server", "-H", GATEWAY, "-p", str(_PORT))
        try:
            await soon(lambda: bucket(made))
            texts = {"access_key": "testing", "secret_key": "testing"}
            made.objects.put({"kind": "Secret", "metadata": {"name": "backup-bucket"}, "stringData": texts})
            await made.until_ready(*PROCESSES, "nats-0", "postgres-0", "desk")
            yield made
        finally:
            server.kill()
            server.wait()


async def bucket(node: Node) -> bool:
    """Whether the store answers, and has our bucket."""
    status, _ = await node.network.get(f"http://{GATEWAY}:{_PORT}/backups", method="PUT")
    return status in {200, 409}


async def desk(node: Node, *words: str) -> str:
    code, said = await node.pods["desk"].run_in(["tradewire", *words])
    assert code == 0, said
    return said


async def test_what_was_sent_after_the_backup_is_there_after_its_restore(node: Node) -> None:
    await traded(node, 1)
    job = node.pods["backup"]
    await soon(lambda: done(job.exit_codes))
    code, said = await job.run_in(job.container["command"])
    assert code == 0, said
    await traded(node, 2)
    before = json.loads(await desk(node, "positions", "--json"))["positions"]

    assert "restore" not in node.pods
    for name in _DECIDING:
        assert await node.pods[name].stop() == 0
    place = node.scale_up("restore")
    await soon(place.ready)
    code, said = await place.run_in(["tradewire", "restore", _BUCKET])
    assert code != 0
    assert "--replace" in said
    code, said = await place.run_in(["tradewire", "restore", _BUCKET, "--replace"])
    assert code == 0, said
    await place.stop()
    for name in _DECIDING:
        node.pods[name].start()
    await node.until_ready(*PROCESSES)

    code, said = await node.pods["desk"].run_in(["tradewire", "send", "buy", "AAPL", "5", "--price", "190", "--wait"])
    assert code != 0
    assert "HALT" in said.upper(), said
    assert "agree" in await desk(node, "reconcile", "show")
    await desk(node, "resume", "global", "--reason", "looked at")
    assert json.loads(await desk(node, "positions", "--json"))["positions"] == before
    await traded(node, 3)
    code, said = await node.pods["reader"].run_in(["tradewire", "check", "--quick"])
    assert code == 0, said


async def done(codes: list[int]) -> bool:
    return 0 in codes
