"""How long an order took from one step to the next, by the ledger's clock. No I/O."""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

from tradewire.domain.orders import TERMINAL, Order, Status
from tradewire.messages.log import Event

MOST_SIGNALS: Final = 10_000
"""So many signals wait for their orders at most; an order of an older one has no first hop."""

Hop = tuple[str, int]
"""A hop's name, and how long it took (µs)."""


class _Steps(Struct):
    """When an order came to its steps (µs); 0 for one that was not seen."""

    since: int
    received: int = 0
    requested: int = 0
    approved: int = 0
    started: int = 0
    accepted: int = 0


class Steps:
    """The steps of open orders. Those of orders that were open when it began are not known, but for their last."""

    def __init__(self) -> None:
        self._signals: OrderedDict[str, int] = OrderedDict()
        self._orders: dict[str, _Steps] = {}

    def begin(self, order: str, at: int) -> None:
        """Notes an order that has not moved since a time, unless it has meanwhile."""
        self._orders.setdefault(order, _Steps(at))

    def since(self, order: str) -> int | None:
        """Since when an order is in its state, as far as is known."""
        steps = self._orders.get(order)
        return steps.since if steps is not None else None

    def received(self, signal: str, at: int) -> None:
        """Notes a signal."""
        self._signals[signal] = at
        if len(self._signals) > MOST_SIGNALS:
            self._signals.popitem(last=False)

    def moved(self, event: Event, before: Order | None, after: Order) -> list[Hop]:
        """Follows an order, and returns the hops that end here."""
        at, steps = event.at, self._orders.get(after.order)
        if steps is None:
            steps = self._orders[after.order] = _Steps(at)
        if before is None:
            steps.received = self._signals.get(after.signal, 0)
        if before is None or before.status is not after.status:
            steps.since = at
        hops = self._hops(event, before, after, steps)
        if after.status in TERMINAL:
            # What a broker still tells of it ends no hop.
            del self._orders[after.order]
        return hops

    def _hops(self, event: Event, before: Order | None, after: Order, steps: _Steps) -> list[Hop]:
        at, kind = event.at, event.type
        if before is None or (after.status is Status.REQUESTED and before.status is not Status.REQUESTED):
            first, steps.requested = before is None, at
            steps.approved = steps.started = steps.accepted = 0
            return _hop("received_requested", steps.received if first else 0, at)
        if kind == "OrderApproved":
            steps.approved = at
            return _hop("requested_approved", steps.requested, at)
        if kind == "OrderSubmitStarted":
            steps.started = at
            whole = _hop("received_submit_started", steps.received if after.attempt == 1 else 0, at)
            return _hop("approved_submit_started", steps.approved, at) + whole
        if kind == "OrderAccepted" and not steps.accepted:
            steps.accepted = at
            return _hop("submit_started_accepted", steps.started, at)
        if kind == "OrderFilled" and not before.filled:
            return _hop("accepted_filled", steps.accepted, at)
        return []


def _hop(name: str, begun: int, ended: int) -> list[Hop]:
    return [(name, ended - begun)] if begun else []
