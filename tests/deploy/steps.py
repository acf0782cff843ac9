"""What tests on a node have in common: starting it, waiting, and an order from the signal to the fill."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from decimal import Decimal
from itertools import count

from tests.deploy import secrets
from tests.deploy.node.kubelet import SOON_SECONDS, Node, Pod, running
from tests.deploy.rendering import Manifest, name_of, of_kind, overlay
from tradewire_cli.engines.testing import reachable_folder

_VERIFIED = "sslmode=verify-full&sslrootcert=/run/secrets/postgres/ca.crt"
_SETTINGS = "tradewire.toml"
_CENTS = count(190_00)
PROCESSES = ("sequencer", "reader", "risk", "router", "ingest", "paper-0")


def without_operator(name: str) -> list[Manifest]:
    """An overlay with the development overlay's Postgres: CloudNativePG is an operator that only a cluster has."""
    found = [each for each in deepcopy(overlay(name)) if each["kind"] != "Cluster"]
    (config,) = (each["data"] for each in of_kind(found, "ConfigMap") if _SETTINGS in each["data"])
    assert config[_SETTINGS].count(_VERIFIED) == 3
    config[_SETTINGS] = config[_SETTINGS].replace(_VERIFIED, "sslmode=disable")
    theirs = ("StatefulSet postgres", "Service postgres-rw")
    return found + [each for each in overlay("dev") if name_of(each) in theirs]


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
    """A person's order in the cluster, from the signal to the fill.

    One that lay in NATS until somebody led, for longer than its price may be old, is denied; a person sends another. No
    two are at the same price, because an equal one would be a duplicate.
    """
    end = time.monotonic() + SOON_SECONDS
    for cents in _CENTS:
        words = ["tradewire", "send", "buy", "AAPL", str(number), "--price", str(Decimal(cents) / 100), "--wait"]
        code, said = await node.pods["desk"].run_in(words)
        if "PRICE_STALE" not in said or time.monotonic() > end:
            break
    assert code == 0, said
    assert "filled" in said.lower(), said
