"""What tests on a node have in common: starting it, waiting, and an order from the signal to the fill."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.deploy import secrets
from tests.deploy.node.kubelet import SOON_SECONDS, Node, Pod, running
from tests.deploy.rendering import Manifest
from tradewire_cli.engines.testing import reachable_folder

PROCESSES = ("sequencer", "reader", "risk", "router", "ingest", "paper-0")


@asynccontextmanager
async def started(manifests: list[Manifest], *arguments: str) -> AsyncIterator[Node]:
    """A node with everything on it, and fresh Secrets, made with these arguments; nothing is waited for."""
    with reachable_folder() as folder:
        folder.chmod(0o755)
        secrets.make(folder / "secrets", *arguments)
        async with running(manifests, secrets.read(folder / "secrets"), folder) as node:
            yield node


async def soon(holds: Callable[[], Awaitable[object]]) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(SOON_SECONDS):
        while not await holds():
            await asyncio.sleep(0.2)


async def until_not_ready(pod: Pod) -> None:
    async def red() -> bool:
        return not await pod.ready()

    await soon(red)


async def until_dead(pod: Pod) -> None:
    async def red() -> bool:
        return not await pod.live()

    await soon(red)


async def traded(node: Node, number: int) -> None:
    """A person's order in the cluster, from the signal to the fill."""
    words = ["tradewire", "send", "buy", "AAPL", str(number), "--price", "190", "--wait"]
    code, said = await node.pods["desk"].run_in(words)
    assert code == 0, said
    assert "filled" in said.lower(), said
