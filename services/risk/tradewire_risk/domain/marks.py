"""When and how accounts are marked, and at which marks they trip: the events at which equity and loss are defined.

An event's id derives from what is due (a day, an interval's begin, a currency's first rate): a restart repeats none.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.account_book import AccountBook, book_marks, settlement_currency
from tradewire.messages.account_events import Mark, MarksRecorded
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.registry import new_event
from tradewire_risk.domain.accounts import equity_of
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.prices import QuoteBoard, rate
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.trips import Trip, thrown, trips_at


def due_first(state: RiskState, board: QuoteBoard, now: int) -> list[Due]:
    """What must be in the log before the next order is decided: a currency's first rate, and the roll of the day."""
    found = []
    for account, book in state.accounts.books.items():
        profile = _profile(state, account, book)
        unrated = [pair for pair in _pairs(state, book) if pair not in book.marks]
        marks = _live(state, book, board, profile, now) if unrated else {}
        if rated := [pair for pair in unrated if pair in marks]:
            found.append(_marked(state, book, marks, now, f"rate {rated[0]}", 0))
            continue
        day = state.day(account, now)
        if day > book.day and state.accounts.loss(account) is not None:
            marks = _live(state, book, board, profile, now)
            found.append(_marked(state, replace(book, day=day), marks, now, "day", profile.start_of(day)))
    return found


def due_by_time(state: RiskState, board: QuoteBoard, now: int) -> list[Due]:
    """Every account with an open position is marked once an interval, and any account at once when it trips."""
    found = []
    for account, book in state.accounts.books.items():
        profile = _profile(state, account, book)
        if state.day(account, now) > book.day:
            continue  # the roll comes first; a book that is ahead, because the roll was moved, is watched as it stands
        marks = _live(state, book, board, profile, now)
        trip = next(trips_at(state, book, marks), None)
        interval = state.rules.of_account(account).bounds.mark_interval
        if trip is not None:
            found.append(_tripped(state, book, marks, now, trip, profile.start_of(book.day)))
        elif interval is not None and interval.micros and next(held_in(state, book), None) is not None:
            slot = now // interval.micros * interval.micros
            if state.accounts.marked_at.get(account, 0) < slot:
                found.append(_marked(state, book, marks, now, "interval", slot))
    return found


def held_in(state: RiskState, book: AccountBook) -> Iterator[str]:
    """The symbols that the account holds, and those that strategies hold against each other; some come repeatedly."""
    yield from (symbol for symbol, position in book.positions.items() if position.quantity)
    yield from state.windows.of(book.account).results.symbols()


def _profile(state: RiskState, account: str, book: AccountBook) -> Profile:
    return state.setup.accounts.get(account) or Profile(account, currency=book.currency)


def _pairs(state: RiskState, book: AccountBook) -> Iterator[str]:
    """The rates that the book's equity and the strategies' results need."""
    held = {settlement_currency(p.symbol, book.currency) for p in book.positions.values() if p.quantity}
    held.update(state.windows.of(book.account).results.currencies())
    held.update(currency for currency, balance in book.balances.items() if balance.cash or balance.moved_today)
    return (f"{currency}/{book.currency}" for currency in sorted(held) if currency != book.currency)


def _live(state: RiskState, book: AccountBook, board: QuoteBoard, profile: Profile, now: int) -> dict[str, Mark]:
    """The newest known price of everything that the account or a strategy in it holds."""
    found: dict[str, Mark] = {}
    for symbol in held_in(state, book):
        if symbol not in found:
            _newest(found, symbol, board.mark(symbol, profile.price_source), book)
    for pair in _pairs(state, book):
        quoted = rate(board, pair.partition("/")[0], replace(profile, currency=book.currency), now)
        _newest(found, pair, None if quoted is None else Mark(quoted.price, quoted.at), book)
    return found


def _newest(found: dict[str, Mark], symbol: str, mark: Mark | None, book: AccountBook) -> None:
    known = book.marks.get(symbol)
    if mark is None or (known is not None and known.at >= mark.at):
        mark = known
    if mark is not None:
        found[symbol] = mark


def _marked(state: RiskState, book: AccountBook, marks: dict[str, Mark], now: int, why: str, due: int) -> Due:
    event = _marks_event(state, book, marks, now, why, due)
    return Due(event.event_id, Command((event,)), book.account, why)


def _marks_event(state: RiskState, book: AccountBook, marks: dict[str, Mark], now: int, why: str, due: int) -> NewEvent:
    stream = f"account-{book.account}"
    recorded = MarksRecorded(
        account=book.account,
        marks=marks,
        day=book.day,
        reason=why,
        state_pos=state.pos,
        clock=state.setup.clock,
        equity=equity_of(book_marks(book, marks)),
    )
    event_id = ids.timer_uuid(stream, f"MarksRecorded {why}", due)
    return new_event(stream, None, event_id, recorded, time=now, correlation=None)


def _tripped(state: RiskState, book: AccountBook, marks: dict[str, Mark], now: int, trip: Trip, due: int) -> Due:
    marked = _marks_event(state, book, marks, now, trip.why, due)
    halted = thrown(state, trip, due, now, marked.event_id)
    events = (marked,) if halted is None else (marked, halted)
    return Due(marked.event_id, Command(events), book.account, trip.why)
