"""What goes to a broker and what it tells, as frozen structs.

Quantities and prices are Decimal, times are microseconds since the epoch (UTC), symbols are canonical (`AAPL`,
`BTC/USDT`). Sides, order types and times in force are the words of `tradewire.messages.vocabulary`.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.domain.exact import ONE, ZERO
from tradewire.messages.vocabulary import OrderType, Side, TimeInForce

AssetClass = Literal["equity", "crypto", "option", "future", "forex"]

OrderStatus = Literal[
    "pending_submit",
    "submitted",
    "accepted",
    "held",
    "partially_filled",
    "pending_cancel",
    "pending_replace",
    "filled",
    "canceled",
    "rejected",
    "expired",
    "replaced",
    "unknown",
]
TERMINAL: frozenset[OrderStatus] = frozenset({"filled", "canceled", "rejected", "expired", "replaced"})

Cursor = str
"""Where reading left off; only the broker that gave it can read it."""


class OrderRequest(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An order as it is sent. `order` is our own id of it, the same over all attempts; `client_order_id` is this one's.

    Exactly one of `quantity` and `notional` is set. `reference_price` is the price that the signal stated: only a paper
    broker may look at it.
    """

    client_order_id: str
    order: str
    symbol: str
    side: Side
    quantity: Decimal | None = None
    notional: Decimal | None = None
    order_type: OrderType = "market"
    time_in_force: TimeInForce = "day"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    asset_class: AssetClass | None = None
    extended_hours: bool = False
    post_only: bool = False
    reduce_only: bool = False
    expire_at: int | None = None
    reference_price: Decimal | None = None
    tags: tuple[str, ...] = ()


class GroupRequest(Struct, frozen=True, kw_only=True):
    """Orders that belong together, each with a client order id of its own."""

    kind: Literal["bracket", "oco", "oto"]
    entry: OrderRequest | None = None
    take_profit: OrderRequest | None = None
    stop_loss: OrderRequest | None = None


class OrderRef(Struct, frozen=True, omit_defaults=True, gc=False):
    """How to name an order to a broker: always by our id; by its id and symbol too where they are known."""

    client_order_id: str
    broker_order_id: str | None = None
    symbol: str | None = None


class OrderChanges(Struct, frozen=True, kw_only=True):
    """New terms of a working order; None leaves a term as it is. A new broker order gets `client_order_id`."""

    client_order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class BrokerOrder(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An order as the broker has it. `stable_id` is the broker's own identity where `broker_order_id` can change."""

    account: str
    client_order_id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    status: OrderStatus
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    order_type: OrderType = "market"
    time_in_force: TimeInForce = "day"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    order: str = ""
    submitted_at: int = 0
    updated_at: int = 0
    code: str = ""
    reason: str = ""
    stable_id: str = ""
    parent: str = ""
    group: str = ""


class Execution(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One execution. `execution` is the broker's id without its revision; a higher revision restates a lower one.

    `fee` is None while the broker has not told it yet.
    """

    account: str
    client_order_id: str
    broker_order_id: str
    execution: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    at: int
    fee: Decimal | None = None
    fee_currency: str = "USD"
    revision: int = 0


class Position(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A holding as the broker has it; `quantity` is negative when short."""

    account: str
    symbol: str
    quantity: Decimal
    average_price: Decimal | None = None


class Balance(Struct, frozen=True, kw_only=True):
    """Money of one asset: `total` owned, `available` of it not reserved by working orders."""

    account: str
    asset: str
    total: Decimal
    available: Decimal


class AccountRef(Struct, frozen=True):
    """Which account a session trades, at which broker, and where its event stream stands."""

    broker: str
    account: str
    cursor: Cursor


class Account(Struct, frozen=True, kw_only=True):
    """The account as a whole. `equity` is None when a holding has no price.

    `buying_power` is what new orders may cost; `reserved` is what working orders have been taken off it.
    """

    account: str
    currency: str
    cash: Decimal
    buying_power: Decimal
    equity: Decimal | None
    reserved: Decimal = ZERO
    status: Literal["active", "closed", "restricted", "suspended"] = "active"


class Instrument(Struct, frozen=True, kw_only=True):
    """What an order in a symbol must fit: prices are multiples of `tick`, quantities of `step`.

    Without `order_types` or `times_in_force` the broker says nothing of them. `calendar` names an exchange's sessions
    in exchange-calendars; empty is open at all times. `volume` is the average daily volume, None when it is not told.
    """

    symbol: str
    asset_class: AssetClass
    currency: str
    tick: Decimal
    step: Decimal
    min_quantity: Decimal
    min_notional: Decimal = ZERO
    max_quantity: Decimal | None = None
    multiplier: Decimal = ONE
    price_magnifier: Decimal = ONE
    order_types: tuple[OrderType, ...] = ()
    times_in_force: tuple[TimeInForce, ...] = ()
    calendar: str = ""
    tradable: bool = True
    halted: bool = False
    shortable: bool = False
    easy_to_borrow: bool = False
    volume: Decimal | None = None


class RateLimit(Struct, frozen=True):
    """At most `requests` in `seconds`."""

    requests: int
    seconds: int


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a broker can do, asked before it is tried.

    `executions_horizon_seconds` is how far back executions can be asked for, None meaning for ever.
    """

    asset_classes: frozenset[AssetClass]
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    id_pattern: str
    id_uniqueness: Literal["none", "open_only", "forever"]
    lookup_by_client_id: Literal["direct", "needs_symbol", "scan"]
    executions_horizon_seconds: int | None
    commission: Literal["inline", "later", "modelled"]
    fill_stream: Literal["push", "poll"]
    replace: Literal["in_place", "new_id", "none"]
    fractional: bool
    notional: bool
    short: bool
    reduce_only: bool
    post_only: bool
    native_bracket: bool = False
    native_oco: bool = False
    native_oto: bool = False
    client_leg_ids: bool = False
    cross_zero: bool = False
    sandbox: bool = False
    event_replay: bool = False
    daily_bars: bool = False
    rate_limits: tuple[RateLimit, ...] = ()


class Health(Struct, frozen=True, kw_only=True):
    """How the link is: `last_heard_at` is when the broker last said anything, None for never."""

    connected: bool
    authenticated: bool
    last_heard_at: int | None = None
    last_error: str = ""


class ConfigField(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One setting of an adapter, described well enough to draw a form for it."""

    name: str
    label: str
    type: Literal["text", "password", "number", "checkbox", "select"]
    required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()
    help: str = ""
    secret: bool = False
    depends_on: str = ""
