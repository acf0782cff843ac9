"""Two sets of limits: every check has something to measure, and every limit that can be lifted is."""

from collections.abc import Mapping

from tradewire.domain.limits import KINDS, LIFTED

STRICT: Mapping[str, str] = {
    "max_concentration": "1000000",
    "max_group_concentration": "1000000",
    "max_open_exposure": "1000000",
    "max_gross_exposure": "1000000",
    "max_net_exposure": "1000000",
    "max_value_at_risk": "99",
    "max_open_positions": "1000",
    "max_daily_loss_percent": "99",
    "max_drawdown": "99",
    "restricted_symbols": "ZZZZ",
    "approval_threshold": "1000000000",
    "market_order_cushion": "3",
}
"""What is not measured by default, so high that nothing is denied. Cooldowns and volumes would deny a steady stream."""


LIFTED_ALL: Mapping[str, str] = {name: LIFTED for name in KINDS if name.startswith(("max_", "min_", "market_order_"))}
"""Every limit of an order's figures, lifted by name: then its check has nothing to measure."""


def environment(limits: Mapping[str, str]) -> dict[str, str]:
    """The limits as a process reads them from its environment."""
    return {f"TRADEWIRE_RISK_{name.upper()}": text for name, text in limits.items()}
