"""The executions of an order that would have been of another size: scaled in proportion, to the last digit."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tradewire.domain.exact import ZERO, add, share, subtract

EXECUTIONS = frozenset({"OrderFilled", "FillCorrected", "FillBusted"})
SCALED = EXECUTIONS | {"OrderReplaced", "OrderRequested"}


class Scale:
    """One order's executions, from the quantity that was approved to the one that would have been.

    What was executed so far is scaled as a whole, so that an order that was filled would have been filled as well.
    """

    def __init__(self, was: Decimal, would: Decimal) -> None:
        self._was, self._would = was, would
        self._seen, self._given = ZERO, ZERO
        self._executions: dict[str, Decimal] = {}

    def again(self) -> "Scale":
        """The same proportion for another order, of which nothing is executed."""
        return Scale(self._was, self._would)

    def fit(self, kind: str, data: Any) -> Any | None:
        """Returns one of the events of SCALED as it would have been, or None where nothing of it is left."""
        if kind not in EXECUTIONS:
            return data if data.quantity is None else replace(data, quantity=self._part(data.quantity))
        if kind == "OrderFilled":
            quantity = self._move(data.quantity)
            self._executions[data.execution] = quantity
            return replace(data, quantity=quantity, fee=self._part(data.fee)) if quantity else None
        known = self._executions.get(data.execution, ZERO)
        if kind == "FillBusted":
            self._move(-data.quantity)
            return replace(data, quantity=known, fee=self._part(data.fee)) if known else None
        moved = add(known, self._move(subtract(data.quantity, data.old_quantity)))
        self._executions[data.execution] = moved
        fees = {"fee": self._part(data.fee), "old_fee": self._part(data.old_fee)}
        return replace(data, quantity=moved, old_quantity=known, **fees) if known and moved else None

    def _move(self, quantity: Decimal) -> Decimal:
        """What a recorded quantity adds to what would have been executed."""
        self._seen = add(self._seen, quantity)
        before, self._given = self._given, self._part(self._seen)
        return subtract(self._given, before)

    def _part(self, amount: Decimal) -> Decimal:
        return share(amount, self._would, self._was)
