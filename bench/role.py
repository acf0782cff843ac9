"""What a measured process is made of: it is told over stdin when a run begins, answers on stdout what it saw, and ends
when stdin does.

Control stays off NATS, so that it costs the measured transport nothing, and a child cannot outlive its parent: the pipe
closes when the parent dies, however it dies.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Coroutine
from typing import Any, Protocol

import msgspec
import nats
import uvloop
from msgspec import Struct
from nats.aio.client import Client

SETTINGS = "BENCH_ROLE"


class Access(Struct, frozen=True):
    """Where a role finds the engines."""

    nats_url: str
    postgres_dsn: str
    nkey_file: str


class Run(Struct, frozen=True):
    """One run: orders `first` … `first + orders - 1`, at `rate` a second, or as fast as they go."""

    first: int
    orders: int
    rate: float | None


class Finish(Struct, frozen=True, tag=True):
    """Asks for the report, which comes when the role's part of the run is complete."""


class Begin(Struct, frozen=True, tag=True):
    """Starts a run; answered with an empty report."""

    run: Run


class Report(Struct, frozen=True):
    """What a role saw of a run. Times are nanoseconds of the monotonic clock, which all processes of a machine share.

    `first` is the publisher's first scheduled publish, `last` the ledger's last commit, `calls` the router's broker
    call of each order, in the order of their numbers.
    """

    first: int = 0
    last: int = 0
    calls: list[int] = []


decode_order = msgspec.json.Decoder(Begin | Finish).decode
decode_report = msgspec.json.Decoder(Report).decode
encode = msgspec.json.encode


class Tasks(Protocol):
    """Where a role puts its loops: one that fails ends the process."""

    def create_task(self, coro: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs `coro` beside the others."""
        ...


class Role(Protocol):
    """A measured process."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects and starts its loops; when it returns, the role is ready for the first run."""
        ...

    async def begin(self, run: Run) -> None:
        """Starts to work at, or to count, a run."""
        ...

    async def finish(self) -> Report:
        """Returns when this role's part of the run is done."""
        ...


def main(role: Role) -> None:
    """Runs a role until stdin ends. A failed loop prints its traceback and ends the process with code 1."""
    access = msgspec.json.decode(os.environ.pop(SETTINGS), type=Access)
    uvloop.run(_serve(role, access))


async def connect(access: Access, name: str, failures: Tasks) -> Client:
    """Connects to NATS. A lost connection, or an error outside a call, ends the process."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def error(exception: Exception) -> None:
        if not failed.done():
            failed.set_exception(exception)

    async def closed() -> None:
        await error(ConnectionError("nats-server closed the connection"))

    async def watch() -> None:
        await failed

    failures.create_task(watch())
    return await nats.connect(
        access.nats_url,
        name=name,
        error_cb=error,
        closed_cb=closed,
        allow_reconnect=False,
        nkeys_seed=access.nkey_file,
    )


async def _serve(role: Role, access: Access) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    def answer(report: Report) -> None:
        sys.stdout.buffer.write(encode(report) + b"\n")
        sys.stdout.buffer.flush()

    async def listen() -> None:
        while line := await reader.readline():
            told.put_nowait(decode_order(line))
        # The parent is gone or has had enough, perhaps in the middle of a run. Nothing is left to say to anybody.
        os._exit(0)

    async def obey() -> None:
        await role.open(access, tasks)
        # What is here stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        answer(Report())
        while True:
            match await told.get():
                case Begin(run):
                    await role.begin(run)
                    answer(Report())
                case Finish():
                    answer(await role.finish())

    told: asyncio.Queue[Begin | Finish] = asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        tasks.create_task(obey())
