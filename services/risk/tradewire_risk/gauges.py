"""What accounts look like, for dashboards and alerts: money, exposure, value at risk, limits and switches.

One series for an account, a limit, a scope or a strategy whose results are limited, and none for an order or a symbol:
the switches of symbols are told together, by the highest of them. What nobody can tell, and what is not limited, has no
series.
"""

from decimal import Decimal
from typing import Final

from prometheus_client import CollectorRegistry

from tradewire.domain.exact import ZERO, multiply, ratio
from tradewire.domain.switches import LEVELS
from tradewire.domain.times import SECOND
from tradewire.runtime.metrics import Family, Sheet, Shown
from tradewire_risk.domain.own import limited_in, own_losses
from tradewire_risk.domain.portfolio import Portfolio
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.usage import usage_of

_PERCENT = Decimal("0.01")
_FAMILIES: Final = {
    "risk_equity": Family("Equity at the last marks", ("account",)),
    "risk_day_loss": Family("Loss of the trading day at the last marks, from zero up", ("account",)),
    "risk_drawdown_ratio": Family("How far the equity lies below the highest of its window, of that", ("account",)),
    "risk_strategy_day_loss": Family(
        "What a strategy with limits of its own has lost of the trading day, from zero up",
        ("account", "strategy"),
    ),
    "risk_strategy_drawdown_ratio": Family(
        "How far its result lies below the highest of its window, of the account's highest equity",
        ("account", "strategy"),
    ),
    "risk_exposure": Family(
        "Value of positions and working orders at their worst, gross or net, or of entries",
        ("account", "kind"),
    ),
    "risk_buying_power": Family(
        "What new orders may cost: the broker's figure less what was approved since", ("account",)
    ),
    "risk_value_at_risk": Family("What one day in twenty loses more than", ("account", "method")),
    "risk_largest_concentration_ratio": Family("The symbol that is worth most, of equity", ("account",)),
    "risk_limit_use_ratio": Family("The largest use of a limit; at 1 it is reached", ("account", "limit")),
    "risk_oldest_quote_age_seconds": Family(
        "Age of the oldest quote of what is held and has one; 0 where nothing is", ("account",)
    ),
    "risk_unquoted_symbols": Family("Symbols that are held and have no quote", ("account",)),
    "risk_switch_level": Family(
        f"How high a switch stands: {', '.join(f'{n} {name}' for n, name in enumerate(LEVELS))}",
        ("scope",),
    ),
}
_SYMBOLS = "symbol.*"


class AccountGauges(Shown):
    """The newest figures, replaced as a whole: the thread that answers /metrics may come at any time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, _FAMILIES)

    def take(self, state: RiskState, now: int, board: QuoteBoard | None = None) -> None:
        """Takes the figures of a time (µs); those of quotes only with a board."""
        sheet = self.sheet()
        for account in state.accounts.books:
            _account(sheet, state, account, now)
            if board is not None:
                _quotes(sheet, state, board, account, now)
        for scope, level in _levels(state).items():
            sheet.put("risk_switch_level", level, scope)
        self.show(sheet)


def _account(sheet: Sheet, state: RiskState, account: str, now: int) -> None:
    accounts, portfolio = state.accounts, state.orders.portfolios.of(account)
    equity = accounts.equity(account)
    sheet.put("risk_equity", equity, account)
    sheet.put("risk_day_loss", accounts.loss(account), account)
    day = state.day(account, now)
    sheet.put("risk_drawdown_ratio", _part(state.drawdown(account, day)), account)
    for strategy in limited_in(state, account):
        own = own_losses(state, account, strategy, day)
        sheet.put("risk_strategy_day_loss", own.day.lost, account, strategy)
        sheet.put("risk_strategy_drawdown_ratio", _part(own.drawdown.percent), account, strategy)
    if not portfolio.unknown:
        sheet.put("risk_exposure", portfolio.gross, account, "gross")
        sheet.put("risk_exposure", portfolio.net, account, "net")
    sheet.put("risk_exposure", portfolio.entering, account, "open")
    sheet.put("risk_buying_power", state.orders.funds.of(account).available, account)
    if (at_risk := state.values_at_risk.of(account, portfolio, state.facts, now)) is not None:
        sheet.put("risk_value_at_risk", at_risk.parametric, account, "parametric")
        sheet.put("risk_value_at_risk", at_risk.historical, account, "historical")
    sheet.put("risk_largest_concentration_ratio", _largest(portfolio, equity), account)
    uses: dict[str, Decimal] = {}
    for use in usage_of(state, account, now):
        if use.value is not None and use.most:
            uses[use.limit] = max(uses.get(use.limit, ZERO), ratio(use.value, use.most))
    for limit, most in uses.items():
        sheet.put("risk_limit_use_ratio", most, account, limit)


def _largest(portfolio: Portfolio, equity: Decimal | None) -> Decimal | None:
    if equity is None or equity <= ZERO or portfolio.unknown:
        return None
    largest = max((line.worst or ZERO for line in portfolio.lines.values()), default=ZERO)
    return ratio(largest, equity)


def _part(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else multiply(percent, _PERCENT)


def _quotes(sheet: Sheet, state: RiskState, board: QuoteBoard, account: str, now: int) -> None:
    """How old the prices are that an account's holdings are measured at."""
    profile = state.setup.accounts.get(account)
    oldest, missing = now, 0
    for symbol, position in state.accounts.books[account].positions.items():
        if not position.quantity:
            continue
        held = board.get(symbol, profile.price_source if profile is not None else "live")
        missing += held is None
        oldest = oldest if held is None else min(oldest, held.quote.at)
    sheet.put("risk_oldest_quote_age_seconds", ratio(Decimal(now - oldest), Decimal(SECOND)), account)
    sheet.put("risk_unquoted_symbols", missing, account)


def _levels(state: RiskState) -> dict[str, int]:
    """How high each switch stands that was ever thrown."""
    found: dict[str, int] = {}
    for scope, switch in state.controls.switches.items():
        name = _SYMBOLS if scope.startswith("symbol.") else scope
        found[name] = max(found.get(name, 0), LEVELS.index(switch.level))
    return found
