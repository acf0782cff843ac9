"""Which orders look the same: equal account, strategy, symbol, side, quantity and prices, as they were asked for.

Only an order that was approved counts, and one that ended with nothing filled is forgotten, so that whoever was
rejected may try again.
"""

from collections.abc import Hashable

from msgspec import Struct

from tradewire.domain.orders import Order

Key = Hashable


class Seen(Struct, frozen=True, gc=False):
    """When an approved order was requested (µs), and of which signal it is."""

    requested_at: int
    order: str
    signal: str


def key_of(requested: Order) -> Key:
    """What two orders have in common when they are duplicates; taken from the order as it was requested."""
    return (
        requested.account,
        requested.strategy,
        requested.symbol,
        requested.action,
        requested.side,
        requested.quantity,
        requested.size,
        requested.limit_price,
        requested.stop_price,
        requested.trail_amount,
        requested.trail_percent,
        requested.asked_exits,
        requested.price,
    )


class Duplicates:
    """The last approved order of each key, as far back as the longest window goes."""

    def __init__(self) -> None:
        self._seen: dict[Key, Seen] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def approved(self, key: Key, order: Order, since: int) -> None:
        """Keeps an approved order, and forgets those that were requested before `since`."""
        self._seen.pop(key, None)
        self._seen[key] = Seen(order.requested_at, order.order, order.signal)
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest].requested_at >= since:
                return
            del self._seen[oldest]

    def ended_unfilled(self, key: Key, order: str) -> None:
        """Forgets an order that did nothing."""
        seen = self._seen.get(key)
        if seen is not None and seen.order == order:
            del self._seen[key]

    def find(self, key: Key, signal: str) -> Seen | None:
        """An order of the same key from another signal."""
        seen = self._seen.get(key)
        return None if seen is None or seen.signal == signal else seen
