"""What a strategy's own losses come to in an account, to be measured against the limits of the strategy's scope."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, multiply, share, subtract
from tradewire.domain.results import closed_trades, highest, worth
from tradewire.messages.account_events import Mark
from tradewire.messages.window_events import Trades
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.strategy import allowed_account

_HUNDRED = Decimal(100)


class Part(Struct, frozen=True, gc=False):
    """A loss from zero up and what it is a part of, both in the account's currency. None is not known."""

    lost: Decimal | None
    of: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """The part in percent, cut after 12 decimals; nothing lost is nothing of whatever it is."""
        if not self.lost:
            return self.lost
        return None if self.of is None or self.of <= ZERO else share(self.lost, _HUNDRED, self.of)

    def exceeds(self, percent: Decimal) -> bool:
        """True when it is known to be more than a percentage."""
        if not self.lost or self.of is None or self.of <= ZERO:
            return False
        return multiply(self.lost, _HUNDRED) > multiply(self.of, percent)


class OwnLosses(Struct, frozen=True, gc=False):
    """A strategy's loss of the day, as a part of the equity with which the account's day began, and how far its result
    lies below its highest, as a part of the account's highest equity; both highest within its `drawdown_window`."""

    day: Part
    drawdown: Part


def own_losses(
    state: RiskState, account: str, strategy: str, day: str, marks: dict[str, Mark] | None = None
) -> OwnLosses:
    """A strategy's losses in an account on a trading day, at the last marks or with newer ones laid over them."""
    window, currency = state.windows.of(account), state.accounts.currency(account)
    results = window.results
    result = results.of(strategy)
    total = results.worth(strategy, currency) if marks is None else worth(result, results.marks | marks, currency)
    since = state.oldest_day(account, day, strategy)
    return OwnLosses(
        day=Part(_below(result.began, total), state.accounts.started_at(account)),
        drawdown=Part(_below(highest(result, since), total), window.high(since)),
    )


def recorded_trades(state: RiskState, account: str, strategy: str) -> Trades | None:
    """A strategy's closed trades in an account, in its currency; None where the rate of one is missing."""
    results = state.windows.of(account).results
    return closed_trades(results.of(strategy), results.marks, state.accounts.currency(account))


def limited_in(state: RiskState, account: str) -> Iterator[str]:
    """The strategies whose own results are limited, and that may trade an account or were executed in it."""
    known = state.windows.of(account).results.strategies
    for strategy in state.rules.limited_strategies():
        if strategy in known or allowed_account(state.setup.strategy(strategy), account):
            yield strategy


def _below(best: Decimal | None, total: Decimal | None) -> Decimal | None:
    if total is None:
        return None
    return ZERO if best is None or total >= best else subtract(best, total)
