"""What the router knows from the log, and the work that follows from it. Nothing here is changed by a reply.

What this process has begun and the log does not show yet is in the hands of `submit.Submitter`.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.books import Books, concerns_books, fold_book
from tradewire.domain.orders import OPEN, UNSENT, Order, Status, evolve
from tradewire.domain.switches import EXITS_ONLY, Controls, account_scopes, scopes
from tradewire.errors import LogCorrupt, TransitionError
from tradewire.messages.books import join
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import decode_for_state
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.domain.reported import HOUR, Reported

CANCELABLE = (Status.WORKING, Status.PARTIALLY_FILLED)
REPORTS = frozenset({"BalancesReported", "InstrumentReported", "BarsReported"})
IN_USE = 24 * HOUR
"""How long a symbol counts as one in use after an order in it was requested."""
RECENT_ORDERS = 5_000
"""How many closed orders stay known, so that a late fact finds its order without asking the reader."""


class Verdict(Enum):
    """Why an approved order is or is not submitted now."""

    SUBMIT = "submit"
    WAIT = "wait"
    CANCEL = "cancel"


class Anomaly(Struct, frozen=True):
    """An event that made something impossible of an order; a person has to look before the account trades on."""

    event_id: str
    order: Order


class Late(Struct, frozen=True):
    """An event at `pos` that changed the books for an order which is known here no more."""

    event_id: str
    pos: int
    order: str


class RouterState:
    """Orders and the book of one account, and the switches, folded from the log."""

    def __init__(self, account: str, broker: str, build: str) -> None:
        """`build` is this process's own: an approval of another one is not sent."""
        self.account, self.broker, self.build = account, broker, build
        self._clear()

    def _clear(self) -> None:
        self.orders: dict[str, Order] = {}
        # The same orders by status, oldest first, those that somebody wants gone, and approved ones of another build:
        # work is found without a search.
        self._by_status: dict[Status, dict[str, Order]] = {status: {} for status in OPEN}
        self._unwanted: dict[str, Order] = {}
        self._foreign: dict[str, Order] = {}
        self.recent: OrderedDict[str, Order] = OrderedDict()
        self.by_client_id: dict[str, str] = {}
        self.books: Books = {}
        self.controls = Controls()
        self.anomalies: dict[str, Anomaly] = {}
        """The last impossible thing booked of each order, until somebody has taken note."""
        self.late: list[Late] = []
        """Of these it is not known here whether they were impossible, until somebody has asked."""
        self.executions: set[tuple[str, int]] = set()
        """Executions (id, revision) booked since the snapshot, until a reconciliation has passed them."""
        self.requests: set[str] = set()
        """The requests of people's halts that the log holds."""
        self.resumed_at: dict[str, int] = {}
        """When each scope's switch was lifted last (µs, the writer's clock)."""
        self.cursor = ""
        """Up to where the broker's executions are known to be booked."""
        self.differences: tuple[Discrepancy, ...] = ()
        """What reconciliation found last; nothing once the broker and the log agreed again."""
        self.reported = Reported()
        self.pos = 0

    def restore(self, events: Sequence[Event], books: Sequence[Raw], pos: int) -> None:
        """Begins at a snapshot: the books are as of its position, so its events are not booked again.

        Raises:
            LogError: the snapshot holds what cannot be.
        """
        self._clear()
        held = join(books).get(self.account)
        if held is not None:
            self.books[self.account] = held
        for event in events:
            self._fold(event, booking=False)
        self.pos = pos

    def apply(self, frame: Frame) -> None:
        """Folds a frame.

        Raises:
            LogError: the log holds what cannot be.
        """
        for event in frame.events:
            self._fold(event, booking=True)
        self.pos = frame.last_pos

    def _fold(self, event: Event, *, booking: bool) -> None:
        stream = event.stream
        if stream.startswith("order-"):
            self._fold_order(event, booking=booking)
        elif stream.startswith(("account-", "control-")):
            data = decode_for_state(event)
            self.controls.fold(event, data)
            if event.type == "Halted":
                self.requests.add(data.request)
            elif event.type == "Resumed":
                self.resumed_at[data.scope] = event.time
            elif getattr(data, "account", None) == self.account:
                self._fold_account(event, data, booking=booking)

    def _fold_account(self, event: Event, data: Any, *, booking: bool) -> None:
        if event.type == "ReconciliationMended":
            self.cursor, self.differences = data.cursor, ()
        elif event.type == "ReconciliationBroken":
            self.differences = data.differences
        elif event.type in REPORTS:
            self.reported.fold(data)
        elif booking:
            self._book(event, data)

    def _book(self, event: Event, data: Any) -> None:
        if fold_book(self.books, event, data) and hasattr(data, "execution"):
            self.executions.add((data.execution, data.revision))

    def _fold_order(self, event: Event, *, booking: bool) -> None:
        order_id = event.stream[6:]
        order = self.orders.get(order_id) or self.recent.get(order_id)
        if order is None and event.type != "OrderRequested":
            # An order of another account, or one closed long ago, of which only a late fill still concerns us.
            if booking and concerns_books(event.type) and (late := decode_for_state(event)).account == self.account:
                self._book(event, late)
                self.late.append(Late(event.event_id, event.pos, order_id))
            return
        data = decode_for_state(event)
        if event.type == "OrderRequested":
            if data.account != self.account:
                return
            self.reported.order_requested(data.symbol, event.time)
        if order is not None and order.anomaly:
            order = replace(order, anomaly="")  # noted already; what this event does is to be seen by itself
        try:
            order = evolve(order, event, data)
        except TransitionError as error:
            raise LogCorrupt(str(error)) from error
        if event.type == "OrderSubmitStarted":
            self.by_client_id[data.client_order_id] = order_id
        if order.anomaly:
            self.anomalies[order_id] = Anomaly(event.event_id, order)
        if booking:
            self._book(event, data)
        self._index(order_id, order)
        if not order.open:
            self._keep(order_id, order)

    def _keep(self, order_id: str, order: Order) -> None:
        """Keeps a closed order among the recent ones, and lets go of the oldest of them."""
        self.recent[order_id] = order
        self.recent.move_to_end(order_id)
        while len(self.recent) > RECENT_ORDERS:
            old_id, old = self.recent.popitem(last=False)
            if old.client_order_id:
                self.by_client_id.pop(old.client_order_id, None)
            for attempt in range(1, old.attempt):
                self.by_client_id.pop(ids.client_order_id(old_id, attempt), None)

    def _index(self, order_id: str, order: Order) -> None:
        before = self.orders.pop(order_id, None)
        if before is not None:
            del self._by_status[before.status][order_id]
            self._unwanted.pop(order_id, None)
            self._foreign.pop(order_id, None)
        if order.open:
            self.orders[order_id] = self._by_status[order.status][order_id] = order
            if order.cancel_requested:
                self._unwanted[order_id] = order
            if order.status is Status.APPROVED and order.build != self.build:
                self._foreign[order_id] = order

    def find(self, order_id: str) -> Order | None:
        """An order that is open or was closed lately."""
        return self.orders.get(order_id) or self.recent.get(order_id)

    def of_client_id(self, client_order_id: str) -> Order | None:
        """The order that a client order id was made for."""
        order_id = self.by_client_id.get(client_order_id)
        return self.find(order_id) if order_id else None

    def frozen_symbols(self) -> set[str]:
        """Symbols in which the outcome of a submit is not known: they take no new order."""
        return {order.symbol for order in self._by_status[Status.UNKNOWN].values()}

    def scopes_of(self, order: Order) -> tuple[str, ...]:
        """The scopes whose switches hold for an order."""
        return scopes(order.account, order.strategy, order.symbol, self.broker)

    def verdict(self, order: Order, now: int, frozen: set[str]) -> Verdict:
        """Whether an approved order may be submitted now."""
        if order.cancel_requested or order.build != self.build:
            return Verdict.CANCEL
        level, _ = self.controls.level(self.scopes_of(order))
        if level in {"HALT", "KILL"} or (level in EXITS_ONLY and not order.reduce_only):
            return Verdict.WAIT
        if order.symbol in frozen or order.expires_at is None or now >= order.expires_at:
            return Verdict.WAIT
        if order.valid_until is not None and now >= order.valid_until:
            return Verdict.WAIT
        return Verdict.SUBMIT

    def approved(self) -> Collection[Order]:
        """Approved orders, oldest first: a view, good until the next fold."""
        return self._by_status[Status.APPROVED].values()

    def submitting(self) -> Collection[Order]:
        """Orders whose submit was started and has no outcome yet: a view, good until the next fold."""
        return self._by_status[Status.SUBMITTING].values()

    def canceled_unsent(self) -> list[Order]:
        """Orders that somebody wants gone and that were never sent; a merely requested one is risk's to deny."""
        return [o for o in self._unwanted.values() if o.status in UNSENT and o.status is not Status.REQUESTED]

    def of_another_build(self) -> list[Order]:
        """Approved orders that another build has approved, other than those that somebody wants gone."""
        return [order for order_id, order in self._foreign.items() if order_id not in self._unwanted]

    @property
    def killed(self) -> bool:
        """True while a KILL covers the whole account."""
        return self.controls.level(account_scopes(self.account, self.broker))[0] == "KILL"

    def to_cancel(self) -> list[Order]:
        """Orders at the broker that somebody wants gone, or that a KILL covers."""
        if not any(switch.level == "KILL" for switch in self.controls.switches.values()):
            return [order for order in self._unwanted.values() if order.status in CANCELABLE]
        return [
            order
            for status in CANCELABLE
            for order in self._by_status[status].values()
            if order.cancel_requested or self.controls.level(self.scopes_of(order))[0] == "KILL"
        ]

    def unanswered(self) -> list[Order]:
        """Orders that were sent, or may have been, and of which the log shows no outcome."""
        return [*self._by_status[Status.SUBMITTING].values(), *self._by_status[Status.UNKNOWN].values()]

    def symbols_in_use(self, now: int) -> set[str]:
        """Symbols that are held, or in which an order was requested lately, as far as is known since the snapshot."""
        book = self.books.get(self.account)
        used = {symbol for symbol, held in book.positions.items() if held.quantity} if book else set()
        return used | {symbol for symbol, at in self.reported.requested.items() if now - at < IN_USE}

    def position(self, symbol: str) -> Decimal:
        """What the log says that the account holds."""
        book = self.books.get(self.account)
        held = book.positions.get(symbol) if book else None
        return held.quantity if held else Decimal(0)

    def cash(self, currency: str) -> Decimal | None:
        """What the log says that the account has in a currency; None when no event ever named it."""
        book = self.books.get(self.account)
        balance = book.balances.get(currency) if book else None
        return balance.cash if balance else None
