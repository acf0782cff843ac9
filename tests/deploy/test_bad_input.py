"""Something that a pod needs is missing or wrong: it is not ready, says why in one line, and recovers when mended."""

import base64
import json
from collections.abc import AsyncIterator
from copy import deepcopy

import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node, Pod
from tests.deploy.node.network import missing
from tests.deploy.rendering import Manifest, overlay
from tests.deploy.steps import PROCESSES, soon, started, traded, until_not_ready

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    async with started(deepcopy(overlay("dev"))) as made:
        await made.until_ready()
        yield made


async def until_said(pod: Pod, text: str) -> None:
    """Waits until a pod says, in one line, why it is not ready: at its probe, or as the last thing before it ends."""

    async def said() -> bool:
        return text in await pod.problems() or text in last()

    def last() -> str:
        return pod.said.rstrip().rpartition("\n")[2]

    try:
        await soon(said)
    except TimeoutError:
        raise AssertionError(f"{pod.name} does not say {text!r} but {await pod.problems()!r}, {last()!r}") from None


def keys_of(manifest: Manifest) -> dict[str, bytes]:
    return {key: base64.b64decode(text) for key, text in manifest["data"].items()}


def with_key(manifest: Manifest, key: str, value: bytes) -> Manifest:
    return {**manifest, "data": {**manifest["data"], key: base64.b64encode(value).decode()}}


async def test_a_secret_that_is_missing(node: Node) -> None:
    pod = node.pods["risk"]
    await pod.stop()
    taken = node.objects.remove("Secret", "nats-risk")
    pod.start()

    async def waits() -> bool:
        return bool(pod.waits_for)

    await soon(waits)
    assert pod.waits_for == "Secret nats-risk not found"
    assert not await pod.ready()
    node.objects.put(taken)
    await node.until_ready(*PROCESSES)


@pytest.mark.parametrize(
    ("name", "secret", "key", "problem"),
    [
        ("risk", "nats-risk", "nkey", "/run/secrets/nats/nkey"),
        ("router", "nats-router", "tls.crt", "/run/secrets/nats/tls.crt"),
        ("reader", "postgres-reader", "password", "/run/secrets/postgres/password"),
    ],
)
async def test_a_secret_that_is_empty(node: Node, name: str, secret: str, key: str, problem: str) -> None:
    pod = node.pods[name]
    await pod.stop()
    right = node.objects.remove("Secret", secret)
    node.objects.put(with_key(right, key, b""))
    pod.start()
    await until_said(pod, problem)
    assert not await pod.ready()
    node.objects.put(right)
    pod.refresh()
    await node.until_ready(*PROCESSES)


async def psql(node: Node, statement: str) -> None:
    words = ["python", "-c", _PSQL, statement]
    code, said = await node.pods["postgres-0"].run_in(words)
    assert code == 0, said


_PSQL = """
import subprocess, sys
from tradewire_cli.engines.binaries import postgres_folder
words = ["--host=/tmp", "--username=tradewire_admin", "--dbname=tradewire", "--command", sys.argv[1]]
sys.exit(subprocess.run([postgres_folder() / "psql", *words]).returncode)
"""


async def test_a_schema_of_another_build(node: Node) -> None:
    await psql(node, "insert into public.schema_migrations values ('9999')")
    await node.pods["sequencer"].stop()
    node.pods["sequencer"].start()
    await until_said(node.pods["sequencer"], "has migration 9999")
    assert not await node.pods["sequencer"].ready()
    await psql(node, "delete from public.schema_migrations where version = '9999'")
    await node.until_ready(*PROCESSES)


async def test_nats_that_does_not_sync(node: Node) -> None:
    pod = node.pods["nats-0"]
    await pod.stop()
    own = {key: pod.container.pop(key) for key in ("command", "args")}
    config = "/data/nats/nats.conf"
    lazy = f"sed -i 's/sync_interval: always/sync_interval: \"2m\"/' {config} && exec nats-server --config {config}"
    pod.container["command"] = ["sh", "-c", lazy]
    pod.start()
    await node.pods["risk"].stop()
    node.pods["risk"].start()
    await until_said(node.pods["risk"], "sync_interval: always")
    assert not await node.pods["risk"].ready()
    await pod.stop()
    pod.container.update(own)
    pod.start()
    await node.until_ready("nats-0", *PROCESSES)


async def test_nats_with_the_wrong_permissions(node: Node) -> None:
    nats, risk = node.pods["nats-0"], node.pods["risk"]
    right = node.objects.remove("Secret", "nats-users")
    users = json.loads(keys_of(right)["users.json"])
    wrong = {**users, "feed": users["risk"], "risk": users["feed"]}
    node.objects.put(with_key(right, "users.json", json.dumps(wrong).encode()))
    nats.refresh()
    await until_not_ready(risk)
    await until_said(risk, "NATS")
    node.objects.put(right)
    nats.refresh()
    await node.until_ready("nats-0", *PROCESSES)
    await traded(node, 1)
