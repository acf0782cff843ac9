"""The link's end of time: what could not be written in time is not written later."""

import asyncio
import time

import pytest

from tradewire_router.brokers.errors import BrokerError, BrokerTimeoutError
from tradewire_router.brokers.values import OrderRequest
from tradewire_router.paper import wire
from tradewire_router.paper.client import Link

TIMEOUT_SECONDS = 0.3


class _Owner:
    def welcomed(self, welcome: wire.Welcome) -> None: ...
    def hear(self, events: wire.Events) -> None: ...
    def lost(self, error: BrokerError) -> None: ...


async def test_a_submit_that_was_due_before_the_process_froze_is_not_sent_when_it_wakes() -> None:
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        await reader.readexactly(size)
        writer.write(wire.frame(wire.Welcome(0, 0, "USD")))
        while data := await reader.read(1 << 16):
            heard.extend(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hello = wire.Hello(wire.VERSION, "token", "paper", None)
    link = await Link.open("127.0.0.1", port, hello, _Owner(), TIMEOUT_SECONDS)
    order = OrderRequest(client_order_id="c-1", order="o-1", symbol="AAPL", side="buy", quantity=None)
    late = link.ask(wire.SubmitOut(link.next_number(), order))
    time.sleep(2 * TIMEOUT_SECONDS)  # noqa: ASYNC251 - the whole process stands still, as in SIGSTOP
    with pytest.raises(BrokerTimeoutError):
        await late
    in_time = link.ask(wire.FindOrder(link.next_number(), "c-2"))
    async with asyncio.timeout(10):
        while b"c-2" not in heard:
            await asyncio.sleep(0.01)
    assert b"c-1" not in heard
    link.close()
    await asyncio.gather(in_time, return_exceptions=True)
    server.close()
    await server.wait_closed()
