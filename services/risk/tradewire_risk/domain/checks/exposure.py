"""What would be held and working with this order."""

from decimal import Decimal
from functools import reduce

from tradewire.domain.exact import ZERO, add, multiply, ratio, subtract
from tradewire.domain.money import plain
from tradewire_risk.domain.check_input import NOT_MEASURED, CheckInput, Outcome, lifted

VOLUME_DAYS = 20
_HUNDRED = Decimal(100)


def position_at_most(i: CheckInput) -> Outcome:
    """Position, working orders of the same side and this order are not worth more than allowed, or not more than now.

    They are taken at the higher of the market's and the order's price. An order whose worst outcome is a smaller
    position of the same direction passes even above the limit, which may have been lowered since.
    """
    limit = i.rules.bounds.max_position_value
    if limit is None or i.quantity is None or i.side is None or i.market is None or i.price is None or i.rate is None:
        return (None, None if limit is None else limit.text, False)
    after = _held_after(i, i.quantity)
    price = max(i.market, i.price)
    value = multiply(multiply(after.copy_abs(), price), i.rate)
    return (plain(value), limit.text, value <= limit.value or _smaller(i, after))


def volume_share_at_most(i: CheckInput) -> Outcome:
    """The position after this order is no larger part of a day's volume than allowed, or not larger than now.

    A day's volume is the mean of the newest daily bars that the log has, twenty at most.
    """
    limit = i.rules.bounds.max_volume_share
    if limit is None or lifted(limit):
        return (None, None, False) if limit is None else NOT_MEASURED
    bars = i.bars[-VOLUME_DAYS:]
    volume = reduce(add, (bar.volume for bar in bars), ZERO)
    if i.quantity is None or i.side is None or not volume:
        return (None, limit.text, False)
    after = _held_after(i, i.quantity)
    share = multiply(multiply(after.copy_abs(), Decimal(len(bars))), _HUNDRED)
    passed = share <= multiply(limit.value, volume) or _smaller(i, after)
    return (plain(ratio(share, volume)), limit.text, passed)


def _held_after(i: CheckInput, quantity: Decimal) -> Decimal:
    traded = add(i.working, quantity)
    return add(i.position, traded) if i.side == "buy" else subtract(i.position, traded)


def _smaller(i: CheckInput, after: Decimal) -> bool:
    return after.copy_abs() <= i.position.copy_abs() and multiply(after, i.position) >= ZERO


def open_orders_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the account and symbol are open than allowed."""
    limit = i.rules.bounds.max_open_orders_per_symbol
    count = i.open_orders + 1
    if limit is None:
        return (str(count), None, False)
    return (str(count), limit.text, count <= limit.value)


def daily_loss_at_most(i: CheckInput) -> Outcome:
    """The account's loss of the day at its last marks is not above the limit."""
    limit = i.rules.account.max_daily_loss
    if limit is None or i.loss is None:
        return (None if i.loss is None else plain(i.loss), None if limit is None else limit.text, False)
    return (plain(i.loss), limit.text, i.loss <= limit.value)
