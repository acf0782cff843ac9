"""What the strategy itself has lost in the account, measured only where the strategy's own scope limits it."""

from tradewire.domain.limits import Amount
from tradewire.domain.money import plain
from tradewire_risk.domain.check_input import NOT_MEASURED, PASSED, CheckInput, Outcome, at_most, lifted
from tradewire_risk.domain.own import Part


def own_loss_at_most(i: CheckInput) -> Outcome:
    """What the strategy has lost in the account today is not above the limit of its own scope."""
    if i.rules.strategy is None or i.own is None:
        return PASSED
    limit = i.rules.strategy.max_daily_loss
    return PASSED if limit is None else at_most(i.own.day.lost, limit)


def own_loss_percent_at_most(i: CheckInput) -> Outcome:
    """What the strategy has lost today is no larger part of the equity that the day began with than its scope says."""
    if i.rules.strategy is None or i.own is None:
        return PASSED
    return _part_at_most(i.own.day, i.rules.strategy.max_daily_loss_percent)


def own_drawdown_at_most(i: CheckInput) -> Outcome:
    """The strategy's result is no further below its highest, in percent of the account's highest, than its scope says.

    Both are the highest of the strategy's window.
    """
    if i.rules.strategy is None or i.own is None:
        return PASSED
    return _part_at_most(i.own.drawdown, i.rules.strategy.max_drawdown)


def _part_at_most(part: Part, limit: Amount | None) -> Outcome:
    if limit is None:
        return PASSED
    if lifted(limit):
        return NOT_MEASURED
    percent = part.percent
    return (None, limit.text, False) if percent is None else (plain(percent), limit.text, not part.exceeds(limit.value))
