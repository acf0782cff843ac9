"""The state as it would be under other limits, folded from the recorded log with every event fitted to it.

What is assumed is written here and in docs/how-to/what-if.md:

- An order that would have been denied, or held with nobody there to approve it, reserves nothing and trades nothing:
  the rest of its stream is left out.
- An order that would have been approved counts as approved and as over at once, with nothing traded: nobody can tell
  what would have become of it. So does one that would have traded the other side.
- An order of another size has its executions in proportion, at the recorded prices and times, fees likewise.
- Switches that risk throws are thrown at the marks and executions that the log holds, by the other limits and figures.
  What people did stays as they did it.
- A report of balances is moved by the cash that the two books differ by, and by what working orders tie up.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tradewire.domain.books import fold_book
from tradewire.domain.exact import ZERO, add, share, subtract
from tradewire.domain.orders import RESERVING
from tradewire.domain.switches import Limits, Switch, limits_stream
from tradewire.messages.account_events import LimitSet, Mark, MarksRecorded
from tradewire.messages.log import Event, Frame
from tradewire.messages.order_events import OrderApproved, OrderDenied, OrderHeld, OrderLapsed
from tradewire.messages.registry import decode
from tradewire_risk.domain.accounts import equity_of, is_trip
from tradewire_risk.domain.counterfactual.report import Decision
from tradewire_risk.domain.counterfactual.scale import SCALED, Scale
from tradewire_risk.domain.marks import held_in
from tradewire_risk.domain.profile import Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.trips import AUTHOR, due_repeats, thrown, trips_at

Overlay = dict[str, dict[str, str]]
"""Limits by scope, as texts by name, that take the place of the recorded ones."""
DECISIONS: Final = frozenset({"OrderApproved", "OrderDenied", "OrderHeld"})
INTERVAL: Final = "interval"
_ORDER: Final = "order-"
_encode = msgspec.json.Encoder().encode


class Shadow:
    """A state beside the recorded one. `prices` are the newest of each symbol, kept by whoever reads the log."""

    def __init__(self, setup: Setup, prices: dict[str, Mark]) -> None:
        self.state = RiskState(setup)
        self.dropped, self.scaled, self.trips = 0, 0, 0
        self._prices = prices
        self._overlay: Overlay = {}
        self._gone: set[str] = set()
        self._scales: dict[str, Scale] = {}

    def lay_over(self, overlay: Overlay, like: Event) -> None:
        """Lays limits over those of the log, from now on; `like` is an event of the same time."""
        self._overlay = overlay
        for scope, limits in overlay.items():
            held = self.state.controls.limits.get(scope, Limits()).limits
            data = LimitSet(scope=scope, limits={**held, **limits}, old=held, by="replay", reason="other limits")
            self._apply(_event(like, limits_stream(scope), data))

    def fold(self, event: Event, recorded: RiskState, would: Decision | None) -> None:
        """Folds an event as it would have been. `recorded` is the recorded state before it, and `would` what would
        have been decided, where it is a decision."""
        fit = _FITS.get(event.type)
        if event.stream.startswith(_ORDER):
            events = self._order(event, would)
        elif fit is not None:
            events = fit(self, event, recorded)
        else:
            events = iter((event,))
        for each in events:
            self._apply(each)
        if event.type == "MarksRecorded":
            self._trip(event)
        elif event.type in {"OrderFilled", "Resumed"}:
            self._pause(event)

    def _apply(self, event: Event) -> None:
        event = replace(event, version=self._next_version(event))
        self.state.apply(Frame("", 0, 0, event.pos, event.pos, "", (event,)))

    def _next_version(self, event: Event) -> int:
        """The version of an event in a stream from which others were left out, or to which some were added."""
        stream, controls = event.stream, self.state.controls
        kind, _, name = stream.partition("-")
        if kind == "order":
            order = self.state.orders.orders.get(name)
            return event.version if order is None else order.version + 1
        if kind == "control":
            return controls.switches.get(name, Switch()).version + 1
        return controls.limits.get(name, Limits()).version + 1 if kind == "limits" else event.version

    def _order(self, event: Event, would: Decision | None) -> Iterator[Event]:
        order = event.stream[len(_ORDER) :]
        if event.type == "OrderRequested" and (parent := decode(event).parent):
            self._with_its_entry(order, parent)
        if order in self._gone:
            self.dropped += event.type == "OrderFilled"
            return
        if would is not None:
            yield from self._decided(order, event, would)
            return
        scale = self._scales.get(order)
        if scale is None or event.type not in SCALED:
            yield event
            return
        self.scaled += event.type == "OrderFilled"
        if (data := scale.fit(event.type, decode(event))) is not None:
            yield _with(event, data)

    def _with_its_entry(self, order: str, entry: str) -> None:
        """An exit is not sent, or for another quantity, where its entry is so."""
        if entry in self._gone:
            self._gone.add(order)
        if (scale := self._scales.get(entry)) is not None:
            self._scales[order] = scale.again()

    def _decided(self, order: str, event: Event, would: Decision) -> Iterator[Event]:
        was: Decision = decode(event)
        yield replace(event, type=type(would).__name__, data=Raw(_encode(would)))
        self._scales.pop(order, None)
        if isinstance(would, OrderApproved):
            if isinstance(was, OrderApproved) and was.side == would.side:
                if was.quantity != would.quantity:
                    self._scales[order] = Scale(was.quantity, would.quantity)
                return
            self._gone.add(order)
            yield _event(event, event.stream, OrderLapsed(order=order, reason=Reason.APPROVAL_UNSENT.value))
        elif not isinstance(was, OrderDenied if isinstance(would, OrderDenied) else OrderHeld):
            self._gone.add(order)

    def limit(self, event: Event, _recorded: RiskState) -> Iterator[Event]:
        """A LimitSet, with the other limits laid over it."""
        data: LimitSet = decode(event)
        yield _with(event, replace(data, limits={**data.limits, **self._overlay.get(data.scope, {})}))

    def switch(self, event: Event, _recorded: RiskState) -> Iterator[Event]:
        """A Halted, unless risk threw it: then it is thrown by the other figures or not at all."""
        if decode(event).by != AUTHOR:
            yield event

    def mark(self, event: Event, recorded: RiskState) -> Iterator[Event]:
        """A MarksRecorded, with the equity of this book, and prices of what only this book holds."""
        data: MarksRecorded = decode(event)
        books = dict(self.state.accounts.books)
        if (book := books.get(data.account)) is not None:
            only_here = (
                symbol for symbol in held_in(self.state, book) if not recorded.accounts.position(data.account, symbol)
            )
            more = {symbol: self._prices[symbol] for symbol in only_here if symbol in self._prices}
            data = replace(data, marks={**more, **data.marks})
        if is_trip(data.reason):
            data = replace(data, reason=INTERVAL)
        if data.equity is not None:
            fold_book(books, event, data)
            data = replace(data, equity=equity_of(books[data.account]))
        yield _with(event, data)

    def balance(self, event: Event, recorded: RiskState) -> Iterator[Event]:
        """A BalancesReported, moved by what this book has more in cash and less tied up than the recorded one."""
        data = decode(event)
        more = subtract(
            subtract(_cash(self.state, data.account, data.currency), _tied(self.state, data.account)),
            subtract(_cash(recorded, data.account, data.currency), _tied(recorded, data.account)),
        )
        if not more:
            yield event
            return
        moved = {"cash": add(data.cash, more), "buying_power": add(data.buying_power, more)}
        yield _with(event, replace(data, **moved))

    def _trip(self, event: Event) -> None:
        """Throws the switch of an account, or of a strategy in it, at recorded marks, as risk does at its own."""
        marked: MarksRecorded = decode(event)
        if marked.reason != INTERVAL and not is_trip(marked.reason):
            return  # those that begin a day or give a first rate come before risk looks
        state, account = self.state, marked.account
        book = state.accounts.books[account]
        for trip in tuple(trips_at(state, book, {})):
            self._apply(_with(event, replace(marked, reason=trip.why, equity=None)))
            halted = thrown(state, trip, event.pos, event.time, None)
            if halted is not None:
                self.trips += 1
                self._apply(replace(event, stream=halted.stream, type=halted.type, data=halted.data))

    def _pause(self, event: Event) -> None:
        """Pauses strategies that were executed too often in a row."""
        for due in due_repeats(self.state, event.time):
            for new in due.command.events:
                self.trips += 1
                self._apply(replace(event, stream=new.stream, type=new.type, data=new.data))


Fit = Callable[[Shadow, Event, RiskState], Iterator[Event]]
_FITS: Final[dict[str, Fit]] = {
    "LimitSet": Shadow.limit,
    "Halted": Shadow.switch,
    "MarksRecorded": Shadow.mark,
    "BalancesReported": Shadow.balance,
}


def _event(like: Event, stream: str, data: Struct) -> Event:
    """An event that the log does not hold, at the place and time of one that it does."""
    return replace(like, stream=stream, type=type(data).__name__, schema=1, data=Raw(_encode(data)))


def _with(event: Event, data: Any) -> Event:
    return replace(event, data=Raw(_encode(data)))


def _cash(state: RiskState, account: str, currency: str) -> Decimal:
    book = state.accounts.books.get(account)
    balance = book.balances.get(currency) if book else None
    return balance.cash if balance else ZERO


def _tied(state: RiskState, account: str) -> Decimal:
    """What the account's orders that a broker has may still cost."""
    total = ZERO
    for order in state.orders.orders.values():
        if order.account == account and order.status in RESERVING and order.broker_order_id and order.cost:
            total = add(total, share(order.cost, order.leaves, order.quantity or order.leaves))
    return total
