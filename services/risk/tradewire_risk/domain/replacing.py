"""New terms for working orders: measured as if the order were new and the old one gone.

Every check runs that concerns them. What a new signal is asked for, such as its age and whether it repeats another, is
not asked of new terms. What would need a person is denied, because the order works on meanwhile.
"""

from typing import Any

from msgspec.structs import replace

from tradewire import ids
from tradewire.domain.exact import ZERO, subtract
from tradewire.domain.money import plain
from tradewire.domain.orders import Order, Replacement, Status
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderApproved, OrderDenied, OrderReplaceApproved, OrderReplaceDenied
from tradewire.messages.registry import new_event
from tradewire_risk.domain.check_input import PASSED, Check, CheckInput, Outcome
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.decide import Batch, Judged
from tradewire_risk.domain.exits import REPLACE
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState

_OF_SIGNALS = frozenset({"action", "dup", "age", "ahead", "until", "cooldown", "repeat", "repeated"})
_GROUNDS = ("order", "attempt", "state_pos", "checks", "quiet", "limits", "control", "quotes", "mid", "sizing", "clock")
_BY_A_PERSON = "A person must approve such an order; cancel this one, and send a new signal."


def terms_fit(i: CheckInput) -> Outcome:
    """The new terms are such as the order has, other than they are, and leave something to be filled."""
    problem = _problem(i.order, i.order.replacing)
    return (problem, "", False) if problem else PASSED


def _problem(order: Order, new: Replacement | None) -> str:
    if new is None:
        return "nobody asks for them"
    if order.notional is not None:
        return "it is for an amount of money"
    kind = order.order_type
    if new.limit_price is not None and kind not in {"limit", "stop_limit"}:
        return f"a {kind} order has no limit price"
    if new.stop_price is not None and kind not in {"stop", "stop_limit"}:
        return f"a {kind} order has no stop price"
    if new.quantity is not None and new.quantity <= order.filled:
        return f"{plain(order.filled)} of it is filled already"
    return ""


REPLACE_CHECKS: tuple[Check, ...] = (
    Check("terms", Reason.REPLACE_IMPOSSIBLE, terms_fit, "The order cannot have the new terms: {value}."),
    *(check for check in CHECKS if check.name not in _OF_SIGNALS),
)


def under_new_terms(order: Order) -> Order:
    """What is left of an order as it would be under the terms that are asked for."""
    new = order.replacing
    if new is None:
        return order
    quantity = order.quantity if new.quantity is None else new.quantity
    return replace(
        order,
        action=REPLACE,
        status=Status.REQUESTED,
        size=None,
        quantity=max(subtract(quantity or ZERO, order.filled), ZERO),
        limit_price=order.limit_price if new.limit_price is None else new.limit_price,
        stop_price=order.stop_price if new.stop_price is None else new.stop_price,
        requested_at=new.since,
        valid_until=None,
        asked_exits=(),
    )


def decide_replacement(state: RiskState, board: QuoteBoard, now: int) -> Command | None:
    """Decides the new terms that were asked for first; None when nobody waits for any.

    Those of an order that a restored log may have forgotten to be replaced are left alone until its router has looked.
    """
    orders, superseded = state.orders.orders, state.recovery.superseded
    order_id = next((each for each in state.orders.replacing if not superseded(orders[each])), None)
    if order_id is None:
        return None
    order = state.orders.orders[order_id]
    batch = Batch(state, board, now, REPLACE_CHECKS)
    batch.release(order)
    judged = batch.judge(under_new_terms(order))
    data = _decision(order, judged)
    kind = type(data).__name__
    event = new_event(
        f"order-{order.order}",
        order.version + 1,
        ids.derive("decision", order.order, kind, order.replacing.request if order.replacing else ""),
        data,
        time=now,
        correlation=order.signal,
        causation=state.orders.replacing[order_id],
    )
    return Command((event,), judged.measured.rules.guards)


def _decision(order: Order, judged: Judged) -> OrderReplaceApproved | OrderReplaceDenied:
    data, new = judged.data, order.replacing
    grounds: dict[str, Any] = {name: getattr(data, name) for name in _GROUNDS}
    if new is None:
        raise AssertionError("an order without new terms is not decided")
    if isinstance(data, OrderApproved):
        return OrderReplaceApproved(
            **grounds,
            quantity=new.quantity,
            limit_price=new.limit_price,
            stop_price=new.stop_price,
            unit_value=data.unit_value,
            cost=data.cost,
            expires_at=data.expires_at,
            build=data.build,
            request=new.request,
        )
    message = data.message if isinstance(data, OrderDenied) else _BY_A_PERSON
    return OrderReplaceDenied(**grounds, reason=data.reason, message=message, request=new.request)
