"""Cash, value, equity and the day's loss, from fills, positions and marks. Every figure is exact.

Equity is cash plus the market value of what is held (short positions count negative). It moves by trading results, fees
and interest, and by deposits and withdrawals, which are no result: the day's result is the change of equity since the
day's start less what the owner moved. That is "realized + unrealized + fees since the session opened", the usual daily
loss of brokers' credit limits and of prop-firm rules, but computed from totals, so that it depends on no cost method.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from tradewire.domain.exact import ONE, ZERO, add, multiply, negate, subtract
from tradewire.domain.positions import Fill, Position
from tradewire.errors import InvalidValue
from tradewire.messages.account_events import Mark

CostMethod = Literal["fifo", "average"]


def cash_delta(fill: Fill, multiplier: Decimal = ONE) -> Decimal:
    """Cash that a fill brings: minus the price of what was bought, plus the price of what was sold, less the fee.

    This is for what is paid in full, such as shares, coins and options; a future moves no such cash.
    """
    value = multiply(multiply(fill.quantity, fill.price), multiplier)
    return subtract(value if fill.side == "sell" else negate(value), fill.fee)


def market_value(position: Position, mark: Decimal) -> Decimal:
    """Signed quantity times mark times multiplier."""
    return multiply(multiply(position.quantity, mark), position.multiplier)


def unrealized(position: Position, mark: Decimal, method: CostMethod = "fifo") -> Decimal:
    """Market value less the cost of what is open, before fees."""
    return subtract(market_value(position, mark), position.fifo_cost if method == "fifo" else position.average_cost)


def equity(cash: Decimal, positions: Iterable[Position], marks: Mapping[str, Mark]) -> Decimal:
    """Cash plus market values, all in one currency. A flat position needs no mark.

    Raises InvalidValue (MARK_MISSING) for an open position without a mark: absence of a price is not a price of zero.
    """
    total = cash
    for position in positions:
        if position.quantity:
            total = add(total, market_value(position, mark_of(position.symbol, marks)))
    return total


def mark_of(symbol: str, marks: Mapping[str, Mark]) -> Decimal:
    """The price of `symbol`; raises InvalidValue (MARK_MISSING) when there is none."""
    mark = marks.get(symbol)
    if mark is None:
        raise InvalidValue("MARK_MISSING", f"{symbol} has no mark", "a price for every open position and currency")
    return mark.price


def day_result(equity_now: Decimal, equity_at_day_start: Decimal, moved: Decimal) -> Decimal:
    """Change of equity since the day's start, less what the owner moved in (positive) or out (negative)."""
    return subtract(subtract(equity_now, equity_at_day_start), moved)


def day_loss(equity_now: Decimal, equity_at_day_start: Decimal, moved: Decimal) -> Decimal:
    """The day's loss as a number from zero up, to be compared with a limit; zero on a day that gained."""
    result = day_result(equity_now, equity_at_day_start, moved)
    return negate(result) if result < 0 else ZERO
