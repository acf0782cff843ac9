"""The development overlay at work: every command as a process, with its environment, files, ports and user."""

import json
from collections.abc import AsyncIterator
from signal import SIGCONT, SIGSTOP

import psutil
import pytest
import pytest_asyncio

from tests.deploy.node.kubelet import Node, Pod
from tests.deploy.node.network import missing
from tests.deploy.rendering import WORKLOADS, containers_of, of_kind, overlay
from tests.deploy.steps import PROCESSES, started, traded, until_dead, until_not_ready

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node() -> AsyncIterator[Node]:
    async with started(overlay("dev")) as made:
        await made.until_ready()
        yield made


def processes_of(pod: Pod) -> list[psutil.Process]:
    assert pod.pid is not None
    parent = psutil.Process(pod.pid)
    return [parent, *parent.children(recursive=True)]


async def test_everything_becomes_ready_by_itself(node: Node) -> None:
    """All at once, in no order: each waits for what it needs, and no container of a service ends meanwhile."""
    assert set(node.pods) == {*PROCESSES, "nats-0", "postgres-0", "migrate", "desk"}
    assert {name.partition("-")[0] for name in node.pods} == {
        each["metadata"]["name"] for each in of_kind(node.manifests, *WORKLOADS)
    }
    for name in (*PROCESSES, "nats-0", "postgres-0"):
        assert node.pods[name].exit_codes == [], node.pods[name].said


async def test_containers_are_what_the_manifests_say(node: Node) -> None:
    for pod in node.pods.values():
        if pod.pid is None:
            continue
        for process in processes_of(pod):
            assert process.uids() == (10001, 10001, 10001), process.cmdline()
        first = psutil.Process(pod.pid)
        environment = first.environ()
        for each in containers_of(pod.workload)[0].get("env", ()):
            assert environment[each["name"]] == each.get("value", pod.name)


async def test_a_container_writes_nowhere_but_in_its_volumes(node: Node) -> None:
    code, said = await node.pods["risk"].run_in(["sh", "-c", "touch /data/x /tmp/x && ! touch /x /etc/x /usr/x"])
    assert code == 0, said


async def test_secrets_are_read_by_their_process_alone(node: Node) -> None:
    code, said = await node.pods["risk"].run_in(["sh", "-c", "stat -L -c '%a %u %g' /run/secrets/nats/nkey"])
    assert (code, said.strip()) == (0, "440 0 10001")


async def test_a_signal_is_filled(node: Node) -> None:
    await traded(node, 1)


async def test_the_owner_sees_from_the_desk_what_runs(node: Node) -> None:
    code, said = await node.pods["desk"].run_in(["tradewire", "status", "--json"])
    found = {each["name"]: each for each in json.loads(said)["processes"]}
    assert set(found) == {"sequencer", "reader", "ingest", "risk", "router-paper", "paper"}
    assert (code, [each["problem"] for each in found.values()]) == (0, [""] * len(found)), said


async def test_the_owner_sees_from_the_desk_what_does_not_run_and_why(node: Node) -> None:
    assert await node.pods["ingest"].stop() == 0
    node.pods["paper-0"].send_all(SIGSTOP)
    try:
        await until_not_ready(node.pods["router"])
        code, said = await node.pods["desk"].run_in(["tradewire", "status", "--json"])
        found = {each["name"]: each["problem"] for each in json.loads(said)["processes"]}
        assert code == 1, said
        assert found["ingest"] == "is not heard of"
        assert found["router-paper"], said
    finally:
        node.pods["paper-0"].send_all(SIGCONT)
        node.pods["ingest"].start()
    await node.until_ready(*PROCESSES)


async def test_the_owner_sees_the_system_from_the_desk(node: Node) -> None:
    code, said = await node.pods["desk"].run_in(["tradewire", "orders", "--json"])
    assert code == 0, said
    assert [order["symbol"] for order in json.loads(said)["orders"]] == ["AAPL"]


@pytest.mark.parametrize("name", ["sequencer", "reader", "risk", "router", "ingest"])
async def test_a_process_is_not_ready_without_nats(node: Node, name: str) -> None:
    pod = node.pods[name]
    node.pods["nats-0"].send_all(SIGSTOP)
    try:
        await until_not_ready(pod)
        assert await pod.live()
        # What is noticed first differs: the connection, the ledger's beat, or the stream that does not answer.
        problems = await pod.problems()
        assert any(part in problems for part in ("nats", "replica", "work", "log", "relay", "tail"))
    finally:
        node.pods["nats-0"].send_all(SIGCONT)
    await node.until_ready(*PROCESSES, "nats-0")


@pytest.mark.parametrize("name", PROCESSES)
async def test_a_process_that_hangs_is_neither_ready_nor_alive(node: Node, name: str) -> None:
    """The paper broker goes on without NATS, so that it depends on nothing but itself and its journal."""
    pod = node.pods[name]
    assert await pod.live()
    pod.send(SIGSTOP)
    try:
        assert not await pod.ready()
        assert not await pod.live()
    finally:
        pod.send(SIGCONT)
    await node.until_ready(*PROCESSES)
    assert await pod.live()


async def test_nats_is_neither_ready_nor_alive_without_its_server(node: Node) -> None:
    pod = node.pods["nats-0"]
    assert await pod.was_started()
    pod.send_children(SIGSTOP)
    try:
        await until_not_ready(pod)
        assert not await pod.was_started()
        await until_dead(pod)
    finally:
        pod.send_children(SIGCONT)
    await node.until_ready(*PROCESSES, "nats-0")
    assert await pod.live()
    assert await pod.was_started()


@pytest.mark.parametrize("name", ["sequencer", "reader"])
async def test_the_ledger_is_not_ready_without_postgres(node: Node, name: str) -> None:
    await node.pods["postgres-0"].stop()
    try:
        await until_not_ready(node.pods[name])
        assert "postgres" in await node.pods[name].problems()
        assert await node.pods[name].live()
    finally:
        node.pods["postgres-0"].start()
    await node.until_ready(*PROCESSES, "postgres-0")


async def test_postgres_is_neither_ready_nor_alive_when_it_does_not_answer(node: Node) -> None:
    pod = node.pods["postgres-0"]
    assert await pod.was_started()
    pod.send_children(SIGSTOP)
    try:
        await until_not_ready(pod)
        assert not await pod.was_started()
        await until_dead(pod)
    finally:
        pod.send_children(SIGCONT)
    await node.until_ready(*PROCESSES, "postgres-0")
    assert await pod.live()
    assert await pod.was_started()


async def test_the_router_is_not_ready_without_its_broker(node: Node) -> None:
    await node.pods["paper-0"].stop()
    try:
        await until_not_ready(node.pods["router"])
    finally:
        node.pods["paper-0"].start()
    await node.until_ready("paper-0", "router")


@pytest.mark.parametrize("name", ["sequencer", "risk", "router", "ingest"])
async def test_another_pod_takes_over(node: Node, name: str) -> None:
    """As when a node is lost: nobody gives the lease back."""
    pod = node.pods[name]
    await pod.kill()
    assert not await pod.ready()
    pod.start()
    await node.until_ready(*PROCESSES)
    await traded(node, 2)


async def test_every_pod_drains_within_its_time_and_comes_back(node: Node) -> None:
    names = ["ingest", "router", "risk", "reader", "sequencer", "paper-0", "nats-0", "postgres-0"]
    for name in names:
        assert await node.pods[name].stop() == 0, node.pods[name].said[-2000:]
    for name in names:
        node.pods[name].start()
    await node.until_ready(*names)
    await traded(node, 3)


async def test_every_probe_was_green_then_red_then_green(node: Node) -> None:
    for pod in node.pods.values():
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in pod.container:
                shown = pod.shown.get(kind, [])
                assert [True, False, True] in [shown[at : at + 3] for at in range(len(shown))], (pod.name, kind)


@pytest.mark.parametrize(("shows", "refusal"), [("nothing", "handshake_failure"), ("a certificate", "authorization")])
async def test_nats_takes_nobody_without_a_certificate_and_a_key(node: Node, shows: str, refusal: str) -> None:
    code, said = await node.pods["desk"].run_in(["python", "-c", _STRANGER, shows])
    assert code == 0, said
    assert refusal in said.lower()


_STRANGER = """
import asyncio, ssl, sys
import nats
async def main():
    folder = "/run/secrets/nats"
    context = ssl.create_default_context(cafile=f"{folder}/ca.crt")
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # a later one says so after the handshake, if it comes to that
    if sys.argv[1] == "a certificate":
        context.load_cert_chain(f"{folder}/tls.crt", f"{folder}/tls.key")
    async def told(error):
        print(error)
    try:
        client = await nats.connect("tls://nats:4222", tls=context, allow_reconnect=False, error_cb=told)
        await client.flush()
    except Exception as error:
        print(repr(error))
    else:
        sys.exit("somebody without a key was let in")
asyncio.run(main())
"""


async def test_streams_refuse_to_lose_anything(node: Node) -> None:
    _, said = await node.network.get(f"http://{node.pods['nats-0'].address}:8222/jsz?config=1&streams=1")
    found = json.loads(said)
    assert found["config"]["sync_always"] is True
    streams = {
        each["name"]: each["config"] for account in found["account_details"] for each in account["stream_detail"]
    }
    assert {"SIGNALS", "LOG_main"} <= set(streams)
    for name in ("SIGNALS", "LOG_main"):
        config = streams[name]
        assert (config["storage"], config["deny_delete"], config["deny_purge"]) == ("file", True, True)
        assert config["max_bytes"] > 0
    assert streams["SIGNALS"]["discard"] == "new"


async def test_no_secret_is_told(node: Node) -> None:
    """In logs, at the ports that Prometheus and the kubelet read, or in the log of events."""
    code, events = await node.pods["desk"].run_in(["tradewire", "events", "--json"])
    assert code == 0, events
    told = [events]
    for pod in node.pods.values():
        told.append(pod.said)
        if "http" in {port["name"] for port in pod.container.get("ports", ())}:
            places = (f"http://{pod.address}:8080{path}" for path in ("/metrics", "/readyz", "/livez"))
            told += [(await node.network.get(place))[1] for place in places]
    text = "\n".join(told)
    assert "tradewire_" in text
    secrets = node.objects.secrets()
    assert len(secrets) > 20
    for name, value in secrets:
        assert value not in text, name


async def test_what_was_appended_is_right(node: Node) -> None:
    words = ["tradewire-ledger", "check", "--settled", "--json"]
    code, said = await node.pods["reader"].run_in(words)
    assert code == 0, said
    assert json.loads(said[said.index("{") :])["clean"]
