"""Production's NATS file as three servers under TLS: one of them dies, and nothing that was acknowledged is lost."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.up.cluster import HOSTS, Cluster, Server, running_cluster
from tests.waiting import soon
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import Frame
from tradewire.runtime import sync
from tradewire.runtime.tasks import end_tasks
from tradewire_cli.engines import certificates
from tradewire_ingest import stream
from tradewire_ledger.domain.framing import Head
from tradewire_ledger.sequencer.relay import Relay

LOG = "00000000-0000-5000-8000-000000000001"


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with running_cluster(tmp_path) as running:
        yield running


async def connect(cluster: Cluster, user: str) -> Bus:
    return await Bus.connect(cluster.settings(user), user)


async def leader_of(cluster: Cluster, admin: Bus, name: str) -> Server:
    found: list[Server] = []

    async def known() -> bool:
        info = await admin.api(f"STREAM.INFO.{name}")
        found[:] = [server for server in cluster.servers if server.name == info["cluster"].get("leader")]
        return bool(found)

    await soon(known)
    return found[0]


async def in_step(admin: Bus, name: str, replicas: int) -> None:
    """Waits until so many copies of a stream are complete."""

    async def current() -> bool:
        seen = (await admin.api(f"STREAM.INFO.{name}"))["cluster"]
        copies = [copy for copy in seen.get("replicas", ()) if copy["current"] and not copy.get("offline")]
        return bool(seen.get("leader")) and len(copies) == replicas - 1

    await soon(current)


async def stored(admin: Bus, name: str, last: int) -> dict[int, bytes]:
    found = {}
    for sequence in range(1, last + 1):
        answer = await admin.api(f"STREAM.MSG.GET.{name}", {"seq": sequence})
        found[sequence] = msgspec.json.decode(msgspec.json.encode(answer["message"]["data"]), type=bytes)
    return found


async def test_signals_that_were_acknowledged_survive_the_loss_of_the_leader(cluster: Cluster) -> None:
    ingest, momo, admin = [await connect(cluster, user) for user in ("ingest", "strategy-momo", "admin")]
    acknowledged: dict[int, bytes] = {}

    async def publish(number: int) -> None:
        payload = b'{"id": "%d"}' % number

        async def taken() -> bool:
            answer: Any = msgspec.json.decode((await momo.request("signals.momo", payload)).data)
            if "error" in answer:
                return False
            assert acknowledged.setdefault(answer["seq"], payload) == payload
            return True

        await soon(taken)

    try:
        await stream.ensure_stream(ingest, 1 << 20, 3)
        await in_step(admin, "SIGNALS", 3)
        for number in range(40):
            await publish(number)
        lost = await leader_of(cluster, admin, "SIGNALS")
        dying = asyncio.create_task(lost.kill())
        for number in range(40, 80):
            await publish(number)
        await dying

        assert len(set(acknowledged.values())) == 80
        survivor = await leader_of(cluster, admin, "SIGNALS")
        assert survivor is not lost
        kept = await stored(admin, "SIGNALS", max(acknowledged))
        assert {sequence: kept[sequence] for sequence in acknowledged} == acknowledged

        await lost.start()
        await in_step(admin, "SIGNALS", 3)
    finally:
        for bus in (ingest, momo, admin):
            await bus.close()


async def test_the_log_goes_on_in_step_with_postgres_when_the_leader_dies(cluster: Cluster) -> None:
    sequencer, admin = await connect(cluster, "sequencer"), await connect(cluster, "admin")
    committed: list[Frame] = []

    async def read_frames(first: int, last: int) -> list[Frame]:
        return committed[first - 1 : last]

    async def read_hash(number: int) -> str:
        return committed[number - 1].hash

    async def commit() -> None:
        number = len(committed) + 1
        committed.append(Frame(LOG, 1, number, number, number, f"{number:064x}", ()))
        wired = relay.wired(committed[-1:], Head(LOG, 1, number, number, bytes(32), 0))
        with contextlib.suppress(Unavailable):  # as the sequencer: what is not acknowledged is settled
            await sequencer.send(wired)

    async def acknowledged() -> bool:
        return relay.acknowledged == len(committed) and not relay.lag

    relay = Relay(sequencer, "main", read_frames, read_hash, replicas=3)
    await relay.start(Head(LOG, 1, 0, 0, bytes(32), 0))
    running = asyncio.create_task(relay.run())
    try:
        await in_step(admin, "LOG_main", 3)
        for _ in range(50):
            await commit()
        await soon(acknowledged)
        lost = await leader_of(cluster, admin, "LOG_main")
        dying = asyncio.create_task(lost.kill())
        for _ in range(50):
            await commit()
            await asyncio.sleep(0.01)
        await dying
        await soon(acknowledged)

        info = await admin.api("STREAM.INFO.LOG_main")
        assert (info["state"]["messages"], info["state"]["last_seq"]) == (100, 100)
        messages = await admin.direct_get("LOG_main", 1, batch=200)
        assert [message.headers["Tw-Hash"] for message in messages] == [frame.hash for frame in committed]
    finally:
        await end_tasks(running)
        await relay.stop()
        await sequencer.close()
        await admin.close()


async def test_a_stream_gets_the_replicas_that_the_settings_say(cluster: Cluster) -> None:
    ingest, sequencer, admin = [await connect(cluster, user) for user in ("ingest", "sequencer", "admin")]
    relay = Relay(sequencer, "main", _no_frames, _no_hash, replicas=3)
    try:
        await stream.ensure_stream(ingest, 1 << 20, 1)
        await stream.ensure_stream(ingest, 1 << 20, 3)
        await in_step(admin, "SIGNALS", 3)

        alone = Relay(sequencer, "main", _no_frames, _no_hash, replicas=1)
        await alone.start(Head(LOG, 1, 0, 0, bytes(32), 0))
        await alone.stop()
        with pytest.raises(Unavailable, match=r"has 1 replicas, nats.replicas is 3.*tradewire ledger reset-stream"):
            await relay.start(Head(LOG, 1, 0, 0, bytes(32), 0))
        await admin.api("STREAM.DELETE.LOG_main")
        await relay.start(Head(LOG, 1, 0, 0, bytes(32), 0))
        await in_step(admin, "LOG_main", 3)
    finally:
        await relay.stop()
        for bus in (ingest, sequencer, admin):
            await bus.close()


async def _no_frames(first: int, last: int) -> list[Frame]:
    raise AssertionError(f"asked for frames {first} to {last}")


async def _no_hash(number: int) -> str:
    raise AssertionError(f"asked for frame {number}")


async def test_every_node_syncs_before_it_acknowledges_and_says_so(cluster: Cluster) -> None:
    assert await sync.problem(cluster.settings("risk")) == ""


async def test_nobody_comes_in_in_the_clear_or_without_a_certificate_of_ours(cluster: Cluster) -> None:
    port = cluster.servers[0].port
    ours = ssl.create_default_context(cafile=str(cluster.tls / certificates.CA_FILE))
    certificates.issue(certificates.new_authority(), "stranger", HOSTS).write(cluster.folder / "stranger")
    theirs = ssl.create_default_context(cafile=str(cluster.tls / certificates.CA_FILE))
    theirs.load_cert_chain(
        cluster.folder / "stranger" / certificates.CERT_FILE, cluster.folder / "stranger" / certificates.KEY_FILE
    )
    for context in (ours, theirs):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        with pytest.raises(OSError):  # noqa: PT011 - an alert or a reset, as the moment has it
            await _use(reader, writer, context)
        writer.close()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b'CONNECT {"verbose": false}\r\nPING\r\n')
    assert b"PONG" not in await reader.read()
    writer.close()


async def _use(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
    """Speaks TLS until the server has answered: it sees the client's certificate after the client has its own."""
    await writer.start_tls(context, server_hostname="127.0.0.1")
    writer.write(b"PING\r\n")
    await writer.drain()
    if not await reader.read():
        raise ConnectionResetError("the server hung up")
