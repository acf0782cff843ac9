"""The read model in memory: what the log says, folded by the pure folds of libs, and what each batch of frames changed.

No I/O. Memory holds the open orders, the account books, the switches and limits, and what stands; closed orders are
dropped, and come back from their row when a late fact arrives.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from tradewire.domain.account_book import AccountBook
from tradewire.domain.books import concerns_books, fold_book
from tradewire.domain.orders import Order, evolve
from tradewire.domain.switches import Controls
from tradewire.errors import InvalidValue, LogCorrupt, TransitionError
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import decode_for_state
from tradewire_ledger.reader.standing import Slots, slots_of

CODE = 3
"""Version of what this file and the folds make of a log. Raised when they make something else: readers then rebuild."""

BOOK_TRAILS_POSITIONS = 20_000
"""How far a stored book may trail the checkpoint, which bounds what is folded again at start."""

_ORDER = "order-"
FillKind = Literal["fill", "correction", "bust", "external"]
_FILLS: dict[str, FillKind] = {
    "OrderFilled": "fill",
    "FillAttributed": "fill",
    "FillCorrected": "correction",
    "FillBusted": "bust",
    "ExternalFillBooked": "external",
}
_SUPERSEDING = frozenset({"FillCorrected", "FillBusted", "FillAttributed"})


class Checkpoint(Struct, frozen=True):
    """How far the log is folded, of which log, by which version of the folds, after how many rebuilds.

    The stored books hold all that concerns them up to `books_pos`, and each may hold more.
    """

    log_id: str
    code: int
    generation: int
    frame: int
    pos: int
    hash: bytes
    books_pos: int


class FillRow(Struct):
    """An execution as it was booked; the numbers of a bust are those that it takes back."""

    pos: int
    kind: FillKind
    time: int
    data: Any
    superseded_by: int | None = None


class Told(Struct, frozen=True, gc=False):
    """An event with what it is about, for people; one of an order with the order before and after it."""

    event: Event
    account: str | None
    order: str | None
    signal: str | None
    before: Order | None = None
    after: Order | None = None


class Changes(Struct):
    """What a batch of frames did to the read model: each row once, in its last state."""

    before: Checkpoint
    after: Checkpoint
    orders: dict[str, Order] = field(default_factory=dict)
    order_pos: dict[str, int] = field(default_factory=dict)
    fills: list[FillRow] = field(default_factory=list)
    executions: dict[tuple[str, str, str], FillRow] = field(default_factory=dict)
    superseded: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Executions of earlier batches that a correction or a bust at this position takes the place of."""
    books: dict[str, AccountBook] = field(default_factory=dict)
    old_books: dict[str, AccountBook] = field(default_factory=dict)
    stored_books: dict[str, AccountBook] = field(default_factory=dict)
    standing: Slots = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)


class Model:
    """The read model at a checkpoint. `fold` moves it; when that fails or cannot be stored, it must be loaded anew."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.orders: dict[str, Order] = {}
        self.books: dict[str, AccountBook] = {}
        self.controls = Controls()
        self.standing: dict[str, int] = {}
        self.book_pos: dict[str, int] = {}
        """Where each book was stored last."""
        self.unstored: dict[str, int] = {}
        """How many events each book is ahead of what was stored."""

    def closed_orders(self, frames: Iterable[Frame]) -> set[str]:
        """The streams of orders that frames continue and memory does not hold: they must be given to `remember`."""
        continued = {e.stream for frame in frames for e in frame.events if e.version > 1 and e.stream[:6] == _ORDER}
        if not continued:
            return continued
        continued.difference_update(self.orders)
        if continued:
            continued.difference_update(
                e.stream for frame in frames for e in frame.events if e.version == 1 and e.stream[:6] == _ORDER
            )
        return continued

    def remember(self, orders: Iterable[Order]) -> None:
        """Takes orders from their rows."""
        for order in orders:
            self.orders[_ORDER + order.order] = order

    def fold(self, frames: Sequence[Frame]) -> Changes:
        """Folds frames, which must follow each other and the checkpoint.

        Raises:
            LogCorrupt: a gap, or an event that contradicts what came before it.
            UnknownEvent: an event that this build does not know.
        """
        last = frames[-1]
        after = replace(
            self.checkpoint, frame=last.frame, pos=last.last_pos, hash=bytes.fromhex(last.hash), books_pos=last.last_pos
        )
        changes = Changes(self.checkpoint, after)
        number, pos = self.checkpoint.frame, self.checkpoint.pos
        for frame in frames:
            number += 1
            if frame.frame != number or frame.first_pos != pos + 1 or frame.log_id != self.checkpoint.log_id:
                raise LogCorrupt(f"frame {frame.frame} begins at {frame.first_pos}, after frame {number - 1}, {pos}")
            for event in frame.events:
                pos += 1
                if event.pos != pos:
                    raise LogCorrupt(f"frame {number} has position {event.pos} where {pos} belongs")
                self._fold_one(event, changes)
            if pos != frame.last_pos:
                raise LogCorrupt(f"frame {number} ends at {pos}, not at {frame.last_pos}")
        self._settle(changes)
        return changes

    def _fold_one(self, event: Event, changes: Changes) -> None:
        try:
            data = decode_for_state(event)
            if event.stream.startswith(_ORDER):
                told = self._fold_order(event, data, changes)
            else:
                self.controls.fold(event, data)
                account, order = getattr(data, "account", None), getattr(data, "order", None)
                told = Told(event, account, order, getattr(data, "signal", None) or event.correlation_id)
            if concerns_books(event.type):
                self._fold_book(event, data, changes)
            if (kind := _FILLS.get(event.type)) is not None:
                self._fold_fill(event, data, kind, changes)
        except (TransitionError, InvalidValue, ArithmeticError, msgspec.DecodeError) as error:
            raise LogCorrupt(f"position {event.pos}, {event.type} of {event.stream}: {error}") from error
        if slots := slots_of(event, data):
            changes.standing.update(slots)
        changes.told.append(told)

    def _fold_order(self, event: Event, data: Any, changes: Changes) -> Told:
        stream = event.stream
        before = self.orders.get(stream)
        order = evolve(before, event, data)
        self.orders[stream] = changes.orders[stream] = order
        changes.order_pos[stream] = event.pos
        return Told(event, order.account, order.order, order.signal, before, order)

    def _fold_book(self, event: Event, data: Any, changes: Changes) -> None:
        account = data.account
        if account not in changes.old_books:
            changes.old_books[account] = self.books.get(account) or AccountBook(account)
        fold_book(self.books, event, data)
        self.unstored[account] = self.unstored.get(account, 0) + 1

    @staticmethod
    def _fold_fill(event: Event, data: Any, kind: FillKind, changes: Changes) -> None:
        row = FillRow(event.pos, kind, event.time, data)
        execution = (data.account, data.broker, data.execution)
        previous = changes.executions.get(execution)
        if event.type in _SUPERSEDING:
            if previous is None:
                changes.superseded[execution] = event.pos
            else:
                previous.superseded_by = event.pos
        changes.executions[execution] = row
        changes.fills.append(row)

    def _settle(self, changes: Changes) -> None:
        """Drops closed orders and chooses the books to store; the model is then at the last frame."""
        for stream, order in changes.orders.items():
            if not order.open:
                del self.orders[stream]
        for slot, pos in changes.standing.items():
            if pos is None:
                self.standing.pop(slot, None)
            else:
                self.standing[slot] = pos
        changes.books = {account: self.books[account] for account in changes.old_books}
        for account, ahead in tuple(self.unstored.items()):
            book = self.books[account]
            # A book is stored after as many events as it has lots, so that its size costs each event the same.
            lots = sum(len(position.lots) for position in book.positions.values())
            stored_at = self.book_pos.get(account)
            if stored_at is None or ahead >= lots or changes.after.pos - stored_at >= BOOK_TRAILS_POSITIONS:
                changes.stored_books[account] = book
                self.book_pos[account] = changes.after.pos
                del self.unstored[account]
        trailing = min((self.book_pos[account] for account in self.unstored), default=changes.after.pos)
        self.checkpoint = changes.after = replace(changes.after, books_pos=trailing)
