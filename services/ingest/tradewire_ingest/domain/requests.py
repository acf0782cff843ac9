"""Which requests of people the log already holds, so that the same request gets the same answer.

Only as many as can still be asked again are kept; an older one is answered by the ledger, which keeps its ids for ever.
"""

from typing import Any

from msgspec import Struct

from tradewire.messages.account_events import Halted, Resumed
from tradewire.messages.log import Event
from tradewire.messages.order_events import OrderCancelRequested

KEPT = 4_096
PERSON = "person:"


class Recorded(Struct, frozen=True):
    """What a request caused: its kind (an event type), who asked, for which scope, and where it lies in the log."""

    kind: str
    by: str
    scope: str = ""
    level: str = ""
    reason: str = ""
    positions: tuple[int, ...] = ()
    orders: tuple[str, ...] = ()


class Requests:
    """The newest requests, by the id that their sender made."""

    def __init__(self) -> None:
        self._recorded: dict[str, Recorded] = {}

    def get(self, request: str) -> Recorded | None:
        """What a request caused, if the log holds it."""
        return self._recorded.get(request)

    def fold(self, event: Event, data: Any) -> None:
        """Notes an event that a person's request caused; others are none of its business."""
        if not isinstance(data, Halted | Resumed | OrderCancelRequested) or not data.by.startswith(PERSON):
            return
        known = self._recorded.pop(data.request, None)
        positions, orders = (known.positions, known.orders) if known else ((), ())
        self._recorded[data.request] = Recorded(
            event.type,
            data.by,
            getattr(data, "scope", ""),
            getattr(data, "level", ""),
            data.reason,
            (*positions, event.pos),
            (*orders, data.order) if isinstance(data, OrderCancelRequested) else orders,
        )
        if len(self._recorded) > KEPT:
            del self._recorded[next(iter(self._recorded))]
