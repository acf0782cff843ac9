"""Answers `ledger.<shard>.snapshot`: all that a service needs to fold on from one position (DESIGN §1.6).

That is every event of every open order, what stands (switches, limits, leases, open groups …), and the account books,
read in one REPEATABLE READ transaction and sent in numbered chunks. Events come in the order of the log.
"""

import msgspec

from tradewire import faults
from tradewire.bus import Bus, Message
from tradewire.errors import Unavailable
from tradewire.messages.books import split
from tradewire.messages.log import (
    MAX_BYTES,
    Event,
    SnapshotChunk,
    SnapshotRequest,
    decode_snapshot_request,
    encode,
)
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.context import Context
from tradewire_ledger.reader.follow import Metrics
from tradewire_ledger.reader.model import Checkpoint
from tradewire_ledger.reader.store import LOST
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
        """Answers one request, with one chunk that says why when there is no snapshot to give."""
        try:
            request = decode_snapshot_request(message.data) if message.data else SnapshotRequest()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            await self._refuse(message.reply, f"the request cannot be read: {error}", "invalid")
            return
        follower = self._context.follower
        if not await follower.reached(request.min_pos, WAIT_SECONDS):
            await self._refuse(message.reply, "", "behind")
            return
        try:
            await self._send(message.reply)
        except LOST as error:
            await self._refuse(message.reply, f"the snapshot broke off: {type(error).__name__}", "failed")
        except Unavailable:
            self._metrics.snapshots.labels("unsent").inc()
        else:
            self._metrics.snapshots.labels("sent").inc()

    async def _refuse(self, reply: str, error: str, outcome: str) -> None:
        self._metrics.snapshots.labels(outcome).inc()
        at = self._context.follower.model.checkpoint
        chunk = _chunk(at, 0, last=True, behind=outcome == "behind", error=error)
        try:
            await self._bus.publish(reply, encode(chunk))
        except Unavailable:
            return  # whoever asked will ask again

    async def _send(self, reply: str) -> None:
        follower = self._context.follower
        # Memory and tables are at one position as long as nobody folds; the transaction keeps the tables there.
        await follower.still.acquire()
        try:
            async with self._context.reading() as (connection, at):
                books = dict(follower.model.books)
                in_step = at == follower.model.checkpoint
                follower.still.release()
                if not in_step:
                    await self._refuse(reply, "the reader is about to start again", "failed")
                    return
                await connection.execute("set local statement_timeout = 0")
                sender = _Sender(self._bus, reply, at)
                async for row in connection.cursor(sql.SNAPSHOT_EVENTS, at.pos, prefetch=ROWS_AT_ONCE):
                    event = event_of(row)  # type: ignore[arg-type] - a record is read like a mapping
                    await sender.add(len(bytes(event.data)) + _ENVELOPE_BYTES, event=event)
                faults.point("reader.in_snapshot")
                for account in sorted(books):
                    for piece in split(books[account], _ROOM_BYTES):
                        await sender.add(len(piece), book=msgspec.Raw(piece))
                await sender.finish()
        finally:
            if follower.still.locked():
                pass
