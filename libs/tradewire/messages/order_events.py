"""Events of the streams `order-…`. Denied, Held and Lapsed are ours; Rejected, Canceled and Expired are the venue's.

Each event stands alone: whoever acts on it needs no other event to know what to do. Quantities and prices are Decimal,
times are microseconds since the epoch.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.messages.vocabulary import (
    Action,
    CheckResult,
    Clock,
    Exit,
    ExitAsked,
    OrderType,
    Origin,
    QuoteUsed,
    Side,
    SizeAsked,
    SizeInput,
    TimeInForce,
)


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    order: str


class OrderRequested(_Event, frozen=True, kw_only=True):
    """Intent, not yet a quantity that anyone answers for: one per leg and account of a signal.

    A trailing stop has one of `trail_amount`, in the symbol's currency, and `trail_percent`. An exit that the approval
    of its entry covers names that order as `parent`; of two such exits, the second is `instead_of` the first.
    """

    signal: str
    signal_id: str
    strategy: str
    account: str
    symbol: str
    action: Action
    identity: str
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
    tags: tuple[str, ...] = ()
    clock: Clock = "wall"
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    exits: tuple[ExitAsked, ...] = ()
    parent: str = ""
    instead_of: str = ""


class OrderCancelRequested(_Event, frozen=True, kw_only=True):
    """Somebody wants the order gone. It bumps the stream's version, so a submit not yet started loses to it."""

    by: str
    reason: str
    request: str


class OrderReplaceRequested(_Event, frozen=True, kw_only=True):
    """Somebody wants other terms for a working order. While others are on their way, they wait for these."""

    by: str
    request: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class OrderApprovalGranted(_Event, frozen=True, kw_only=True):
    """A person approves a held order; risk decides it again.

    `alone` says that nobody else may give commands; older events do not tell.
    """

    by: str
    request: str
    alone: bool | None = None


class OrderApprovalRefused(_Event, frozen=True, kw_only=True):
    """A person refuses a held order."""

    by: str
    reason: str
    request: str


class _Decision(_Event, frozen=True, kw_only=True):
    """`checks` are those that measured something; `quiet` names the others, which passed, with blanks between.

    `mid` is what one unit of the symbol was worth, where that is another price than the quote's: sizes are worked out
    at it, and limit prices are held against it.
    """

    attempt: int
    state_pos: int
    checks: tuple[CheckResult, ...]
    limits: dict[str, int]
    control: dict[str, int]
    quotes: tuple[QuoteUsed, ...] = ()
    sizing: tuple[SizeInput, ...] = ()
    clock: Clock = "wall"
    quiet: str = ""
    mid: Decimal | None = None

    def every_check(self) -> tuple[CheckResult, ...]:
        """All checks of the decision: those that measured something, and then those that had nothing to measure."""
        return (*self.checks, *(CheckResult(name, "", "", True) for name in self.quiet.split()))


class OrderApproved(_Decision, frozen=True, kw_only=True):
    """The quantity and terms that may be sent once, until `expires_at`, with every check and what it rests on.

    `unit_value` is what one unit counts as while the order works, and `cost` what all of it may take from the
    account's buying power; both are in the account's currency. `build` is the approver's: no other build sends it.
    Where `notional` is set, the order is for that much money in the symbol's currency, and `quantity` what it came to
    at the price. `exits` is the envelope of what may be sent with the entry and needs no approval of its own.
    """

    signal: str
    strategy: str
    account: str
    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    expires_at: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    price: Decimal | None = None
    unit_value: Decimal | None = None
    cost: Decimal | None = None
    build: str = ""
    notional: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    exits: tuple[Exit, ...] = ()


class OrderDenied(_Decision, frozen=True, kw_only=True):
    """Our answer is no: `reason` is the code of the first failed check in the fixed order, `message` its words."""

    reason: str
    message: str


class OrderHeld(_Decision, frozen=True, kw_only=True):
    """Needs a person until `deadline`; then it lapses."""

    reason: str
    deadline: int


class OrderReplaceApproved(_Decision, frozen=True, kw_only=True):
    """New terms for a working order may be sent once, until `expires_at`; None leaves a term as it is.

    `quantity` counts what is filled already. `unit_value`, `cost` and `build` are as in OrderApproved, under the new
    terms. `request` is the one that is decided.
    """

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    expires_at: int | None = None
    unit_value: Decimal | None = None
    cost: Decimal | None = None
    build: str = ""
    request: str = ""


class OrderReplaceDenied(_Decision, frozen=True, kw_only=True):
    """New terms are refused by us; the order works on as it was. `request` is the one that is decided."""

    reason: str
    message: str
    request: str = ""


class OrderLapsed(_Event, frozen=True, kw_only=True):
    """A held order whose deadline passed, or an approval that expired before it was sent."""

    reason: str
    attempt: int = 1


class OrderSubmitStarted(_Event, frozen=True, kw_only=True):
    """The intent to call the broker, committed before the call. It consumes the approval of its attempt.

    An exit that is sent with its entry names the entry's client order id as `head`: under it the broker keeps both, and
    the approval of that attempt covers this order.
    """

    attempt: int
    client_order_id: str
    account: str
    broker: str
    epoch: int
    state_pos: int
    revision: int = 0
    clock: Clock = "wall"
    build: str = ""
    head: str = ""


class OrderReplaceStarted(_Event, frozen=True, kw_only=True):
    """The intent to call the broker with new terms, committed before the call. It consumes their approval.

    `client_order_id` is that of the order which the broker may make of it.
    """

    attempt: int
    client_order_id: str
    epoch: int
    revision: int


class OrderCancelStarted(_Event, frozen=True, kw_only=True):
    """The intent to ask the broker to cancel, committed before the call."""

    client_order_id: str
    epoch: int
    ordinal: int = 0


class OrderCanceledLocally(_Event, frozen=True, kw_only=True):
    """Canceled before anything was sent."""

    reason: str


class _Fact(_Event, frozen=True, kw_only=True):
    """What a broker said. `evidence` names where: a message, a query's answer, an operator."""

    client_order_id: str
    broker: str
    account: str
    evidence: str
    broker_order_id: str | None = None
    broker_time: int | None = None
    origin: Origin = "live"


class OrderAccepted(_Fact, frozen=True, kw_only=True):
    """The venue has the order."""


class OrderRejected(_Fact, frozen=True, kw_only=True):
    """The venue refused the order, with proof."""

    code: str
    message: str


class OrderSubmitUnknown(_Event, frozen=True, kw_only=True):
    """The broker did not answer: the order may or may not be there. Only evidence ends this."""

    attempt: int
    client_order_id: str
    reason: str


class OrderUnknownResolved(_Event, frozen=True, kw_only=True):
    """What asking the broker brought: `found` or `absent`."""

    attempt: int
    client_order_id: str
    outcome: str
    evidence: str


class OrderResolved(_Event, frozen=True, kw_only=True):
    """A person says what became of an order of which the broker tells nothing. The facts that follow say it again."""

    outcome: Literal["filled", "canceled", "rejected", "expired"]
    evidence: str
    by: str
    request: str


class OrderSubmitNeverArrived(_Event, frozen=True, kw_only=True):
    """Proven by every source of the broker over the grace period, or by its router, which did not send it.

    A new attempt needs a new approval.
    """

    attempt: int
    client_order_id: str
    evidence: str


class OrderFilled(_Fact, frozen=True, kw_only=True):
    """One execution. `execution` is the broker's id without its revision.

    `told_as` is the broker's own id of this version, by which it takes it back, where it is another than `execution`.
    """

    strategy: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    execution: str
    fee: Decimal = Decimal(0)
    fee_currency: str = "USD"
    revision: int = 0
    told_as: str = ""


class FillAttributed(OrderFilled, frozen=True, kw_only=True):
    """An execution that was booked as external is found to be of this order, which takes it in.

    Positions and cash have it already.
    """


class FillCorrected(OrderFilled, frozen=True, kw_only=True):
    """The broker restated an execution: revision `replaces` is reversed and this one is booked."""

    replaces: int
    old_quantity: Decimal
    old_price: Decimal
    old_fee: Decimal


class FillBusted(OrderFilled, frozen=True, kw_only=True):
    """The broker took an execution back: quantity, price and fee are those that are reversed."""


class OrderCanceled(_Fact, frozen=True, kw_only=True):
    """The venue says that the order works no more."""

    reason: str = ""


class OrderExpired(_Fact, frozen=True, kw_only=True):
    """The venue says that the order's time is over."""


class OrderCompleted(_Fact, frozen=True, kw_only=True):
    """The venue says that the order is filled, whatever quantity it was taken to have.

    Its money was spent, or the other exit of its entry has taken the rest.
    """


class OrderAdopted(_Fact, frozen=True, kw_only=True):
    """The broker has this order: it was sent by a part of the log that is lost. It is not sent again.

    Side, quantity and prices are those that the broker tells.
    """

    attempt: int
    symbol: str
    side: Side
    quantity: Decimal
    order_type: OrderType = "market"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    revision: int = 0


class OrderReplaced(_Fact, frozen=True, kw_only=True):
    """The venue has taken the new terms; `client_order_id` and `broker_order_id` are the order's from now on."""

    revision: int
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class OrderReplaceRejected(_Fact, frozen=True, kw_only=True):
    """New terms are not in force, with proof; the order is as it was."""

    revision: int
    code: str
    message: str


class OrderCancelRejected(_Fact, frozen=True, kw_only=True):
    """The venue would not cancel; the order is as it was."""

    code: str
    message: str
