"""Puts every append in one order: all requests that wait share a commit, which leaves as one frame."""

import asyncio
import time
from collections import deque

import asyncpg
import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

from bench.floor.bare.batch import Batch, Request
from bench.floor.bare.store import Store
from bench.floor.bare.subjects import APPEND_SUBJECTS, LOG_SUBJECT
from bench.floor.signal import ROWS_PER_ORDER
from bench.role import Access, Report, Run, Tasks, connect, main
from tradewire.messages.log import MAX_EVENTS, decode_append_request


class RelayError(Exception):
    """JetStream did not store a frame at its number."""


class _Ack(msgspec.Struct, frozen=True):
    seq: int = 0
    error: msgspec.Raw | None = None


_decode_ack = msgspec.json.Decoder(_Ack).decode


class Sequencer:
    """The role `sequencer`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Takes the lock and an epoch, then listens."""
        self._waiting: deque[Request] = deque()
        self._some = asyncio.Event()
        self._acked = asyncio.Event()
        self._complete = asyncio.Event()
        self._due, self._last, self._at = 0, 0, 0
        self._store = await Store.open(access.postgres_dsn)
        self._versions = await self._store.versions()
        self._client: Client = await connect(access, "sequencer", tasks)
        self._acks = self._client.new_inbox()
        self._acked_frame = self._store.head.frame
        await self._client.subscribe(self._acks, cb=self._on_ack)
        await self._client.subscribe(APPEND_SUBJECTS, cb=self._on_request)
        await self._client.flush()
        tasks.create_task(self._loop())

    async def begin(self, run: Run) -> None:
        """Counts from here."""
        self._due = ROWS_PER_ORDER * run.orders
        self._complete.clear()

    async def finish(self) -> Report:
        """Returns when the run's last row is committed and its last frame stored by JetStream."""
        await self._complete.wait()
        while self._acked_frame < self._store.head.frame:
            self._acked.clear()
            await self._acked.wait()
        return Report(last=self._last)

    async def _on_request(self, message: Msg) -> None:
        writer = message.subject.rpartition(".")[2]
        self._waiting.append(Request(writer, message.reply, decode_append_request(message.data)))
        self._some.set()

    async def _on_ack(self, message: Msg) -> None:
        ack = _decode_ack(message.data)
        if ack.error is not None or ack.seq != self._acked_frame + 1:
            raise RelayError(message.data.decode())
        self._acked_frame = ack.seq
        self._acked.set()

    async def _loop(self) -> None:
        while True:
            await self._some.wait()
            batch = await self._commit(self._take())
            if batch.events:
                self._versions.update(batch.versions)
                self._at = batch.at
                self._due -= len(batch.events)
                if self._due <= 0:
                    self._complete.set()

    def _take(self) -> list[Request]:
        taken: list[Request] = []
        events = 0
        while self._waiting:
            events += sum(len(command.events) for command in self._waiting[0].request.commands)
            if taken and events > MAX_EVENTS:
                return taken
            taken.append(self._waiting.popleft())
        self._some.clear()
        return taken

    async def _commit(self, requests: list[Request]) -> Batch:
        batch = self._decide(requests, {})
        if batch.doubtful:
            batch = await self._decide_again(requests)
        try:
            await self._store_and_publish(batch)
        except asyncpg.UniqueViolationError:
            batch = await self._decide_again(requests)
            await self._store_and_publish(batch)
        return batch

    def _decide(self, requests: list[Request], known: dict[str, int]) -> Batch:
        return Batch(requests, self._versions, self._store.head, self._at, known)

    async def _decide_again(self, requests: list[Request]) -> Batch:
        ids = [event.event_id for r in requests for command in r.request.commands for event in command.events]
        return self._decide(requests, await self._store.positions(ids))

    async def _store_and_publish(self, batch: Batch) -> None:
        replies = None
        if batch.events:
            stored = asyncio.create_task(self._store.commit(batch.events, batch.hashes, batch.rows))
            # The statement goes out first, then the messages are made while Postgres works.
            await asyncio.sleep(0)
            frame, replies = batch.frame(), batch.replies()
            head = await stored
            self._last = time.monotonic_ns()
            expected = {Header.EXPECTED_LAST_SEQUENCE.value: str(head.frame - 1)}
            await self._client.publish(LOG_SUBJECT, frame, reply=self._acks, headers=expected)
        for reply, message in replies or batch.replies():
            await self._client.publish(reply, message)


if __name__ == "__main__":
    main(Sequencer())
