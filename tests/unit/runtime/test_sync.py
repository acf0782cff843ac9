"""Whether NATS syncs is asked of its monitoring: an answer that breaks off is a problem, and ends nobody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tradewire.runtime import sync
from tradewire.settings import Nats

CUT = (
    b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"config',
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{",
    b"nothing that is HTTP\r\n\r\n",
    b"",
)
"""Answers of a server that is killed while it gives them."""


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers everybody the same and hangs up; gives its address and what it was asked."""
    asked: list[bytes] = []

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer_one, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@pytest.mark.parametrize("answer", CUT)
async def test_an_answer_that_breaks_off_is_a_problem(answer: bytes) -> None:
    async with answering(answer) as (url, _):
        said = await sync.problem(Nats(monitor_urls=[url]))
    assert said.startswith(f"{url} does not say whether it syncs: ")


async def test_an_address_that_is_none_is_a_problem() -> None:
    said = await sync.problem(Nats(monitor_urls=["http://nats:port", "http://[nats"]))
    assert said.count("does not say whether it syncs") == 2


async def test_what_is_no_answer_of_nats_is_a_problem() -> None:
    async with answering(b"HTTP/1.0 200 OK\r\n\r\n[1]") as (url, _):
        assert "does not say whether it syncs" in await sync.problem(Nats(monitor_urls=[url]))


async def test_a_server_that_syncs_always_is_trusted_and_another_is_not() -> None:
    async with answering(b'HTTP/1.0 200 OK\r\n\r\n{"config": {"sync_always": true}}') as (url, _):
        assert await sync.problem(Nats(monitor_urls=[url])) == ""
    async with answering(b'HTTP/1.0 200 OK\r\n\r\n{"config": {}}') as (url, _):
        assert await sync.problem(Nats(monitor_urls=[url])) != ""
