"""Answers `ledger.<shard>.snapshot`: all that a service needs to fold on from one position (DESIGN §1.6).

That is every event of every open order, what stands (switches, limits, leases, open groups …), and the account books,
read in one REPEATABLE READ transaction and sent in numbered chunks. Events come in the order of the log.
"""

from typing import Any

import msgspec
from msgspec import Raw

from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages.books import split
from tradewire.messages.log import MAX_BYTES, Event, SnapshotChunk, SnapshotRequest, decode_snapshot_request, encode
from tradewire_ledger.lost import LOST
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.context import Context, OutOfStep
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.model import Checkpoint
from tradewire_ledger.rows import event_of

WAIT_SECONDS = 2.0
ROWS_AT_ONCE = 500
FLUSH_EVERY = 16
_ENVELOPE_BYTES = 400
_ROOM_BYTES = MAX_BYTES - 4 * 1024


class Snapshots:
    """Takes and sends snapshots; any number may be asked for at once."""

    def __init__(self, context: Context, bus: Bus, metrics: Metrics) -> None:
        self._context, self._bus, self._metrics = context, bus, metrics

    async def answer(self, message: Message) -> None:
        """Answers one request; when there is no snapshot to give, one chunk says why."""
        outcome, error = "sent", ""
        try:
            request = decode_snapshot_request(message.data) if message.data else SnapshotRequest()
            follower = self._context.follower
            if await follower.reached(max(request.min_pos, follower.begun_at), WAIT_SECONDS):
                await self._send(message.reply)
            else:
                outcome = "behind"
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            outcome, error = "invalid", f"the request cannot be read: {problem}"
        except (*LOST, OutOfStep) as problem:
            outcome, error = "failed", f"the snapshot broke off: {problem}"
        except Unavailable:
            outcome = "unsent"
        self._metrics.snapshots.labels(outcome).inc()
        if error or outcome == "behind":
            sender = _Sender(self._bus, message.reply, self._context.follower.model.checkpoint)
            await sender.refuse(error)

    async def _send(self, reply: str) -> None:
        async with self._context.reading(with_books=True) as moment:
            sender = _Sender(self._bus, reply, moment.at)
            await moment.connection.execute("set local statement_timeout = 0")
            row: Any
            async for row in moment.connection.cursor(sql.SNAPSHOT_EVENTS, moment.at.pos, prefetch=ROWS_AT_ONCE):
                event = event_of(row)
                await sender.add(event, len(bytes(event.data)) + _ENVELOPE_BYTES)
            for account in sorted(moment.books):
                for piece in split(moment.books[account], _ROOM_BYTES):
                    await sender.add(Raw(piece), len(piece))
            await sender.finish()


class _Sender:
    """Fills chunks and sends each when it is full."""

    def __init__(self, bus: Bus, reply: str, at: Checkpoint) -> None:
        self._bus, self._reply, self._at = bus, reply, at
        self._number = self._bytes = 0
        self._events: list[Event] = []
        self._books: list[Raw] = []

    async def add(self, part: Event | Raw, size: int) -> None:
        if self._bytes and self._bytes + size > _ROOM_BYTES:
            await self._publish(last=False)
        self._bytes += size
        if isinstance(part, Event):
            self._events.append(part)
        else:
            self._books.append(part)

    async def finish(self) -> None:
        await self._publish(last=True)

    async def refuse(self, error: str) -> None:
        """Says why there is no snapshot: `error`, or that the reader is behind."""
        try:
            await self._publish(last=True, error=error, behind=not error)
        except Unavailable:
            return  # whoever asked will ask again

    async def _publish(self, *, last: bool, error: str = "", behind: bool = False) -> None:
        at = self._at
        chunk = SnapshotChunk(
            number=self._number,
            last=last,
            log_id=at.log_id,
            frame=at.frame,
            pos=at.pos,
            hash=at.hash.hex(),
            events=tuple(self._events),
            books=tuple(self._books),
            behind=behind,
            error=error,
        )
        await self._bus.publish(self._reply, encode(chunk))
        self._number += 1
        if self._number % FLUSH_EVERY == 0:
            await self._bus.flush()
        self._bytes = 0
        self._events, self._books = [], []
