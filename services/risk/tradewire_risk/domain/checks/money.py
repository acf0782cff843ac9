"""What the order would do to the account's money: buying power, sums of exposure, concentration, and losses so far.

A percentage is of the account's equity at its last marks; without a known equity nothing passes. What does not make a
sum larger passes even above its limit, which may have been lowered since.
"""

from decimal import Decimal

from tradewire.domain.exact import ZERO, add, multiply, share, subtract
from tradewire.domain.limits import Amount
from tradewire.domain.money import plain
from tradewire.domain.times import span_text
from tradewire_risk.domain.check_input import (
    MISSING,
    NOT_MEASURED,
    PASSED,
    CheckInput,
    Outcome,
    at_most,
    lifted,
    of_equity,
)
from tradewire_risk.domain.groups import largest

_HUNDRED = Decimal(100)


def balances_known(i: CheckInput) -> Outcome:
    """The broker has told the account's buying power, not longer ago than allowed."""
    limit = i.rules.bounds.max_balance_age
    if limit is None:
        return MISSING
    if i.balances_at is None:
        return NOT_MEASURED if limit.text == "none" else (None, limit.text, False)
    age = i.now - i.balances_at
    return (span_text(age), limit.text, abs(age) <= limit.micros) if i.timed else ("", limit.text, True)


def affordable(i: CheckInput) -> Outcome:
    """The order costs no more than the broker's buying power less what was approved since; exits cost nothing."""
    if i.available is None:
        return PASSED
    available = plain(max(i.available, ZERO))
    if i.cost is None:
        return (None, available, False)
    return (plain(i.cost), available, not i.cost or i.cost <= i.available)


def open_value_at_most(i: CheckInput) -> Outcome:
    """The working orders that are no exits, and this one, are not worth more than allowed."""
    more = ZERO if i.exit or i.value is None else i.value
    return _sum_at_most(i, i.rules.account.max_open_exposure, i.portfolio.entering, add(i.portfolio.entering, more))


def gross_at_most(i: CheckInput) -> Outcome:
    """All positions with their working orders, each at its worst and without regard to signs, are not worth more."""
    limit = i.rules.account.max_gross_exposure
    line, worst = i.line_after, i.portfolio.line(i.order.symbol).worst
    if line is None or line.worst is None or worst is None or i.portfolio.unknown:
        return _unknown(limit)
    before = i.portfolio.gross
    return _sum_at_most(i, limit, before, add(subtract(before, worst), line.worst))


def net_at_most(i: CheckInput) -> Outcome:
    """The sum of all positions and working orders of one side, signs counted, is not worth more than allowed."""
    limit, portfolio = i.rules.account.max_net_exposure, i.portfolio
    if i.side is None or i.value is None or portfolio.unknown:
        return _unknown(limit)
    if i.side == "buy":
        after = max(add(portfolio.held, add(portfolio.buys, i.value)).copy_abs(), portfolio.net_sold)
    else:
        after = max(subtract(portfolio.held, add(portfolio.sells, i.value)).copy_abs(), portfolio.net_bought)
    return _sum_at_most(i, limit, portfolio.net, after)


def within_probation(i: CheckInput) -> Outcome:
    """Until the strategy has had enough executions in the account, its orders are worth no more than a cap."""
    needed, cap = i.rules.bounds.probation_orders, i.rules.bounds.probation_order_value
    if needed is None or cap is None:
        return MISSING
    if i.exit or i.window.fills.get(i.order.strategy, 0) >= needed.value:
        return ("", cap.text, True)
    return at_most(i.value, cap)


def concentration_at_most(i: CheckInput) -> Outcome:
    """The symbol's position with its working orders and this one is no larger part of the equity than allowed."""
    limit = i.rules.bounds.max_concentration
    before, line = i.portfolio.line(i.order.symbol).worst, i.line_after
    if before is None or line is None or line.worst is None:
        return _unknown(limit)
    return _sum_at_most(i, limit, before, line.worst)


def group_at_most(i: CheckInput) -> Outcome:
    """No group that the symbol is in has, with this order, a larger part of the equity than allowed."""
    limit = i.rules.bounds.max_group_concentration
    if limit is None or lifted(limit):
        return _unknown(limit)
    if not i.groups:
        return ("", limit.text, True)
    before, line, group = i.portfolio.line(i.order.symbol).worst, i.line_after, largest(i.portfolio, i.groups)
    if before is None or line is None or line.worst is None or group is None:
        return _unknown(limit)
    # The order adds the same to every group that its symbol is in, so the largest decides for all of them.
    name, held = group
    value, most, passed = _sum_at_most(i, limit, held, add(subtract(held, before), line.worst))
    return (f"{value} ({name})", most, passed)


def positions_at_most(i: CheckInput) -> Outcome:
    """With this order no more symbols are held, or about to be, than the limit and the strategy's profile allow."""
    limit, own = i.rules.bounds.max_open_positions, i.strategy.max_open_positions
    if limit is None or (lifted(limit) and own is None):
        return MISSING if limit is None else NOT_MEASURED
    most = limit.value if own is None else min(limit.value, Decimal(own))
    held = i.order.symbol in i.portfolio.lines
    count = i.portfolio.positions + (0 if held else 1)
    return (str(count), plain(most), held or count <= most)


def account_orders_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the account are open than allowed."""
    return at_most(Decimal(i.portfolio.open + 1), i.rules.account.max_open_orders)


def loss_percent_at_most(i: CheckInput) -> Outcome:
    """The account's loss of the day at its last marks is no larger part of what the day began with than allowed."""
    limit = i.rules.account.max_daily_loss_percent
    if limit is None or lifted(limit):
        return MISSING if limit is None else NOT_MEASURED
    if i.loss is None or i.started_at is None:
        return (None, limit.text, False)
    if not i.loss:
        return ("0", limit.text, True)
    if i.started_at <= ZERO:
        return (None, limit.text, False)
    percent = share(i.loss, _HUNDRED, i.started_at)
    return (plain(percent), limit.text, multiply(i.loss, _HUNDRED) <= multiply(i.started_at, limit.value))


def drawdown_at_most(i: CheckInput) -> Outcome:
    """The account's equity lies no further below the highest of its window, in percent of that, than allowed."""
    return at_most(i.drawdown, i.rules.account.max_drawdown)


def _sum_at_most(i: CheckInput, limit: Amount | None, before: Decimal, after: Decimal) -> Outcome:
    if limit is None or lifted(limit):
        return MISSING if limit is None else NOT_MEASURED
    most = of_equity(i, limit)
    if most is None:
        return (plain(after), limit.text, False)
    return (plain(after), plain(most), after <= most or after <= before)


def _unknown(limit: Amount | None) -> Outcome:
    if limit is None:
        return MISSING
    return NOT_MEASURED if lifted(limit) else (None, limit.text, False)
