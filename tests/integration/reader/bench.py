"""A log under a test's hands: commits of a made-up history, as the sequencer would write and publish them."""

import asyncio
import contextlib
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any, TypeVar

import asyncpg
import msgspec

from tests.processes import Child
from tests.unit.reader.histories import History
from tests.unit.reader.naive import Naive
from tradewire import subjects
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages import answers
from tradewire.messages.log import Beat, Frame, encode
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.access import Access
from tradewire_ledger.domain.framing import chain
from tradewire_ledger.rows import event_of
from tradewire_ledger.sequencer.store import Store

Answer = TypeVar("Answer", bound=answers.Reply)
WAIT_SECONDS = 20.0


async def connected(engines: Engines, user: str) -> Bus:
    return await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file(user))), user)


class Log:
    """Writes to the log and publishes what it wrote; it beats while it is open, unless told to be `silent`."""

    def __init__(self, engines: Engines, store: Store, bus: Bus) -> None:
        self._engines, self._bus = engines, bus
        self.store = store
        self.silent = False
        self.frames: list[Frame] = []
        self._beats = asyncio.create_task(self._beat())

    @classmethod
    async def open(cls, engines: Engines) -> "Log":
        store = await Store.open(Access(engines.dsn("tradewire_sequencer")), durable=False)
        return cls(engines, store, await connected(engines, "sequencer"))

    @property
    def pos(self) -> int:
        return self.store.head.pos

    async def write(self, history: History, *, events_each: int = 3, pause: float = 0, at: int | None = None) -> int:
        """Commits what the history has not given away yet, at `at` (µs) or now; returns the last position."""
        while items := history.take(events_each):
            chained = chain(self.store.head, items, at or time.time_ns() // 1_000)
            await self.store.commit(chained)
            self.frames += chained.frames
            if not self.silent:
                with contextlib.suppress(Unavailable):
                    await self._bus.publish_many(
                        [(subjects.log(self._engines.shard), encode(frame)) for frame in chained.frames]
                    )
            await asyncio.sleep(pause)
        return self.pos

    def naive(self, pos: int | None = None) -> Naive:
        """What the read model must say, at a position or at the end."""
        events = [event for frame in self.frames for event in frame.events]
        return Naive(events[:pos])

    async def _beat(self) -> None:
        while True:
            head = self.store.head
            beat = Beat(head.log_id, head.epoch, head.frame, head.pos, head.at)
            if not self.silent:
                with contextlib.suppress(Unavailable):
                    await self._bus.publish(subjects.heartbeat("ledger", self._engines.shard), encode(beat))
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await end_tasks(self._beats)
        await self.store.close()
        await self._bus.close()


class Asker:
    """Asks the reader, as anybody who may."""

    def __init__(self, engines: Engines, bus: Bus) -> None:
        self._engines, self.bus = engines, bus

    @classmethod
    async def open(cls, engines: Engines, user: str = "risk") -> "Asker":
        return cls(engines, await connected(engines, user))

    async def raw(self, what: str, payload: bytes, *, timeout: float = 10.0) -> answers.Reply:
        """The answer to a message as it is."""
        subject = subjects.query(self._engines.shard, what)
        message = await self.bus.request(subject, payload, timeout=timeout)
        assert len(message.data) <= 1_000_000
        reply: answers.Reply = answers.decode_reply(message.data)
        return reply

    async def ask(self, kind: type[Answer], what: str, **fields: Any) -> Answer:
        """The answer to a question, which must be of this kind."""
        reply = await self.raw(what, msgspec.json.encode(fields))
        assert isinstance(reply, kind), reply
        return reply

    async def refused(self, what: str, **fields: Any) -> answers.QueryError:
        return await self.ask(answers.QueryError, what, **fields)

    async def until(self, pos: int) -> answers.StatusReply:
        """Waits until the reader is at a position."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                with contextlib.suppress(Unavailable):
                    status = await self.raw("status", b"")
                    if isinstance(status, answers.StatusReply) and status.pos >= pos:
                        return status
                await asyncio.sleep(0.05)

    async def digest(self) -> answers.DigestReply:
        return await self.ask(answers.DigestReply, "digest")


class Tables:
    """The read model's tables, read past the reader."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.connection = connection

    async def pos(self) -> int:
        value = await self.connection.fetchval("select pos from read.checkpoint")
        return int(value or 0)

    async def until(self, pos: int) -> None:
        """Waits until the tables are at a position."""
        async with asyncio.timeout(WAIT_SECONDS):
            while await self.pos() < pos:
                await asyncio.sleep(0.05)

    async def log(self) -> Naive:
        """What a naive fold makes of the log as it is stored."""
        rows: list[Any] = await self.connection.fetch("select * from ledger.event order by pos")
        return Naive(event_of(row) for row in rows)


async def command(engines: Engines, *arguments: str, user: str = "reader") -> tuple[int, str]:
    """Runs `python -m tradewire_ledger …` to its end; returns the exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tradewire_ledger", *arguments,
        env={**os.environ, **engines.environment(user)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def problems(reader: Child) -> str:
    """What /readyz says is wrong."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{reader.port}/readyz", timeout=1) as answer:
            return str(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return str(error.read())
    except OSError:
        return "nobody answers"
