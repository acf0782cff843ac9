"""What would become of a signal now: the very decision that risk would make, of an order that is in no log."""

from typing import Final, Literal

from tradewire import ids
from tradewire.domain.orders import Order, request
from tradewire.messages.log import Event
from tradewire.messages.order_events import OrderApproved, OrderDenied, OrderHeld
from tradewire.messages.order_request import order_request
from tradewire.messages.registry import new_event
from tradewire.messages.risk_queries import Checked
from tradewire.messages.signal import Signal
from tradewire_risk.domain.decide import Batch, Judged
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.state import RiskState

_LATER: Final = {
    "instrument": "The broker is asked for the rules of a symbol when it is first ordered; an order waits for them.",
    "price": "The broker is asked for the quotes of a symbol when it is first ordered; an order waits for the first.",
    "hours": "The calendar of an exchange is loaded when its first symbol is ordered; an order waits for it.",
}
"""What an order waits for a moment, and a question does not, by the check that fails without it."""
_OUTCOMES: Final[dict[type[OrderApproved | OrderDenied | OrderHeld], Literal["approved", "denied", "held"]]] = {
    OrderApproved: "approved",
    OrderDenied: "denied",
    OrderHeld: "held",
}


def what_if(state: RiskState, board: QuoteBoard, now: int, signal: Signal, account: str) -> Checked:
    """The decision that a signal's order would get in an account at a time (µs); nothing is changed by asking.

    What other orders wait to be decided first is left out of account.
    """
    order = requested(state, signal, account, now)
    judged = Batch(state, board, now).judge(order)
    data, i = judged.data, judged.measured
    until: int | None = getattr(data, "expires_at", None) or getattr(data, "deadline", None)
    return Checked(
        pos=state.pos,
        at=now,
        outcome=_OUTCOMES[type(data)],
        strategy=order.strategy,
        account=account,
        symbol=order.symbol,
        action=order.action,
        currency=i.account.currency if i.account else "",
        checks=data.every_check(),
        limits=data.limits,
        control=data.control,
        side=i.side,
        quantity=i.quantity,
        price=i.price,
        value=i.value,
        cost=i.cost,
        until=until,
        reason=getattr(data, "reason", ""),
        message=getattr(data, "message", ""),
        quotes=data.quotes,
        sizing=data.sizing,
        mid=data.mid,
        notes=_notes(state, judged),
    )


def requested(state: RiskState, signal: Signal, account: str, now: int) -> Order:
    """The order that ingest would request for a signal, under an id that no request derives."""
    uuid = ids.derive("what-if", signal.strategy, signal.id)
    order_id = ids.derive("what-if", "order", uuid, account)
    data = order_request(
        signal,
        uuid=uuid,
        order=order_id,
        account=account,
        identity=f"strategy:{signal.strategy}",
        clock=state.setup.clock,
    )
    stream = f"order-{order_id}"
    new = new_event(stream, 1, order_id, data, time=now, correlation=uuid)
    pos = state.pos + 1
    return request(Event(pos, stream, 1, order_id, new.type, new.schema, now, now, "", uuid, None, new.data), data)


def _notes(state: RiskState, judged: Judged) -> tuple[str, ...]:
    failed = {check.name for check in judged.data.checks if not check.passed}
    if judged.measured.session is not None:
        failed.discard("hours")  # it is known, and no waiting opens it
    if judged.measured.account is None or judged.measured.account.paper:
        failed.discard("price")  # nobody is asked for one
    notes = [words for name, words in _LATER.items() if name in failed]
    if waiting := len(state.orders.requested):
        notes.append(f"Orders that wait to be decided first: {waiting}. What they take is not counted here.")
    return tuple(notes)
