"""The words that events share: enumerations as literals, and the rows inside decisions."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit", "stop", "stop_limit", "trailing_stop"]
TimeInForce = Literal["day", "gtc", "ioc", "fok", "opg", "cls", "gtd"]
Action = Literal["buy", "sell", "close", "reduce", "target", "cancel", "replace"]
Clock = Literal["wall", "quotes"]
Scope = str
Origin = Literal["live", "replay", "lookup"]
"""How a broker's fact came: as it happened, re-sent after a gap, or found by asking."""


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
    """A price that a decision rests on; `at` in microseconds, `source` the venue or `signal`."""

    symbol: str
    price: Decimal
    at: int
    source: str


class Discrepancy(Struct, frozen=True, array_like=True, gc=False):
    """One difference found by reconciliation: ours against the broker's."""

    kind: Literal["order", "fill", "position", "cash"]
    key: str
    ours: str
    theirs: str
