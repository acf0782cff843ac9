"""What our thin layer promises over nats-py, against a real server; it also pins the private names that it uses."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tradewire.bus import Bus, JetStreamError, Message, address, wire
from tradewire.errors import Unavailable
from tradewire.pull import Pull
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines

STREAM = {"name": "T", "subjects": ["t.*"], "storage": "file", "allow_direct": True}
CONSUMER = {
    "stream_name": "T",
    "config": {"durable_name": "c", "ack_policy": "explicit", "deliver_policy": "all", "ack_wait": 1_000_000_000},
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
async def engines(folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder, postgres=False) as running:
        yield running


@pytest.fixture
async def bus(engines: Engines) -> AsyncIterator[Bus]:
    made = await connect(engines)
    with suppress(JetStreamError):
        await made.api("STREAM.DELETE.T")
    yield made
    await made.close()


async def connect(engines: Engines) -> Bus:
    return await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin"))), "admin")


async def until(condition: "asyncio.Event | None" = None, *, check=None) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(20):
        while not (condition.is_set() if condition else check()):
            await asyncio.sleep(0.02)


async def test_messages_come_in_order_and_in_one_write(bus: Bus) -> None:
    got: list[Message] = []
    await bus.subscribe("x.>", got.append)
    await bus.publish_many((f"x.{n}", str(n).encode()) for n in range(1000))
    await until(check=lambda: len(got) == 1000)

    assert [int(m.data) for m in got] == list(range(1000))


async def test_headers_go_over_the_wire_and_back(bus: Bus) -> None:
    got: list[Message] = []
    await bus.subscribe("x", got.append)
    await bus.send([wire("x", b"body", reply="back", headers={"A": "1", "Tw-Log": "l"})])
    await until(check=lambda: bool(got))

    assert (got[0].data, got[0].reply, got[0].headers) == (b"body", "back", {"A": "1", "Tw-Log": "l"})


async def test_a_request_that_nobody_answers_is_unavailable(bus: Bus) -> None:
    with pytest.raises(Unavailable):
        await bus.request("nobody.home", b"", timeout=1)


async def test_nothing_is_buffered_while_the_server_is_down(engines: Engines, bus: Bus) -> None:
    got: list[Message] = []
    await bus.subscribe("x", got.append)
    await bus.flush()
    await engines.nats.kill()
    await until(check=lambda: not bus.connected)
    with pytest.raises(Unavailable):
        await bus.publish("x", b"stale")
    with pytest.raises(Unavailable):
        await bus.publish_many([("x", b"stale")])
    with pytest.raises(Unavailable):
        await bus.request("x", b"stale")
    await engines.nats.start()
    await until(check=lambda: bus.connected)
    await bus.publish("x", b"fresh")
    await until(check=lambda: bool(got))

    assert [m.data for m in got] == [b"fresh"]


def test_a_link_that_breaks_under_a_write_is_unavailable_on_the_loop_of_production(tmp_path: Path) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def run() -> None:
        async with running_engines(tmp_path, postgres=False) as engines:
            bus = await connect(engines)
            transport = bus.client._transport
            assert transport is not None
            transport._io_writer.transport.abort()  # type: ignore[attr-defined]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable, match="not sent"):
                await bus.send([wire("x", b"y")])
            back = asyncio.Event()

            async def set_back() -> None:
                back.set()

            bus.on_reconnected(set_back)
            await until(back)
            await bus.publish("x", b"z")
            await bus.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


async def test_reconnects_after_a_long_absence_and_says_so(engines: Engines, bus: Bus) -> None:
    back = asyncio.Event()

    async def note() -> None:
        back.set()

    bus.on_reconnected(note)
    await engines.nats.kill()
    await asyncio.sleep(3)
    await engines.nats.start()
    await until(back)


async def test_reads_a_stream_by_sequence_without_a_consumer(bus: Bus) -> None:
    await bus.api("STREAM.CREATE.T", STREAM)
    for n in range(10):
        await bus.request(f"t.{n}", str(n).encode())

    assert [m.data for m in await bus.direct_get("T", 4, batch=3)] == [b"3", b"4", b"5"]
    assert len(await bus.direct_get("T", 1, batch=100)) == 10
    assert await bus.direct_get("T", 11, batch=5) == []
    with pytest.raises(Unavailable):
        await bus.direct_get("NONE", 1, batch=5)
    with pytest.raises(JetStreamError) as refused:
        await bus.api("STREAM.INFO.NONE")
    assert refused.value.code == 10059


async def test_a_pull_delivers_more_than_its_batch_and_survives_a_restart(engines: Engines, bus: Bus) -> None:
    await bus.api("STREAM.CREATE.T", STREAM)
    await bus.api("CONSUMER.DURABLE.CREATE.T.c", CONSUMER)
    got: list[bytes] = []
    acks: list[tuple[str, bytes]] = []

    def take(message: Message) -> None:
        got.append(message.data)
        acks.append((message.reply, b"+ACK"))

    pull = Pull(bus, "T", "c", take, batch=10)
    await pull.start()
    for n in range(35):
        await bus.request("t.a", str(n).encode())
    await until(check=lambda: len(got) >= 35)
    await bus.publish_many(acks)
    await bus.flush()
    await engines.nats.kill()
    await engines.nats.start()
    await until(check=lambda: bus.connected)
    for n in range(35, 50):
        await asking(bus, "t.a", str(n).encode())
    await until(check=lambda: {int(d) for d in got} == set(range(50)))
    await pull.stop()

    assert [int(d) for d in got[:35]] == list(range(35))


async def asking(bus: Bus, subject: str, payload: bytes) -> None:
    """Publishes to a stream until it answers; it may be starting still."""
    async with asyncio.timeout(20):
        while True:
            try:
                await bus.request(subject, payload)
            except Unavailable:
                await asyncio.sleep(0.1)
            else:
                return


async def test_a_deleted_consumer_is_said_to_be_lost(bus: Bus) -> None:
    await bus.api("STREAM.CREATE.T", STREAM)
    await bus.api("CONSUMER.DURABLE.CREATE.T.c", CONSUMER)
    pull = Pull(bus, "T", "c", lambda _: None)
    await pull.start()
    await asyncio.sleep(0.2)
    await bus.api("CONSUMER.DELETE.T.c")
    await until(check=lambda: bool(pull.lost))
    await pull.stop()


async def test_a_wrong_key_is_refused_at_once(engines: Engines, tmp_path: Path) -> None:
    import secrets

    import nkeys

    seed = tmp_path / "wrong.nk"
    seed.write_bytes(nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER))
    seed.chmod(0o600)
    with pytest.raises(Unavailable, match="refuses the key"):
        await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(seed)), "stranger")


async def serving(greeting: bytes) -> asyncio.Server:
    """A server that is no NATS server: it greets and hangs up."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    return await asyncio.start_server(greet, "127.0.0.1", 0)


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
async def test_what_is_no_nats_server_is_named_while_it_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    monkeypatch.setattr("tradewire.bus.WAITING_SECONDS", 0.1)
    told: list[str] = []
    async with await serving(greeting) as server:
        port = server.sockets[0].getsockname()[1]
        connecting = asyncio.create_task(
            Bus.connect(Nats(url=f"nats://joe:secret@127.0.0.1:{port}"), "risk", told.append)
        )
        await until(check=lambda: len(told) >= 2)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)

    named = f"no NATS server answers at nats://127.0.0.1:{port} (nats.url, TRADEWIRE_NATS_URL): "
    assert all(line.startswith(named) and len(line) > len(named) for line in told)


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(Unavailable, match=r"nats://127.0.0.1:here \(nats.url, TRADEWIRE_NATS_URL\)"):
        await Bus.connect(Nats(url="nats://joe:secret@127.0.0.1:here"), "risk")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nats://h:4222", "nats://h:4222"),
        ("nats://joe:secret@h:4222", "nats://h:4222"),
        ("secret@h:4222", "h:4222"),
        ("tls://a:secret@h:1, nats://secret@k:2", "tls://h:1,nats://k:2"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert address(Nats(url=url)) == f"{shown} (nats.url, TRADEWIRE_NATS_URL)"


async def test_a_process_logs_which_address_of_which_setting_it_waits_for(tmp_path: Path) -> None:
    async with await serving(b"hello\r\n") as server:
        port = server.sockets[0].getsockname()[1]
        settings = {"TRADEWIRE_NATS_URL": f"nats://joe:secret@127.0.0.1:{port}", "TRADEWIRE_DATA": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tradewire_risk", env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            said = [await process.stdout.readline()]
            while b"waits for NATS" not in said[-1]:
                assert said[-1], said
                said.append(await process.stdout.readline())
        finally:
            process.terminate()
            await process.communicate()

    assert f"nats://127.0.0.1:{port} (nats.url, TRADEWIRE_NATS_URL)".encode() in said[-1]
    assert not [line for line in said if b"secret" in line]
    assert process.returncode == 0
