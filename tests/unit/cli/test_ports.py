"""Free ports: nobody else on the machine is given one that was given already, and servers may listen there."""

import asyncio
import socket
import sys
from asyncio.subprocess import PIPE
from collections import deque

import pytest

from tradewire_cli.engines import ports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a port is only looked for")

_FIRST_OF_TWO = """
from tradewire_cli.engines import ports
ports._PORTS = range({first}, {first} + 2)
print(ports.free_port(), flush=True)
input()
"""


async def test_two_processes_are_never_given_the_same_port() -> None:
    first = next(
        port
        for port in range(32_000, 32_760)
        if ports.is_free("127.0.0.1", port) and ports.is_free("127.0.0.1", port + 1)
    )
    program = (sys.executable, "-c", _FIRST_OF_TWO.format(first=first))
    processes = [await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE) for _ in range(2)]
    given = [int(await process.stdout.readline()) for process in processes if process.stdout]
    for process in processes:
        await process.communicate(b"\n")

    assert sorted(given) == [first, first + 1]


async def test_a_server_listens_on_the_port_that_it_was_given() -> None:
    port = ports.free_port()

    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port):
        assert not ports.is_free("127.0.0.1", port)
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()

    assert ports.is_free("127.0.0.1", port)


def test_what_was_given_long_ago_is_held_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_CLAIMS", 2)
    claims: deque[int] = deque()
    monkeypatch.setattr(ports, "_claims", claims)

    given = [ports.free_port() for _ in range(3)]

    kept = [socket.socket(fileno=each) for each in claims]
    assert [each.getsockname()[1] for each in kept] == given[1:]
    for each in kept:
        each.close()
