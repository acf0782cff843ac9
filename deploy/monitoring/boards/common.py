"""What several dashboards share."""

from typing import Final

from deploy.monitoring.model import Query, Variable

ACCOUNT: Final = Variable("account", "Account", "tradewire_router_broker_info", "account")
SWITCHES: Final = ((0, "trading"), (1, "paused"), (2, "reduce only"), (3, "HALT"), (4, "KILL"))
YES_NO: Final = ((0, "no"), (1, "yes"))


def quantiles(histogram: str, matchers: str = "$sel", by: str = "", legend: str = "") -> tuple[Query, ...]:
    """The median, and what one in a hundred is above, of a histogram, by a label or all together."""
    labels = f"le, {by}" if by else "le"
    head = f"{legend} " if legend else f"{{{{{by}}}}} " if by else ""
    rate = f"sum by ({labels}) (rate({histogram}_bucket{{{matchers}}}[$__rate_interval]))"
    return tuple(
        Query(f"histogram_quantile({share}, {rate})", f"{head}{name}") for share, name in ((0.5, "p50"), (0.99, "p99"))
    )
