"""Orders whose time is over before anybody acted on them: approvals that nobody sent, and held orders."""

from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderLapsed
from tradewire.messages.registry import new_event
from tradewire_risk.domain.due import Due
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState

GRACE = 5_000_000
"""How long (µs) after its expiry an approval may still be found sent by a router that was faster."""


def due_lapses(state: RiskState, now: int) -> list[Due]:
    """Lapses what is over. One that somebody asked to cancel, or that may be at its broker, is left to the router."""
    found = []
    for order_id in state.orders.waiting:
        order = state.orders.orders[order_id]
        if order.cancel_requested or state.recovery.holds(order):
            continue
        if order.status is Status.APPROVED and order.expires_at is not None and now >= order.expires_at + GRACE:
            found.append(_lapse(order, Reason.APPROVAL_UNSENT, order.expires_at, now))
        elif order.status is Status.HELD and order.deadline is not None and now > order.deadline:
            found.append(_lapse(order, Reason.APPROVAL_EXPIRED, order.deadline, now))
    return found


def _lapse(order: Order, reason: Reason, due: int, now: int) -> Due:
    stream = f"order-{order.order}"
    event = new_event(
        stream,
        order.version + 1,
        ids.timer_uuid(stream, "OrderLapsed", due),
        OrderLapsed(order=order.order, reason=reason.value, attempt=order.attempt),
        time=now,
        correlation=order.signal,
    )
    return Due(event.event_id, Command((event,)), order.account, reason.value)
