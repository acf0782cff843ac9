"""The client order ids that events give an order. Pure."""

from typing import Any

from tradewire import ids

NAMING = frozenset({"OrderSubmitStarted", "OrderReplaceStarted", "OrderAdopted"})
"""The events after which a broker may tell of an order by a new id."""


def names_of(kind: str, data: Any) -> list[str]:
    """The ids that an event of NAMING gives; an adopted order had one for each of its new terms."""
    if kind != "OrderAdopted":
        return [data.client_order_id]
    return [ids.client_order_id(data.order, data.attempt, number) for number in range(data.revision + 1)]
