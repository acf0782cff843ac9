"""Approved and working orders with a limit price, so that one that a new order would trade with is found at once."""

from bisect import bisect_left, insort
from decimal import Decimal

from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.exposure import Place


class Resting:
    """Limit prices by account, symbol and side, in their order. Each order has one price from first to last."""

    def __init__(self) -> None:
        self._prices: dict[str, tuple[Place, Side, Decimal]] = {}
        self._sorted: dict[tuple[Place, Side], list[tuple[Decimal, str]]] = {}

    def __len__(self) -> int:
        return len(self._prices)

    def put(self, place: Place, side: Side, order: str, price: Decimal) -> None:
        """Notes an order, or its new price."""
        known = self._prices.get(order)
        if known is not None:
            if known[2] == price:
                return
            self.drop(order)
        self._prices[order] = (place, side, price)
        insort(self._sorted.setdefault((place, side), []), (price, order))

    def drop(self, order: str) -> None:
        """Forgets an order; one that is not known is no error."""
        known = self._prices.pop(order, None)
        if known is None:
            return
        place, side, price = known
        there = self._sorted[place, side]
        del there[bisect_left(there, (price, order))]
        if not there:
            del self._sorted[place, side]

    def crossing(self, place: Place, side: Side, worst: Decimal, but: str) -> str:
        """The id of the order that one on `side` would trade with first, at prices up to `worst`; empty if none.

        `but` is the order itself, which is no other.
        """
        there = self._sorted.get((place, "sell" if side == "buy" else "buy"), [])
        for price, order in there if side == "buy" else reversed(there):
            if price > worst if side == "buy" else price < worst:
                break
            if order != but:
                return order
        return ""
