"""A TCP proxy on loopback that misbehaves on demand: between a process and NATS, Postgres or the paper broker.

The verbs are toxiproxy's (latency, down, reset_peer, timeout), plus two of our own: responses are dropped while
requests go through, which is how an outcome becomes unknown, or are noise.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol

from tradewire.runtime.tasks import end_tasks

_CHUNK = 64 * 1024
_LINGER_NONE = struct.pack("ii", 1, 0)


class Mangler(Protocol):
    """Changes what one connection's client hears."""

    def hear(self, data: bytes, say: Callable[[bytes], None]) -> None:
        """Takes what the server said and says what the client is to hear, now or later."""


class _Pair:
    """A client's connection and the one to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server

    def abort(self) -> None:
        """Ends both sides with RST."""
        for writer in (self.client, self.server):
            if (sock := writer.get_extra_info("socket")) is not None:
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
            writer.transport.abort()


class Proxy:
    """Forwards to `host:port`. `latency` is in seconds a chunk; `mangle` makes a mangler for each new connection."""

    def __init__(self, host: str, port: int, mangle: Callable[[], Mangler] | None = None) -> None:
        self._target = (host, port)
        self._mangle = mangle
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.refusing = False
        self.dropping = False
        self.latency = 0.0
        self.noise = b""
        self.dropped_bytes = 0
        self.garbled_bytes = 0
        self.delayed_chunks = 0
        self.cuts = 0
        self.port = 0

    async def start(self) -> None:
        """Listens on a free port of loopback."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends every connection and the listening."""
        if self._server is not None:
            self._server.close()
        self.heal()
        self.cut()
        await end_tasks(*self._tasks)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._pairs)

    # The verbs

    def cut(self) -> int:
        """Resets every connection; returns how many there were. New ones are taken, unless `down` says otherwise."""
        pairs = tuple(self._pairs)
        for pair in pairs:
            pair.abort()
        self._pairs.clear()
        self.cuts += len(pairs)
        return len(pairs)

    def down(self) -> int:
        """Resets every connection and refuses new ones until `heal`."""
        self.refusing = True
        return self.cut()

    def drop_responses(self) -> None:
        """Lets requests through and loses what is answered, until `heal`; a connection that lost bytes must be cut."""
        self.dropping = True

    def garble(self, noise: bytes) -> None:
        """Says this noise in the place of what is answered, until `heal`."""
        self.noise = noise

    def stall(self) -> None:
        """Half-open: connections stay up and nothing gets through, until `heal`."""
        self._open.clear()

    def heal(self) -> None:
        """Ends every misbehaviour; what was stalled goes on."""
        self.refusing = self.dropping = False
        self.latency = 0.0
        self.noise = b""
        self._open.set()

    # The work

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.refusing:
            writer.transport.abort()
            return
        try:
            upstream, server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(writer, server)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._up(reader, pair), self._down(upstream, pair))
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side is gone, so the other one goes too
        finally:
            self._pairs.discard(pair)
            pair.abort()

    async def _passage(self) -> None:
        if self.latency:
            self.delayed_chunks += 1
            await asyncio.sleep(self.latency)
        await self._open.wait()

    async def _up(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        while data := await reader.read(_CHUNK):
            await self._passage()
            pair.server.write(data)
            await pair.server.drain()
        raise ConnectionResetError

    async def _down(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        mangler = self._mangle() if self._mangle else None
        while data := await reader.read(_CHUNK):
            await self._passage()
            if self.dropping:
                self.dropped_bytes += len(data)
            elif self.noise:
                self.garbled_bytes += len(data)
                pair.client.write(self.noise)
            elif mangler is not None:
                mangler.hear(data, pair.client.write)
            else:
                pair.client.write(data)
            await pair.client.drain()
        raise ConnectionResetError
