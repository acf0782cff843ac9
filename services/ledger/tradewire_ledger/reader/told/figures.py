"""What accounts, strategies and open orders are worth and how old they are, as the read model has them."""

from typing import Final

from prometheus_client import CollectorRegistry

from tradewire.runtime.metrics import Family, Shown

_OF_ACCOUNT: Final = ("account", "currency")
_OF_STRATEGY: Final = ("account", "strategy", "currency")
FAMILIES: Final = {
    "orders": Family("Open orders by state", ("account", "status")),
    "oldest_order_age_seconds": Family(
        "For how long the oldest order of a state has been in it", ("account", "status")
    ),
    "equity": Family("Equity at the last marks, in the account's currency", _OF_ACCOUNT),
    "cash": Family("Cash, by the currency that it is in", _OF_ACCOUNT),
    "day_result": Family("Result of the trading day: realized, unrealized, fees and interest", _OF_ACCOUNT),
    "unrealized_result": Family("What open positions have won or lost at the last marks", _OF_ACCOUNT),
    "positions": Family("Symbols that are held", ("account",)),
    "strategy_result": Family("What a strategy has won or lost, realized and not, less fees", _OF_STRATEGY),
    "strategy_day_result": Family("The same of the trading day", _OF_STRATEGY),
    "strategy_positions": Family("Symbols that a strategy holds", ("account", "strategy")),
    "strategy_trades": Family(
        "Closed trades of a strategy: won or lost", ("account", "strategy", "outcome"), rises=True
    ),
}


class Figures(Shown):
    """Figures of the read model."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, FAMILIES)
