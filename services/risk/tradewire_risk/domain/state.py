"""Everything that risk knows, as a fold over the log from a snapshot on. The table at the foot says what counts."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw

from tradewire.domain.exact import ZERO, share, subtract
from tradewire.domain.orders import Order, evolve
from tradewire.domain.recovery import FOLDED as RECOVERED
from tradewire.domain.recovery import Recovery
from tradewire.domain.results import FOLDED, MOST_DAYS
from tradewire.domain.switches import GLOBAL, Controls
from tradewire.errors import LogCorrupt, TransitionError
from tradewire.messages.books import join
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import EVENT_TYPES, decode_for_state, unknown
from tradewire_risk.domain.accounts import Accounts
from tradewire_risk.domain.facts import FACTS, Facts
from tradewire_risk.domain.limits import Compiled
from tradewire_risk.domain.open_orders import OpenOrders
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.sessions import Sessions
from tradewire_risk.domain.value_at_risk import ValuesAtRisk
from tradewire_risk.domain.windows import Windows
from tradewire_risk.domain.wishes import FOLDED as WISHED
from tradewire_risk.domain.wishes import Wishes

_DAY = 86_400_000_000
_HUNDRED = Decimal(100)
CONFIGURATION = "configuration"
"""The author of limits that come from the settings."""


class RiskState:
    """The state machine. It changes only in `restore` and `apply`, and only by what the log says."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._days: dict[str, tuple[Profile, int, int, str]] = {}
        self.calendars: dict[str, Sessions] = {}
        """Exchanges' sessions by calendar, as far as they are loaded; they are no part of the log."""
        self._clear()

    def _clear(self) -> None:
        self.pos = 0
        self.restoring = False
        """True while a snapshot is read, whose books hold its events already."""
        self.orders = OpenOrders()
        self.accounts = Accounts()
        self.facts = Facts()
        self.values_at_risk = ValuesAtRisk()
        self.windows = Windows()
        self.stepped: tuple[int, Decimal] | None = None
        """The position of the last step of the ledger's clock, and by how many seconds it was."""
        self.wishes = Wishes()
        self.recovery = Recovery()
        """What a restore left open: orders of such accounts are left alone until their routers have looked."""
        self.controls = Controls()
        self.rules = Compiled(self.controls, self.broker_of)
        self.configured: dict[str, str] | None = None
        """What the configuration said last, as far as it was taken, whatever people have set since."""
        self._window = 0

    def broker_of(self, account: str) -> str:
        """The broker of an account; empty for one that is not configured."""
        profile = self.setup.accounts.get(account)
        return profile.broker if profile else ""

    def restore(self, events: Iterable[Event], books: Iterable[Raw], pos: int) -> None:
        """Forgets everything and begins at the snapshot of position `pos`, whose books hold its events already.

        Raises:
            LogCorrupt: the snapshot contradicts itself.
        """
        self._clear()
        self.restoring = True
        newest = 0
        for event in sorted(events, key=lambda event: event.pos):
            self._fold(event)
            if event.stream.startswith(("order-", "account-")):
                newest = max(newest, event.time)
        self.restoring = False
        self.wishes.forget(newest)
        try:
            self.accounts.books = join(books)
        except msgspec.DecodeError as error:
            raise LogCorrupt(f"a book of the snapshot cannot be read: {error}") from error
        for book in self.accounts.books.values():
            self.orders.portfolios.hold_all(book)
        self.pos = pos

    def catch_up(self, events: Iterable[Event]) -> None:
        """Counts what the snapshot's open orders cannot tell: the events that were counted since counts were recorded.

        `events` lie at or before the snapshot's position, in the log's order, and reach back to `counted_from`.

        Raises:
            LogCorrupt: an event cannot be read, or contradicts those before it.
        """
        ended: dict[str, Order] = {}
        for event in events:
            if event.type not in _COUNTED:
                continue
            try:
                data = decode_for_state(event)
                self._follow_ended(ended, event, data)
            except (TransitionError, msgspec.DecodeError) as error:
                raise LogCorrupt(f"{event.stream}: {event.type} at position {event.pos}: {error}") from error
            if (count := _COUNTS.get(event.type)) and event.pos > self.windows.recorded_pos.get(data.account, 0):
                count(self, event, data)
            if event.type in FOLDED and event.pos > self.windows.results_pos.get(data.account, 0):
                _results(self, event, data)
            if event.type in WISHED:
                self.wishes.fold(event, data)
        for account, report in self.facts.balances.items():
            self.orders.funds.of(account).hear(report)

    def counted_from(self) -> int:
        """After which position events must be counted anew behind a snapshot."""
        windows = self.windows
        counted = min(
            (
                min(kept.get(each, 0) for kept in (windows.recorded_pos, windows.results_pos, windows.since))
                for each in self.accounts.books
            ),
            default=0,
        )
        return min((counted, *(wish.pos for _, wish in self.wishes)))

    def _follow_ended(self, ended: dict[str, Order], event: Event, data: Any) -> None:
        """Takes from the account's money what orders took that are over by now; open ones are in the snapshot."""
        order_id = event.stream[len("order-") :]
        before = ended.get(order_id)
        if not event.stream.startswith("order-") or order_id in self.orders.orders:
            return
        if before is None and event.type != "OrderRequested":
            return
        after = ended[order_id] = evolve(before, event, data)
        self.orders.follow_money(before, after, event, data)

    def apply(self, frame: Frame) -> None:
        """Folds one frame.

        Raises:
            LogError: the log contradicts itself, or holds what this build does not know.
        """
        for event in frame.events:
            self._fold(event)
            self.pos = event.pos

    @property
    def limited(self) -> bool:
        """True once somebody has set limits; until then nothing may be decided."""
        return GLOBAL in self.controls.limits

    def _fold(self, event: Event) -> None:
        folds = _FOLDS.get(event.type)
        if folds is None:
            row = EVENT_TYPES.get(event.type)
            if row is None or row.schema != event.schema:
                raise unknown(event)
            return
        try:
            data = decode_for_state(event)
            for fold in folds:
                if not (self.restoring and fold in _IN_BOOKS):
                    fold(self, event, data)
        except (TransitionError, msgspec.DecodeError) as error:
            raise LogCorrupt(f"{event.stream}: {event.type} at position {event.pos}: {error}") from error

    def day(self, account: str, time: int) -> str:
        """The trading day of an account at a time (µs)."""
        profile = self.setup.accounts.get(account) or Profile(account)
        known = self._days.get(account)
        if known is not None and known[0] is profile and known[1] <= time < known[2]:
            return known[3]
        day = profile.day_of(time)
        after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        self._days[account] = (profile, profile.start_of(day), profile.start_of(after), day)
        return day

    def oldest_day(self, account: str, day: str, strategy: str = "") -> str:
        """The first day of the drawdown window of an account, or of a strategy in it, that ends on `day`."""
        rules = self.rules.of_order(account, strategy, "") if strategy else self.rules.of_account(account)
        window = rules.bounds.drawdown_window
        days = min(window.micros // _DAY, MOST_DAYS) if window else MOST_DAYS
        return (date.fromisoformat(day) - timedelta(days=days)).isoformat()

    def drawdown(self, account: str, day: str) -> Decimal | None:
        """How far the equity lies below the highest of its window, in percent of that; None where it is not known."""
        equity = self.accounts.equity(account)
        if equity is None:
            return None
        high = self.windows.of(account).high(self.oldest_day(account, day))
        if high is None or high <= ZERO or equity >= high:
            return ZERO
        return share(subtract(high, equity), _HUNDRED, high)

    def fold_order(self, event: Event, data: Any) -> None:
        """Folds an event of an order."""
        self.orders.fold(event, data, self._window)

    def held_back(self) -> set[str]:
        """Requested orders that are not to be decided: a restored log cannot tell yet whether they were sent."""
        if not self.recovery.restored:
            return set()
        return {order for order in self.orders.requested if self.recovery.holds(self.orders.orders[order])}

    def fold_control(self, event: Event, data: Any) -> None:
        """Folds a switch or limits."""
        self.controls.fold(event, data)
        if event.type == "LimitSet":
            self._window = self.rules.longest("duplicate_window")
            if data.by == CONFIGURATION and data.scope == GLOBAL:
                self.configured = data.limits if data.configured is None else data.configured


_Fold = Callable[[RiskState, Event, Any], None]
_OF_THE_ACCOUNT = frozenset({"CashMoved", "CorporateAction"})
"""Events that change more of an account than what it holds of the symbol that they name."""


def _order(state: RiskState, event: Event, data: Any) -> None:
    state.fold_order(event, data)


def _control(state: RiskState, event: Event, data: Any) -> None:
    state.fold_control(event, data)


def _book(state: RiskState, event: Event, data: Any) -> None:
    state.accounts.fold(event, data)
    book, portfolios = state.accounts.books[data.account], state.orders.portfolios
    if (symbol := getattr(data, "symbol", "")) and event.type not in _OF_THE_ACCOUNT:
        portfolios.hold(book, symbol)
    else:
        portfolios.hold_all(book)


def _marks(state: RiskState, event: Event, data: Any) -> None:
    state.accounts.marks(event, data)


def _facts(state: RiskState, event: Event, data: Any) -> None:
    state.facts.fold(event, data)
    if event.type == "BalancesReported":
        state.orders.funds.of(data.account).hear(data)


def _approvals(state: RiskState, event: Event, data: Any) -> None:
    state.windows.of(data.account).approve(data, event.time, state.day(data.account, event.time))


def _executions(state: RiskState, event: Event, data: Any) -> None:
    state.windows.of(data.account).execute(data, event.time)


def _highs(state: RiskState, event: Event, data: Any) -> None:
    if data.equity is not None and data.day:
        limited = ("", *state.rules.limited_strategies())
        oldest = min(state.oldest_day(data.account, data.day, strategy) for strategy in limited)
        state.windows.of(data.account).mark(data.day, data.equity, oldest, event.time)


def _results(state: RiskState, event: Event, data: Any) -> None:
    state.windows.of(data.account).result(event, data, state.accounts.currency(data.account))


def _recorded(state: RiskState, event: Event, data: Any) -> None:
    if state.restoring:
        state.windows.restore(data)
    else:
        state.windows.settle(data)


def _stepped(state: RiskState, event: Event, data: Any) -> None:
    state.stepped = (event.pos, data.seconds)


def _flatten(state: RiskState, event: Event, data: Any) -> None:
    state.wishes.begin(event, data)


def _call_off(state: RiskState, event: Event, data: Any) -> None:
    if data.level in {"HALT", "KILL"} and data.by.startswith("person:"):
        state.wishes.call_off(data.scope, state.broker_of)


def _recovery(state: RiskState, event: Event, data: Any) -> None:
    state.recovery.fold(event, data)


def _wishes(state: RiskState, event: Event, data: Any) -> None:
    state.wishes.fold(event, data)


_FOLDS: dict[str, tuple[_Fold, ...]] = {
    **{row.name: (_order,) for row in EVENT_TYPES.values() if row.stream == "order-"},
    "OrderApproved": (_order, _approvals),
    "OrderFilled": (_order, _book, _executions, _results),
    "FillCorrected": (_order, _book, _results),
    "FillBusted": (_order, _book, _results),
    "ExternalFillBooked": (_book, _results),
    "FillAttributed": (_order, _results),
    "CashMoved": (_book,),
    "MarksRecorded": (_book, _marks, _highs, _results),
    "WindowsRecorded": (_recorded,),
    "FlattenRequested": (_flatten,),
    "ClockStepped": (_stepped,),
    **dict.fromkeys(RECOVERED, (_recovery,)),
    **dict.fromkeys(FACTS, (_facts,)),
    "CorporateAction": (_book, _results),
    "PositionAdjusted": (_book, _results),
    "AccountHalted": (_control,),
    "Halted": (_control, _call_off),
    "Resumed": (_control,),
    "LimitSet": (_control,),
    "LimitProposed": (_control,),
}
_FOLDS |= {name: (*_FOLDS[name], _wishes) for name in WISHED}
_COUNTS: dict[str, _Fold] = {"OrderApproved": _approvals, "OrderFilled": _executions, "MarksRecorded": _highs}
"""What is counted over time, and is not in a snapshot."""
_IN_BOOKS = frozenset({_book, _results, _wishes, *_COUNTS.values()})
"""What a snapshot has told already, or what is counted apart from it."""
_COUNTED = frozenset({row.name for row in EVENT_TYPES.values() if row.stream == "order-"} | _COUNTS.keys() | FOLDED)
