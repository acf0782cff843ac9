"""Every limit by name: how its text is read, which of two is the tighter, and what it says when it is lifted by name.

Amounts are in the account's currency, percentages are of the account's equity unless their words say otherwise, spans
are in microseconds. `none` lifts a limit by name, which is something else than not setting it: what is not set denies.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.exact import ZERO
from tradewire.domain.money import money
from tradewire.domain.quoting import quoted
from tradewire.domain.times import duration, span_text
from tradewire.errors import InvalidValue

LIFTED: Final = "none"
"""The text of a limit that somebody lifted by name."""
ENDLESS: Final = 1 << 62
"""A span that is never over (µs)."""
_INFINITE: Final = Decimal("Infinity")


class Amount(Struct, frozen=True, gc=False):
    """A number with its text."""

    value: Decimal
    text: str


class Span(Struct, frozen=True, gc=False):
    """A duration in microseconds, and as people read it."""

    micros: int
    text: str


class Kind(Struct, frozen=True):
    """How a limit is read from its text (None: the text sets none), and which of two is the tighter, also in words."""

    parse: Callable[[str], Any]
    tighter: Callable[[Any, Any], Any]
    words: str


def _number(text: str) -> Decimal:
    value = money(text)
    if value < 0:
        raise InvalidValue("NEGATIVE", f"{text} is below zero", "zero or more")
    return value


def _most(text: str) -> Amount:
    if text == LIFTED:
        return Amount(_INFINITE, LIFTED)
    value = _number(text)
    if not value:
        raise InvalidValue("ZERO", f"{text} would let nothing pass", f"a number above zero, or {LIFTED}; to stop, halt")
    return Amount(value, text)


def _least(text: str) -> Amount:
    return Amount(ZERO, LIFTED) if text == LIFTED else Amount(_number(text), text)


def _count(text: str) -> Amount:
    amount = _most(text)
    if amount.value.is_finite() and amount.value != amount.value.to_integral_value():
        raise InvalidValue("NOT_WHOLE", f"{text} is not a whole number", "a whole number")
    return amount


def _any_count(text: str) -> Amount:
    return Amount(ZERO, text) if text == "0" else _count(text)


def _within(text: str) -> Span:
    return Span(ENDLESS, LIFTED) if text == LIFTED else _span(text)


def _at_least(text: str) -> Span:
    return Span(0, LIFTED) if text == LIFTED else _span(text)


def _span(text: str) -> Span:
    micros = duration(text)
    return Span(micros, span_text(micros))


def _symbols(text: str) -> frozenset[str] | None:
    found = frozenset(filter(None, (part.strip() for part in text.split(","))))
    if not found:
        return None
    for symbol in found:
        if not names.is_symbol(symbol):
            raise InvalidValue("NOT_A_SYMBOL", f"{quoted(symbol)} is not a symbol", "symbols with commas between them")
    return found


def _word(*words: str) -> Kind:
    """One of some words, the tightest first."""

    def parse(text: str) -> str:
        if text not in words:
            raise InvalidValue("UNKNOWN_WORD", f"{quoted(text)} is none of its words", " or ".join(words))
        return text

    return Kind(parse, lambda a, b: min(a, b, key=words.index), f"the first of {', '.join(words)}")


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


def _either(a: frozenset[str], b: frozenset[str]) -> frozenset[str]:
    return a | b


_MAX, _MIN = Kind(_most, _less, "the smaller"), Kind(_least, _more, "the larger")
_COUNT = Kind(_count, _less, "the smaller")
_AT_MOST, _AT_LEAST = Kind(_within, _shorter, "the shorter"), Kind(_at_least, _longer, "the longer")

KINDS: Final[dict[str, Kind]] = {
    # The size of one order
    "max_order_quantity": _MAX,
    "min_order_quantity": _MIN,
    "max_order_value": _MAX,
    "min_order_value": _MIN,
    "market_order_cushion": _MIN,
    "rounding": _word("reject", "down"),
    # Its price, in percent
    "max_price_away": _MAX,
    "max_price_away_passive": _MAX,
    "max_price_away_crypto": _MAX,
    "max_price_away_passive_crypto": _MAX,
    # What may be held and working
    "max_position_value": _MAX,
    "max_open_orders_per_symbol": _COUNT,
    "max_open_orders": _COUNT,
    "max_open_exposure": _MAX,
    "max_gross_exposure": _MAX,
    "max_net_exposure": _MAX,
    "max_concentration": _MAX,
    "max_group_concentration": _MAX,
    "max_value_at_risk": _MAX,
    "max_open_positions": _COUNT,
    "allow_short": _word("no", "yes"),
    # What may be lost
    "max_daily_loss": _MAX,
    "max_daily_loss_percent": _MAX,
    "max_drawdown": _MAX,
    "drawdown_window": _AT_LEAST,
    # How often
    "max_orders_per_second": _COUNT,
    "max_orders_per_minute": _COUNT,
    "max_orders_per_day": _COUNT,
    "max_repeated_executions": _COUNT,
    "repeated_execution_window": _AT_LEAST,
    "duplicate_window": _AT_LEAST,
    "cooldown": _AT_LEAST,
    # How old
    "max_signal_age": _AT_MOST,
    "max_signal_ahead": _AT_MOST,
    "max_price_age": _AT_MOST,
    "max_balance_age": _AT_MOST,
    "max_instrument_age": _AT_MOST,
    "approval_ttl": _AT_MOST,
    "mark_interval": _AT_MOST,
    # What and when
    "allowed_symbols": Kind(_symbols, _both, "what is on every list"),
    "restricted_symbols": Kind(_symbols, _either, "what is on any list"),
    "market_hours": _word("regular", "extended", "always"),
    # Who must agree
    "approval_threshold": _MAX,
    "approval_deadline": _AT_MOST,
    "probation_orders": Kind(_any_count, _more, "the larger"),
    "probation_order_value": _MAX,
    "soft_limit": _MAX,
}


def read(name: str, text: str) -> Any:
    """Parses one limit; None says that the text sets none.

    Raises:
        InvalidValue: for a name that is no limit, or a text that is not of its kind.
    """
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidValue("UNKNOWN_LIMIT", f"{quoted(name)} is no limit", ", ".join(KINDS))
    return kind.parse(text)


def loosens(name: str, old: str | None, new: str | None) -> bool:
    """Says whether a limit's new text lets more pass than its old one did; None is a limit that is not set.

    Raises:
        InvalidValue: as `read` does, for the new text.
    """
    after = None if new is None else read(name, new)
    try:
        before = None if old is None else read(name, old)
    except InvalidValue:
        return True  # what could not be read denied everything
    if before is None or after is None:
        return before is not None
    return bool(after != before and KINDS[name].tighter(after, before) != after)
