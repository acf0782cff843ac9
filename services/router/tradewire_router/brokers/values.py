"""What goes to a broker and what it tells, as frozen structs.

Quantities and prices are Decimal, times are microseconds since the epoch (UTC), symbols are canonical (`AAPL`,
`BTC/USDT`). Sides, order types and times in force are the words of `tradewire.messages.vocabulary`.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.domain.exact import ONE, ZERO
from tradewire.messages.vocabulary import (
    AssetClass,
    ExitKind,
    Feature,
    OrderType,
    Refused,
    Side,
    Timeframe,
    TimeInForce,
)

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


class Leg(Struct, frozen=True, kw_only=True, gc=False):
    """An exit that was sent with its entry, as the log knows it; for brokers that know it by no name of ours.

    `head` is the client order id of the order that the broker keeps it under. `broker_order_id` is None where the
    answer to the group's submit is not known.
    """

    client_order_id: str
    head: str
    kind: ExitKind
    symbol: str
    broker_order_id: str | None = None


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
    """An order as the broker has it."""

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


class TakenBack(Struct, frozen=True):
    """An order of the broker's of which it took an execution back, and when (µs, its time)."""

    broker_order_id: str
    at: int


ActivityKind = Literal[
    "dividend",
    "interest",
    "fee",
    "tax",
    "deposit",
    "withdrawal",
    "transfer",
    "split",
    "stock_dividend",
    "spin_off",
    "merger",
    "other",
]
MOVES_HOLDINGS: frozenset[ActivityKind] = frozenset({"split", "stock_dividend", "spin_off", "merger"})
"""Activities that change a holding and are no trade and no transfer."""


class Activity(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What happened to an account beside executions. `activity` is the broker's id of it.

    `amount` is cash, signed, in `currency`. `quantity` is by how much the holding of `symbol` changed, signed; a split
    says its `ratio`, new over old, where the broker tells it. `price` is what a transferred unit had cost.
    """

    account: str
    activity: str
    kind: ActivityKind
    at: int
    amount: Decimal = ZERO
    currency: str = "USD"
    symbol: str = ""
    quantity: Decimal = ZERO
    ratio: Decimal | None = None
    price: Decimal | None = None
    text: str = ""


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


class Beginning(Struct, frozen=True):
    """Where the log of an account with a long past begins: after the newest execution and activity."""

    cursor: Cursor
    activities: Cursor


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
    One unit is worth `multiplier` times its price, and the broker writes prices `price_magnifier` times as large as
    they are. `expiry` is the last trading day as an ISO date, empty where there is none. `features` is what it takes of
    orders in the symbol, None being all that the capabilities say, and `refuses` what it takes in no order in it beside
    what they say.
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
    expiry: str = ""
    name: str = ""
    features: tuple[Feature, ...] | None = None
    refuses: tuple[Refused, ...] = ()


class Hours(Struct, frozen=True):
    """Whether the market of a symbol is open now; `opens_at` is when it opens next (µs), None where nobody says."""

    open: bool
    opens_at: int | None = None


class RateLimit(Struct, frozen=True):
    """At most `requests` in `seconds`."""

    requests: int
    seconds: int


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a broker can do, asked before it is tried.

    `keeps_refused`: an order that it refuses is told, and can be found. `tells_triggers`: it says when a stop was
    reached. `event_replay`: every event after a cursor comes again, not executions alone. `restates`: it corrects
    executions, takes them back, and may fill what it has said to be over. `activities`: it tells what happens beside
    executions.
    `questions_need_session`: it answers nothing before `connect`. `lacks` says of things that other brokers have, by
    the doctor's check, what is so here instead. `quotes` says how its prices come: as a stream, by asking for each
    (`poll`), or not at all, where it trades on what others publish. Of `quotes_at_once` symbols it tells the quotes,
    None meaning of any number. `bars` are the intervals it has. What `fractional`, `short` and `cross_zero` deny is in
    no order, which the checks before it see to, because they know what is held; `reduce_only` is theirs where it is not
    the broker's. Cash is told in multiples of `cash_step`, of whatever it is to its last digit; zero where it is told
    exactly.
    """

    asset_classes: frozenset[AssetClass]
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    id_pattern: str
    id_uniqueness: Literal["none", "open_only", "forever"]
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
    cross_zero: bool = False
    sandbox: bool = False
    trailing_percent: bool = False
    extended_hours: bool = False
    keeps_refused: bool = False
    tells_triggers: bool = False
    event_replay: bool = False
    restates: bool = False
    activities: bool = False
    questions_need_session: bool = True
    lacks: dict[str, str] = {}
    quotes: Literal["stream", "poll", "none"] = "none"
    quotes_at_once: int | None = None
    bars: frozenset[Timeframe] = frozenset()
    rate_limits: tuple[RateLimit, ...] = ()
    cash_step: Decimal = ZERO

    @property
    def features(self) -> tuple[Feature, ...]:
        """What it takes of orders beside their types."""
        has: tuple[tuple[Feature, bool], ...] = (
            ("notional", self.notional),
            ("extended_hours", self.extended_hours),
            ("trail_percent", self.trailing_percent),
            ("bracket", self.native_bracket),
            ("oto", self.native_oto),
            ("replace", self.replace != "none"),
        )
        return tuple(feature for feature, there in has if there)

    @property
    def refuses(self) -> tuple[Refused, ...]:
        """What it takes in no order."""
        takes: tuple[tuple[Refused, bool], ...] = (
            ("fraction", self.fractional),
            ("short", self.short),
            ("turn", self.cross_zero),
        )
        return tuple(what for what, taken in takes if not taken)


class Health(Struct, frozen=True, kw_only=True):
    """How the link is: `last_heard_at` is when the broker last said anything, None for never.

    Of `requests_per_minute` that the broker takes, `requests_left` may be sent now, and `submits_left` is how many
    submits may be under way at once now, which is less where they wait for each other; None where nobody counts.
    """

    connected: bool
    authenticated: bool
    last_heard_at: int | None = None
    last_error: str = ""
    requests_left: int | None = None
    requests_per_minute: int | None = None
    submits_left: int | None = None


class ConfigField(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One setting of an adapter, described well enough to draw a form for it.

    A secret stands in the file that `<name>_file` names, or in the environment variable `variable`.
    """

    name: str
    label: str
    type: Literal["text", "password", "number", "checkbox", "select"]
    required: bool = False
    default: str | None = None
    options: tuple[str, ...] = ()
    help: str = ""
    secret: bool = False
    variable: str = ""
    depends_on: str = ""
