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


class SizeAsked(Struct, frozen=True, array_like=True, gc=False):
    """How much is asked for when it is no plain quantity: a method of sizing, and its amount, units or percentage."""

    method: str
    value: Decimal


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
