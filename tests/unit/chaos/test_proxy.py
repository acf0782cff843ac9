"""The proxy does to a connection what its verbs say, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

import pytest

from tests.chaos.mangle import Mangling
from tests.chaos.proxy import Proxy

LIMIT_SECONDS = 10.0


class _Links:
    """Connections through a proxy to a server that sends everything back; all are closed when the test ends."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self.heard = bytearray()
        self._writers: list[asyncio.StreamWriter] = []
        self._echoes: set[asyncio.Task[None]] = set()

    async def says(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy.port)
        self._writers.append(writer)
        writer.write(data)
        return reader, writer

    async def echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._echoes.add(task)
        self._writers.append(writer)
        try:
            while data := await reader.read(1 << 16):
                self.heard.extend(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass

    async def close(self) -> None:
        await asyncio.gather(*self._echoes)
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def links() -> AsyncIterator[_Links]:
    made: list[_Links] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await made[0].echo(reader, writer)

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    made.append(_Links(Proxy("127.0.0.1", server.sockets[0].getsockname()[1])))
    await made[0].proxy.start()
    yield made[0]
    await made[0].proxy.stop()
    await made[0].close()
    server.close()
    await server.wait_closed()


@pytest.fixture
def proxy(links: _Links) -> Proxy:
    return links.proxy


async def _heard(links: _Links, data: bytes) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while data not in links.heard:
            await asyncio.sleep(0.005)


async def test_what_is_said_passes_both_ways(links: _Links, proxy: Proxy) -> None:
    proxy.latency = 0.01
    reader, _writer = await links.says(b"hello")
    assert await reader.readexactly(5) == b"hello"
    assert proxy.connections == 1
    assert proxy.delayed_chunks == 2


async def test_dropped_responses_reach_the_server_and_not_the_client(links: _Links, proxy: Proxy) -> None:
    reader, writer = await links.says(b"one")
    await reader.readexactly(3)
    proxy.drop_responses()
    writer.write(b"two")
    async with asyncio.timeout(LIMIT_SECONDS):
        while proxy.dropped_bytes < 3:
            await asyncio.sleep(0.005)
    await _heard(links, b"onetwo")
    assert proxy.cut() == 1
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)


async def test_garbled_responses_are_noise_until_the_link_is_healed(links: _Links, proxy: Proxy) -> None:
    proxy.garble(b"noise")
    reader, writer = await links.says(b"one")
    assert await reader.readexactly(5) == b"noise"
    assert proxy.garbled_bytes == 3
    proxy.heal()
    writer.write(b"two")
    assert await reader.readexactly(3) == b"two"
    assert links.heard == b"onetwo"


async def test_a_stalled_link_stays_up_and_gives_everything_when_it_is_healed(links: _Links, proxy: Proxy) -> None:
    reader, writer = await links.says(b"a")
    await reader.readexactly(1)
    proxy.stall()
    writer.write(b"b")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readexactly(1)
    assert proxy.connections == 1
    proxy.heal()
    assert await reader.readexactly(1) == b"b"


async def test_while_it_is_down_nobody_gets_through(links: _Links, proxy: Proxy) -> None:
    reader, _writer = await links.says(b"a")
    await reader.readexactly(1)
    assert proxy.down() == 1
    refused, _other = await links.says(b"b")
    with pytest.raises(ConnectionError):
        await refused.readexactly(1)
    proxy.heal()
    again, _third = await links.says(b"c")
    assert await again.readexactly(1) == b"c"


async def test_messages_are_repeated_and_reordered_whole_and_the_rest_passes_as_it_is() -> None:
    mangling = Mangling()
    mangling.random, mangling.active = Random(1), True
    mangler = mangling.connection()
    said: list[bytes] = []
    sent = [b"MSG log.main 1 5\r\n%05d\r\n" % number for number in range(200)]
    stream = b"PING\r\n" + b"".join(sent) + b"HMSG x 2 r 4 6\r\nab\r\ncd\r\nPONG\r\n"
    for at in range(0, len(stream), 7):
        mangler.hear(stream[at : at + 7], said.append)
    async with asyncio.timeout(LIMIT_SECONDS):
        while not set(sent) <= set(said) or len(said) < len(sent) * 1.2:
            await asyncio.sleep(0.01)
    assert set(said) <= {*sent, b"PING\r\n", b"PONG\r\n", b"HMSG x 2 r 4 6\r\nab\r\ncd\r\n"}
    firsts = [said.index(message) for message in sent]
    assert firsts != sorted(firsts)
    assert mangling.treated > 20
