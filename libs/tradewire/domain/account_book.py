"""What one account owns: cash by currency, positions, last marks and the day's totals, as a fold over its events.

Every `book_…` function returns a new book and leaves the old one as it was. A step copies the book's small dictionaries
(currencies, symbols) and, in a position, two chunks of lots, so its cost does not grow with the number of open lots.
"""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain.exact import ONE, ZERO, add, multiply, share, subtract
from tradewire.domain.pnl import cash_delta, day_loss, day_result, equity, mark_of, unrealized
from tradewire.domain.positions import Action, ClosedTrade, Fill, Position, apply_action, apply_fill, reversal
from tradewire.messages.account_events import Mark

CAPITAL = frozenset({"opening", "deposit", "withdrawal", "transfer", "accepted"})
"""Reasons of what the owner moves, or accepts to be so; any other (interest, dividend, fee, tax …) counts in the day's
result."""


class Balance(Struct, frozen=True, gc=False):
    """One currency: its cash, and of this day the gross realized result (FIFO), the fees and the capital moved."""

    cash: Decimal = ZERO
    realized_today: Decimal = ZERO
    fees_today: Decimal = ZERO
    moved_today: Decimal = ZERO


_EMPTY = Balance()


class AccountBook(Struct, frozen=True, gc=False):
    """`currency` is the one in which equity is told; the rate of another is the mark of the pair, such as EUR/USD."""

    account: str
    currency: str = "USD"
    balances: dict[str, Balance] = {}
    positions: dict[str, Position] = {}
    marks: dict[str, Mark] = {}
    day: str = ""
    equity_at_day_start: Decimal = ZERO


def book_fill(
    book: AccountBook, symbol: str, fill: Fill, *, fee_currency: str = "", multiplier: Decimal = ONE
) -> tuple[AccountBook, tuple[ClosedTrade, ...]]:
    """Books a fill: position, cash, the day's totals. `multiplier` counts at the symbol's first fill.

    A fee in another currency than the price's is taken from that currency's cash and is in no closed trade. A fill is
    also a mark, unless a newer one is known, so that every open position has one that is no older than its last trade.
    """
    book, trades = _book(book, symbol, fill, fee_currency, multiplier)
    return book_marks(book, {symbol: Mark(fill.price, fill.at)}), trades


def book_bust(
    book: AccountBook, symbol: str, fill: Fill, at: int, *, fee_currency: str = "", multiplier: Decimal = ONE
) -> tuple[AccountBook, tuple[ClosedTrade, ...]]:
    """Takes back a fill that was booked just so, with a reversing entry at time `at`. Its price is no mark."""
    return _book(book, symbol, reversal(fill, at), fee_currency, multiplier)


def book_correction(
    book: AccountBook, symbol: str, old: Fill, new: Fill, *, fee_currency: str = "", multiplier: Decimal = ONE
) -> tuple[AccountBook, tuple[ClosedTrade, ...]]:
    """Takes `old` back at the time of `new`, and books `new`."""
    book, reversed_trades = book_bust(book, symbol, old, new.at, fee_currency=fee_currency, multiplier=multiplier)
    book, trades = book_fill(book, symbol, new, fee_currency=fee_currency, multiplier=multiplier)
    return book, reversed_trades + trades


def book_cash(book: AccountBook, amount: Decimal, currency: str, reason: str) -> AccountBook:
    """Books cash that no fill explains. Only the reasons of CAPITAL are kept out of the day's result."""
    balance = book.balances.get(currency, _EMPTY)
    moved = add(balance.moved_today, amount) if reason in CAPITAL else balance.moved_today
    balance = Balance(add(balance.cash, amount), balance.realized_today, balance.fees_today, moved)
    return replace(book, balances={**book.balances, currency: balance})


def book_adjustment(book: AccountBook, symbol: str, fill: Fill, mark: Decimal | None) -> AccountBook:
    """Books a holding that comes or goes without an execution, at the price of `fill`; no cash is paid.

    That is no result of the day: its worth, at `mark` or else the price, counts as moved. It is a mark as a fill is.
    """
    currency = settlement_currency(symbol, book.currency)
    before = book.positions.get(symbol) or Position(symbol)
    after, _ = apply_fill(before, fill)
    worth = fill.price if mark is None else mark
    change = multiply(multiply(subtract(after.quantity, before.quantity), worth), before.multiplier)
    balance = book.balances.get(currency, _EMPTY)
    balance = replace(
        balance,
        realized_today=add(balance.realized_today, subtract(after.fifo_realized, before.fifo_realized)),
        moved_today=add(balance.moved_today, change),
    )
    book = replace(book, balances={**book.balances, currency: balance}, positions={**book.positions, symbol: after})
    return book_marks(book, {symbol: Mark(worth, fill.at)})


def book_action(book: AccountBook, symbol: str, action: Action, currency: str) -> AccountBook:
    """Books a change of a holding that is no trade. The last mark is restated.

    So a split wins or loses nothing.
    """
    before = book.positions.get(symbol) or Position(symbol)
    after = apply_action(before, action)
    balance = book.balances.get(currency, _EMPTY)
    balance = replace(
        balance,
        cash=add(balance.cash, action.cash),
        realized_today=add(balance.realized_today, subtract(after.fifo_realized, before.fifo_realized)),
    )
    marks = book.marks
    if symbol in marks:
        marks = {**marks, symbol: restated_mark(marks[symbol], action)}
    return replace(
        book,
        balances={**book.balances, currency: balance},
        positions={**book.positions, symbol: after},
        marks=marks,
    )


def restated_mark(mark: Mark, action: Action) -> Mark:
    """A price before a split as it is after it, cut after 12 decimals; one of a later time is so already."""
    if not action.ratio or action.ratio == 1 or mark.at >= action.at:
        return mark
    return Mark(share(mark.price, ONE, action.ratio), mark.at)


def book_marks(book: AccountBook, marks: Mapping[str, Mark]) -> AccountBook:
    """Keeps the newest mark of each symbol, in whatever order they come; of two at the same time, the first."""
    newer = {symbol: mark for symbol, mark in marks.items() if _is_newer(mark, book.marks.get(symbol))}
    return replace(book, marks={**book.marks, **newer}) if newer else book


def roll_day(book: AccountBook, day: str) -> AccountBook:
    """Begins the trading day `day` (ISO date) at the equity of the last marks, with the day's totals at zero.

    Roll before the new day's first marks, so that an overnight gap counts in the new day. A day that is not later than
    the book's changes nothing. Raises InvalidValue (MARK_MISSING) as `book_equity` does.
    """
    if day <= book.day:
        return book
    balances = {currency: Balance(balance.cash) for currency, balance in book.balances.items()}
    return replace(book, day=day, equity_at_day_start=book_equity(book), balances=balances)


def book_equity(book: AccountBook) -> Decimal:
    """Equity in the book's currency, at the last marks.

    Raises InvalidValue (MARK_MISSING) for an open position, or a currency with a balance, that has no mark.
    """
    total = ZERO
    held: dict[str, list[Position]] = {}
    for position in book.positions.values():
        held.setdefault(settlement_currency(position.symbol, book.currency), []).append(position)
    for currency in sorted(book.balances.keys() | held.keys()):
        cash = book.balances.get(currency, _EMPTY).cash
        total = add(total, _in_book_currency(book, equity(cash, held.get(currency, ()), book.marks), currency))
    return total


def book_unrealized(book: AccountBook) -> Decimal:
    """What open positions have won (FIFO) at the last marks, in the book's currency. Raises as `book_equity` does."""
    total = ZERO
    for position in book.positions.values():
        if position.quantity:
            won = unrealized(position, mark_of(position.symbol, book.marks))
            currency = settlement_currency(position.symbol, book.currency)
            total = add(total, _in_book_currency(book, won, currency))
    return total


def book_day_result(book: AccountBook) -> Decimal:
    """The day's result in the book's currency, at the last marks: realized, unrealized, fees and interest."""
    return day_result(book_equity(book), book.equity_at_day_start, _moved(book))


def book_day_loss(book: AccountBook) -> Decimal:
    """The day's loss from zero up, in the book's currency, at the last marks."""
    return day_loss(book_equity(book), book.equity_at_day_start, _moved(book))


def settlement_currency(symbol: str, default: str) -> str:
    """What a symbol is paid in: of a pair such as BTC/USDT the second part, else the account's own currency."""
    return symbol.partition("/")[2] or default


def _book(
    book: AccountBook, symbol: str, fill: Fill, fee_currency: str, multiplier: Decimal
) -> tuple[AccountBook, tuple[ClosedTrade, ...]]:
    currency = settlement_currency(symbol, book.currency)
    foreign_fee = ZERO
    if fee_currency and fee_currency != currency:
        foreign_fee, fill = fill.fee, replace(fill, fee=ZERO)
    before = book.positions.get(symbol) or Position(symbol, multiplier)
    after, trades = apply_fill(before, fill)
    balance = book.balances.get(currency, _EMPTY)
    balances = {
        **book.balances,
        currency: Balance(
            add(balance.cash, cash_delta(fill, before.multiplier)),
            add(balance.realized_today, subtract(after.fifo_realized, before.fifo_realized)),
            add(balance.fees_today, fill.fee),
            balance.moved_today,
        ),
    }
    if foreign_fee:
        other = balances.get(fee_currency, _EMPTY)
        balances[fee_currency] = replace(
            other, cash=subtract(other.cash, foreign_fee), fees_today=add(other.fees_today, foreign_fee)
        )
    return replace(book, balances=balances, positions={**book.positions, symbol: after}), trades


def _is_newer(mark: Mark, known: Mark | None) -> bool:
    return known is None or mark.at > known.at


def _moved(book: AccountBook) -> Decimal:
    total = ZERO
    for currency, balance in sorted(book.balances.items()):
        total = add(total, _in_book_currency(book, balance.moved_today, currency))
    return total


def _in_book_currency(book: AccountBook, amount: Decimal, currency: str) -> Decimal:
    if currency == book.currency or not amount:
        return amount
    return multiply(amount, mark_of(f"{currency}/{book.currency}", book.marks))
