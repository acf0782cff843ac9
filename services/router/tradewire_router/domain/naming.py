"""The client order ids that events give an order. Pure."""

from typing import Any

from tradewire import ids
from tradewire.domain.orders import Order

NAMING = frozenset({"OrderSubmitStarted", "OrderReplaceStarted", "OrderAdopted"})
"""The events after which a broker may tell of an order by a new id."""


def new_names(kind: str, data: Any, before: Order | None, after: Order) -> list[str]:
    """The ids that an event gives an order. New terms that a lost part of the log sent had one each."""
    if kind in NAMING:
        return names_of(kind, data)
    if before is None or after.revision == before.revision:
        return []
    revisions = range(before.revision + 1, after.revision + 1)
    return [ids.client_order_id(after.order, after.attempt, number) for number in revisions]


def names_of(kind: str, data: Any) -> list[str]:
    """The ids that an event of NAMING gives; an adopted order had one for each of its new terms."""
    if kind != "OrderAdopted":
        return [data.client_order_id]
    return [ids.client_order_id(data.order, data.attempt, number) for number in range(data.revision + 1)]
