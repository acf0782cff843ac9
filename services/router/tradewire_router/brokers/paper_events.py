"""Lines of the paper broker's journal as events of the port."""

from typing import Any, assert_never

from tradewire.messages.vocabulary import Origin
from tradewire_router.brokers.events import (
    BrokerEvent,
    Fill,
    OrderAccepted,
    OrderCanceled,
    OrderExpired,
    OrderRejected,
    OrderUpdated,
    fill_key,
    order_key,
)
from tradewire_router.paper import lines

BROKER = "paper"


def event_of(line: lines.EventLine, received_at: int, origin: Origin) -> BrokerEvent:
    """The event that a line tells."""
    told: dict[str, Any] = {
        "broker_time": line.at,
        "received_at": received_at,
        "origin": origin,
        "cursor": str(line.seq),
        "client_order_id": line.client_order_id,
    }
    if isinstance(line, lines.Filled):
        key = fill_key(BROKER, line.account, line.execution, 0)
        return Fill(event_key=key, execution=lines.execution_of(line), **told)
    told["broker_order_id"] = line.broker_order_id
    match line:
        case lines.Accepted():
            return OrderAccepted(event_key=_key(line, "accepted"), **told)
        case lines.Rejected(code=code, message=message):
            return OrderRejected(event_key=_key(line, "rejected"), code=code, message=message, **told)
        case lines.Triggered(price=price):
            return OrderUpdated(event_key=_key(line, "triggered"), reason=f"STOP_TRIGGERED: price={price}", **told)
        case lines.Canceled(reason=reason, closed=closed):
            filled = closed.filled_quantity
            return OrderCanceled(event_key=_key(line, "canceled"), filled_quantity=filled, reason=reason, **told)
        case lines.Expired(closed=closed):
            return OrderExpired(event_key=_key(line, "expired"), filled_quantity=closed.filled_quantity, **told)
        case _:
            assert_never(line)


def _key(line: lines.EventLine, status: str) -> str:
    return order_key(BROKER, line.account, line.broker_order_id, status)
