"""Events of accounts, switches and limits."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.messages.vocabulary import (
    AssetClass,
    Clock,
    Discrepancy,
    Feature,
    LostOrder,
    OrderType,
    Refused,
    TimeInForce,
)


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class CashMoved(_Event, frozen=True, kw_only=True):
    """Cash that no fill explains: an opening balance, a deposit, interest. Signed, in `currency`.

    `base` is the currency in which the account is told; the account's first event sets it. `activity` is the broker's
    id of what it tells so, `symbol` what it was paid for and `at` the broker's time (µs). What a person booked says
    `by` whom, `why`, and on which `request`. An opening balance that holds a long past says after which execution
    (`cursor`) and which other activity (`activities`) the log begins.
    """

    account: str
    amount: Decimal
    currency: str
    reason: str
    broker: str = ""
    base: str = ""
    activity: str = ""
    symbol: str = ""
    at: int | None = None
    by: str = ""
    why: str = ""
    request: str = ""
    cursor: str = ""
    activities: str = ""


class CorporateAction(_Event, frozen=True, kw_only=True):
    """A change of holdings that is no trade, such as a split: new = old * ratio + quantity.

    What was paid for the holding stays as it is. `activity` is the broker's id of it, and `at` its time (µs).
    """

    account: str
    symbol: str
    kind: str
    ratio: Decimal = Decimal(1)
    quantity: Decimal = Decimal(0)
    cash: Decimal = Decimal(0)
    currency: str = "USD"
    broker: str = ""
    activity: str = ""
    at: int | None = None


class PositionAdjusted(_Event, frozen=True, kw_only=True):
    """A holding that no execution explains changes by `quantity`, signed, at `price` a unit; no cash is paid.

    It is part of an account's opening state, a transfer that the broker tells (`activity`, its id), or a difference
    that a person accepted: `by` whom, `why`, and on which `request`. `mark` is what a unit is worth now, where the
    broker says it. `at` is the broker's time (µs).
    """

    account: str
    symbol: str
    quantity: Decimal
    price: Decimal
    reason: Literal["opening", "transfer", "accepted"]
    broker: str = ""
    mark: Decimal | None = None
    activity: str = ""
    at: int | None = None
    by: str = ""
    why: str = ""
    request: str = ""


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """A price at a time (microseconds)."""

    price: Decimal
    at: int


class MarksRecorded(_Event, frozen=True, kw_only=True):
    """The prices at which equity, daily loss and drawdown are defined. `day` is the account's trading day.

    `equity` is that of the account at `state_pos` and these prices, in its own currency.
    """

    account: str
    marks: dict[str, Mark]
    day: str
    reason: str
    state_pos: int
    clock: Clock = "wall"
    equity: Decimal | None = None


class BalancesReported(_Event, frozen=True, kw_only=True):
    """What the broker says of an account's money, asked when the router had folded position `state_pos`.

    `buying_power` is what new orders may cost, in `currency`; `reserved` is what working orders have been taken off it.
    """

    account: str
    broker: str
    at: int
    state_pos: int
    currency: str
    cash: Decimal
    buying_power: Decimal
    reserved: Decimal = Decimal(0)
    equity: Decimal | None = None
    status: Literal["active", "closed", "restricted", "suspended"] = "active"


class InstrumentReported(_Event, frozen=True, kw_only=True):
    """The broker's rules of a symbol: prices are multiples of `tick`, quantities of `step`.

    `calendar` names an exchange's sessions in exchange-calendars; empty is open at all times. `volume` is the average
    daily volume, where the broker tells it. One unit is worth `multiplier` times its price; the broker writes prices
    `price_magnifier` times as large as they are, as pence are of pounds. `expiry` is the last trading day as an ISO
    date, empty where there is none. `name` is what people call it. `features` is what the broker takes of orders in the
    symbol beside their types; None where it was not told. `refuses` is what it takes in no order.
    """

    account: str
    broker: str
    symbol: str
    at: int
    asset_class: AssetClass
    currency: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    min_notional: Decimal = Decimal(0)
    max_quantity: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    order_types: tuple[OrderType, ...] = ()
    times_in_force: tuple[TimeInForce, ...] = ()
    calendar: str = ""
    tradable: bool = True
    halted: bool = False
    shortable: bool = False
    easy_to_borrow: bool = False
    volume: Decimal | None = None
    price_magnifier: Decimal = Decimal(1)
    expiry: str = ""
    name: str = ""
    features: tuple[Feature, ...] | None = None
    refuses: tuple[Refused, ...] = ()


class Bar(Struct, frozen=True, array_like=True, gc=False):
    """Prices of one interval that begins at `at` (microseconds)."""

    at: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)


class BarsReported(_Event, frozen=True, kw_only=True):
    """The newest daily bars of a symbol, oldest first, the unfinished one left out."""

    account: str
    broker: str
    symbol: str
    at: int
    bars: tuple[Bar, ...]


class LimitWarning(_Event, frozen=True, kw_only=True):
    """An approval has used more of a limit than the soft limit allows; told once a trading day, check and place."""

    account: str
    strategy: str
    symbol: str
    order: str
    check: str
    value: str
    limit: str
    day: str


class AccountHalted(_Event, frozen=True, kw_only=True):
    """The account takes no new order until a person resumes it."""

    account: str
    reason: str
    by: str


class ReconciliationBroken(_Event, frozen=True, kw_only=True):
    """The broker and the log disagree.

    `since` says of each difference when it was first on record (µs), `prices` what a unit of a symbol is held at, by
    the broker where it says so. `occasion` is why they were compared. The first comparison after a trading day's end
    names that `day`. `cursor` and `activities` are up to where all that the broker tells is booked.
    """

    account: str
    broker: str
    differences: tuple[Discrepancy, ...]
    epoch: int
    since: tuple[int, ...] = ()
    prices: dict[str, Decimal] = {}
    occasion: str = ""
    day: str = ""
    cursor: str = ""
    activities: str = ""


class ReconciliationMended(_Event, frozen=True, kw_only=True):
    """The broker and the log agree at this position. `cursor` is up to where the broker's executions are booked.

    `activities` is the same of what it tells beside executions; `occasion` and `day` are as in ReconciliationBroken.
    """

    account: str
    broker: str
    state_pos: int
    orders: int
    executions: int
    epoch: int
    cursor: str = ""
    activities: str = ""
    occasion: str = ""
    day: str = ""


class BreakAccepted(_Event, frozen=True, kw_only=True):
    """A person says why the broker is right about a difference. What that changes of money and holdings goes with it.

    `id` is that of the break, and its stream's: nobody accepts the same one twice.
    """

    id: str
    account: str
    kind: Literal["order", "fill", "position", "cash"]
    key: str
    ours: str
    theirs: str
    by: str
    reason: str
    request: str


class AdoptionRequested(_Event, frozen=True, kw_only=True):
    """A person wants the log to begin with what the account has at its broker, whatever came before."""

    account: str
    by: str
    reason: str
    request: str


class AccountAdopted(_Event, frozen=True, kw_only=True):
    """What an account began with is in the log: how many positions and currencies were booked, and what works there.

    `orders` are the broker's ids of orders that are none of ours.
    """

    account: str
    broker: str
    by: str
    request: str
    positions: int
    currencies: int
    orders: tuple[str, ...] = ()


class FlattenRequested(_Event, frozen=True, kw_only=True):
    """A person wants every position of the account closed."""

    account: str
    by: str
    reason: str
    request: str


class Halted(_Event, frozen=True, kw_only=True):
    """A switch is thrown for a scope.

    PAUSED (of a strategy) and REDUCE_ONLY let exits pass, HALT only cancels, KILL cancels all that works.
    """

    scope: str
    level: Literal["PAUSED", "REDUCE_ONLY", "HALT", "KILL"]
    by: str
    reason: str
    request: str


class Resumed(_Event, frozen=True, kw_only=True):
    """A person lifts the switch of a scope, and says why."""

    scope: str
    by: str
    reason: str
    request: str


class LimitSet(_Event, frozen=True, kw_only=True):
    """A scope's limits, whole: names and decimal or duration texts. `old` is what was replaced.

    At `expires_at` risk sets `old` again. `seconded_by` is the second person, where one was needed. `configured` is
    what the configuration said, where it is who sets the limits and they are others than it said.
    """

    scope: str
    limits: dict[str, str]
    old: dict[str, str]
    by: str
    reason: str
    request: str = ""
    expires_at: int | None = None
    seconded_by: str = ""
    configured: dict[str, str] | None = None


class LimitProposed(_Event, frozen=True, kw_only=True):
    """Limits that a second person must agree to. They hold from the LimitSet on that this event is the cause of."""

    scope: str
    limits: dict[str, str]
    old: dict[str, str]
    by: str
    reason: str
    request: str


class AccountRecovered(_Event, frozen=True, kw_only=True):
    """What the broker has of ours since a backup that the log was restored from: orders that the log knows no more.

    `restored` is the position of the LogRestored. Many orders are told in several of these, of which `part` counts up
    from 1 and the last one is `last`. Nothing is decided of the account before that one.
    """

    account: str
    broker: str
    restored: int
    part: int
    last: bool
    orders: tuple[LostOrder, ...] = ()
