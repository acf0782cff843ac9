"""What our thin layer promises over nats-py, against a real server; it also pins the private names that it uses."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tradewire.bus import Bus, JetStreamError, Message, Pull, wire
from tradewire.errors import Unavailable
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
    with pytest.raises(Unavailable, match="refuses the key"):
        await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(seed)), "stranger")
