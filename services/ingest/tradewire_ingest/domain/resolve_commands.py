"""Orders that a broker does not tell of: what a person says of one, with evidence, at the exact version that was seen.

The resolution and the facts that follow from it are one command, so that the order, the position and the cash move
together or not at all.
"""

from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from tradewire import ids
from tradewire.domain.breaks import ABSENT
from tradewire.domain.exact import ZERO
from tradewire.domain.money import money, plain
from tradewire.domain.orders import RESOLVABLE, TERMINAL, UNSENT, Order, Status
from tradewire.messages import order_events as o
from tradewire.messages.control import ControlReply, ResolveCommand
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_ingest.domain.commands import Outcome, Plan, Sender, refuse
from tradewire_ingest.domain.state import State

_CODE: Final = "RESOLVED"


def resolve(command: ResolveCommand, order: Order, sender: Sender, state: State) -> Outcome:
    """Ends an order that is unknown, or that the broker has answered to know nothing of."""
    if problem := _not_open_to_it(order, state) or _not_so(command, order):
        return problem
    return Plan(
        (Command(tuple(_events(command, order, sender))),), f"{command.outcome}, by {sender.identity}", (order.order,)
    )


def _not_open_to_it(order: Order, state: State) -> ControlReply | None:
    what = f"order {order.order} is {order.status.value}"
    if order.status in TERMINAL:
        return refuse("ALREADY_TERMINAL", "order", what, "an order that is unknown")
    if order.status in UNSENT:
        return refuse("NOT_UNKNOWN", "order", f"{what} and was not sent", "`tradewire cancel`, which needs no broker")
    if order.status not in RESOLVABLE:
        return refuse("NOT_UNKNOWN", "order", f"{what}; its router is asking the broker", "an order that is unknown")
    if order.status is Status.UNKNOWN or _is_absent(order, state):
        return None
    return refuse("NOT_UNKNOWN", "order", f"{what}, and the broker has it", "`tradewire cancel`, to end it there")


def _is_absent(order: Order, state: State) -> bool:
    """Whether it is on record that the broker knows nothing of the order."""
    return any(
        (each.found.kind, each.found.key, each.found.theirs) == ("order", order.client_order_id, ABSENT)
        for each in state.breaks.of(order.account).left()
    )


def _not_so(command: ResolveCommand, order: Order) -> ControlReply | None:
    """The answer to what cannot have happened to this order."""
    quantity = _quantity(command, order)
    if command.outcome == "rejected" and (quantity or order.filled):
        message = f"{plain(order.filled or quantity)} of order {order.order} was filled, so it was not rejected"
        return refuse("INVALID_FIELD", "outcome", message, "canceled or expired")
    if quantity > order.leaves:
        message = f"{plain(quantity)} is more than the {plain(order.leaves)} that were left of order {order.order}"
        return refuse("INVALID_FIELD", "quantity", message, f"at most {plain(order.leaves)}")
    if command.outcome == "filled" and quantity < order.leaves:
        message = f"{plain(quantity)} of the {plain(order.leaves)} that were left is not filled"
        return refuse("INVALID_FIELD", "quantity", message, "canceled or expired, with what was filled before")
    if bool(quantity) != bool(command.price):
        if quantity:
            return refuse(
                "MISSING_FIELD", "price", f"{plain(quantity)} was filled, at what price?", "--price, the mean price"
            )
        return refuse("INVALID_FIELD", "price", "nothing was filled, so there is no price", "quantity as well")
    if command.fee and not quantity:
        return refuse("INVALID_FIELD", "fee", "nothing was filled, so there is no fee", "quantity as well")
    return _beyond_limit(command, order) if quantity else None


def _beyond_limit(command: ResolveCommand, order: Order) -> ControlReply | None:
    limit, price = order.limit_price, money(command.price)
    if limit is None or (price <= limit if order.side == "buy" else price >= limit):
        return None
    message = f"{plain(price)} is beyond the limit {plain(limit)} of order {order.order}"
    return refuse("INVALID_FIELD", "price", message, f"{plain(limit)} or better")


def _quantity(command: ResolveCommand, order: Order) -> Decimal:
    """What was filled of it that the log does not have."""
    if command.quantity:
        return money(command.quantity)
    return order.leaves if command.outcome == "filled" else ZERO


def _events(command: ResolveCommand, order: Order, sender: Sender) -> list[Any]:
    said: list[Struct] = [
        o.OrderResolved(
            order=order.order,
            outcome=command.outcome,
            evidence=command.evidence,
            by=sender.identity,
            request=command.request,
        )
    ]
    fact: dict[str, Any] = {
        "order": order.order,
        "client_order_id": order.client_order_id or "",
        "broker": order.broker or "",
        "account": order.account,
        "evidence": f"{sender.identity}: {command.evidence}",
        "broker_order_id": order.broker_order_id,
    }
    if quantity := _quantity(command, order):
        said.append(
            o.OrderFilled(
                **fact,
                strategy=order.strategy,
                symbol=order.symbol,
                side=order.side or "buy",
                quantity=quantity,
                price=money(command.price),
                execution=f"resolved-{ids.command_uuid(command.request, 'execution')}",
                fee=money(command.fee) if command.fee else ZERO,
                fee_currency=sender.accounts[order.account].currency if order.account in sender.accounts else "USD",
            )
        )
    match command.outcome:
        case "canceled":
            said.append(o.OrderCanceled(**fact, reason=_CODE))
        case "expired":
            said.append(o.OrderExpired(**fact))
        case "rejected":
            said.append(o.OrderRejected(**fact, code=_CODE, message=command.evidence))
    return [
        new_event(
            f"order-{order.order}",
            order.version + number,
            ids.command_uuid(command.request, type(data).__name__),
            data,
            time=sender.time,
            correlation=order.signal,
        )
        for number, data in enumerate(said, 1)
    ]
