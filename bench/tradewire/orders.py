"""Which order a number of the run becomes: ids derive from causes, so the bench knows them beforehand."""

from tradewire import ids

STRATEGY = "bench"
ACCOUNT = "paper"
SYMBOL = "AAPL"
EVENTS_PER_ORDER = 6


def order_of(number: int) -> str:
    """The order's id."""
    return ids.order_uuid(ids.signal_uuid("nats", STRATEGY, str(number)), ACCOUNT, 0)
