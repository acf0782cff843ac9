"""Which requests of people the log already holds, so that the same request gets the same answer.

Only as many as can still be asked again are kept; an older one is answered by the ledger, which keeps its ids for ever.
"""

from typing import Any

from msgspec import Struct

from tradewire.messages.account_events import (
    AdoptionRequested,
    BreakAccepted,
    FlattenRequested,
    Halted,
    LimitProposed,
    LimitSet,
    Resumed,
)
from tradewire.messages.log import Event
from tradewire.messages.order_events import (
    OrderApprovalGranted,
    OrderApprovalRefused,
    OrderCancelRequested,
    OrderResolved,
)

KEPT = 4_096
PERSON = "person:"
_ASKED = (
    Halted,
    Resumed,
    LimitSet,
    LimitProposed,
    FlattenRequested,
    OrderCancelRequested,
    OrderApprovalGranted,
    OrderApprovalRefused,
    OrderResolved,
    BreakAccepted,
    AdoptionRequested,
)
OF_ORDERS = frozenset(kind.__name__ for kind in _ASKED if "order" in kind.__struct_fields__)
"""The events of orders that a person's request causes."""


class Recorded(Struct, frozen=True):
    """What a request caused: what its events say and where they lie, the type of what it is about, and who asked.

    `cause` is the event that the request was about, where there is one.
    """

    kind: str
    by: str
    cause: str | None
    said: tuple[Any, ...]
    positions: tuple[int, ...]

    @property
    def orders(self) -> tuple[str, ...]:
        """The orders that it concerns."""
        return tuple(data.order for data in self.said if type(data).__name__ in OF_ORDERS)


class Requests:
    """The newest requests, by the id that their sender made."""

    def __init__(self) -> None:
        self._recorded: dict[str, Recorded] = {}

    def get(self, request: str) -> Recorded | None:
        """What a request caused, if the log holds it."""
        return self._recorded.get(request)

    def fold(self, event: Event, data: Any) -> None:
        """Notes an event that a person's request caused; others are none of its business."""
        if not isinstance(data, _ASKED):
            return
        by = getattr(data, "seconded_by", "") or data.by
        if not by.startswith(PERSON):
            return
        known = self._recorded.pop(data.request, None)
        said, positions = (known.said, known.positions) if known else ((), ())
        kind = known.kind if known and known.kind == "FlattenRequested" else event.type  # and not its cancels'
        self._recorded[data.request] = Recorded(kind, by, event.causation_id, (*said, data), (*positions, event.pos))
        if len(self._recorded) > KEPT:
            del self._recorded[next(iter(self._recorded))]
