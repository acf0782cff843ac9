"""What a strategy's profile lets it do. The settings make the profile; the checks ask it.

Everything here is about entries. Whether an exit may pass when its entry could not is for the check to say.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, subtract
from tradewire.domain.hours import TradingWindow
from tradewire.messages.vocabulary import OrderType, Side
from tradewire.settings import LEAST_TRADES, Repeat, Sides, StrategyMode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StrategyProfile(Struct, frozen=True, gc=False):
    """A strategy as the configuration describes it. What is empty forbids nothing; `zone` None is the account's."""

    name: str
    accounts: frozenset[str] = frozenset()
    sides: Sides = "both"
    windows: tuple[TradingWindow, ...] = ()
    zone: tzinfo | None = None
    order_types: frozenset[str] = frozenset()
    repeat: Repeat = "add"
    mode: StrategyMode = "auto"
    max_open_positions: int | None = None
    kelly_trades: int = LEAST_TRADES


class Repeated(Struct, frozen=True, gc=False):
    """What becomes of an entry, and for `reverse` how much more than it asks for turns the position."""

    does: Literal["pass", "ignore", "reverse"]
    more: Decimal = ZERO


_PASS = Repeated("pass")
_IGNORE = Repeated("ignore")


def in_window(profile: StrategyProfile, now: int, zone: tzinfo) -> bool:
    """Says whether a time (µs) lies in one of the profile's windows, on the wall clock of its zone, else of `zone`.

    Without windows every time does.
    """
    if not profile.windows:
        return True
    local = (_EPOCH + timedelta(microseconds=now)).astimezone(profile.zone or zone)
    weekday, minute = local.weekday(), local.hour * 60 + local.minute
    return any(window.covers(weekday, minute) for window in profile.windows)


def allowed_account(profile: StrategyProfile, account: str) -> bool:
    """Says whether the strategy may trade an account."""
    return not profile.accounts or account in profile.accounts


def allowed_type(profile: StrategyProfile, order_type: OrderType) -> bool:
    """Says whether the strategy may send orders of a type."""
    return not profile.order_types or order_type in profile.order_types


def allowed_side(profile: StrategyProfile, side: Side, quantity: Decimal, position: Decimal, working: Decimal) -> bool:
    """Says whether the strategy may trade a quantity on a side.

    `buy` and `sell` are sides of orders, `long` and `short` of positions: with `long`, a sell may take no more than is
    held long (`position`, signed) and not being sold yet (`working` is what orders of `side` may still trade).
    """
    match profile.sides:
        case "both":
            return True
        case "buy" | "sell" as only:
            return side == only
        case "long" | "short" as held:
            if side == _opening(held):
                return True
            return add(quantity, working) <= _towards(_opening(held), position)


def repeat_of(profile: StrategyProfile, side: Side, position: Decimal, working: Decimal) -> Repeated:
    """Says what becomes of an entry on a side while `position` (signed) is held and `working` may still trade on it.

    What works counts as if it were held. Where nothing is held, or just what works closes it, an entry passes.

    add: it passes in any case.
    ignore: it is ignored, but where the profile's sides keep it from opening a position it is a way out, and passes.
    reverse: one in the position's own direction is ignored. One against it trades more by what is held and not being
    closed yet, so that afterwards what it asked for is held; where the profile's sides forbid that, it passes as it is.
    """
    if profile.repeat == "add":
        return _PASS
    held = add(_towards(side, position), working)
    if held > 0:
        return _IGNORE
    if not held or not _may_open(profile, side):
        return _PASS
    return Repeated("reverse", subtract(ZERO, held)) if profile.repeat == "reverse" else _IGNORE


def _opening(held: Literal["long", "short"]) -> Side:
    return "buy" if held == "long" else "sell"


def _towards(side: Side, position: Decimal) -> Decimal:
    """A position as seen from a side: above zero when an order of that side makes it larger."""
    return position if side == "buy" else subtract(ZERO, position)


def _may_open(profile: StrategyProfile, side: Side) -> bool:
    """Says whether an order of a side may open a position of its direction."""
    return profile.sides in ({"both", "long", "buy"} if side == "buy" else {"both", "short", "sell"})
