"""The accounts' books, and when they were marked: what daily loss and equity are measured from."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tradewire.domain.account_book import AccountBook, book_day_loss, book_equity, book_unrealized
from tradewire.domain.books import fold_book
from tradewire.domain.exact import ZERO
from tradewire.errors import InvalidValue, LogCorrupt, UnknownEvent
from tradewire.messages.log import Event

_TRIPS = frozenset({"LOSS_DAILY_LIMIT", "LOSS_DRAWDOWN_LIMIT"})

_Kept = dict[str, tuple[AccountBook, Decimal | None]]


class Accounts:
    """Every account's book, and the day's loss of each, computed when first asked for after a change."""

    def __init__(self) -> None:
        self.books: dict[str, AccountBook] = {}
        self.marked_at: dict[str, int] = {}
        """The time of each account's last MarksRecorded (µs)."""
        self.tripped_on: dict[tuple[str, str], str] = {}
        """The trading day on which each account, or a strategy in it, last tripped for a reason."""
        self._losses: _Kept = {}
        self._equities: _Kept = {}

    def fold(self, event: Event, data: Any) -> None:
        """Folds an event that moves an account.

        Raises:
            LogCorrupt: the event cannot be booked.
            UnknownEvent: this build's books do not know the event.
        """
        try:
            booked = fold_book(self.books, event, data)
        except (InvalidValue, ArithmeticError) as error:
            raise LogCorrupt(f"{event.stream}: {event.type} at position {event.pos}: {error}") from error
        if booked is None:
            raise UnknownEvent(f"{event.type} at position {event.pos} is in no account book of this build")

    def marks(self, event: Event, data: Any) -> None:
        """Notes when, and for what day, an account was marked."""
        self.marked_at[data.account] = event.time
        if is_trip(data.reason):
            self.tripped_on[data.account, data.reason] = data.day

    def position(self, account: str, symbol: str) -> Decimal:
        """The signed quantity that an account holds."""
        book = self.books.get(account)
        held = book.positions.get(symbol) if book else None
        return held.quantity if held else ZERO

    def loss(self, account: str) -> Decimal | None:
        """The day's loss at the last marks, from zero up; None when a mark is missing and nobody can tell.

        An account of which the log says nothing has lost nothing.
        """
        return self._newest(self._losses, account, loss_of) if account in self.books else ZERO

    def equity(self, account: str) -> Decimal | None:
        """The equity at the last marks; None when a mark is missing, or the log says nothing of the account."""
        return self._newest(self._equities, account, equity_of) if account in self.books else None

    def _newest(self, kept: _Kept, account: str, work_out: Callable[[AccountBook], Decimal | None]) -> Decimal | None:
        """A figure of an account's book, worked out once after each change of the book."""
        book, known = self.books[account], kept.get(account)
        if known is None or known[0] is not book:
            known = kept[account] = (book, work_out(book))
        return known[1]

    def currency(self, account: str) -> str:
        """The currency in which an account is told."""
        book = self.books.get(account)
        return AccountBook(account).currency if book is None else book.currency

    def started_at(self, account: str) -> Decimal | None:
        """The equity with which the trading day began, or what is there where nobody has told that."""
        book = self.books.get(account)
        return None if book is None else book.equity_at_day_start or self.equity(account)

    def unrealized(self, account: str) -> Decimal | None:
        """What is won and not yet realized at the last marks, in the account's currency; None as for `equity`."""
        book = self.books.get(account)
        try:
            return None if book is None else book_unrealized(book)
        except InvalidValue:
            return None


def is_trip(reason: str) -> bool:
    """True for the `reason` of marks that were recorded because an account, or a strategy, went above its limit."""
    return reason.partition(" ")[0] in _TRIPS


def equity_of(book: AccountBook) -> Decimal | None:
    """The equity of a book, or None when a mark is missing."""
    try:
        return book_equity(book)
    except InvalidValue:
        return None


def loss_of(book: AccountBook) -> Decimal | None:
    """The day's loss of a book, or None when a mark is missing."""
    try:
        return book_day_loss(book)
    except InvalidValue:
        return None
