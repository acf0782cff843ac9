"""A client that does not read: it must not hold the broker's memory, and loses nothing by being cut."""

import asyncio
import socket
from pathlib import Path

import pytest

from tradewire.runtime.clock import Clock
from tradewire.settings import Paper
from tradewire_router.paper import server, wire
from tradewire_router.paper.book import Book
from tradewire_router.paper.desk import Desk
from tradewire_router.paper.engine import Engine
from tradewire_router.paper.faults import Faults
from tradewire_router.paper.journal import Journal

ORDERS = 6_000
SMALL_BYTES, LARGE_BYTES = 1 << 15, 1 << 22


async def test_a_client_that_does_not_read_is_cut_and_hears_the_rest_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_UNSENT_BYTES", 1 << 16)
    failures: list[Exception] = []
    journal = Journal(tmp_path)
    engine = Engine(Book(), Paper(price_from_signal=True), journal.append)
    desk = Desk(engine, journal, Clock("wall"), Faults(allowed=False), failures.append)
    door, port = await server.listen(server.Door(desk, "token", {"paper": "USD"}), "127.0.0.1", 0)

    # What the kernel would keep for the two ends could be more than all that is sent.
    door.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BYTES)
    reader, writer = await _join(port, None, SMALL_BYTES)
    door.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGE_BYTES)
    account = engine.book.accounts["paper"]
    for number in range(ORDERS):
        order = wire.PaperOrder(
            client_order_id=f"{number}",
            order=f"o-{number}",
            symbol="AAPL",
            side="buy",
            quantity="1",
            reference_price="1",
        )
        engine.receive(account, order, desk.now())
        engine.place(account, order.client_order_id, desk.now())
        if number % 100 == 0:
            desk.changed()
            await asyncio.sleep(0)
    desk.changed()
    async with asyncio.timeout(20):
        while desk.sessions:
            await asyncio.sleep(0.01)
    writer.close()

    reader, writer = await _join(port, 0, LARGE_BYTES)
    heard: list[bytes] = []
    async with asyncio.timeout(20):
        while len(heard) < 2 * ORDERS:
            size = int.from_bytes(await reader.readexactly(4), "big")
            reply = wire.decode_reply(await reader.readexactly(size))
            heard += reply.lines
    assert len(set(heard)) == 2 * ORDERS
    writer.close()
    door.close()
    desk.close()
    await door.wait_closed()
    assert failures == []


async def _join(port: int, cursor: int | None, kept: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kept)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1 << 16)
    writer.write(wire.frame(wire.Hello(wire.VERSION, "token", "paper", cursor)))
    size = int.from_bytes(await reader.readexactly(4), "big")
    assert isinstance(wire.decode_reply(await reader.readexactly(size)), wire.Welcome)
    return reader, writer
