"""What became of each signal, order and execution, folded from event types alone.

It is written anew, apart from the product's folds, so that a mistake in those cannot hide itself.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct, field

from tests.chaos.theirs import Trade

_ENDS = {
    "OrderDenied": "denied",
    "OrderLapsed": "lapsed",
    "OrderCanceledLocally": "canceled_locally",
    "OrderRejected": "rejected",
    "OrderCanceled": "canceled",
    "OrderExpired": "expired",
}
_ZERO = Decimal(0)


class OrderStory(Struct):
    """An order as its events tell it. `attempts` maps each client order id to what became of it."""

    signal: str
    state: str = "requested"
    quantity: Decimal = Decimal(0)
    filled: Decimal = Decimal(0)
    attempts: dict[str, str] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    """Client order id -> when its intent was written down, by the ledger's time; where the ledger's clock was ever
    wrong, by the router's."""
    filled_by: dict[str, Decimal] = field(default_factory=dict)


class Booked(Struct, frozen=True):
    """An execution as it stands."""

    client: str
    quantity: Decimal
    price: Decimal
    fee: Decimal

    @property
    def trade(self) -> Trade:
        return self.client, self.quantity, self.price


class Story(Struct):
    """The log, folded for the judge alone."""

    received: dict[str, str] = field(default_factory=dict)
    """Signal uuid -> its id."""
    refused: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    orders: dict[str, OrderStory] = field(default_factory=dict)
    executions: dict[str, int] = field(default_factory=dict)
    """How often each execution was booked."""
    stands: dict[str, Booked] = field(default_factory=dict)
    """Those that were not taken back."""
    external: Counter[tuple[Decimal, Decimal]] = field(default_factory=Counter)
    """Quantity and price of executions that were booked as nobody's."""
    fees: Decimal = Decimal(0)
    """What was charged apart from executions, and with those of nobody."""
    gaps: int = 0

    @property
    def trades(self) -> Counter[Trade]:
        """The executions that stand."""
        return Counter(booked.trade for booked in self.stands.values())

    @property
    def commission(self) -> Decimal:
        """All fees."""
        return self.fees + sum((booked.fee for booked in self.stands.values()), _ZERO)

    def leave_out(self, client_order_id: str) -> None:
        """Forgets an attempt and its executions; what became of its signal stays."""
        for order in self.orders.values():
            order.attempts.pop(client_order_id, None)
        self.stands = {name: each for name, each in self.stands.items() if each.client != client_order_id}


def fold(rows: Iterable[Any]) -> Story:
    """Folds rows of the log by their types alone."""
    story, rows = Story(), list(rows)
    clock = "time" if any(row["type"] == "ClockStepped" for row in rows) else "at"
    for row in rows:
        kind, data = row["type"], msgspec.json.decode(row["data"])
        if kind == "SignalReceived":
            story.received[data["signal"]] = data["signal_id"]
        elif kind == "SignalRefused":
            story.refused.add(data.get("signal_id") or "")
        elif kind == "NothingToDo":
            story.answered.add(data["signal"])
        elif kind == "OrderCancelRequested":
            story.answered.add(data["request"])
        elif kind == "SignalsGapSuspected":
            story.gaps += 1
        elif kind == "ExternalFillBooked":
            story.external[_amount(data, "quantity"), _amount(data, "price")] += 1
            story.fees += _amount(data, "fee")
        elif kind == "CashMoved" and data["reason"] == "fee":
            story.fees -= _amount(data, "amount")
        elif row["stream"].startswith("order-"):
            _order(story, row, data, row[clock])
    return story


def _amount(data: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(data.get(name, "0")))


def _order(story: Story, row: Any, data: dict[str, Any], at: int) -> None:
    kind = row["type"]
    if kind == "OrderRequested":
        story.orders[data["order"]] = OrderStory(data["signal"])
        story.answered.add(data["signal"])
        return
    order = story.orders[data["order"]]
    client = data.get("client_order_id", "")
    if kind == "OrderApproved":
        order.state, order.quantity = "approved", Decimal(str(data["quantity"]))
    elif kind == "OrderSubmitStarted":
        order.state = order.attempts[client] = "submitting"
        order.started[client] = at
    elif kind == "OrderSubmitNeverArrived":
        order.state, order.attempts[client] = "requested", "never_arrived"
    elif kind == "OrderSubmitUnknown" and order.state == "submitting":
        order.state = order.attempts[client] = "unknown"
    elif kind == "OrderAccepted" and order.attempts.get(client) in {"submitting", "unknown"}:
        order.state = order.attempts[client] = "open"
    elif kind == "OrderFilled":
        _fill(story, order, data)
    elif kind == "FillCorrected":
        _take_back(story, order, data)
        _book(story, order, data)
    elif kind == "FillBusted":
        _take_back(story, order, data)
    elif kind in _ENDS:
        order.state = _ENDS[kind]
        if client:
            order.attempts[client] = order.state


def _fill(story: Story, order: OrderStory, data: dict[str, Any]) -> None:
    client, execution = data["client_order_id"], data["execution"]
    story.executions[execution] = story.executions.get(execution, 0) + 1
    _book(story, order, data)
    if order.state in {"submitting", "unknown", "open"}:
        order.state = order.attempts[client] = "filled" if order.filled >= order.quantity else "open"


def _book(story: Story, order: OrderStory, data: dict[str, Any]) -> None:
    client, quantity = data["client_order_id"], _amount(data, "quantity")
    story.stands[data["execution"]] = Booked(client, quantity, _amount(data, "price"), _amount(data, "fee"))
    order.filled += quantity
    order.filled_by[client] = order.filled_by.get(client, _ZERO) + quantity


def _take_back(story: Story, order: OrderStory, data: dict[str, Any]) -> None:
    before = story.stands.pop(data["execution"], None)
    if before is not None:
        order.filled -= before.quantity
        order.filled_by[before.client] -= before.quantity
