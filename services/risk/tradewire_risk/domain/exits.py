"""The exits that go with an entry: their prices, from what was asked and the price at which the entry is expected.

A distance is taken from the entry's own limit or stop, else from the market's price, and rounded to the tick towards
the entry, so that no exit lies further away than was asked. Prices that were asked for as such stay as they are.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, multiply, subtract
from tradewire.domain.money import plain, round_down, round_up
from tradewire.domain.orders import Order
from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.vocabulary import Exit, ExitAsked, Feature, Side

_PERCENT = Decimal("0.01")
REPLACE = "replace"
"""The action of an order that is measured under new terms."""


class Planned(Struct, frozen=True, gc=False):
    """The exits of an entry, and why one of them cannot be, if so."""

    exits: tuple[Exit, ...] = ()
    problem: str = ""


NO_EXITS = Planned()


def plan_exits(
    order: Order, side: Side | None, market: Decimal | None, instrument: InstrumentReported | None
) -> Planned:
    """The exits that an order asks for; `market` is the price now, in the symbol's currency."""
    if not order.asked_exits or side is None:
        return NO_EXITS
    entry = order.limit_price or order.stop_price or market
    if entry is None:
        return Planned(problem="the price of its entry is not known")
    tick = instrument.tick if instrument is not None else None
    planned: list[Exit] = []
    for asked in order.asked_exits:
        above = (side == "buy") == (asked.kind == "take_profit")
        level = _level(asked, entry, tick, above=above)
        if level <= ZERO or not (level > entry if above else level < entry):
            where = "above" if above else "below"
            return Planned(problem=f"its {asked.kind} {plain(level)} is not {where} the entry {plain(entry)}")
        planned.append(_exit(asked, level))
    return Planned(tuple(planned))


def _level(asked: ExitAsked, entry: Decimal, tick: Decimal | None, *, above: bool) -> Decimal:
    if asked.price is not None:
        return asked.price
    away = asked.amount if asked.percent is None else multiply(multiply(entry, asked.percent), _PERCENT)
    level = add(entry, away or ZERO) if above else subtract(entry, away or ZERO)
    if tick is None or level <= ZERO:
        return level
    return round_down(level, tick) if above else round_up(level, tick)


def _exit(asked: ExitAsked, level: Decimal) -> Exit:
    if asked.kind == "take_profit":
        return Exit(kind=asked.kind, order_type="limit", limit_price=level)
    limit = asked.limit_price
    return Exit(
        kind=asked.kind, order_type="stop" if limit is None else "stop_limit", limit_price=limit, stop_price=level
    )


def wanted_features(order: Order) -> tuple[Feature, ...]:
    """What an order asks of its broker beside its type."""
    wanted: list[Feature] = []
    if order.extended_hours:
        wanted.append("extended_hours")
    if order.trail_percent is not None:
        wanted.append("trail_percent")
    if order.asked_exits:
        wanted.append("bracket" if len(order.asked_exits) > 1 else "oto")
    if order.action == REPLACE:
        wanted.append("replace")
    return tuple(wanted)


def as_money(
    order: Order, instrument: InstrumentReported | None, *, fractional: bool, currency: str, own: str
) -> Decimal | None:
    """The amount of money that the broker is told in the place of a quantity; None where it is told a quantity.

    That is where it takes amounts, at the market, and the account deals in fractions; what is exact by quantity, such
    as a limit order or an exit, stays so. `currency` is that of the symbol and `own` that of the account.
    """
    asked = order.size
    if asked is None or asked.method != "notional" or order.action not in {"buy", "sell"}:
        return None
    plain_order = order.order_type == "market" and not order.reduce_only and not order.asked_exits
    if not plain_order or currency != own or not (fractional or "/" in order.symbol):
        return None
    takes = instrument is not None and "notional" in (instrument.features or ())
    return asked.value if takes else None


def exit_prices(exits: tuple[Exit, ...]) -> tuple[Decimal, ...]:
    """Every price that exits say."""
    return tuple(price for each in exits for price in (each.limit_price, each.stop_price) if price is not None)
