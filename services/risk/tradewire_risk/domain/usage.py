"""How much of each limit an account uses now: what people look at, and what warns before a limit is reached."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, multiply, ratio
from tradewire.domain.limits import Amount
from tradewire.domain.money import plain
from tradewire_risk.domain.groups import largest
from tradewire_risk.domain.own import limited_in, own_losses
from tradewire_risk.domain.state import RiskState

_PERCENT = Decimal("0.01")


class Use(Struct, frozen=True, gc=False):
    """One limit, what is used of it (None: nobody can tell), and the most that is allowed (None: lifted by name).

    Both are in the account's currency, or counts. `soft` is the part of the limit, in percent, above which it warns.
    """

    limit: str
    value: Decimal | None
    most: Decimal | None
    soft: Decimal | None
    strategy: str = ""
    symbol: str = ""

    @property
    def percent(self) -> Decimal | None:
        """How much is used, in percent."""
        if self.value is None or not self.most:
            return None
        return multiply(ratio(self.value, self.most), Decimal(100))

    @property
    def warns(self) -> bool:
        """True when more is used than the soft limit allows."""
        if self.value is None or self.most is None or self.soft is None:
            return False
        return self.value > ZERO and self.value >= multiply(multiply(self.most, self.soft), _PERCENT)

    @property
    def value_text(self) -> str:
        return "" if self.value is None else plain(self.value)

    @property
    def most_text(self) -> str:
        return "none" if self.most is None else plain(self.most)


def usage_of(state: RiskState, account: str, now: int) -> Iterator[Use]:
    """Every limit of an account that something is used of between two orders."""
    bounds = state.rules.of_account(account).bounds
    portfolio, window = state.orders.portfolios.of(account), state.windows.of(account)
    equity, day = state.accounts.equity(account), state.day(account, now)
    loss = state.accounts.loss(account)
    soft = bounds.soft_limit.value if bounds.soft_limit is not None and bounds.soft_limit.value.is_finite() else None
    known = not portfolio.unknown
    for name, limit, value in (
        ("max_gross_exposure", bounds.max_gross_exposure, portfolio.gross if known else None),
        ("max_net_exposure", bounds.max_net_exposure, portfolio.net if known else None),
        ("max_open_exposure", bounds.max_open_exposure, portfolio.entering),
    ):
        yield Use(name, value, _share(limit, equity), soft)
    yield Use("max_daily_loss", loss, _finite(bounds.max_daily_loss), soft)
    yield Use(
        "max_daily_loss_percent", loss, _share(bounds.max_daily_loss_percent, state.accounts.started_at(account)), soft
    )
    yield Use("max_drawdown", state.drawdown(account, day), _finite(bounds.max_drawdown), soft)
    yield from _own_uses(state, account, day, soft)
    at_risk = state.values_at_risk.of(account, portfolio, state.facts, now)
    most_at_risk = _share(bounds.max_value_at_risk, equity)
    yield Use("max_value_at_risk", None if at_risk is None else at_risk.larger, most_at_risk, soft)
    if state.setup.groups:
        group = largest(portfolio, state.setup.groups)
        most = _share(bounds.max_group_concentration, equity)
        yield Use("max_group_concentration", None if group is None else group[1], most, soft)
    yield Use("max_open_orders", Decimal(portfolio.open), _finite(bounds.max_open_orders), soft)
    yield Use("max_orders_per_day", Decimal(window.orders_of_day(day)), _finite(bounds.max_orders_per_day), soft)
    yield Use("max_open_positions", Decimal(portfolio.positions), _finite(bounds.max_open_positions), soft)
    for symbol, line in sorted(portfolio.lines.items()):
        rules = state.rules.of_order(account, "", symbol).bounds
        yield Use("max_position_value", line.worst, _finite(rules.max_position_value), soft, symbol=symbol)
        if rules.max_concentration is not None and rules.max_concentration.value.is_finite():
            yield Use("max_concentration", line.worst, _share(rules.max_concentration, equity), soft, symbol=symbol)
    for strategy, count in sorted(window.approved.items()):
        rules = state.rules.of_order(account, strategy, "").bounds
        if window.day == day:
            yield Use("max_orders_per_day", Decimal(count), _finite(rules.max_orders_per_day), soft, strategy=strategy)


def _own_uses(state: RiskState, account: str, day: str, soft: Decimal | None) -> Iterator[Use]:
    """The limits of the strategies' own results in an account, as far as their scopes set them."""
    for strategy in limited_in(state, account):
        bounds = state.rules.of_order(account, strategy, "").strategy
        if bounds is None:
            continue
        own = own_losses(state, account, strategy, day)
        for name, value, limit, most in (
            ("max_daily_loss", own.day.lost, bounds.max_daily_loss, _finite(bounds.max_daily_loss)),
            (
                "max_daily_loss_percent",
                own.day.lost,
                bounds.max_daily_loss_percent,
                _share(bounds.max_daily_loss_percent, own.day.of),
            ),
            ("max_drawdown", own.drawdown.percent, bounds.max_drawdown, _finite(bounds.max_drawdown)),
        ):
            if limit is not None:
                yield Use(name, value, most, soft, strategy=strategy)


def _finite(limit: Amount | None) -> Decimal | None:
    return limit.value if limit is not None and limit.value.is_finite() else None


def _share(limit: Amount | None, whole: Decimal | None) -> Decimal | None:
    if limit is None or not limit.value.is_finite() or whole is None or whole <= ZERO:
        return None
    return multiply(multiply(whole, limit.value), _PERCENT)
