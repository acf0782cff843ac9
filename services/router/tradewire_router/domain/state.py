"""What the router knows from the log, and the work that follows from it. Nothing here is changed by a reply.

What this process has begun and the log does not show yet is in the hands of `submit.Submitter`.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.books import Books, concerns_books, fold_book
from tradewire.domain.breaks import FOLDED as BREAKS
from tradewire.domain.breaks import Breaks, Standing
from tradewire.domain.orders import OPEN, UNSENT, Order, Replacement, Status, evolve
from tradewire.domain.recovery import Recovery
from tradewire.domain.switches import EXITS_ONLY, Controls, account_scopes, scopes
from tradewire.errors import LogCorrupt, TransitionError
from tradewire.messages.books import join
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import decode_for_state
from tradewire.messages.vocabulary import Discrepancy
from tradewire_router.brokers.values import Leg
from tradewire_router.domain.doubts import Anomaly, Late
from tradewire_router.domain.groups import PREFIX, Group, group_of, leg_of, overfilled
from tradewire_router.domain.naming import new_names
from tradewire_router.domain.reported import HOUR, Reported

CANCELABLE = (Status.WORKING, Status.PARTIALLY_FILLED)
UNANSWERED = (Status.SUBMITTING, Status.UNKNOWN)
COVERING = frozenset({"CashMoved", "ReconciliationBroken", "ReconciliationMended"})
"""Types that may say up to where everything that the broker tells is booked."""
REPORTS = frozenset({"BalancesReported", "InstrumentReported", "BarsReported"})
IN_USE = 24 * HOUR
"""How long a symbol counts as one in use after an order in it was requested."""
RECENT_ORDERS = 5_000
"""How many closed orders stay known, so that a late fact finds its order without asking the reader."""


_UUID = 36


class Verdict(Enum):
    """Why an approved order is or is not submitted now."""

    SUBMIT = "submit"
    WAIT = "wait"
    CANCEL = "cancel"


class RouterState:
    """Orders and the book of one account, and the switches, folded from the log."""

    def __init__(self, account: str, broker: str, build: str, *, dry_run: bool = False) -> None:
        """`build` is this process's own: an approval of another one is not sent, and on a `dry_run` none is."""
        self.account, self.broker, self.build, self.dry_run = account, broker, build, dry_run
        self._clear()

    def _clear(self) -> None:
        self.orders: dict[str, Order] = {}
        # The same orders by status, oldest first, those that somebody wants gone, and approved ones that must not be
        # sent from here: work is found without a search.
        self._by_status: dict[Status, dict[str, Order]] = {status: {} for status in OPEN}
        self._unwanted: dict[str, Order] = {}
        self._barred: dict[str, Order] = {}
        self._stranded: dict[str, Order] = {}
        self._replacing: dict[str, Order] = {}
        self.groups: dict[str, Group] = {}
        """Entries with their exits, by name, until nothing of them is left to do."""
        self._exits: dict[str, dict[str, Decimal]] = {}
        """What each exit of an entry has filled, by the entry's client order id."""
        self.recent: OrderedDict[str, Order] = OrderedDict()
        self.by_client_id: dict[str, str] = {}
        self.started_at: dict[str, int] = {}
        """When the latest submit of each order without an outcome was started (µs, the writer's clock)."""
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
        self.activities = ""
        """The same of what it tells beside executions."""
        self.breaks = Breaks()
        self.external: dict[str, str] = {}
        """Orders at the broker that are none of ours and that work as far as the log says: their symbols by id."""
        self.reported = Reported()
        self.recovery = Recovery()
        """What a restore left open: nothing is sent, or ended unsent, that the broker may have."""
        self.pos = 0

    @property
    def standing(self) -> Standing:
        """What differs between the log and the broker, and what people have said of it."""
        return self.breaks.of(self.account)

    @property
    def differences(self) -> tuple[Discrepancy, ...]:
        """What reconciliation found last and nobody accepted; nothing once the broker and the log agreed again."""
        return tuple(each.found for each in self.standing.left())

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
        elif stream.startswith(PREFIX):
            self._fold_group(event)
        elif event.type == "LogRestored":
            self.recovery.fold(event, decode_for_state(event))
        elif stream.startswith(("account-", "control-", "limits-", "break-")):
            data = decode_for_state(event)
            self.controls.fold(event, data)
            if event.type == "Halted":
                self.requests.add(data.request)
            elif event.type == "Resumed":
                self.resumed_at[data.scope] = event.time
            elif getattr(data, "account", None) == self.account:
                self._fold_account(event, data, booking=booking)

    def _fold_group(self, event: Event) -> None:
        name = event.stream.removeprefix(PREFIX)
        signal, account = name[:_UUID], name[_UUID + 1 :]
        if account != self.account:
            return
        if event.type == "GroupOpened":
            self.groups[name] = Group(event.version, signal, decode_for_state(event).orders)
        elif event.type == "GroupClosed":
            self.groups.pop(name, None)

    def _fold_account(self, event: Event, data: Any, *, booking: bool) -> None:
        if event.type in COVERING and data.cursor:
            self.cursor, self.activities = data.cursor, data.activities
        if event.type in BREAKS:
            self.breaks.fold(event.type, event.time, data)
        elif event.type == "AccountRecovered":
            self.recovery.fold(event, data)
        elif event.type in REPORTS:
            self.reported.fold(data)
        elif event.type == "ExternalOrderSeen":
            self.external[data.broker_order_id] = data.symbol
        elif event.type == "ExternalOrderEnded":
            self.external.pop(data.broker_order_id, None)
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
        before = order
        try:
            order = evolve(before, event, data)
        except TransitionError as error:
            raise LogCorrupt(str(error)) from error
        self.by_client_id.update(dict.fromkeys(new_names(event.type, data, before, order), order_id))
        if event.type == "OrderSubmitStarted":
            self.started_at[order_id] = event.time
        if order.head:
            order = self._beside(event, order, booking=booking)
        if order.anomaly:
            self.anomalies[order_id] = Anomaly(event.event_id, order)
        if booking:
            self._book(event, data)
        self._index(order_id, order)
        if not order.open:
            self._keep(order_id, order)

    def _beside(self, event: Event, order: Order, *, booking: bool) -> Order:
        """An exit, seen together with the other exit of its entry: of the two only as much fills as was entered."""
        filled = self._exits.setdefault(order.head, {})
        before, filled[order.order] = filled.get(order.order, Decimal(0)), order.filled
        if order.filled <= before or order.anomaly:
            return order
        group = self.groups.get(group_of(order))
        unknown = tuple(each for each in group.orders[1:] if each not in filled) if group else ()
        if unknown and booking:
            self.late.append(Late(event.event_id, event.pos, order.order, unknown))
        return replace(order, anomaly=overfilled(list(filled.values()), order.quantity))

    def _keep(self, order_id: str, order: Order) -> None:
        """Keeps a closed order among the recent ones, and lets go of the oldest of them."""
        self.recent[order_id] = order
        self.recent.move_to_end(order_id)
        while len(self.recent) > RECENT_ORDERS:
            old_id, old = self.recent.popitem(last=False)
            self._exits.pop(old.head, None)
            self._replacing.pop(old_id, None)
            if old.client_order_id:
                self.by_client_id.pop(old.client_order_id, None)
            for attempt in range(1, old.attempt + 1):
                for revision in range(old.revision + 1):
                    self.by_client_id.pop(ids.client_order_id(old_id, attempt, revision), None)

    def _index(self, order_id: str, order: Order) -> None:
        before = self.orders.pop(order_id, None)
        self._replacing.pop(order_id, None)
        if order.status not in UNANSWERED:
            self.started_at.pop(order_id, None)
        if before is not None:
            del self._by_status[before.status][order_id]
            self._unwanted.pop(order_id, None)
            self._barred.pop(order_id, None)
            self._stranded.pop(order_id, None)
        if order.open:
            self.orders[order_id] = self._by_status[order.status][order_id] = order
            if order.cancel_requested:
                self._unwanted[order_id] = order
            if order.status is Status.APPROVED and self.is_barred(order.build):
                self._barred[order_id] = order
            if order.status is Status.REQUESTED and order.parent:
                self._stranded[order_id] = order
        if order.replacing is not None and (order.open or order.replacing.stage == "started"):
            self._replacing[order_id] = order  # what came of it is to be known even if the order has ended

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
        if order.cancel_requested or self.is_barred(order.build):
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

    def unsent(self) -> list[Order]:
        """Orders that the log shows as open and never sent."""
        return [order for status in UNSENT for order in self._by_status[status].values()]

    def canceled_unsent(self) -> list[Order]:
        """Orders that somebody wants gone and that were never sent; a merely requested one is risk's to deny."""
        return [o for o in self._unwanted.values() if o.status in UNSENT and o.status is not Status.REQUESTED]

    def is_barred(self, build: str) -> bool:
        """Whether what a build has approved may not be sent from here."""
        return self.dry_run or build != self.build

    def barred(self) -> list[Order]:
        """Approved orders, other than those that somebody wants gone, that another build approved; on a dry run all."""
        return [order for order_id, order in self._barred.items() if order_id not in self._unwanted]

    def replacements(self, stage: str = "") -> list[tuple[Order, Replacement]]:
        """Orders with new terms on their way, at one stage or any, and these."""
        found = ((order, order.replacing) for order in self._replacing.values())
        return [(order, new) for order, new in found if new is not None and stage in {"", new.stage}]

    def may_replace(self, order: Order) -> bool:
        """Whether new terms may be sent for an order now."""
        level, _ = self.controls.level(self.scopes_of(order))
        halted = level in {"HALT", "KILL"} or (level in EXITS_ONLY and not order.reduce_only)
        return order.status in CANCELABLE and not order.cancel_requested and not halted

    def stranded(self) -> list[Order]:
        """Exits that never arrived at the broker; with another attempt at their entry, other exits are sent."""
        return list(self._stranded.values())

    def ended_groups(self) -> list[str]:
        """Groups of which every order has ended."""
        return [name for name, group in self.groups.items() if not any(each in self.orders for each in group.orders)]

    def legs(self) -> list[Leg]:
        """The exits that were sent with their entries, as far as they are known here."""
        return [leg for order in (*self.orders.values(), *self.recent.values()) if (leg := leg_of(order)) is not None]

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
        return [order for status in UNANSWERED for order in self._by_status[status].values()]

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

    def average_price(self, symbol: str) -> Decimal | None:
        """What the log says that a unit of a holding was paid with, on average."""
        book = self.books.get(self.account)
        held = book.positions.get(symbol) if book else None
        return held.average_price if held else None

    def mark(self, symbol: str) -> Decimal | None:
        """The last price of a symbol that the log tells."""
        book = self.books.get(self.account)
        mark = book.marks.get(symbol) if book else None
        return mark.price if mark else None

    def cash(self, currency: str) -> Decimal | None:
        """What the log says that the account has in a currency; None when no event ever named it."""
        book = self.books.get(self.account)
        balance = book.balances.get(currency) if book else None
        return balance.cash if balance else None
