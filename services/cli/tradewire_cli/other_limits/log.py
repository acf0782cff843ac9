"""The whole log, event by event: from the running system's reader, or from a data folder while nothing runs."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from tradewire.errors import Unavailable
from tradewire.messages.answers import FramesPage
from tradewire.messages.log import Event
from tradewire.messages.queries import MAX_FRAMES, FramesQuery
from tradewire_cli.client import connected, place_of
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.ports import PortBook
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.engines.postgres_cluster import cluster_folder
from tradewire_cli.finding import folder_of, settings_if_right
from tradewire_cli.up.lock import hold
from tradewire_cli.up.runfile import running

_STOP_SECONDS: Final = 30.0
_LINE_BYTES: Final = 8 << 20
_decode_event = msgspec.json.Decoder(Event).decode


class Head(Struct, frozen=True):
    """Where the log ended when it was begun to be read."""

    pos: int


Reading = AsyncGenerator[tuple[Event, Head], None]


def whole_log(data: Path | None, person: str) -> Reading:
    """Every event with the log's head, from the system that runs, or else from the data folder.

    Raises:
        Failed: nothing runs and there is no log in the folder, or the person has no key.
        Unavailable: the reader or Postgres does not answer.
    """
    folder = folder_of(data)
    remote = data is None and (settings := settings_if_right()) is not None and bool(settings.nats.nkey_file)
    if running(folder.run_file) is None and not remote and cluster_folder(folder).exists():
        return _offline(folder)
    return _online(data, person)


async def _online(data: Path | None, person: str) -> Reading:
    async with connected(place_of(data, person)) as client:
        after, head = 0, Head(0)
        while True:
            page = await client.ask(FramesQuery(after=after, limit=MAX_FRAMES), FramesPage)
            if not head.pos:
                head = Head(page.pos)
            for frame in page.frames:
                for event in frame.events:
                    if event.pos > head.pos:
                        return  # what came since is another log to read
                    yield event, head
                after = frame.frame
            if not page.more or not page.frames:
                return


async def _offline(folder: DataFolder) -> Reading:
    """Starts Postgres alone, under the data folder's lock, so that no `tradewire up` comes in between."""
    with hold(folder.lock):
        server = PostgresServer(folder, port=PortBook(folder.ports).choose("postgres"))
        child = await server.start()
        try:
            await server.wait_ready(child)
            async with aclosing(_dumped(server.dsn("tradewire_reader"))) as dumped:
                async for each in dumped:
                    yield each
        finally:
            await server.stop(child, _STOP_SECONDS)


async def _dumped(dsn: str) -> Reading:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradewire_ledger.dump"),
        env={**os.environ, "TRADEWIRE_POSTGRES_READER_DSN": dsn},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    out = child.stdout
    if out is None:
        raise AssertionError("its output is a pipe")
    try:
        first = await out.readline()
        if not first:
            await child.wait()
            raise Unavailable("the log could not be read")
        head = msgspec.json.decode(first, type=Head)
        while line := await out.readline():
            yield _decode_event(line), head
        if await child.wait():
            raise Unavailable("the log could not be read to its end")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
