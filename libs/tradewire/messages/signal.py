"""Schema 1 of a signal on `signals.<strategy>`, as it is after parsing: typed, complete, and coherent in itself.

`signal_parse.parse_signal` is the only way in; `signal_support.unsupported` says what no service does yet. Prices and
quantities are Decimals above zero (a target may be below), percentages are in percent, times in microseconds since the
epoch.
"""

from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct, field

from tradewire.messages.vocabulary import Action, OrderType, SizeTerms, TimeInForce

SCHEMA = 1
SizeMethod = Literal["percent_of_equity", "percent_of_position", "risk_amount", "risk_percent", "volatility", "kelly"]
CUSTOM = "custom:"
"""What the name of a method begins with that a plug-in of risk works out."""


class Trail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a stop follows the price: exactly one of an amount and a percentage."""

    amount: Decimal | None = None
    percent: Decimal | None = None


class StopLoss(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a position is given up: exactly one of a price, a distance, and a trail.

    `limit_price` belongs to `price` and makes the exit a stop-limit order.
    """

    price: Decimal | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    trail: Trail | None = None
    limit_price: Decimal | None = None


class TakeProfit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a part of a position (above 0, at most 1) is taken with profit: exactly one of a price and a distance."""

    part: Decimal
    price: Decimal | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None


class Size(SizeTerms, frozen=True, kw_only=True):
    """How much, by a method that risk works out: one of SizeMethod, or CUSTOM and the name of a plug-in.

    `value` is an amount of money, a percentage, a share of Kelly's, or what a plug-in makes of it.
    """

    method: str
    value: Decimal


class Signal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a strategy asks for. `strategy` comes from the subject, all else from the body.

    `extra` and `execution` are kept as they were sent, but their numbers become text, so that no digit is lost.
    """

    strategy: str
    id: str
    symbol: str
    action: Action
    quantity: Decimal | None = None
    notional: Decimal | None = None
    target_quantity: Decimal | None = None
    target_percent: Decimal | None = None
    size: Size | None = None
    order_type: OrderType = "market"
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Trail | None = None
    stop_loss: StopLoss | None = None
    take_profit: tuple[TakeProfit, ...] = ()
    time_in_force: TimeInForce = "day"
    expire_at: int | None = None
    extended_hours: bool = False
    reduce_only: bool = False
    account: str | None = None
    price: Decimal | None = None
    confidence: Decimal | None = None
    timestamp: int | None = None
    valid_until: int | None = None
    execution: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
