"""The demo in the development overlay: its prices, its strategy in a pod, and what became of every signal."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node
from tests.deploy.node.network import missing
from tests.deploy.rendering import Manifest, containers_of, of_kind, overlay, pod_of
from tests.deploy.steps import PROCESSES, soon, started
from tradewire_cli.demo.session import SETTINGS, STRATEGY
from tradewire_cli.demo.strategy import example

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]
_DAYS = ("2004-06-01", "2006-05-31")
_REPLAYING = str(Path(__file__).with_name("node") / "replaying.py")
_KEYS = "/run/secrets/nats"
_ALL = "100000"
_ENDED = {"filled", "denied", "lapsed", "canceled", "rejected", "expired"}


def manifests() -> list[Manifest]:
    """The development overlay with the demo's settings, a pod for the strategy, and one from which prices come."""
    found = deepcopy(overlay("dev"))
    for config in of_kind(found, "ConfigMap"):
        config["data"]["tradewire.toml"] = settings(config["data"]["tradewire.toml"])
    (desk,) = (each for each in of_kind(found, "Deployment") if each["metadata"]["name"] == "desk")
    strategy = beside(desk, "strategy", f"strategy-{STRATEGY.replace('_', '.')}")
    container = containers_of(strategy)[0]
    container["command"] = ["python", str(example())]
    files = {"NATS_NKEY": "nkey", "NATS_CA": "ca.crt", "NATS_CERT": "tls.crt", "NATS_KEY": "tls.key"}
    container["env"] = [
        {"name": "NATS_URL", "value": "tls://nats:4222"},
        {"name": "NATS_INBOX_PREFIX", "value": f"_INBOX.strategy-{STRATEGY}"},
        *({"name": name, "value": f"{_KEYS}/{file}"} for name, file in files.items()),
    ]
    return [*found, strategy, beside(desk, "prices", "nats-admin")]


def settings(theirs: str) -> str:
    """The cluster's settings and the demo's, as whoever wants it there would write them into the ConfigMap."""
    at = SETTINGS.index("[")
    account = '[accounts.paper]\nbroker = "paper"\n'
    assert account in SETTINGS
    assert account.strip() in theirs
    return SETTINGS[:at] + theirs + "\n" + SETTINGS[at:].replace(account, "")


def beside(desk: Manifest, name: str, secret: str) -> Manifest:
    """A pod like the desk, with another key."""
    made = deepcopy(desk)
    made["metadata"]["name"] = name
    pod_of(made)["metadata"]["labels"]["app.kubernetes.io/name"] = name
    (key,) = (each for each in pod_of(made)["spec"]["volumes"] if each["name"] == "nats-key")
    key["secret"]["secretName"] = secret
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    async with started(manifests(), "--strategy", STRATEGY) as made:
        await made.until_ready("nats-0", "prices")
        ticking = asyncio.create_task(made.pods["prices"].run_in(["python", _REPLAYING, "tick", *_DAYS]))
        await made.until_ready(*PROCESSES)
        await made.pods["prices"].run_in(["touch", "/tmp/ready"])
        code, said = await ticking
        assert code == 0, said
        yield made


async def asked(node: Node, *words: str) -> dict[str, Any]:
    code, said = await node.pods["desk"].run_in(["tradewire", *words, "--limit", _ALL, "--json"])
    assert code == 0, said
    found: dict[str, Any] = json.loads(said)
    return found


async def test_the_demo_completes_and_every_signal_is_accounted_for(node: Node) -> None:
    async def listening() -> bool:
        return "is listening" in node.pods["strategy"].said

    await soon(listening)
    code, said = await node.pods["prices"].run_in(["python", _REPLAYING, "play", *_DAYS])
    assert code == 0, f"{said}\n{node.pods['strategy'].said}"
    done = json.loads(said)
    assert done["days"] > 500
    assert done["orders"] == done["signals"] > 30
    orders = (await asked(node, "orders"))["orders"]
    assert len(orders) == done["orders"]
    statuses = Counter(order["status"] for order in orders)
    assert set(statuses) <= _ENDED, statuses
    assert statuses["filled"] > 0
    assert statuses["denied"] > 0
    fills = (await asked(node, "fills"))["fills"]
    assert {fill["order"] for fill in fills} == {each["order"] for each in orders if each["status"] == "filled"}


async def test_its_log_holds(node: Node) -> None:
    code, said = await node.pods["reader"].run_in(["tradewire-ledger", "check", "--settled", "--json"])
    assert code == 0, said
    assert json.loads(said[said.index("{") :])["clean"]
