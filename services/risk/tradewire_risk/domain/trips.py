"""Switches that are thrown because a figure went above its limit. A person lifts them; nothing else does.

- LOSS_DAILY_LIMIT throws the account to REDUCE_ONLY: the day's loss, as an amount or in percent of what the day began
  with.
- LOSS_DRAWDOWN_LIMIT throws the account to HALT: how far the equity lies below the highest of its window, in percent.
- Both are measured for a strategy's own results as well, where the scope of the strategy limits them, and throw the
  strategy: to REDUCE_ONLY and to HALT. In percent they are parts of the account's equity.
- CLOCK_STEPPED throws every live account to REDUCE_ONLY: the ledger's clock jumped by more than two seconds.
- REPEATED_EXECUTION_TRIPPED throws the strategy to PAUSED: orders of one symbol and side executed within the window.

An account trips for each reason once a trading day, and so does a strategy in an account by its losses; by executions a
strategy trips once for each that trips it. The event's id derives from that, so that a restart trips nothing again.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire import ids
from tradewire.domain.account_book import AccountBook, book_marks
from tradewire.domain.exact import ZERO, multiply, share, subtract
from tradewire.domain.money import plain
from tradewire.domain.switches import LEVELS, Switch, control_stream
from tradewire.messages.account_events import Halted, Mark
from tradewire.messages.log import Command, NewEvent
from tradewire.messages.registry import new_event
from tradewire_risk.domain.accounts import equity_of, loss_of
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.own import Part, limited_in, own_losses
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState

AUTHOR = "risk"
_HUNDRED = Decimal(100)

Level = Literal["PAUSED", "REDUCE_ONLY", "HALT"]


class Trip(Struct, frozen=True, gc=False):
    """A figure above its limit, and what that throws. `account` is where a strategy has lost too much."""

    scope: str
    level: Level
    reason: Reason
    value: str
    limit: str
    account: str = ""

    @property
    def why(self) -> str:
        """The `reason` of the marks at which it trips: that of an account alone, and of a strategy with its scope."""
        return f"{self.reason.value} {self.scope}" if self.account else self.reason.value


def trips_at(state: RiskState, book: AccountBook, marks: dict[str, Mark]) -> Iterator[Trip]:
    """The trips of an account and of the strategies in it, with newer marks laid over those of the log.

    `book` is at the account's trading day. What tripped on that day already is left out.
    """
    for found in (_account_trips(state, book_marks(book, marks)), _strategy_trips(state, book, marks)):
        for trip in found:
            if state.accounts.tripped_on.get((book.account, trip.why)) != book.day:
                yield trip


def _strategy_trips(state: RiskState, book: AccountBook, marks: dict[str, Mark]) -> Iterator[Trip]:
    account = book.account
    for strategy in limited_in(state, account):
        bounds, scope = state.rules.of_order(account, strategy, "").strategy, f"strategy.{strategy}"
        if bounds is None:
            continue
        own = own_losses(state, account, strategy, book.day, marks)
        lost, limit, percent = own.day.lost, bounds.max_daily_loss, bounds.max_daily_loss_percent
        if lost is not None and limit is not None and lost > limit.value:
            told = f"loss={plain(lost)} account={account}"
            yield Trip(scope, "REDUCE_ONLY", Reason.LOSS_DAILY_LIMIT, told, limit.text, account)
        elif percent is not None and own.day.exceeds(percent.value):
            told = f"loss={_percent(own.day)} account={account}"
            yield Trip(scope, "REDUCE_ONLY", Reason.LOSS_DAILY_LIMIT, told, f"{percent.text}%", account)
        if (limit := bounds.max_drawdown) is not None and own.drawdown.exceeds(limit.value):
            told = f"drawdown={_percent(own.drawdown)} account={account}"
            yield Trip(scope, "HALT", Reason.LOSS_DRAWDOWN_LIMIT, told, f"{limit.text}%", account)


def _percent(part: Part) -> str:
    return f"{plain(part.percent or ZERO)}%"


def _account_trips(state: RiskState, book: AccountBook) -> Iterator[Trip]:
    bounds, scope = state.rules.of_account(book.account).bounds, f"account.{book.account}"
    loss = loss_of(book)
    if loss is not None:
        limit, percent = bounds.max_daily_loss, bounds.max_daily_loss_percent
        began = book.equity_at_day_start
        if limit is not None and loss > limit.value:
            yield Trip(scope, "REDUCE_ONLY", Reason.LOSS_DAILY_LIMIT, f"loss={plain(loss)}", limit.text)
        elif percent is not None and began > ZERO and multiply(loss, _HUNDRED) > multiply(began, percent.value):
            lost = f"loss={plain(share(loss, _HUNDRED, began))}%"
            yield Trip(scope, "REDUCE_ONLY", Reason.LOSS_DAILY_LIMIT, lost, f"{percent.text}%")
    equity, limit = equity_of(book), bounds.max_drawdown
    high = state.windows.of(book.account).high(state.oldest_day(book.account, book.day))
    if equity is None or limit is None or high is None or high <= ZERO:
        return
    fallen = subtract(high, equity)
    if multiply(fallen, _HUNDRED) > multiply(high, limit.value):
        lost = f"drawdown={plain(share(fallen, _HUNDRED, high))}%"
        yield Trip(scope, "HALT", Reason.LOSS_DRAWDOWN_LIMIT, lost, f"{limit.text}%")


def due_repeats(state: RiskState, now: int) -> list[Due]:
    """Pauses every strategy that was executed too often in a row since a person let it trade."""
    found = []
    for account in state.accounts.books:
        window = state.windows.of(account)
        for (strategy, symbol, side), run in window.runs.items():
            bounds = state.rules.of_order(account, strategy, symbol).bounds
            limit, span = bounds.max_repeated_executions, bounds.repeated_execution_window
            if limit is None or span is None or len(run) < limit.value:
                continue
            scope = f"strategy.{strategy}"
            since = max(now - span.micros, state.controls.switches.get(scope, Switch()).at)
            count = window.run(strategy, symbol, side, since)
            if count < limit.value:
                continue
            value = f"{side} {symbol} executed={count} within={span.text}"
            trip = Trip(scope, "PAUSED", Reason.REPEATED_EXECUTION_TRIPPED, value, limit.text)
            last = next(reversed(run.orders.values()))
            if (halted := thrown(state, trip, last, now, None)) is not None:
                found.append(Due(halted.event_id, Command((halted,)), account, trip.reason.value))
    return found


def due_steps(state: RiskState, now: int) -> list[Due]:
    """Lets live accounts only reduce after the ledger's clock has jumped."""
    if state.stepped is None:
        return []
    pos, seconds = state.stepped
    found = []
    for account, profile in state.setup.accounts.items():
        trip = Trip(f"account.{account}", "REDUCE_ONLY", Reason.CLOCK_STEPPED, f"step={plain(seconds)}s", "2s")
        if profile.live and (halted := thrown(state, trip, pos, now, None)) is not None:
            found.append(Due(halted.event_id, Command((halted,)), account, trip.reason.value))
    return found


def thrown(state: RiskState, trip: Trip, due: int, now: int, causation: str | None) -> NewEvent | None:
    """The event that throws a trip's switch; None when it stands as high already."""
    switch = state.controls.switches.get(trip.scope, Switch())
    if LEVELS.index(switch.level) >= LEVELS.index(trip.level):
        return None
    stream = control_stream(trip.scope)
    kind = f"Halted {trip.reason.value} {trip.account}".rstrip()
    event_id = ids.timer_uuid(stream, kind, due)
    halted = Halted(
        scope=trip.scope,
        level=trip.level,
        by=AUTHOR,
        reason=f"{trip.reason.value}: {trip.value} limit={trip.limit}",
        request=event_id,
    )
    # The exact version, because a switch that somebody throws higher meanwhile must not be lowered by this.
    return new_event(stream, switch.version + 1, event_id, halted, time=now, correlation=None, causation=causation)
