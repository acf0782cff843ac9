"""What accounts look like, for dashboards and alerts: money, exposure, value at risk, limits and switches.

One series for an account, a limit, a scope or a strategy whose results are limited, and none for an order or a symbol:
the switches of symbols are told together, by the highest of them. What nobody can tell, and what is not limited, has no
series.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from tradewire.domain.exact import ZERO, multiply, ratio
from tradewire.domain.switches import LEVELS
from tradewire_risk.domain.own import limited_in, own_losses
from tradewire_risk.domain.portfolio import Portfolio
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.usage import usage_of

_HUNDRED = Decimal(100)
_FAMILIES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "equity": ("Equity at the last marks", ("account",)),
    "day_loss": ("Loss of the trading day at the last marks, from zero up", ("account",)),
    "drawdown_percent": ("How far the equity lies below the highest of its window", ("account",)),
    "strategy_day_loss": (
        "What a strategy with limits of its own has lost of the trading day, from zero up",
        ("account", "strategy"),
    ),
    "strategy_drawdown_percent": (
        "How far its result lies below the highest of its window, of the account's highest equity",
        ("account", "strategy"),
    ),
    "exposure": (
        "Value of positions and working orders at their worst, gross or net, or of entries",
        ("account", "kind"),
    ),
    "buying_power": ("What new orders may cost: the broker's figure less what was approved since", ("account",)),
    "value_at_risk": ("What one day in twenty loses more than", ("account", "method")),
    "largest_concentration_percent": ("The symbol that is worth most, in percent of equity", ("account",)),
    "limit_use_ratio": ("The largest use of a limit; at 1 it is reached", ("account", "limit")),
    "switch_level": (
        f"How high a switch stands: {', '.join(f'{n} {name}' for n, name in enumerate(LEVELS))}",
        ("scope",),
    ),
}
_SYMBOLS = "symbol.*"


class AccountGauges(Collector):
    """The newest figures, replaced as a whole: the thread that answers /metrics may come at any time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._shown: tuple[Metric, ...] = ()
        registry.register(self)

    def show(self, state: RiskState, now: int) -> None:
        """Takes the figures of a time (µs)."""
        sheet = _Sheet()
        for account in state.accounts.books:
            _account(sheet, state, account, now)
        for scope, level in _levels(state).items():
            sheet.put("switch_level", level, scope)
        self._shown = tuple(sheet.families.values())

    def collect(self) -> Iterable[Metric]:
        """The figures that were shown last."""
        return self._shown


class _Sheet:
    """Figures as they are put together."""

    def __init__(self) -> None:
        self.families = {
            name: GaugeMetricFamily(f"tradewire_risk_{name}", says, labels=labels)
            for name, (says, labels) in _FAMILIES.items()
        }

    def put(self, name: str, value: Decimal | int | None, *labels: str) -> None:
        """Adds a figure that is known. Metrics are floats; nothing is computed from them."""
        if value is not None:
            self.families[name].add_metric(labels, float(value))


def _account(sheet: _Sheet, state: RiskState, account: str, now: int) -> None:
    accounts, portfolio = state.accounts, state.orders.portfolios.of(account)
    equity = accounts.equity(account)
    sheet.put("equity", equity, account)
    sheet.put("day_loss", accounts.loss(account), account)
    day = state.day(account, now)
    sheet.put("drawdown_percent", state.drawdown(account, day), account)
    for strategy in limited_in(state, account):
        own = own_losses(state, account, strategy, day)
        sheet.put("strategy_day_loss", own.day.lost, account, strategy)
        sheet.put("strategy_drawdown_percent", own.drawdown.percent, account, strategy)
    if not portfolio.unknown:
        sheet.put("exposure", portfolio.gross, account, "gross")
        sheet.put("exposure", portfolio.net, account, "net")
    sheet.put("exposure", portfolio.entering, account, "open")
    sheet.put("buying_power", state.orders.funds.of(account).available, account)
    if (at_risk := state.values_at_risk.of(account, portfolio, state.facts, now)) is not None:
        sheet.put("value_at_risk", at_risk.parametric, account, "parametric")
        sheet.put("value_at_risk", at_risk.historical, account, "historical")
    sheet.put("largest_concentration_percent", _largest_percent(portfolio, equity), account)
    uses: dict[str, Decimal] = {}
    for use in usage_of(state, account, now):
        if use.value is not None and use.most:
            uses[use.limit] = max(uses.get(use.limit, ZERO), ratio(use.value, use.most))
    for limit, most in uses.items():
        sheet.put("limit_use_ratio", most, account, limit)


def _largest_percent(portfolio: Portfolio, equity: Decimal | None) -> Decimal | None:
    if equity is None or equity <= ZERO or portfolio.unknown:
        return None
    largest = max((line.worst or ZERO for line in portfolio.lines.values()), default=ZERO)
    return ratio(multiply(largest, _HUNDRED), equity)


def _levels(state: RiskState) -> dict[str, int]:
    """How high each switch stands that was ever thrown."""
    found: dict[str, int] = {}
    for scope, switch in state.controls.switches.items():
        name = _SYMBOLS if scope.startswith("symbol.") else scope
        found[name] = max(found.get(name, 0), LEVELS.index(switch.level))
    return found
