"""Every limit by name: how its text is read, which of two is the tighter, where it means something, and what lifts it.

Amounts are in the account's currency, percentages are of the account's equity unless their words say otherwise, spans
are in microseconds. `none` lifts a limit by name, which is something else than not setting it: what is not set denies.
`read` takes what a log may hold, and `verify` what somebody may write now.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain import names
from tradewire.domain.exact import ZERO
from tradewire.domain.money import money
from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import quoted
from tradewire.domain.times import duration, span_text
from tradewire.errors import InvalidValue

LIFTED: Final = "none"
"""The text of a limit that somebody lifted by name."""
ENDLESS: Final = 1 << 62
"""A span that is never over (µs)."""
WHOLE: Final = ("global", "broker", "account")
"""The kinds of scope in which a limit of an account as a whole means something."""
EVERYWHERE: Final = (*WHOLE, "strategy", "symbol")
"""Every kind of scope, widest first."""
_INFINITE: Final = Decimal("Infinity")
_HUNDRED: Final = Decimal(100)
_is_padded = re.compile(r"-?0[0-9]").match


class Amount(Struct, frozen=True, gc=False):
    """A number with its text."""

    value: Decimal
    text: str


class Span(Struct, frozen=True, gc=False):
    """A duration in microseconds, and as people read it."""

    micros: int
    text: str


class Kind(Struct, frozen=True):
    """How a limit is read from its text (None: the text sets none), and which of two is the tighter, also in words.

    It means something in the kinds of scope `scopes`. The text `lift` lifts it; where that is None nothing does, for
    the reason `stays` if that needs one. Of what is written now `most` is the most, and only with `zero` may a span
    be zero.
    """

    parse: Callable[[str], Any]
    tighter: Callable[[Any, Any], Any]
    words: str
    scopes: tuple[str, ...] = EVERYWHERE
    lift: str | None = LIFTED
    stays: str = ""
    most: Decimal | None = None
    zero: bool = False


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

    return Kind(parse, lambda a, b: min(a, b, key=words.index), f"the first of {', '.join(words)}", lift=None)


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
_OFF_AT_ZERO = replace(_AT_LEAST, zero=True)
_OF_ALL = replace(_MAX, scopes=WHOLE)
_RESULT = replace(_MAX, scopes=(*WHOLE, "strategy"))
_PART_LOST = replace(_RESULT, most=_HUNDRED)
_LIST = Kind(_symbols, _both, "what is on every list", lift="")

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
    "max_open_orders": replace(_COUNT, scopes=WHOLE),
    "max_open_exposure": _OF_ALL,
    "max_gross_exposure": _OF_ALL,
    "max_net_exposure": _OF_ALL,
    "max_concentration": _MAX,
    "max_group_concentration": _MAX,
    "max_volume_share": _MAX,
    "max_value_at_risk": _OF_ALL,
    "max_open_positions": _COUNT,
    "allow_short": _word("no", "yes"),
    # What may be lost
    "max_daily_loss": _RESULT,
    "max_daily_loss_percent": _PART_LOST,
    "max_drawdown": _PART_LOST,
    "drawdown_window": replace(_AT_LEAST, scopes=(*WHOLE, "strategy")),
    # How often
    "max_orders_per_second": _COUNT,
    "max_orders_per_minute": _COUNT,
    "max_orders_per_day": _COUNT,
    "max_repeated_executions": _COUNT,
    "repeated_execution_window": _AT_LEAST,
    "duplicate_window": _OFF_AT_ZERO,
    "cooldown": _OFF_AT_ZERO,
    # How old
    "max_signal_age": _AT_MOST,
    "max_signal_ahead": replace(_AT_MOST, zero=True),
    "max_price_age": _AT_MOST,
    "max_balance_age": _AT_MOST,
    "max_instrument_age": _AT_MOST,
    "approval_ttl": replace(_AT_MOST, lift=None, stays="an approval that nobody sends must lapse"),
    "mark_interval": replace(_AT_MOST, scopes=WHOLE),
    # What and when
    "allowed_symbols": _LIST,
    "restricted_symbols": replace(_LIST, tighter=_either, words="what is on any list"),
    "market_hours": _word("regular", "extended", "always"),
    # Who must agree
    "approval_threshold": _MAX,
    "approval_deadline": replace(_AT_MOST, lift=None, stays="an order that nobody answers for must lapse"),
    "probation_orders": Kind(_any_count, _more, "the larger"),
    "probation_order_value": _MAX,
    "soft_limit": replace(_OF_ALL, most=_HUNDRED),
}

STRATEGY: Final = "strategy."
"""What the scope of a strategy begins with."""
OF_STRATEGY: Final = frozenset({"max_daily_loss", "max_daily_loss_percent", "max_drawdown"})
"""What the scope of a strategy sets for the strategy's own results, apart from what others set for the account's."""


def is_own(scope: str, name: str) -> bool:
    """True for a limit of a strategy's own results, which does not combine with those of other scopes."""
    return name in OF_STRATEGY and scope.startswith(STRATEGY)


def read(name: str, text: str) -> Any:
    """Parses one limit; None says that the text sets none.

    Raises:
        InvalidValue: for a name that is no limit, or a text that is not of its kind.
    """
    kind = KINDS.get(name)
    if kind is None:
        meant = nearest(name, KINDS)
        raise InvalidValue(
            "UNKNOWN_LIMIT",
            f"{quoted(name)} is no limit",
            meant[0] if meant else "a name that `tradewire limits` shows",
        )
    return kind.parse(text)


def verify(name: str, text: str) -> Any:
    """Reads one limit as somebody writes it now: also refused is what could only be a mistake.

    Raises:
        InvalidValue: as `read`; for zeros in front, a span of zero that leaves no time, a percentage that is never
            reached, and for lifting what must end.
    """
    kind = KINDS.get(name)
    if kind is not None and text == LIFTED and kind.stays:
        raise InvalidValue("NOT_LIFTED", f"{text} is not for {name}: {kind.stays}", 'a span such as "5m"')
    if kind is not None and text == LIFTED and kind.lift == "":
        raise InvalidValue("NOT_LIFTED", f"{text} is not a symbol", "an empty text, which lists none")
    value = read(name, text)
    kind = KINDS[name]
    if isinstance(value, Amount | Span) and (_is_padded(text) or text.startswith("-")):
        raise InvalidValue("ODD_SPELLING", f"{quoted(text)} has a sign or a zero in front", "the digits alone")
    if isinstance(value, Span) and not value.micros and text != LIFTED and not kind.zero:
        expected = "a span above zero" + (f", or {LIFTED}" if kind.lift == LIFTED else "")
        raise InvalidValue("ZERO", f"{text} leaves no time", expected)
    if kind.most is not None and text != LIFTED and value.value > kind.most:
        expected = f"{kind.most} percent at most, or {LIFTED}"
        raise InvalidValue("NEVER_REACHED", f"{text} percent is never reached", expected)
    return value


def verify_scope(name: str, scope: str) -> None:
    """Passes a limit that means something in a scope, such as `strategy.momo`.

    Raises:
        InvalidValue: NO_EFFECT, with the kinds of scope in which it does.
    """
    where, scopes = scope.partition(".")[0], KINDS[name].scopes
    if where not in scopes:
        raise InvalidValue("NO_EFFECT", f"{name} has no effect in {scope}", places(name))


def places(name: str) -> str:
    """The scopes in which a limit means something, in words."""
    *others, last = (kind if kind == WHOLE[0] else f"{kind}.NAME" for kind in KINDS[name].scopes)
    return f"{', '.join(others)} or {last}"


def crossed(texts: Mapping[str, str]) -> tuple[str, str] | None:
    """The first least of an order that lies above its most in the same limits, so that nothing could pass; and that."""
    for what in ("value", "quantity"):
        low, high = f"min_order_{what}", f"max_order_{what}"
        try:
            least, most = (read(name, texts[name]) if texts.get(name) else None for name in (low, high))
        except InvalidValue:
            continue
        if least is not None and most is not None and least.value > most.value:
            return low, high
    return None


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
