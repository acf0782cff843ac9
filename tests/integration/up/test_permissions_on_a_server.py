"""The permissions table as a real nats-server applies it: every user against every subject."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import nats
import nats.micro
import nkeys
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.micro.service import ServiceConfig

from tests.integration.up.permission_table import PERSON, SERVICES, STRATEGY, USERS, allowed, asked
from tradewire_cli.engines.testing import Engines, running_engines

Refused = Callable[[str, str], Awaitable[bool]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    async with running_engines(tmp_path_factory.mktemp("engines"), postgres=False) as running:
        await running.add_user(STRATEGY)
        await running.add_user(PERSON)
        yield running


async def flush(client: Client) -> None:
    """Waits until the server has taken everything: nats-py's first PING can overtake what was published before it."""
    await client.flush()
    await client.flush()


async def connect(engines: Engines, user: str) -> tuple[Client, Refused]:
    """Connects as a user and returns a function that tries to publish or subscribe, and says if that was refused."""
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error).lower())

    seed = str(engines.nkey_file(user))
    inbox = f"_INBOX.{user}".encode()
    client = await nats.connect(engines.nats_url, nkeys_seed=seed, inbox_prefix=inbox, error_cb=note)

    async def refused(verb: str, subject: str) -> bool:
        errors.clear()
        if verb == "publish":
            await client.publish(subject, b"{}")
            await flush(client)
        else:
            subscription = await client.subscribe(subject)
            await flush(client)
            if not errors:
                await subscription.unsubscribe()
        assert all("permissions violation" in error for error in errors), errors
        return bool(errors)

    return client, refused


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("verb", ["publish", "subscribe"])
@pytest.mark.parametrize("user", USERS)
async def test_a_user_may_do_what_the_table_says_and_nothing_else(engines: Engines, user: str, verb: str) -> None:
    client, refused = await connect(engines, user)
    try:
        may = {subject for subject in sorted(asked(verb)) if not await refused(verb, subject)}
        assert may == allowed(user, verb)
    finally:
        await client.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_admin_may_do_everything(engines: Engines) -> None:
    client, refused = await connect(engines, "admin")
    try:
        assert not await refused("subscribe", ">")
        assert not await refused("publish", "$JS.API.STREAM.DELETE.NONE")
    finally:
        await client.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_service_answers_people_and_cannot_write_to_them_unasked(engines: Engines) -> None:
    ingest, refused = await connect(engines, "ingest")
    anna, _ = await connect(engines, "person-anna")
    try:
        requests = await ingest.subscribe("control.>")
        await flush(ingest)
        asking = anna.request("control.halt.anna", b"now", timeout=5)

        async def answer() -> None:
            request = await requests.next_msg(5)
            assert request.subject == "control.halt.anna"
            await request.respond(b"halted")

        reply, _ = await asyncio.gather(asking, answer())
        assert reply.data == b"halted"
        assert await refused("publish", "_INBOX.person-anna.unasked")
    finally:
        await ingest.close()
        await anna.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reader_may_answer_in_many_parts(engines: Engines) -> None:
    reader, _ = await connect(engines, "reader")
    risk, _ = await connect(engines, "risk")
    try:
        requests = await reader.subscribe("ledger.main.snapshot")
        await flush(reader)
        inbox = risk.new_inbox()
        parts = await risk.subscribe(inbox)
        await flush(risk)
        await risk.publish("ledger.main.snapshot", b"", reply=inbox)
        request = await requests.next_msg(5)
        for number in range(50):
            await reader.publish(request.reply, str(number).encode())
        assert [(await parts.next_msg(5)).data for _ in range(50)] == [str(number).encode() for number in range(50)]
    finally:
        await reader.close()
        await risk.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("user", sorted(SERVICES))
async def test_every_service_answers_a_ping(engines: Engines, user: str) -> None:
    client, _ = await connect(engines, user)
    admin, _ = await connect(engines, "admin")
    service = await nats.micro.add_service(client, ServiceConfig(name=f"tradewire-{user}", version="0.1.0"))
    try:
        await flush(client)
        pong = await admin.request(f"$SRV.PING.tradewire-{user}", timeout=5)
        assert json.loads(pong.data)["name"] == f"tradewire-{user}"
    finally:
        await service.stop()
        await client.close()
        await admin.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_ingest_may_make_signals_consume_them_and_ack(engines: Engines) -> None:
    ingest, _ = await connect(engines, "ingest")
    strategy, _ = await connect(engines, "strategy-momo")
    try:
        stream = ingest.jetstream()
        await stream.add_stream(name="SIGNALS", subjects=["signals.*"])
        ack = await strategy.jetstream().publish("signals.momo", b"{}", stream=None)
        assert ack.stream == "SIGNALS"
        await stream.add_consumer("SIGNALS", durable_name="ingest", ack_policy="explicit")
        pulled = await stream.pull_subscribe_bind("ingest", "SIGNALS")
        [signal] = await pulled.fetch(1)
        await signal.ack_sync()
        assert (await stream.consumer_info("SIGNALS", "ingest")).num_ack_pending == 0
    finally:
        await ingest.close()
        await strategy.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("with_key", [False, True])
async def test_nobody_comes_in_without_a_known_key(engines: Engines, with_key: bool) -> None:
    stranger = nkeys.from_seed(nkeys.encode_seed(b"\7" * 32, nkeys.PREFIX_BYTE_USER))
    host, _, port = engines.nats_url.removeprefix("nats://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        nonce = json.loads((await reader.readline()).removeprefix(b"INFO "))["nonce"]
        signature = base64.urlsafe_b64encode(stranger.sign(nonce.encode())).decode().rstrip("=")
        key = {"nkey": stranger.public_key.decode().rstrip("="), "sig": signature} if with_key else {}
        writer.write(b"CONNECT " + json.dumps({"verbose": False, **key}).encode() + b"\r\nPING\r\n")
        assert b"Authorization Violation" in await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
