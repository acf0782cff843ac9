"""Rule 1: everything that affects an order's state, and every transition, lives in this file.

Decisions are ours, and one that the table does not list is an error. Facts are a broker's, and each is accepted in
every state: the table says which of them move the order; what is impossible (a fill of what was never sent, more
than was ordered) is booked and named in `anomaly`, which halts the account. Unknown is a state: only evidence ends it.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain.exact import ZERO, subtract
from tradewire.errors import TransitionError
from tradewire.messages.log import Event
from tradewire.messages.vocabulary import Exit, ExitAsked, OrderType, Side, SizeAsked, TimeInForce


class Status(StrEnum):
    """Where an order stands. The names are FIX's and NautilusTrader's: Denied is ours, Rejected is the venue's."""

    REQUESTED = "requested"
    HELD = "held"
    APPROVED = "approved"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    DENIED = "denied"
    LAPSED = "lapsed"
    CANCELED_LOCALLY = "canceled_locally"
    REJECTED = "rejected"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


_S = Status
UNSENT = frozenset({_S.REQUESTED, _S.HELD, _S.APPROVED})
SENT = frozenset({_S.SUBMITTING, _S.UNKNOWN, _S.WORKING, _S.PARTIALLY_FILLED})
OPEN = UNSENT | SENT
TERMINAL = frozenset(Status) - OPEN
RESOLVABLE = SENT - {_S.SUBMITTING}
"""The states of which a person may have evidence that the broker does not give."""
RESERVING = SENT | {_S.APPROVED}
"""The states in which an order's leaves count as exposure."""


class Rule(Struct, frozen=True):
    """One event type's row: from which states it moves the order, and where. None means that it stays."""

    moves: frozenset[Status]
    to: Status | None
    fact: bool = False


TRANSITIONS: dict[str, Rule] = {
    "OrderApproved": Rule(frozenset({_S.REQUESTED}), _S.APPROVED),
    "OrderDenied": Rule(frozenset({_S.REQUESTED, _S.HELD}), _S.DENIED),
    "OrderHeld": Rule(frozenset({_S.REQUESTED}), _S.HELD),
    "OrderApprovalGranted": Rule(frozenset({_S.HELD}), _S.REQUESTED),
    "OrderApprovalRefused": Rule(frozenset({_S.HELD}), _S.DENIED),
    "OrderLapsed": Rule(UNSENT, _S.LAPSED),
    "OrderCanceledLocally": Rule(UNSENT, _S.CANCELED_LOCALLY),
    # Requested: only an exit, under the approval of its entry.
    "OrderSubmitStarted": Rule(frozenset({_S.APPROVED, _S.REQUESTED}), _S.SUBMITTING),
    "OrderCancelStarted": Rule(SENT, None),
    "OrderReplaceApproved": Rule(SENT, None),
    "OrderReplaceDenied": Rule(SENT, None),
    "OrderReplaceStarted": Rule(SENT, None),
    # Only where the broker does not tell may a person; the facts that follow in the same command move the order.
    "OrderResolved": Rule(RESOLVABLE, None),
    "OrderSubmitNeverArrived": Rule(frozenset({_S.SUBMITTING, _S.UNKNOWN}), _S.REQUESTED),
    # What people ask for may come at any time, and what a broker says is taken at any time.
    "OrderCancelRequested": Rule(frozenset(), None, fact=True),
    "OrderReplaceRequested": Rule(frozenset(), None, fact=True),
    "OrderUnknownResolved": Rule(SENT, None, fact=True),
    "OrderSubmitUnknown": Rule(frozenset({_S.SUBMITTING}), _S.UNKNOWN, fact=True),
    # The broker has what a lost part of the log sent: nothing here is to send, deny or end it any more.
    "OrderAdopted": Rule(UNSENT, _S.WORKING, fact=True),
    "OrderAccepted": Rule(frozenset({_S.SUBMITTING, _S.UNKNOWN}), _S.WORKING, fact=True),
    "OrderRejected": Rule(frozenset({_S.SUBMITTING, _S.UNKNOWN, _S.WORKING}), _S.REJECTED, fact=True),
    "OrderFilled": Rule(SENT, None, fact=True),
    "FillAttributed": Rule(SENT, None, fact=True),
    "OrderCompleted": Rule(SENT, _S.FILLED, fact=True),
    "FillCorrected": Rule(SENT, None, fact=True),
    "FillBusted": Rule(SENT, None, fact=True),
    "OrderCanceled": Rule(SENT, _S.CANCELED, fact=True),
    "OrderExpired": Rule(SENT, _S.EXPIRED, fact=True),
    "OrderReplaced": Rule(SENT, None, fact=True),
    "OrderReplaceRejected": Rule(SENT, None, fact=True),
    "OrderCancelRejected": Rule(SENT, None, fact=True),
}
_ASKED = frozenset({"OrderCancelRequested", "OrderReplaceRequested"})
_TERMS = ("quantity", "limit_price", "stop_price")
_MONEY_SLACK = Decimal("0.01")
"""By how much more than its amount of money an order may come to: brokers round what they buy for it."""


class Replacement(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """New terms of an order on their way: asked for, approved until `expires_at`, or sent as `client_order_id`.

    None leaves a term as it is. `unit_value` and `cost` are the order's under the new terms, once they are approved,
    and `old_unit_value` and `old_cost` those that come back when the venue refuses. `since` is when they were asked for
    (µs).
    """

    stage: Literal["requested", "approved", "started"]
    by: str
    request: str
    since: int
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    expires_at: int | None = None
    build: str = ""
    unit_value: Decimal | None = None
    cost: Decimal | None = None
    old_unit_value: Decimal | None = None
    old_cost: Decimal | None = None
    client_order_id: str | None = None


class Order(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An order as the log tells it. `quantity` is what was asked, then what was approved; times in microseconds.

    Where `notional` is set, the order is for that much money and `quantity` is what it came to at the price. `exits`
    are sent with it. An order with a `parent` is such an exit; the broker keeps it under `head`, its entry's client
    order id. `replacing` are new terms on their way, of which `revision` ones were sent, and `next_replacement` those
    that wait for them. An `adopted` one was sent, or last replaced, by a part of the log that is lost.
    """

    order: str
    signal: str
    signal_id: str
    strategy: str
    account: str
    symbol: str
    action: str
    identity: str
    status: Status
    version: int
    requested_at: int
    requested_pos: int
    updated_at: int
    leg: int = 0
    side: Side | None = None
    quantity: Decimal | None = None
    size: SizeAsked | None = None
    order_type: OrderType = "market"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = "day"
    reduce_only: bool = False
    price: Decimal | None = None
    signal_time: int | None = None
    valid_until: int | None = None
    attempt: int = 1
    filled: Decimal = Decimal(0)
    filled_value: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    expires_at: int | None = None
    deadline: int | None = None
    client_order_id: str | None = None
    broker: str | None = None
    broker_order_id: str | None = None
    epoch: int = 0
    cancel_requested: bool = False
    cancel_by: str = ""
    cancels_started: int = 0
    reason: str = ""
    message: str = ""
    anomaly: str = ""
    clock: str = "wall"
    unit_value: Decimal | None = None
    cost: Decimal | None = None
    granted_by: str = ""
    build: str = ""
    notional: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    asked_exits: tuple[ExitAsked, ...] = ()
    exits: tuple[Exit, ...] = ()
    parent: str = ""
    instead_of: str = ""
    head: str = ""
    revision: int = 0
    replacing: Replacement | None = None
    next_replacement: Replacement | None = None
    adopted: bool = False

    @property
    def leaves(self) -> Decimal:
        """The quantity that may still be filled; zero once nothing works. More that is approved counts already."""
        largest = self.largest
        if self.status in TERMINAL or largest is None:
            return ZERO
        return max(subtract(largest, self.filled), ZERO)

    @property
    def largest(self) -> Decimal | None:
        """The quantity, or that of approved new terms, which may be in force before the log says so."""
        quantity, new = self.quantity, self.replacing
        if quantity is None or new is None or new.quantity is None or new.stage == "requested":
            return quantity
        return max(quantity, new.quantity)

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of what was filled."""
        return self.filled_value / self.filled if self.filled else None

    @property
    def open(self) -> bool:
        """True while something may still happen by right."""
        return self.status in OPEN


def request(event: Event, data: Any) -> Order:
    """The first state of an order, from its OrderRequested."""
    return requested(data, version=event.version, time=event.time, pos=event.pos)


def requested(data: Any, *, version: int, time: int, pos: int) -> Order:
    """The first state of an order, whose OrderRequested was or will be `version` of its stream, at a time and place."""
    return Order(
        order=data.order,
        signal=data.signal,
        signal_id=data.signal_id,
        strategy=data.strategy,
        account=data.account,
        symbol=data.symbol,
        action=data.action,
        identity=data.identity,
        leg=data.leg,
        side=data.side,
        quantity=data.quantity,
        size=data.size,
        order_type=data.order_type,
        limit_price=data.limit_price,
        stop_price=data.stop_price,
        time_in_force=data.time_in_force,
        reduce_only=data.reduce_only,
        price=data.price,
        signal_time=data.signal_time,
        valid_until=data.valid_until,
        clock=data.clock,
        status=Status.REQUESTED,
        version=version,
        requested_at=time,
        requested_pos=pos,
        updated_at=time,
        trail_amount=data.trail_amount,
        trail_percent=data.trail_percent,
        extended_hours=data.extended_hours,
        asked_exits=data.exits,
        parent=data.parent,
        instead_of=data.instead_of,
    )


def evolve(order: Order | None, event: Event, data: Any) -> Order:
    """Returns the order after an event.

    Raises:
        TransitionError: for a decision that the table does not allow in this state, or a gap in the versions.
    """
    kind = event.type
    if kind == "OrderRequested":
        if order is not None:
            raise TransitionError(f"{event.stream}: OrderRequested again at position {event.pos}")
        return request(event, data)
    if order is None:
        raise TransitionError(f"{event.stream}: {kind} before OrderRequested at position {event.pos}")
    if event.version != order.version + 1:
        raise TransitionError(f"{event.stream}: version {event.version} after {order.version} at position {event.pos}")
    rule = TRANSITIONS.get(kind)
    if rule is None:
        raise TransitionError(f"{event.stream}: {kind} is no event of an order")
    changes: dict[str, Any] = {"version": event.version, "updated_at": event.time}
    status = order.status
    if kind == "OrderSubmitStarted" and status is _S.REQUESTED and not (order.parent and data.head):
        raise TransitionError(
            f"{event.stream}: {kind} without an approval while {status.value}, at position {event.pos}"
        )
    if status in rule.moves:
        if rule.to is not None:
            changes["status"] = rule.to
    elif not rule.fact:
        raise TransitionError(f"{event.stream}: {kind} while {status.value}, at position {event.pos}")
    elif status in UNSENT and kind not in _ASKED:
        changes["anomaly"] = f"{kind} of an order that was not sent"
    if fold := _FOLDS.get(kind):
        fold(order, data, changes)
    return replace(order, **changes)


def _approved(_order: Order, data: Any, changes: dict[str, Any]) -> None:
    changes["side"], changes["quantity"], changes["order_type"] = data.side, data.quantity, data.order_type
    changes["limit_price"], changes["stop_price"] = data.limit_price, data.stop_price
    changes["time_in_force"], changes["expires_at"] = data.time_in_force, data.expires_at
    changes["reduce_only"], changes["unit_value"], changes["cost"] = data.reduce_only, data.unit_value, data.cost
    changes["build"], changes["exits"], changes["notional"] = data.build, data.exits, data.notional
    changes["trail_amount"], changes["trail_percent"] = data.trail_amount, data.trail_percent
    changes["extended_hours"] = data.extended_hours


def _refused(_order: Order, data: Any, changes: dict[str, Any]) -> None:
    changes["reason"], changes["message"] = data.reason, getattr(data, "message", "")


def _held(_order: Order, data: Any, changes: dict[str, Any]) -> None:
    changes["reason"], changes["deadline"] = data.reason, data.deadline


def _granted(_order: Order, data: Any, changes: dict[str, Any]) -> None:
    changes.update(granted_by=data.by, reason="", deadline=None)


def _rejected(order: Order, data: Any, changes: dict[str, Any]) -> None:
    _identified(order, data, changes)
    if "status" in changes:
        changes["reason"], changes["message"] = data.code, data.message


def _started(_order: Order, data: Any, changes: dict[str, Any]) -> None:
    changes.update(client_order_id=data.client_order_id, broker=data.broker, epoch=data.epoch, head=data.head)


def _cancel_requested(order: Order, data: Any, changes: dict[str, Any]) -> None:
    if order.open:
        changes.update(cancel_requested=True, cancel_by=data.by)


def _cancel_started(order: Order, _data: Any, changes: dict[str, Any]) -> None:
    changes["cancels_started"] = order.cancels_started + 1


def _replace_requested(order: Order, data: Any, changes: dict[str, Any]) -> None:
    if not order.open:
        return
    new = Replacement(
        stage="requested",
        by=data.by,
        request=data.request,
        since=changes["updated_at"],
        quantity=data.quantity,
        limit_price=data.limit_price,
        stop_price=data.stop_price,
    )
    if order.replacing is None or order.replacing.stage == "requested":
        changes["replacing"] = _merged(order.replacing, new)
    else:
        changes["next_replacement"] = _merged(order.next_replacement, new)


def _merged(old: Replacement | None, new: Replacement) -> Replacement:
    """Newer terms over older ones that nobody has decided."""
    if old is None:
        return new
    terms = {name: getattr(new, name) if getattr(new, name) is not None else getattr(old, name) for name in _TERMS}
    return replace(new, **terms)


def _on_its_way(order: Order, stage: str) -> Replacement:
    if order.replacing is None or order.replacing.stage != stage:
        raise TransitionError(f"order {order.order}: new terms are not {stage}")
    return order.replacing


def _replace_approved(order: Order, data: Any, changes: dict[str, Any]) -> None:
    terms = {name: getattr(data, name) for name in _TERMS}
    changes["replacing"] = replace(
        _on_its_way(order, "requested"),
        stage="approved",
        expires_at=data.expires_at,
        build=data.build,
        unit_value=data.unit_value,
        cost=data.cost,
        old_unit_value=order.unit_value,
        old_cost=order.cost,
        **terms,
    )
    changes["unit_value"] = _larger(order.unit_value, data.unit_value)
    changes["cost"] = _larger(order.cost, data.cost)


def _larger(old: Decimal | None, new: Decimal | None) -> Decimal | None:
    return old if new is None else new if old is None else max(old, new)


def _replace_denied(order: Order, _data: Any, changes: dict[str, Any]) -> None:
    _on_its_way(order, "requested")
    _next_replacement(order, changes)


def _replace_started(order: Order, data: Any, changes: dict[str, Any]) -> None:
    on_its_way = _on_its_way(order, "approved")
    changes["replacing"] = replace(on_its_way, stage="started", client_order_id=data.client_order_id)
    changes["revision"] = data.revision


def _next_replacement(order: Order, changes: dict[str, Any]) -> None:
    changes.update(replacing=order.next_replacement, next_replacement=None)


def _never_arrived(order: Order, _data: Any, changes: dict[str, Any]) -> None:
    changes.update(attempt=order.attempt + 1, client_order_id=None, expires_at=None)


def _resolved(order: Order, data: Any, changes: dict[str, Any]) -> None:
    if data.outcome == "found" and order.status is Status.SUBMITTING:
        changes["status"] = Status.UNKNOWN


def _identified(order: Order, data: Any, changes: dict[str, Any]) -> None:
    if data.broker_order_id and data.broker_order_id != order.broker_order_id:
        changes["broker_order_id"] = data.broker_order_id


def _adopted(order: Order, data: Any, changes: dict[str, Any]) -> None:
    _identified(order, data, changes)
    if "status" not in changes:
        return
    changes.update(adopted=True, attempt=data.attempt, revision=data.revision, side=data.side, quantity=data.quantity)
    changes.update(client_order_id=data.client_order_id, broker=data.broker, order_type=data.order_type)
    changes.update(limit_price=data.limit_price, stop_price=data.stop_price, expires_at=None, deadline=None, reason="")
    changes["unit_value"] = data.limit_price or data.stop_price or order.unit_value


def _filled(order: Order, data: Any, changes: dict[str, Any]) -> None:
    _identified(order, data, changes)
    _book(order, changes, data.quantity, data.price, data.fee)


def _corrected(order: Order, data: Any, changes: dict[str, Any]) -> None:
    value = data.quantity * data.price - data.old_quantity * data.old_price
    _restate(order, changes, data.quantity - data.old_quantity, value, data.fee - data.old_fee)


def _busted(order: Order, data: Any, changes: dict[str, Any]) -> None:
    _restate(order, changes, -data.quantity, -data.quantity * data.price, -data.fee)


def _book(order: Order, changes: dict[str, Any], quantity: Decimal, price: Decimal, fee: Decimal) -> None:
    _restate(order, changes, quantity, quantity * price, fee)


def _restate(order: Order, changes: dict[str, Any], quantity: Decimal, value: Decimal, fee: Decimal) -> None:
    filled, worth = order.filled + quantity, order.filled_value + value
    changes.update(filled=filled, filled_value=worth, fees=order.fees + fee)
    money = order.notional
    if money is not None and worth > money + _MONEY_SLACK:
        changes["anomaly"] = f"filled {worth} of {money} in money"
    largest = order.largest
    if money is None and largest is not None and filled > largest:
        changes["anomaly"] = f"filled {filled} of {largest}"
    if order.status in SENT and largest is not None:
        # Money is spent when the venue says so: at which quantity, nobody knows before.
        if money is None and filled >= largest:
            changes["status"] = Status.FILLED
        elif filled > 0:
            changes["status"] = Status.PARTIALLY_FILLED
        else:
            changes["status"] = Status.WORKING


def _replaced(order: Order, data: Any, changes: dict[str, Any]) -> None:
    _identified(order, data, changes)
    changes["client_order_id"] = data.client_order_id
    for name in _TERMS:
        if (value := getattr(data, name)) is not None:
            changes[name] = value
    if (new := order.replacing) is not None and new.stage != "requested":
        changes["unit_value"], changes["cost"] = new.unit_value or order.unit_value, new.cost
        _next_replacement(order, changes)
    if data.revision > order.revision:
        _renewed(data, changes)
        changes["adopted"] = True
        changes["unit_value"] = data.limit_price or data.stop_price or changes.get("unit_value", order.unit_value)
    _compare(order, changes, changes.get("quantity", order.quantity))


def _renewed(data: Any, changes: dict[str, Any]) -> None:
    """A lost part of the log has sent new terms: what was on its way before them has been answered there."""
    changes.update(revision=data.revision, replacing=None, next_replacement=None)


def _compare(order: Order, changes: dict[str, Any], quantity: Decimal | None) -> None:
    """What was filled against a quantity that is certain by now."""
    if quantity is None or order.notional is not None or order.status not in SENT or order.filled < quantity:
        return
    changes["status"] = Status.FILLED
    if order.filled > quantity:
        changes["anomaly"] = f"filled {order.filled} of {quantity}"


def _replace_rejected(order: Order, data: Any, changes: dict[str, Any]) -> None:
    if (new := order.replacing) is not None and new.stage != "requested":
        changes["unit_value"], changes["cost"] = new.old_unit_value, new.old_cost
        _next_replacement(order, changes)
    if data.revision > order.revision:
        _renewed(data, changes)
    _compare(order, changes, order.quantity)


_FOLDS: dict[str, Any] = {
    "OrderApproved": _approved,
    "OrderDenied": _refused,
    "OrderApprovalGranted": _granted,
    "OrderApprovalRefused": _refused,
    "OrderHeld": _held,
    "OrderLapsed": _refused,
    "OrderCanceledLocally": _refused,
    "OrderSubmitStarted": _started,
    "OrderCancelRequested": _cancel_requested,
    "OrderCancelStarted": _cancel_started,
    "OrderSubmitNeverArrived": _never_arrived,
    "OrderUnknownResolved": _resolved,
    "OrderAccepted": _identified,
    "OrderRejected": _rejected,
    "OrderAdopted": _adopted,
    "OrderFilled": _filled,
    "FillAttributed": _filled,
    "FillCorrected": _corrected,
    "FillBusted": _busted,
    "OrderCompleted": _identified,
    "OrderCanceled": _identified,
    "OrderExpired": _identified,
    "OrderReplaceRequested": _replace_requested,
    "OrderReplaceApproved": _replace_approved,
    "OrderReplaceDenied": _replace_denied,
    "OrderReplaceStarted": _replace_started,
    "OrderReplaced": _replaced,
    "OrderReplaceRejected": _replace_rejected,
}

decode_order = msgspec.json.Decoder(Order).decode
