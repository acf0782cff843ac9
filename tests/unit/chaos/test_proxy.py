"""The proxy does to a connection what its verbs say, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from tests.chaos.mangle import Mangling
from tests.chaos.proxy import Proxy

LIMIT_SECONDS = 10.0


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before a server that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                heard.extend(data)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    heard = bytearray()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    made = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    made.heard = heard  # type: ignore[attr-defined]
    await made.start()
    yield made
    await made.stop()
    server.close()
    await server.wait_closed()


async def _says(proxy: Proxy, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(data)
    return reader, writer


async def _heard(proxy: Proxy, data: bytes) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while data not in proxy.heard:  # type: ignore[attr-defined]
            await asyncio.sleep(0.005)


async def test_what_is_said_passes_both_ways(proxy: Proxy) -> None:
    proxy.latency = 0.01
    reader, writer = await _says(proxy, b"hello")
    assert await reader.readexactly(5) == b"hello"
    assert proxy.connections == 1
    assert proxy.delayed_chunks == 2
    writer.close()


async def test_dropped_responses_reach_the_server_and_not_the_client(proxy: Proxy) -> None:
    reader, writer = await _says(proxy, b"one")
    await reader.readexactly(3)
    proxy.drop_responses()
    writer.write(b"two")
    async with asyncio.timeout(LIMIT_SECONDS):
        while proxy.dropped_bytes < 3:
            await asyncio.sleep(0.005)
    await _heard(proxy, b"onetwo")
    assert proxy.cut() == 1
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)
    writer.close()


async def test_a_stalled_link_stays_up_and_gives_everything_when_it_is_healed(proxy: Proxy) -> None:
    reader, writer = await _says(proxy, b"a")
    await reader.readexactly(1)
    proxy.stall()
    writer.write(b"b")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await reader.readexactly(1)
    assert proxy.connections == 1
    proxy.heal()
    assert await reader.readexactly(1) == b"b"
    writer.close()


async def test_while_it_is_down_nobody_gets_through(proxy: Proxy) -> None:
    reader, writer = await _says(proxy, b"a")
    await reader.readexactly(1)
    assert proxy.down() == 1
    refused, other = await _says(proxy, b"b")
    with pytest.raises(ConnectionError):
        await refused.readexactly(1)
    proxy.heal()
    again, third = await _says(proxy, b"c")
    assert await again.readexactly(1) == b"c"
    for each in (writer, other, third):
        each.close()


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
