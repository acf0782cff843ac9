"""How often: orders a second, a minute and a day, executions in a row, and the rest between two entries.

What an order approved a moment ago has done counts at once, also within one batch. Each bound itself passes. A verified
close of a person's wish to flatten is an emergency exit, and bounded by what is held: no rate and no count stops it.
"""

from decimal import Decimal

from tradewire.domain.flattening import is_close
from tradewire.domain.times import span_text
from tradewire_risk.domain.check_input import MISSING, NOT_MEASURED, PASSED, CheckInput, Outcome, at_most, lifted


def orders_per_second_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the strategy were approved in this second of the clock than allowed."""
    if _is_emergency(i):
        return PASSED
    count = i.window.in_second(i.order.strategy, i.now) + i.ahead.strategy + 1
    return at_most(Decimal(count), i.rules.bounds.max_orders_per_second)


def orders_per_minute_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the strategy were approved in these 60 seconds than allowed."""
    if _is_emergency(i):
        return PASSED
    count = i.window.in_minute(i.order.strategy, i.now) + i.ahead.strategy + 1
    return at_most(Decimal(count), i.rules.bounds.max_orders_per_minute)


def orders_per_day_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the strategy were approved in the account's day than allowed."""
    if _is_emergency(i):
        return PASSED
    count = i.window.orders_of_day(i.day, i.order.strategy) + i.ahead.strategy + 1
    return at_most(Decimal(count), i.rules.bounds.max_orders_per_day)


def account_orders_per_day_at_most(i: CheckInput) -> Outcome:
    """With this order no more orders of the account were approved in its day than the account's own limit allows."""
    if _is_emergency(i):
        return PASSED
    count = i.window.orders_of_day(i.day) + i.ahead.account + 1
    return at_most(Decimal(count), i.rules.account.max_orders_per_day)


def repeated_executions_at_most(i: CheckInput) -> Outcome:
    """Fewer orders of the strategy, symbol and side were executed in the window, and since a resume, than trip it."""
    limit, window = i.rules.bounds.max_repeated_executions, i.rules.bounds.repeated_execution_window
    if limit is None or window is None:
        return MISSING
    if lifted(limit) or i.side is None:
        return NOT_MEASURED
    count = i.window.run(i.order.strategy, i.order.symbol, i.side, max(i.now - window.micros, i.released_at))
    return (str(count), limit.text, count < limit.value)


def rested(i: CheckInput) -> Outcome:
    """The strategy's last entry into the symbol was approved at least the cooldown ago."""
    limit = i.rules.bounds.cooldown
    if limit is None:
        return MISSING
    last = i.now if i.ahead.entered else i.window.entries.get((i.order.strategy, i.order.symbol))
    if last is None or not limit.micros:
        return ("", limit.text, True)
    age = i.now - last
    return (span_text(age), limit.text, age >= limit.micros)


def _is_emergency(i: CheckInput) -> bool:
    return i.exit and is_close(i.order)
