"""Limits as they are compared: parsed strictly, and resolved once for all scopes that an order lies in.

The tightest of the scopes' values holds. A text that cannot be read denies every order in its scope, because a limit
that nobody can read is not a limit that was lifted.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.money import money
from tradewire.domain.switches import GLOBAL, Controls, control_stream, limits_stream, scopes
from tradewire.domain.times import duration, span_text
from tradewire.errors import InvalidValue
from tradewire.messages.log import Guard


class Amount(Struct, frozen=True, gc=False):
    """A number with its text."""

    value: Decimal
    text: str


class Span(Struct, frozen=True, gc=False):
    """A duration in microseconds, and as people read it."""

    micros: int
    text: str


class Bounds(Struct, frozen=True, gc=False):
    """The tightest value of every limit; None where no scope sets it. Amounts are in the account's currency."""

    max_order_quantity: Amount | None = None
    min_order_quantity: Amount | None = None
    max_order_value: Amount | None = None
    min_order_value: Amount | None = None
    max_position_value: Amount | None = None
    max_daily_loss: Amount | None = None
    max_open_orders_per_symbol: Amount | None = None
    max_signal_age: Span | None = None
    max_signal_ahead: Span | None = None
    max_price_age: Span | None = None
    duplicate_window: Span | None = None
    approval_ttl: Span | None = None
    mark_interval: Span | None = None
    allowed_symbols: frozenset[str] | None = None


class Rules(Struct, frozen=True, gc=False):
    """Everything of one version of the switches and limits that concerns the orders of the same scopes.

    `problem` says which limit cannot be read or must be set. Streams that were never written are guarded at version 0
    and not recorded.
    """

    bounds: Bounds
    problem: str
    level: str
    level_scope: str
    guards: tuple[Guard, ...]
    limits: dict[str, int]
    control: dict[str, int]


def _amount(text: str) -> Amount:
    value = money(text)
    if value < 0:
        raise InvalidValue("NEGATIVE", f"{text} is below zero", "zero or more")
    return Amount(value, text)


def _count(text: str) -> Amount:
    amount = _amount(text)
    if amount.value != amount.value.to_integral_value():
        raise InvalidValue("NOT_WHOLE", f"{text} is not a whole number", "a whole number")
    return amount


def _span(text: str) -> Span:
    micros = duration(text)
    return Span(micros, span_text(micros))


def _symbols(text: str) -> frozenset[str] | None:
    found = frozenset(filter(None, (part.strip() for part in text.split(","))))
    if not found:
        return None
    for symbol in found:
        if not names.is_symbol(symbol):
            raise InvalidValue("NOT_A_SYMBOL", f"{symbol!r} is not a symbol", "symbols with commas between them")
    return found


def _less(a: Amount, b: Amount) -> Amount:
    return a if a.value <= b.value else b


def _more(a: Amount, b: Amount) -> Amount:
    return a if a.value >= b.value else b


def _shorter(a: Span, b: Span) -> Span:
    return a if a.micros <= b.micros else b


def _longer(a: Span, b: Span) -> Span:
    return a if a.micros >= b.micros else b


def _both(a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
    return a & b


class Kind(Struct, frozen=True):
    """How a limit is read from its text (None: the text sets none), and which of two is the tighter, also in words."""

    parse: Callable[[str], Any]
    tighter: Callable[[Any, Any], Any]
    words: str


_MAX, _MIN = Kind(_amount, _less, "the smaller"), Kind(_amount, _more, "the larger")
_AT_MOST, _AT_LEAST = Kind(_span, _shorter, "the shorter"), Kind(_span, _longer, "the longer")
KINDS: dict[str, Kind] = {
    "max_order_quantity": _MAX,
    "min_order_quantity": _MIN,
    "max_order_value": _MAX,
    "min_order_value": _MIN,
    "max_position_value": _MAX,
    "max_daily_loss": _MAX,
    "max_open_orders_per_symbol": Kind(_count, _less, "the smaller"),
    "max_signal_age": _AT_MOST,
    "max_signal_ahead": _AT_MOST,
    "max_price_age": _AT_MOST,
    "duplicate_window": _AT_LEAST,
    "approval_ttl": _AT_MOST,
    "mark_interval": _AT_MOST,
    "allowed_symbols": Kind(_symbols, _both, "what is on every list"),
}


def read(name: str, text: str) -> Any:
    """Parses one limit.

    Raises:
        InvalidValue: for a name that is no limit, or a text that is not of its kind.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidValue("UNKNOWN_LIMIT", f"{name!r} is no limit", ", ".join(KINDS))
    return kind.parse(text)


def resolve(controls: Controls, in_scope: tuple[str, ...]) -> Rules:
    """Compiles what holds for the orders in these scopes, widest first."""
    found: dict[str, Any] = {}
    problem = ""
    for scope in in_scope:
        held = controls.limits.get(scope)
        for name, text in held.limits.items() if held else ():
            try:
                value = read(name, text)
            except InvalidValue as error:
                problem = problem or f"{scope} {name}: {error.message}"
                continue
            if value is not None:
                found[name] = KINDS[name].tighter(found[name], value) if name in found else value
    if "approval_ttl" not in found:
        problem = problem or "approval_ttl is not set"
    level, where = controls.level(in_scope)
    limits, control = controls.limits_versions(in_scope), controls.control_versions(in_scope)
    return Rules(
        bounds=Bounds(**found),
        problem=problem,
        level=level,
        level_scope=where,
        guards=(
            *(Guard(control_stream(scope), version) for scope, version in control.items()),
            *(Guard(limits_stream(scope), version) for scope, version in limits.items()),
        ),
        limits={scope: version for scope, version in limits.items() if version},
        control={scope: version for scope, version in control.items() if version},
    )


class Compiled:
    """Rules by scopes, compiled when first asked for and forgotten when a switch or a limit changes."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._generation = -1
        self._orders: dict[tuple[str, str, str], Rules] = {}
        self._accounts: dict[str, Rules] = {}

    def _refresh(self) -> None:
        if self._generation != self._controls.generation:
            self._generation = self._controls.generation
            self._orders.clear()
            self._accounts.clear()

    def of_order(self, account: str, strategy: str, symbol: str) -> Rules:
        """What holds for an order."""
        self._refresh()
        key = (account, strategy, symbol)
        rules = self._orders.get(key)
        if rules is None:
            rules = self._orders[key] = resolve(self._controls, scopes(account, strategy, symbol))
        return rules

    def of_account(self, account: str) -> Rules:
        """What holds for an account as a whole."""
        self._refresh()
        rules = self._accounts.get(account)
        if rules is None:
            rules = self._accounts[account] = resolve(self._controls, (GLOBAL, f"account.{account}"))
        return rules

    def longest_window(self) -> int:
        """The longest duplicate window (microseconds) that any scope sets."""
        spans = (held.limits.get("duplicate_window") for held in self._controls.limits.values())
        return max((_micros(text) for text in spans if text), default=0)


def _micros(text: str) -> int:
    try:
        return duration(text)
    except InvalidValue:
        return 0
