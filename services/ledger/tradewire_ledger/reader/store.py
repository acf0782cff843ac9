"""The reader's connection to Postgres: it reads the log, loads the read model, and moves it, checkpoint and all."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeAlias

import asyncpg
import msgspec

from tradewire import faults
from tradewire.domain.account_book import AccountBook
from tradewire.domain.books import concerns_books, fold_book
from tradewire.domain.orders import Order, decode_order
from tradewire.messages.chain import genesis
from tradewire.messages.log import Frame
from tradewire.messages.registry import EVENT_TYPES, decode
from tradewire_ledger.access import Access
from tradewire_ledger.fitness import Unfit, verify_schema
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.columns import arguments, superseded
from tradewire_ledger.reader.model import CODE, Changes, Checkpoint, Model
from tradewire_ledger.rows import event_of, frames_of

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

COMMAND_SECONDS = 60.0
FRAMES_AT_ONCE = 1_000
_BOOK_TYPES = [name for name in EVENT_TYPES if concerns_books(name)]
_decode_book = msgspec.json.Decoder(AccountBook).decode


class CheckpointMoved(Exception):  # noqa: N818 - somebody else's doing, not an error
    """Another reader, or a rebuild, has moved the read model: load it anew."""


class NotStarted(Exception):  # noqa: N818
    """There is nothing to read yet: no tables, or no log in them."""


class Head(msgspec.Struct, frozen=True):
    """Where the log ends in Postgres."""

    log_id: str
    frame: int
    pos: int


class Store:
    """One connection. Its methods raise LOST when the connection cannot be trusted."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lost = asyncio.Event()

    @classmethod
    async def open(cls, access: Access) -> "Store":
        """Connects.

        Raises:
            LOST, ConfigError: Postgres does not answer or refuses, or a file that leads to it is missing.
            NotStarted: the schema is not this build's.
        """
        connection = await access.connect(
            command_timeout=COMMAND_SECONDS,
            settings={
                "application_name": "tradewire reader",
                # What a crash takes back, checkpoint and all, is folded again from the log.
                "synchronous_commit": "off",
                "jit": "off",
                # Folding anew and waiting for another reader take as long as they take.
                "statement_timeout": "0",
                "lock_timeout": "0",
                "idle_in_transaction_session_timeout": "60s",
                "tcp_keepalives_idle": "5",
                "tcp_keepalives_interval": "2",
                "tcp_keepalives_count": "3",
                "tcp_user_timeout": "10000",
            },
        )
        try:
            await verify_schema(connection)
        except Unfit as error:
            connection.terminate()
            raise NotStarted(f"the database {error}") from None
        except BaseException:
            connection.terminate()
            raise
        store = cls(connection)
        connection.add_termination_listener(lambda _: store.lost.set())
        return store

    async def lock(self) -> None:
        """Waits until no other reader folds this log, however long that takes."""
        await self._connection.execute(sql.LOCK, timeout=365 * 86_400)

    def close(self) -> None:
        """Lets go of the connection and of the lock."""
        self._connection.terminate()

    @property
    def connection(self) -> Connection:
        """The connection, for a transaction around several calls."""
        return self._connection

    async def head(self) -> Head:
        """Where the log ends. Raises NotStarted before the ledger's first start."""
        try:
            row = await self._connection.fetchrow(sql.HEAD)
        except asyncpg.UndefinedTableError:
            raise NotStarted("the database has no tables yet: run `tradewire-ledger migrate`") from None
        if row is None:
            raise NotStarted("the log has not begun yet")
        return Head(str(row["log_id"]), row["frame"], row["pos"])

    async def checkpoint(self, head: Head) -> Checkpoint:
        """How far the read model is; an empty read model begins with the log of `head`."""
        try:
            await self._connection.execute(sql.BEGIN_CHECKPOINT, head.log_id, CODE, genesis(head.log_id))
        except asyncpg.UndefinedTableError:
            raise NotStarted("the database has no read model yet: run `tradewire-ledger migrate`") from None
        return await self.present_checkpoint()

    async def present_checkpoint(self) -> Checkpoint:
        """How far the read model is. Raises NotStarted when it has not begun."""
        row = await self._connection.fetchrow(sql.CHECKPOINT)
        if row is None:
            raise NotStarted("the read model has not begun yet")
        return Checkpoint(
            str(row["log_id"]),
            row["code"],
            row["generation"],
            row["frame"],
            row["pos"],
            bytes(row["hash"]),
            row["books_pos"],
        )

    async def hold_checkpoint(self) -> None:
        """Waits until nobody moves the read model, and keeps it so to the end of the transaction around it."""
        await self._connection.execute(sql.HOLD_CHECKPOINT, timeout=365 * 86_400)

    async def restart(self, head: Head) -> None:
        """Empties the read model, in the transaction around it."""
        await self._connection.execute(
            sql.RESTART_CHECKPOINT, head.log_id, CODE, genesis(head.log_id), timeout=365 * 86_400
        )
        for statement in sql.CLEAR:
            await self._connection.execute(statement, timeout=365 * 86_400)

    async def frame_hash(self, frame: int) -> bytes | None:
        """The chain's value after a frame, or None when there is no such frame."""
        value = await self._connection.fetchval(sql.FRAME_HASH, frame)
        return None if value is None else bytes(value)

    async def frames_after(self, log_id: str, frame: int, *, events_max: int) -> list[Frame]:
        """The next frames after one, as many as hold `events_max` events, and one at least when there is one."""
        rows: list[Any] = await self._connection.fetch(sql.FRAMES, frame, FRAMES_AT_ONCE)
        if not rows:
            return []
        first = rows[0]["first_pos"]
        rows = [row for row in rows if row is rows[0] or row["last_pos"] - first < events_max]
        events: list[Any] = await self._connection.fetch(sql.EVENTS, first, rows[-1]["last_pos"])
        return frames_of(log_id, 0, rows, [event_of(row) for row in events])

    async def load(self, checkpoint: Checkpoint) -> Model:
        """The read model as its tables have it at their checkpoint."""
        model = Model(checkpoint)
        model.remember(decode_order(row["state"]) for row in await self._connection.fetch(sql.OPEN_ORDERS))
        standing: list[Any] = await self._connection.fetch(sql.STANDING)
        for row in standing:
            event = event_of(row)
            model.standing[row["slot"]] = event.pos
            model.controls.fold(event, decode(event))
        await self._load_books(model)
        return model

    async def books(self, checkpoint: Checkpoint) -> dict[str, AccountBook]:
        """The account books at the checkpoint."""
        model = Model(checkpoint)
        await self._load_books(model)
        return model.books

    async def _load_books(self, model: Model) -> None:
        for row in await self._connection.fetch(sql.BOOKS):
            model.books[row["account"]] = _decode_book(row["book"])
            model.book_pos[row["account"]] = row["pos"]
        at = model.checkpoint
        later: list[Any] = await self._connection.fetch(sql.LATER_BOOK_EVENTS, at.books_pos, at.pos, _BOOK_TYPES)
        for row in later:
            event = event_of(row)
            data = decode(event)
            if event.pos > model.book_pos.get(data.account, 0):
                fold_book(model.books, event, data)
                model.unstored[data.account] = model.unstored.get(data.account, 0) + 1

    async def orders(self, streams: Iterable[str]) -> list[Order]:
        """Orders from their rows, by their streams."""
        ids = [stream.removeprefix("order-") for stream in streams]
        return [decode_order(row["state"]) for row in await self._connection.fetch(sql.ORDERS_BY_ID, ids)]

    async def approvals(self, streams: list[str]) -> dict[str, bytes]:
        """The newest OrderApproved of each of these streams of orders, as it is stored."""
        rows: list[Any] = await self._connection.fetch(sql.APPROVALS, streams)
        return {row["stream"]: bytes(row["data"]) for row in rows}

    async def apply(self, changes: Changes) -> None:
        """Moves the read model and its checkpoint, both or neither.

        Raises:
            CheckpointMoved: the checkpoint is not where the changes begin; nothing was changed.
        """
        faults.point("reader.before_commit")
        if changes.superseded:
            async with self._connection.transaction():
                await self._connection.execute(sql.HOLD_CHECKPOINT)
                await self._connection.execute(sql.SUPERSEDE, *superseded(changes))
                await self._move(changes)
        else:
            await self._move(changes)
        faults.point("reader.after_commit")

    async def _move(self, changes: Changes) -> None:
        if await self._connection.fetchval(sql.APPLY, *arguments(changes)) != 1:
            raise CheckpointMoved(f"the read model is no longer at {changes.before.pos}")
