"""Follows a wish to close an account until nothing is left of it, nothing more will happen, or the time is over."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tradewire.domain.exact import ZERO, subtract
from tradewire.domain.flattening import STRATEGY, TRADES, Since, signal_id
from tradewire.domain.orders import Order
from tradewire.domain.switches import Switch, scopes
from tradewire.messages.answers import ControlState, EventsPage, OrdersPage, PositionsPage
from tradewire.messages.queries import MAX_ROWS, ControlQuery, EventsQuery, OrdersQuery, PositionsQuery
from tradewire_cli.client import Client
from tradewire_cli.exits import Exit
from tradewire_cli.views import text
from tradewire_cli.views.events import decoded
from tradewire_cli.views.flattening import Row

_LOOK_SECONDS: Final = 0.5
_STOPPED: Final = frozenset({"HALT", "KILL"})
_FOLDED: Final = TRADES | {"OrderRequested"}

Tell = Callable[[Row], None]


class Wish(Struct, frozen=True):
    """What was asked for, and at which position it is in the log."""

    account: str
    request: str
    pos: int


class Flattened(Struct, frozen=True):
    """How things stand: the symbols, the orders of before the wish that still work, and switches that deny closes."""

    rows: tuple[Row, ...] = ()
    working: tuple[Order, ...] = ()
    switches: Mapping[str, Switch] = {}
    closing: bool = False

    @property
    def left(self) -> tuple[Row, ...]:
        """The symbols of which something remains."""
        return tuple(row for row in self.rows if row.remaining)

    @property
    def exit(self) -> Exit | None:
        """How the command ends as things stand; None while more may happen."""
        if self.left and all(row.settled for row in self.left):
            return Exit.REFUSED
        if self.left or self.working or self.closing:
            return None
        return Exit.DONE

    @property
    def late(self) -> Exit:
        """How the command ends when the time is over: what was denied stays, and what is under way is unknown."""
        if self.exit is not None:
            return self.exit
        under_way = self.working or self.closing or not all(row.why for row in self.left)
        return Exit.UNKNOWN if under_way else Exit.REFUSED


def stopped_by(control: ControlState, account: str, symbol: str = "") -> str:
    """The scope of a switch that denies every close of an account, or of a symbol in it; empty where there is none."""
    broker = control.brokers.get(account, "")
    for scope in scopes(account, STRATEGY, symbol, broker):
        if control.switches.get(scope, Switch()).level in _STOPPED:
            return scope
    return ""


async def follow(client: Client, heard: asyncio.Event, wish: Wish, limit: float, tell: Tell) -> tuple[Flattened, Exit]:
    """Tells each change of a symbol, for `limit` seconds at most. `heard` says when to look."""
    following = _Following(client, wish, tell)
    found = Flattened(closing=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            while True:
                heard.clear()
                found = await following.look() or found
                if (code := found.exit) is not None:
                    return found, code
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await heard.wait()
    return found, found.late


class _Following:
    """Where the following is: the events up to which position were folded, and what was told of each symbol."""

    def __init__(self, client: Client, wish: Wish, tell: Tell) -> None:
        self._client, self._wish, self._tell = client, wish, tell
        self._since, self._after = Since(), wish.pos
        self._told: dict[str, Row] = {}

    async def look(self) -> Flattened | None:
        """How things stand; None while the reader has not heard of the wish. What is held is asked for last.

        So a close whose execution is not known yet is still open, and nothing seems closed that is not. What was traded
        is read up to where the positions are, so that both are of one moment.
        """
        client, account = self._client, self._wish.account
        control = await client.ask(ControlQuery(), ControlState)
        closes = await client.ask(OrdersQuery(account=account, strategy=STRATEGY, limit=MAX_ROWS), OrdersPage)
        open_orders = await client.ask_all(OrdersQuery(account=account, open=True), OrdersPage, "orders")
        held = await client.ask_all(PositionsQuery(account=account), PositionsPage, "positions")
        if min(control.pos, closes.pos, open_orders.pos, held.pos) < self._wish.pos:
            return None
        await self._read_on(held.pos)
        positions = {row.symbol: row.quantity for row in held.positions}
        working = tuple(order for order in open_orders.orders if order.requested_pos < self._wish.pos)
        last = last_of(closes.orders, signal_id(self._wish.request), self._wish.pos)
        rows = tuple(rows_of(self._since, positions, last, working, control, account))
        for row in rows:
            if self._told.get(row.symbol) != row:
                self._told[row.symbol] = row
                self._tell(row)
        switches = {
            scope: control.switches[scope]
            for row in rows
            if row.remaining and (scope := stopped_by(control, account, row.symbol))
        }
        return Flattened(rows, working, switches, any(order.open for order in last.values()))

    async def _read_on(self, until: int) -> None:
        """Folds the account's events since the last look, up to a position."""
        while self._after < until:
            page = await self._client.ask(
                EventsQuery(account=self._wish.account, after=self._after, limit=MAX_ROWS), EventsPage
            )
            for event in page.events:
                if event.pos > until:
                    self._after = until
                    return
                if event.type in _FOLDED:
                    self._since.fold(event.type, decoded(event))
            self._after = max(page.next, self._after)
            if not page.more:
                return


def last_of(closes: Iterable[Order], called: str, after: int) -> dict[str, Order]:
    """The last close of each symbol, of those of one wish."""
    last: dict[str, Order] = {}
    for order in sorted(closes, key=lambda order: order.requested_pos):
        if order.signal_id == called and order.requested_pos > after:
            last[order.symbol] = order
    return last


def rows_of(
    since: Since,
    positions: Mapping[str, Decimal],
    last: Mapping[str, Order],
    working: Iterable[Order],
    control: ControlState,
    account: str,
) -> list[Row]:
    """The symbols that were held at the wish, and those that one of its closes is about."""
    before = {order.symbol: order for order in working}
    rows = []
    # A close that was asked for and filled after the question for closes is known by its executions alone.
    for symbol in sorted(positions.keys() | since.symbols | last.keys()):
        position = positions.get(symbol, ZERO)
        held, left = since.held(symbol, position), since.left(symbol, position)
        if not held and not left:
            continue
        scope = stopped_by(control, account, symbol) if left else ""
        close = last.get(symbol)
        why, settled = "", False
        if scope:
            why, settled = f"the switch of {scope} stands at {control.switches[scope].level}", True
        elif symbol in before:
            order = before[symbol]
            why = f"order {order.order[:8]} {'is being canceled' if order.cancel_requested else 'still works'}"
        elif left and close is not None:
            why, settled = _said(close)
        rows.append(Row(symbol, held, subtract(held.copy_abs(), left), left, why, settled))
    return rows


def _said(close: Order) -> tuple[str, bool]:
    """What there is to say of a close, and whether that is the end of it."""
    state = text.words(close.status.value)
    because = close.message or close.reason
    if close.open:
        return f"the close is {state}", False
    if close.cancel_requested:
        return f"the close is {state}, because {close.cancel_by} asked for that", True
    return f"the close is {state}{': ' if because else ''}{because}", False
