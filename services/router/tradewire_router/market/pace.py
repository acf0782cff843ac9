"""How fast a broker may be asked for what no order waits for."""

from tradewire_router.brokers.values import Capabilities

SHARE = 4
"""One in so many of the requests that a broker allows is for prices; the others are for orders and reconciliation."""
_LEAST_SECONDS = 0.05


def pause_seconds(capabilities: Capabilities) -> float:
    """How long to wait between two questions, so that a broker's limits leave room for what matters more."""
    slowest = max((limit.seconds / limit.requests for limit in capabilities.rate_limits), default=0.0)
    return max(_LEAST_SECONDS, SHARE * slowest)
