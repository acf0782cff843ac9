"""The order of a trial: as small as it may be, and as far below the market as the limits let it. Pure."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

from msgspec import Struct

from tradewire.domain.exact import ONE, ZERO
from tradewire.domain.money import plain
from tradewire.domain.times import SECOND, instant_text
from tradewire.messages.risk_queries import Checked
from tradewire_router.brokers.values import Capabilities, Instrument

PERCENTS: Final = (15, 10, 5)
"""By how many percent the order is below the market: the first that the limits take; never nearer than the last."""
GOOD_FOR_SECONDS: Final = 60
_NOT_YET_KNOWN: Final = frozenset({"instrument", "price", "price_age", "tick", "lot"})
"""Checks for which an order waits until the broker was asked, where it is the first in its symbol."""
_SESSION_ORDER: Final = ("day", "gtc")


class Draft(Struct, frozen=True, kw_only=True):
    """A limit order to buy, `percent` below the market at `market`."""

    symbol: str
    quantity: Decimal
    limit_price: Decimal
    time_in_force: str
    percent: int
    market: Decimal

    @property
    def words(self) -> str:
        """The order in a few words."""
        terms = f"{plain(self.quantity)} {self.symbol} at {plain(self.limit_price)}"
        return f"buy {terms}, limit {self.time_in_force}, {self.percent} % below the market"


def draft(
    rules: Instrument, can: Capabilities, market: Decimal, percent: int, wanted: Decimal | None, worth: Decimal = ZERO
) -> Draft:
    """An order that fits the instrument's rules and is worth at least `worth`: one share, or as few coins as it takes,
    unless `wanted` says more."""
    price = _down(market * (100 - percent) / 100, rules.tick)
    least = max(rules.min_quantity, rules.step)
    if price:
        least = max(least, rules.min_notional / price, worth / price)
    if rules.asset_class != "crypto":
        least = max(least, ONE)
    quantity = max(least, wanted) if wanted is not None else least
    times = frozenset(rules.times_in_force) or can.times_in_force
    return Draft(
        symbol=rules.symbol,
        quantity=_up(quantity, rules.step),
        limit_price=price,
        time_in_force=next((each for each in _SESSION_ORDER if each in times), _SESSION_ORDER[0]),
        percent=percent,
        market=market,
    )


def signal(order: Draft, signal_id: str, account: str, now: int) -> dict[str, Any]:
    """The signal that asks for it; after a minute no order is started for it any more."""
    return {
        "id": signal_id,
        "account": account,
        "action": "buy",
        "symbol": order.symbol,
        "quantity": plain(order.quantity),
        "order_type": "limit",
        "limit_price": plain(order.limit_price),
        "time_in_force": order.time_in_force,
        "price": plain(order.market),
        "timestamp": instant_text(now),
        "valid_until": instant_text(now + GOOD_FOR_SECONDS * SECOND),
        "tags": ["broker-test"],
    }


def too_far(found: Checked) -> bool:
    """Whether the limits want the price nearer to the market's."""
    return any(check.name == "collar" and not check.passed for check in found.checks)


def least_worth(found: Checked) -> Decimal:
    """What the limits want the order to be worth at least, where it is worth less; else zero."""
    limits = (check.limit for check in found.checks if check.name in {"val_min", "notional"} and not check.passed)
    return max((Decimal(limit) for limit in limits if limit), default=ZERO)


def denied(found: Checked) -> Sequence[str]:
    """The checks that would deny it, but for those whose inputs the broker is only asked for when it is ordered."""
    if found.outcome != "denied":
        return ()
    return tuple(check.name for check in found.checks if not check.passed and check.name not in _NOT_YET_KNOWN)


def _down(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step if step else value


def _up(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_CEILING) * step if step else value
