"""The account books as the log tells them: one fold, shared by everybody who needs positions, cash or results."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from tradewire.domain.account_book import (
    AccountBook,
    book_action,
    book_adjustment,
    book_bust,
    book_cash,
    book_correction,
    book_fill,
    book_marks,
    roll_day,
)
from tradewire.domain.exact import ZERO
from tradewire.domain.positions import Action, Fill
from tradewire.errors import InvalidValue
from tradewire.messages.log import Event
from tradewire.messages.vocabulary import Side

Books = dict[str, AccountBook]


def fold_book(books: Books, event: Event, data: Any) -> str | None:
    """Folds one event into the books in place; returns the account that it changed, or None for another event.

    `data` is the decoded event; `event.time` (µs) is when a fill happened if the broker did not say.
    """
    fold = _FOLDS.get(event.type)
    if fold is None:
        return None
    account: str = data.account
    # The opening cash says in which currency the account is told, so that every follower of the log agrees.
    book = books.get(account) or AccountBook(account, getattr(data, "base", "") or "USD")
    books[account] = fold(book, event, data)
    return account


def concerns_books(event_type: str) -> bool:
    """True for the types that change a book, so that others need not be decoded."""
    return event_type in _FOLDS


def fill_of(event: Event, data: Any) -> Fill:
    """The execution that an event tells of; of a correction the new one."""
    return Fill(data.side, data.quantity, data.price, data.fee, data.broker_time or event.time, data.execution)


def corrected_fill(new: Fill, data: Any) -> Fill:
    """The execution that a correction takes back."""
    return replace(new, quantity=data.old_quantity, price=data.old_price, fee=data.old_fee)


def adjustment_of(event: Event, data: Any) -> Fill:
    """The change of a holding without an execution that an event tells of, as a fill that no cash pays."""
    side: Side = "buy" if data.quantity > 0 else "sell"
    return Fill(side, data.quantity.copy_abs(), data.price, ZERO, data.at or event.time, event.event_id)


def action_of(event: Event, data: Any) -> Action:
    """The corporate action that an event tells of."""
    return Action(data.ratio, data.quantity, data.cash, data.at or event.time, data.activity or event.event_id)


def _filled(book: AccountBook, event: Event, data: Any) -> AccountBook:
    return book_fill(book, data.symbol, fill_of(event, data), fee_currency=data.fee_currency)[0]


def _corrected(book: AccountBook, event: Event, data: Any) -> AccountBook:
    new = fill_of(event, data)
    return book_correction(book, data.symbol, corrected_fill(new, data), new, fee_currency=data.fee_currency)[0]


def _busted(book: AccountBook, event: Event, data: Any) -> AccountBook:
    return book_bust(book, data.symbol, fill_of(event, data), event.time, fee_currency=data.fee_currency)[0]


def _cash(book: AccountBook, _event: Event, data: Any) -> AccountBook:
    return book_cash(book, data.amount, data.currency, data.reason)


def _adjusted(book: AccountBook, event: Event, data: Any) -> AccountBook:
    return book_adjustment(book, data.symbol, adjustment_of(event, data), data.mark)


def _acted(book: AccountBook, event: Event, data: Any) -> AccountBook:
    return book_action(book, data.symbol, action_of(event, data), data.currency)


def _marks(book: AccountBook, _event: Event, data: Any) -> AccountBook:
    # The day rolls at the last marks of the old day, so that an overnight gap counts in the new one.
    # A balance without a mark has no value yet; then it rolls at the first marks that give it one.
    with suppress(InvalidValue):
        book = roll_day(book, data.day)
    return book_marks(book, data.marks)


_FOLDS: dict[str, Callable[[AccountBook, Event, Any], AccountBook]] = {
    "OrderFilled": _filled,
    "ExternalFillBooked": _filled,
    "FillCorrected": _corrected,
    "FillBusted": _busted,
    "CashMoved": _cash,
    "PositionAdjusted": _adjusted,
    "CorporateAction": _acted,
    "MarksRecorded": _marks,
}
