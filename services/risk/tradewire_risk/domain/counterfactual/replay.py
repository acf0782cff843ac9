"""Makes recorded decisions again under other limits, event by event, in the log's order.

Two states are folded side by side: the recorded one, and the one that would be (`shadow`). A decision is made when both
hold the position that the recorded one rested on, with the recorded prices and time. First it is made from the recorded
state: where that does not give the recorded outcome, the log does not hold all that it rested on, and it stays as it
was. Then it is made from the other state. Nothing here reads a clock or draws a number: the same log and limits give
the same report.
"""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain.account_book import CAPITAL, AccountBook, book_marks, settlement_currency
from tradewire.domain.exact import ZERO, add, multiply, subtract
from tradewire.domain.orders import Order
from tradewire.domain.switches import Limits
from tradewire.errors import LogCorrupt
from tradewire.messages.account_events import Mark
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import decode
from tradewire.messages.vocabulary import Clock, PriceSource, QuoteUsed
from tradewire_risk.domain.accounts import equity_of
from tradewire_risk.domain.counterfactual.prices import RecordedBoard
from tradewire_risk.domain.counterfactual.report import (
    AccountOutcome,
    Change,
    Decision,
    Holding,
    LimitChange,
    Outcome,
    Report,
    Tally,
    outcome_of,
)
from tradewire_risk.domain.counterfactual.shadow import DECISIONS, Overlay, Shadow
from tradewire_risk.domain.decide import Batch
from tradewire_risk.domain.profile import Setup
from tradewire_risk.domain.sessions import Sessions
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.trips import AUTHOR

_TO_DECIDE: Final = frozenset({"OrderRequested", "OrderApprovalGranted", "OrderSubmitNeverArrived"})
_DECIDED: Final = DECISIONS | {"OrderLapsed", "OrderCanceledLocally", "OrderApprovalRefused"}
_LEDGER: Final = "sequencer"
_UNSIDED: Final = frozenset({"close", "reduce"})
"""Actions whose side, and so whose price, is found by what is held."""
_DRY_RUN: Final = "dry_run"
"""The check that stands among those of a decision where its account was on a dry run, and only there."""


class Bound(Struct, frozen=True):
    """A place in the log: a position, or the first event of a time (µs)."""

    pos: int | None = None
    time: int | None = None

    def reached(self, event: Event) -> bool:
        """True for the event at the place; those after it need not be asked about."""
        if self.pos is not None:
            return event.pos >= self.pos
        return _on_time(event) and event.time >= (self.time or 0)


def _on_time(event: Event) -> bool:
    """False for an event whose time says nothing where quotes are the clock: the ledger has the wall's."""
    return event.writer != _LEDGER and event.time > 0


class _Paper(Struct):
    """What is kept of an account: its equity at the begin, the owner's money since, and its highest exposures."""

    begin: Decimal | None = ZERO
    moved: Decimal | None = ZERO
    peak_was: Decimal = ZERO
    peak_would: Decimal = ZERO


class Replay:
    """One replay: `feed` it every event of a log from the first, then `finish`."""

    def __init__(
        self,
        setup: Setup,
        overlay: Overlay,
        *,
        since: Bound | None = None,
        until: Bound | None = None,
        account: str = "",
        calendars: dict[str, Sessions] | None = None,
    ) -> None:
        """`since` is where the other limits begin to hold, and `until` the last that is looked at. With `account`,
        only its orders are decided again."""
        self._setup, self._overlay = setup, overlay
        self._setups: dict[tuple[Clock, str, PriceSource, bool], Setup] = {}
        self._since, self._until, self._account = since, until, account
        self._prices: dict[str, Mark] = {}
        self._recorded, self._shadow = RiskState(setup), Shadow(setup, self._prices)
        for state in (self._recorded, self._shadow.state):
            state.calendars = calendars or {}
        self._pending: deque[Event] = deque()
        self._undecided: set[str] = set()
        self._would: dict[int, Decision] = {}
        self._board, self._other_board = RecordedBoard(), RecordedBoard()
        self._batches: tuple[int, int, Batch, Batch] | None = None
        self._first, self._last = 0, 0
        self._began, self._over = False, False
        self._papers: dict[str, _Paper] = {}
        self._was, self._tally = Tally(), Tally()
        self._changes: list[Change] = []
        self._unreproduced: list[Change] = []
        self._other_reason, self._unknown, self._trips = 0, 0, 0
        self._times: tuple[int | None, int | None] = (None, None)

    @property
    def over(self) -> bool:
        """True once everything that is asked for was read."""
        return self._over

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts that the log has told of so far."""
        return frozenset(self._recorded.accounts.books)

    def feed(self, event: Event) -> None:
        """Takes the next event of the log.

        Raises:
            LogError: the log contradicts itself, or holds what this build does not know.
        """
        if self._over or self._is_after(event):
            self._over = True
            return
        if event.pos != self._last + 1:
            raise LogCorrupt(f"position {event.pos} follows {self._last}")
        self._last = event.pos
        if event.type in DECISIONS:
            self._decide(event)
        self._pending.append(event)
        order = event.stream
        if event.type in _TO_DECIDE:
            self._undecided.add(order)
        elif event.type in _DECIDED:
            self._undecided.discard(order)
        # Whatever is decided later rests on all of this, so nothing need be kept.
        if not self._undecided:
            self._fold_until(event.pos)

    def _is_after(self, event: Event) -> bool:
        until = self._until
        return until is not None and (event.pos > until.pos if until.pos is not None else until.reached(event))

    def finish(self) -> Report:
        """What was found."""
        self._fold_until(self._last)
        return Report(
            first=self._first,
            last=self._last,
            since=self._times[0],
            until=self._times[1],
            limits=tuple(self._limits()),
            decisions=self._was.approved + self._was.held + self._was.denied,
            was=self._was,
            would=self._tally,
            changes=tuple(self._changes),
            unreproduced=tuple(self._unreproduced),
            other_reason=self._other_reason,
            unknown=self._unknown,
            dropped=self._shadow.dropped,
            scaled=self._shadow.scaled,
            trips_was=self._trips,
            trips_would=self._shadow.trips,
            accounts=tuple(
                self._outcome(account, paper)
                for account, paper in sorted(self._papers.items())
                if self._account in {"", account}
            ),
        )

    def _limits(self) -> Iterator[LimitChange]:
        """The limits that are others than the log's last."""
        for scope, limits in sorted(self._overlay.items()):
            held = self._recorded.controls.limits.get(scope, Limits()).limits
            for name, text in sorted(limits.items()):
                if (was := held.get(name, "")) != text:
                    yield LimitChange(scope=scope, limit=name, was=was, would=text)

    def _fold_until(self, pos: int) -> None:
        while self._pending and self._pending[0].pos <= pos:
            self._fold(self._pending.popleft())

    def _fold(self, event: Event) -> None:
        if not self._began and (self._since is None or self._since.reached(event)):
            self._begin(event)
        self._shadow.fold(event, self._recorded, self._would.pop(event.pos, None))
        self._recorded.apply(Frame("", 0, 0, event.pos, event.pos, "", (event,)))
        if event.type == "MarksRecorded":
            self._learn(decode(event).marks)
        if self._began:
            self._follow(event)
            if _on_time(event):
                self._times = (event.time if self._times[0] is None else self._times[0], event.time)

    def _begin(self, event: Event) -> None:
        """From here on the other limits hold."""
        self._began, self._first = True, event.pos
        for account, book in self._recorded.accounts.books.items():
            self._papers[account] = _Paper(begin=equity_of(book))
        self._shadow.dropped = self._shadow.scaled = self._shadow.trips = 0
        self._shadow.lay_over(self._overlay, event)

    def _learn(self, marks: dict[str, Mark]) -> None:
        for symbol, mark in marks.items():
            known = self._prices.get(symbol)
            if known is None or mark.at > known.at:
                self._prices[symbol] = mark

    def _follow(self, event: Event) -> None:
        """Keeps peaks, the owner's money, and how often risk threw a switch."""
        recorded, shadow = self._recorded, self._shadow.state
        if event.type == "CashMoved":
            self._move(event)
        elif event.type == "PositionAdjusted":
            self._bring(event)
        elif event.type == "Halted":
            self._trips += decode(event).by == AUTHOR
        for account in recorded.accounts.books:
            paper = self._papers.setdefault(account, _Paper())
            was, would = recorded.orders.portfolios.of(account), shadow.orders.portfolios.of(account)
            if not was.unknown:
                paper.peak_was = max(paper.peak_was, was.gross)
            if not would.unknown:
                paper.peak_would = max(paper.peak_would, would.gross)

    def _move(self, event: Event) -> None:
        """Takes the owner's money out of the result, at the rate of its time."""
        data = decode(event)
        if data.reason in CAPITAL:
            self._moved(data.account, data.amount, data.currency)

    def _moved(self, account: str, amount: Decimal, currency: str) -> None:
        paper = self._papers.setdefault(account, _Paper())
        if paper.moved is None:
            return
        book = self._recorded.accounts.books[account]
        rate = None if currency == book.currency else book.marks.get(f"{currency}/{book.currency}")
        if currency == book.currency:
            paper.moved = add(paper.moved, amount)
        else:
            paper.moved = None if rate is None else add(paper.moved, multiply(amount, rate.price))

    def _bring(self, event: Event) -> None:
        """Takes what came or went without an execution out of the result, at its worth then."""
        data = decode(event)
        worth = multiply(data.quantity, data.price if data.mark is None else data.mark)
        self._moved(
            data.account, worth, settlement_currency(data.symbol, self._recorded.accounts.currency(data.account))
        )

    def _decide(self, event: Event) -> None:
        data: Decision = decode(event)
        batch = self._batches
        if batch is None or batch[:2] != (data.state_pos, event.time):
            self._fold_until(data.state_pos)
            if not self._began and self._since is not None and self._since.reached(event):
                self._begin(event)
            batch = self._batches = (
                data.state_pos,
                event.time,
                Batch(self._recorded, self._board, event.time),
                Batch(self._shadow.state, self._other_board, event.time),
            )
        self._would[event.pos] = data
        order = self._recorded.orders.orders.get(data.order)
        self._learn({quote.symbol: Mark(quote.price, quote.at) for quote in data.quotes})
        if order is None or not self._began or self._account not in {"", order.account}:
            return
        self._set_up(order, data, event.time)
        was, again = outcome_of(data), outcome_of(batch[2].judge(order).data)
        self._was.count(was)
        if again.differs(was):
            self._unreproduced.append(_change(event, order, was, again))
            self._tally.count(was)
            return
        other = self._shadow.state.orders.orders.get(data.order)
        if other is None:
            return  # it would have been over by an earlier decision
        made = batch[3].judge(other).data
        would = outcome_of(made)
        self._would[event.pos] = made
        self._tally.count(would)
        if would.differs(again):
            self._changes.append(_change(event, order, was, would))
            self._unknown += would.verdict == "approved" and (was.verdict != "approved" or was.side != would.side)
        elif would.reason != again.reason:
            self._other_reason += 1

    def _set_up(self, order: Order, data: Decision, now: int) -> None:
        """Both states and boards as the recorded decision had them."""
        source: PriceSource = "signal" if any(quote.source == "signal" for quote in data.quotes) else "live"
        for board in (self._board, self._other_board):
            board.show(data.quotes, order.symbol, data.mid)
        held = self._recorded.accounts.position(order.account, order.symbol)
        if not data.quotes and not held and order.action in _UNSIDED:
            # With nothing to close no price was looked up; where there would be something, the newest one serves.
            profile = self._setup.accounts.get(order.account)
            source = profile.price_source if profile else source
            if (newest := self._prices.get(order.symbol)) is not None:
                self._other_board.show((QuoteUsed(order.symbol, newest.price, now, "log"),))
        dry = any(check.name == _DRY_RUN for check in data.checks)
        for state in (self._recorded, self._shadow.state):
            state.setup = self._setup_with(data.clock, order.account, source, dry_run=dry)

    def _setup_with(self, clock: Clock, account: str, source: PriceSource, *, dry_run: bool) -> Setup:
        """The setup as it was for a decision, made once."""
        key = (clock, account, source, dry_run)
        if (found := self._setups.get(key)) is None:
            accounts = dict(self._setup.accounts)
            if (profile := accounts.get(account)) is not None:
                accounts[account] = replace(profile, price_source=source, dry_run=dry_run)
            found = self._setups[key] = replace(self._setup, clock=clock, accounts=accounts)
        return found

    def _outcome(self, account: str, paper: _Paper) -> AccountOutcome:
        was = self._recorded.accounts.books[account]
        would = self._shadow.state.accounts.books[account]
        symbols = sorted(was.positions.keys() | would.positions.keys())
        holdings = (
            Holding(symbol=symbol, was=_held(was, symbol), would=_held(would, symbol))
            for symbol in symbols
            if _held(was, symbol) != _held(would, symbol)
        )
        return AccountOutcome(
            account=account,
            currency=was.currency,
            peak_was=paper.peak_was,
            peak_would=paper.peak_would,
            result_was=self._result(was, paper),
            result_would=self._result(would, paper),
            holdings=tuple(holdings),
        )

    def _result(self, book: AccountBook, paper: _Paper) -> Decimal | None:
        equity = equity_of(book_marks(book, self._prices))
        if equity is None or paper.begin is None or paper.moved is None:
            return None
        return subtract(subtract(equity, paper.begin), paper.moved)


def _held(book: AccountBook, symbol: str) -> Decimal:
    position = book.positions.get(symbol)
    return position.quantity if position else ZERO


def _change(event: Event, order: Order, was: Outcome, would: Outcome) -> Change:
    return Change(
        pos=event.pos,
        time=event.time,
        order=order.order,
        strategy=order.strategy,
        account=order.account,
        symbol=order.symbol,
        action=order.action,
        asked=order.quantity,
        was=was,
        would=would,
    )
