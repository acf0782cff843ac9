"""The words that events share: enumerations as literals, and the rows inside decisions."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "stop_limit", "trailing_stop"]
TimeInForce = Literal["day", "gtc", "ioc", "fok", "opg", "cls", "gtd"]
Action = Literal["buy", "sell", "close", "reduce", "target", "cancel", "replace"]
Clock = Literal["wall", "quotes"]
AssetClass = Literal["equity", "crypto", "option", "future", "forex"]
PriceSource = Literal["live", "delayed", "signal"]
"""What risk may take for a price, each with all before it: quotes of now, quotes that come late, a signal's own."""
BrokerPart = Literal["answers", "orders", "quotes"]
"""What may fail on a broker's session that is up: answers to submits, hearing of all orders and executions, prices."""
Timeframe = Literal["1m", "5m", "15m", "1h", "1d"]
"""The intervals of bars."""
Feature = Literal["notional", "extended_hours", "trail_percent", "bracket", "oto", "replace"]
"""What not every broker takes of an order in a symbol: an amount of money in the place of a quantity, work outside
regular hours, a trailing distance in percent, an entry with both of its exits, an entry with one of them, new terms
while it works."""
Refused = Literal["fraction", "lasting_fraction", "extended_other", "short", "turn"]
"""What some brokers take in no order at all: a part of a unit, or one for anything but the day; outside regular hours
anything but a limit order for the day or gtc; a sale of what is not held, and more than closes a position, which would
turn it into its opposite."""
ExitKind = Literal["take_profit", "stop_loss"]
Scope = str
Origin = Literal["live", "replay", "lookup"]
"""How a broker's fact came: as it happened, re-sent after a gap, or found by asking."""


class LostOrder(Struct, frozen=True, array_like=True, gc=False):
    """An order at a broker by our client order id, which the log does not know: it was restored from before it."""

    client_order_id: str
    broker_order_id: str
    symbol: str


class SizeTerms(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a method of sizing measures by, and the most that it may come to.

    `stop` is a price and `stop_distance` a difference of prices, both in the symbol's currency; `stop_percent` is in
    percent of the entry. `multiple` counts average true ranges. `win_rate` is between 0 and 1, `payoff` the average win
    over the average loss. `max_percent` is in percent of equity, `max_notional` in the account's currency.
    """

    stop: Decimal | None = None
    stop_distance: Decimal | None = None
    stop_percent: Decimal | None = None
    multiple: Decimal | None = None
    win_rate: Decimal | None = None
    payoff: Decimal | None = None
    max_percent: Decimal | None = None
    max_notional: Decimal | None = None
    max_quantity: Decimal | None = None


class SizeAsked(Struct, frozen=True, array_like=True, gc=False):
    """How much is asked for when it is no plain quantity: a method of sizing, its amount, units or percentage, and
    what else the method goes by."""

    method: str
    value: Decimal
    terms: SizeTerms | None = None


class CheckResult(Struct, frozen=True, array_like=True, gc=False):
    """One risk check of a decision: what was measured, against what limit, and whether it passed."""

    name: str
    value: str | None
    limit: str | None
    passed: bool


class SizeInput(Struct, frozen=True, array_like=True, gc=False):
    """One figure that a size was worked out from, and its value as text."""

    name: str
    value: str


class QuoteUsed(Struct, frozen=True, array_like=True, gc=False):
    """A price that a decision rests on; `at` in microseconds, `source` the venue or `signal`.

    `delayed` is a price that the venue tells late.
    """

    symbol: str
    price: Decimal
    at: int
    source: str
    delayed: bool = False


class Discrepancy(Struct, frozen=True, array_like=True, gc=False):
    """One difference found by reconciliation: ours against the broker's."""

    kind: Literal["order", "fill", "position", "cash"]
    key: str
    ours: str
    theirs: str


class ExitAsked(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An exit that goes with its entry, as it is asked for: exactly one of a price and a distance from the entry.

    `percent` is in percent of the entry and `amount` in the symbol's currency. `limit_price` belongs to the `price` of
    a stop loss, and makes it a stop-limit order.
    """

    kind: ExitKind
    price: Decimal | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    limit_price: Decimal | None = None


class Exit(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An exit that an entry's approval covers: reduce-only, on the other side, for no more than what is entered."""

    kind: ExitKind
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
