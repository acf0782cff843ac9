"""What `trade_updates` says, as events of the port. Pure but for what it learns about orders."""

import re
from typing import Any

from tradewire.domain.exact import ZERO
from tradewire_router.brokers import events as e
from tradewire_router.brokers.alpaca import executions
from tradewire_router.brokers.alpaca.capabilities import BROKER
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.words import SHAPELESS, Json, amount, order_of, time_of
from tradewire_router.brokers.errors import BrokerError

_is_ours = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
_SHOWN = 500
"""How much is quoted of a message that cannot be read."""
FILLS = frozenset({"fill", "partial_fill"})
_EXECUTIONS = FILLS | {"trade_bust", "trade_correct"}
_WORKING = frozenset({"new", "accepted"})
_ENDS = frozenset({"canceled", "expired", "rejected", "replaced"})
_SILENT = frozenset({"pending_new"})
_LATER = "Alpaca rejected the order after it had taken it"


def order_id(told: Json) -> str:
    """Alpaca's id of the order that a message is about; empty where it tells none."""
    order = told.get("order")
    return str(order.get("id") or "") if isinstance(order, dict) else ""


def is_strange(known: Known, told: Json) -> bool:
    """Whether a message is about an order that goes by no id of ours, so far as is known."""
    try:
        order = told["order"]
        return not _is_ours(known.client_id(str(order["id"])) or str(order["client_order_id"]))
    except SHAPELESS:
        return False  # it is told as what cannot be read


def events_of(account: str, known: Known, told: Json, received_at: int) -> list[e.BrokerEvent]:
    """The events that a message means; none for one that says nothing new."""
    try:
        return _events_of(account, known, told, received_at)
    except (BrokerError, *SHAPELESS) as error:
        text = f"a message of the order stream cannot be read ({error!r:.100}): {told!r}"
        return [
            e.BrokerNotice(
                event_key=f"notice:{BROKER}:{account}:{received_at}",
                broker_time=None,
                received_at=received_at,
                code="UNREADABLE",
                text=text[:_SHOWN],
            )
        ]


def _events_of(account: str, known: Known, told: Json, received_at: int) -> list[e.BrokerEvent]:
    order, what = told["order"], str(told["event"])
    broker_id = str(order["id"])
    strange = is_strange(known, told)
    client_id = known.learn(broker_id, str(order["client_order_id"]))
    base: dict[str, Any] = {
        "broker_time": time_of(told, "timestamp") or None,
        "received_at": received_at,
    }
    if what in _EXECUTIONS:
        found = [_execution(account, known, told, client_id, base)]
        if what == "fill" and _ends_by_word(order):
            done = e.order_key(BROKER, account, broker_id, "completed")
            about = {**base, "event_key": done, "client_order_id": client_id, "broker_order_id": broker_id}
            found.append(e.OrderCompleted(**about))
        return found
    status = "accepted" if what in _WORKING else what
    key = e.order_key(BROKER, account, broker_id, status)
    if what in _WORKING and broker_id not in known.accepted:
        known.accepted[broker_id] = True
        if strange:
            return [e.ExternalOrderSeen(event_key=key, order=order_of(account, order, client_id), **base)]
        return [e.OrderAccepted(event_key=key, client_order_id=client_id, broker_order_id=broker_id, **base)]
    if what in _SILENT or (strange and what in _WORKING):
        return []
    # A repeated one is another fact, which Alpaca's own id of the event tells apart.
    again = f"{key}:{told.get('execution_id')}" if what not in _ENDS else key
    return [
        _status(what, order, {**base, "event_key": again, "client_order_id": client_id, "broker_order_id": broker_id})
    ]


def _ends_by_word(order: Json) -> bool:
    """Whether an order may be filled at another quantity than it was sent with: for money, or beside another exit."""
    return order.get("notional") is not None or order.get("order_class") not in {None, "", "simple"}


def _execution(account: str, known: Known, told: Json, client_id: str, base: dict[str, Any]) -> e.BrokerEvent:
    what, told_as = told["event"], str(told.get("execution_id") or "")
    if what in FILLS:
        execution = executions.streamed(account, known, told, client_id)
        key = e.fill_key(BROKER, account, execution.execution, 0)
        return e.Fill(event_key=key, client_order_id=client_id, execution=execution, told_as=told_as, **base)
    execution, before = executions.restated(account, known, told, client_id, busted=what == "trade_bust")
    key = e.fill_key(BROKER, account, execution.execution or told_as, execution.revision)
    about = {**base, "client_order_id": client_id, "execution": execution, "previous": executions.previous(told)}
    if what == "trade_bust":
        return e.FillBusted(event_key=f"{key}:bust", **about)
    filled = amount(told["order"], "filled_qty")
    return e.FillCorrected(event_key=key, replaces=before, filled=filled, told_as=told_as, **about)


def _status(what: str, order: Json, about: dict[str, Any]) -> e.BrokerEvent:
    match what:
        case "canceled":
            return e.OrderCanceled(filled_quantity=amount(order, "filled_qty") or ZERO, reason="", **about)
        case "expired":
            return e.OrderExpired(filled_quantity=amount(order, "filled_qty") or ZERO, **about)
        case "rejected":
            return e.OrderRejected(code="REJECTED", message=_LATER, **about)
        case "replaced":
            return e.OrderReplaced(replaced_by=str(order.get("replaced_by") or ""), **about)
        case "order_cancel_rejected":
            words = f"Alpaca did not cancel the order, which is {order.get('status')}"
            return e.CancelRejected(code="CANCEL_REJECTED", message=words, **about)
        case "held":
            return e.OrderHeld(reason="waits for another order of its group", **about)
        case _:
            return e.OrderUpdated(reason=what.upper(), **about)
