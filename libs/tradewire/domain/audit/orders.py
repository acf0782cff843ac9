"""O, F and S: orders, their submits, fills and signals."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tradewire.domain.audit.findings import Report
from tradewire.domain.orders import OPEN, TERMINAL, Order, Status, evolve
from tradewire.domain.recovery import Recovery
from tradewire.domain.switches import EXITS_ONLY, Controls, scopes
from tradewire.errors import LogCorrupt, TransitionError
from tradewire.messages.log import Event

SETTLE_MICROSECONDS = 60_000_000
_EVIDENCED = {
    "OrderAccepted",
    "OrderRejected",
    "OrderFilled",
    "OrderAdopted",
    "FillAttributed",
    "OrderCanceled",
    "OrderExpired",
    "OrderCompleted",
    "OrderReplaced",
    "OrderReplaceRejected",
    "OrderSubmitNeverArrived",
}
_SETTLED = {Status.WORKING, Status.PARTIALLY_FILLED, Status.HELD, Status.UNKNOWN}


class OrderAudit:
    """Folds every order and every switch, and asks at each event what must hold then."""

    def __init__(self, report: Report, *, settled: bool) -> None:
        self._report, self._settled = report, settled
        self.orders: dict[str, Order] = {}
        self.controls = Controls()
        self._clients: set[str] = set()
        self._approvals: set[tuple[str, int]] = set()
        self._consumed: set[tuple[str, int]] = set()
        self._executions: set[tuple[str, str, str, int]] = set()
        self._external: set[tuple[str, str, str, int]] = set()
        self._recovery = Recovery()
        self._leases: dict[str, tuple[int, str]] = {}
        self._signals: dict[str, Event] = {}
        self._overfilled: dict[str, Event] = {}
        self._heads: dict[str, str] = {}
        self._limits: dict[str, set[Decimal]] = {}
        self._exits: dict[str, dict[str, Decimal]] = {}
        self._last_at = 0

    def feed(self, event: Event, data: Any) -> None:
        self._last_at = event.at
        if check := _BEFORE.get(event.type):
            check(self, event, data)
        if event.type in _EVIDENCED:
            self._report.test("O5", bool(data.evidence), event, f"{event.type} without evidence")
        if event.stream.startswith("order-"):
            self._fold_order(event, data)
        elif event.stream.startswith(("control-", "limits-")):
            self._fold_controls(event, data)

    def _fold_controls(self, event: Event, data: Any) -> None:
        try:
            self.controls.fold(event, data)
        except LogCorrupt as error:
            self._report.test("L1", False, event, str(error))
        if event.type == "Halted":
            for order_id in [o for o in self._overfilled if data.scope == f"account.{self.orders[o].account}"]:
                del self._overfilled[order_id]

    def _fold_order(self, event: Event, data: Any) -> None:
        order_id = event.stream[6:]
        try:
            order = evolve(self.orders.get(order_id), event, data)
        except TransitionError as error:
            self._report.test("O4", False, event, str(error))
            return
        self._report.test("O4", True, event)
        self.orders[order_id] = order
        new = order.replacing
        for limit in (order.limit_price, new.limit_price if new is not None and new.stage == "started" else None):
            if limit is not None:
                self._limits.setdefault(order_id, set()).add(limit)  # an execution may be told after newer terms
        if order.head:
            self._exits.setdefault(order.head, {})[order_id] = order.filled
        if event.type.startswith(("OrderFilled", "Fill")) and (order.anomaly or self._closed_too_much(order)):
            self._overfilled.setdefault(order_id, event)

    def _closed_too_much(self, order: Order) -> bool:
        """Whether the exits of one entry have together filled more than was entered."""
        return bool(order.head and order.quantity and sum(self._exits[order.head].values()) > order.quantity)

    def recall_lease(self, name: str, epoch: int) -> None:
        """Notes a lease that nobody holds since before the audit begins."""
        self._leases[name] = (epoch, "")

    def received(self, event: Event, data: Any) -> None:
        self._signals[data.signal] = event

    def answered(self, event: Event, data: Any) -> None:
        self._answer(event, data.signal)

    def asked_by_signal(self, event: Event, _data: Any) -> None:
        self._answer(event, event.causation_id or "")

    def _answer(self, event: Event, signal: str) -> None:
        if self._signals.pop(signal, None) is not None:
            self._report.test("S3", True, event)

    def approved(self, event: Event, data: Any) -> None:
        key = (data.order, data.attempt)
        self._report.test("S5", key not in self._approvals, event, f"attempt {data.attempt} approved again")
        self._approvals.add(key)
        self.decided(event, data)

    def decided(self, event: Event, data: Any) -> None:
        order = self.orders.get(data.order)
        named = bool(data.checks) and bool(data.limits) and 0 <= data.state_pos < event.pos
        self._report.test("S6", named and order is not None, event, "a decision without checks, limits or position")

    def replace_approved(self, event: Event, data: Any) -> None:
        order = self.orders.get(data.order)
        asked = order is not None and order.replacing is not None and order.replacing.stage == "requested"
        self._report.test("S5", asked, event, "new terms approved that nobody waits for")
        self.decided(event, data)

    def replace_started(self, event: Event, data: Any) -> None:
        report, order = self._report, self.orders.get(data.order)
        report.test("O1", data.client_order_id not in self._clients, event, f"{data.client_order_id} again")
        self._clients.add(data.client_order_id)
        new = order.replacing if order is not None else None
        approved = new is not None and new.stage == "approved"
        alive = new is not None and new.expires_at is not None and event.time < new.expires_at
        report.test("O2", approved and alive, event, "no live approval of new terms")
        if order is None:
            return
        level, where = self.controls.level(scopes(order.account, order.strategy, order.symbol, order.broker or ""))
        report.test("O3", level not in {"HALT", "KILL"}, event, f"{level} of {where} was in force")

    def granted(self, event: Event, data: Any) -> None:
        order = self.orders.get(data.order)
        if order is not None:
            own = data.by == order.identity and data.alone is False
            self._report.test("R5", not own, event, f"{data.by} has approved an own order")

    def submitted(self, event: Event, data: Any) -> None:
        report, key, order = self._report, (data.order, data.attempt), self.orders.get(data.order)
        fresh = key not in self._consumed and data.client_order_id not in self._clients
        report.test("O1", fresh, event, f"attempt {data.attempt} or client order id {data.client_order_id} again")
        entry = self.orders.get(self._heads.get(data.head, "")) if data.head else None
        approved = key in self._approvals if entry is None else order is not None and _covers(entry, order)
        report.test("O2", approved and key not in self._consumed, event, f"no approval of attempt {data.attempt}")
        self._consumed.add(key)
        self._clients.add(data.client_order_id)
        self._heads[data.client_order_id] = data.order
        if order is None:
            return
        expires_at = order.expires_at if entry is None else entry.expires_at
        alive = expires_at is not None and event.time < expires_at
        report.test(
            "O2", alive and data.account == order.account, event, "the approval had expired, or is of another account"
        )
        level, where = self.controls.level(scopes(order.account, order.strategy, order.symbol, data.broker))
        halted = level in {"HALT", "KILL"} or (level in EXITS_ONLY and not order.reduce_only)
        report.test("O3", not halted, event, f"{level} of {where} was in force")
        lease = self._leases.get(f"router-{data.account}")
        report.test("O9", lease == (data.epoch, event.writer), event, f"epoch {data.epoch}, the lease is {lease}")
        build = order.build if entry is None else entry.build
        report.test("O10", data.build == build, event, f"approved by build {build!r}, submitted by {data.build!r}")

    def filled(self, event: Event, data: Any) -> None:
        key = (data.broker, data.account, data.execution, data.revision)
        self._report.test("F1", key not in self._executions, event, f"execution {data.execution} again")
        self._executions.add(key)
        order = self.orders.get(getattr(data, "order", ""))
        if order is None:
            return
        same = (data.account, data.symbol, data.side) == (order.account, order.symbol, order.side)
        self._report.test("F3", same, event, f"{data.side} {data.symbol} for {order.side} {order.symbol}")
        limits = self._limits.get(order.order, ())
        if limits and event.type == "OrderFilled":
            limit = max(limits) if data.side == "buy" else min(limits)
            better = data.price <= limit if data.side == "buy" else data.price >= limit
            self._report.test("F4", better, event, f"{data.price} beyond the limit {limit}")

    def external(self, event: Event, data: Any) -> None:
        self.filled(event, data)
        self._external.add((data.broker, data.account, data.execution, data.revision))

    def attributed(self, event: Event, data: Any) -> None:
        key = (data.broker, data.account, data.execution, data.revision)
        known = key in self._external
        self._report.test("F1", known, event, f"execution {data.execution} is not external, or attributed already")
        self._external.discard(key)
        order = self.orders.get(data.order)
        same = order is not None and (data.account, data.symbol, data.side) == (order.account, order.symbol, order.side)
        self._report.test("F3", same, event, f"{data.side} {data.symbol} for another order")

    def recovered(self, event: Event, data: Any) -> None:
        self._recovery.fold(event, data)

    def adopted(self, event: Event, data: Any) -> None:
        report = self._report
        report.test("O1", data.client_order_id not in self._clients, event, f"{data.client_order_id} again")
        self._clients.add(data.client_order_id)
        lost = data.client_order_id in self._recovery.lost(data.account)
        report.test("O2", lost, event, "adopted, and no restore has found it at the broker")

    def replaced(self, event: Event, data: Any) -> None:
        order = self.orders.get(data.order)
        if order is None or data.revision <= order.revision:
            return
        report = self._report
        report.test("O1", data.client_order_id not in self._clients, event, f"{data.client_order_id} again")
        self._clients.add(data.client_order_id)
        lost = data.client_order_id in self._recovery.lost(data.account)
        report.test("O2", lost, event, "new terms that nobody sent, and no restore has found them at the broker")

    def leased(self, event: Event, data: Any) -> None:
        before = self._leases.get(data.name, (0, ""))[0]
        self._report.test("O9", data.epoch == before + 1, event, f"epoch {data.epoch} follows {before}")
        self._leases[data.name] = (data.epoch, data.writer)

    def limited(self, event: Event, data: Any) -> None:
        held = self.controls.limits.get(data.scope)
        was = held.limits if held else {}
        self._report.test(
            "R3", bool(data.by and data.reason) and data.old == was, event, "who, why or the old limits are wrong"
        )

    def resumed(self, event: Event, data: Any) -> None:
        self._report.test("R4", bool(data.by and data.reason), event, "no person or no reason")

    def finish(self) -> None:
        report = self._report
        for order_id, event in self._overfilled.items():
            order = self.orders[order_id]
            level, _ = self.controls.level((f"account.{order.account}",))
            report.test("F2", level != "NONE", event, f"filled {order.filled}, and the account was not halted")
        for event in self._signals.values():
            old = self._settled or self._last_at - event.at > SETTLE_MICROSECONDS
            report.test("S3", not old, event, "a signal without an outcome")
        for order in self.orders.values():
            largest = order.largest
            if largest is not None and order.notional is None and not order.anomaly:
                over = order.filled > largest
                report.test_at("F2", not over, 0, f"order-{order.order}", f"filled {order.filled} of {largest}")
            in_flight = order.status in OPEN - _SETTLED
            report.test_at(
                "V1",
                not (self._settled and in_flight) and order.status in OPEN | TERMINAL,
                order.requested_pos,
                f"order-{order.order}",
                f"still {order.status.value}",
            )


def _covers(entry: Order, order: Order) -> bool:
    """Whether the approval of an entry covers an order as one of its exits."""
    within = order.quantity is not None and entry.quantity is not None and order.quantity <= entry.quantity
    terms = (order.order_type, order.limit_price, order.stop_price)
    asked = any((each.order_type, each.limit_price, each.stop_price) == terms for each in entry.exits)
    closes = order.reduce_only and order.side is not None and order.side != entry.side
    return order.parent == entry.order and within and asked and closes


_BEFORE: dict[str, Callable[[OrderAudit, Event, Any], None]] = {
    "SignalReceived": OrderAudit.received,
    "NothingToDo": OrderAudit.answered,
    "OrderRequested": OrderAudit.answered,
    "OrderCancelRequested": OrderAudit.asked_by_signal,
    "OrderReplaceRequested": OrderAudit.asked_by_signal,
    "OrderReplaceApproved": OrderAudit.replace_approved,
    "OrderReplaceDenied": OrderAudit.decided,
    "OrderReplaceStarted": OrderAudit.replace_started,
    "OrderApproved": OrderAudit.approved,
    "OrderDenied": OrderAudit.decided,
    "OrderHeld": OrderAudit.decided,
    "OrderApprovalGranted": OrderAudit.granted,
    "OrderSubmitStarted": OrderAudit.submitted,
    "OrderFilled": OrderAudit.filled,
    "FillCorrected": OrderAudit.filled,
    "ExternalFillBooked": OrderAudit.external,
    "FillAttributed": OrderAudit.attributed,
    "OrderAdopted": OrderAudit.adopted,
    "OrderReplaced": OrderAudit.replaced,
    "LogRestored": OrderAudit.recovered,
    "AccountRecovered": OrderAudit.recovered,
    "LeaseGranted": OrderAudit.leased,
    "LimitSet": OrderAudit.limited,
    "Resumed": OrderAudit.resumed,
}
