"""The exits of a bracket, OCO or OTO order. They get client ids of the server's."""

from decimal import Decimal
from typing import Any

from tests.twins.alpaca import views
from tests.twins.alpaca.errors import invalid, unprocessable
from tests.twins.alpaca.intake import CENT, part, priced
from tests.twins.alpaca.money import positive
from tests.twins.alpaca.state import Order, State


def legs(state: State, head: Order, fields: dict[str, Any]) -> list[Order]:
    """The legs of a head, held until they are woken; none for a simple order."""
    if head.order_class == "simple":
        return []
    profit, stop = part(fields, "take_profit"), part(fields, "stop_loss")
    limit = priced(positive(profit, "limit_price"), "take_profit.limit_price", head.asset)
    stop_price = priced(positive(stop, "stop_price"), "stop_loss.stop_price", head.asset)
    stop_limit = priced(positive(stop, "limit_price"), "stop_loss.limit_price", head.asset)
    if head.order_class in {"bracket", "oco"} and (limit is None or stop_price is None):
        missing = "take_profit.limit_price" if limit is None else "stop_loss.stop_price"
        raise invalid(f"{head.order_class} orders require {missing}")
    if head.order_class == "oto" and (limit is None) == (stop_price is None):
        raise invalid("oto orders require one of take_profit or stop_loss")
    if head.order_class == "oco" and head.type != "limit":
        raise invalid("oco orders must be limit orders")
    exit_side = head.side if head.order_class == "oco" else ("sell" if head.side == "buy" else "buy")
    _apart(state, head, limit, stop_price, exit_side)
    head.role = "take_profit" if head.order_class == "oco" else "entry"
    made = []
    if limit is not None and head.order_class != "oco":
        made.append(_leg(state, head, exit_side, "take_profit", type="limit", limit_price=limit))
    if stop_price is not None:
        kind = "stop" if stop_limit is None else "stop_limit"
        made.append(_leg(state, head, exit_side, "stop_loss", type=kind, stop_price=stop_price, limit_price=stop_limit))
    return made


def _apart(state: State, head: Order, limit: Decimal | None, stop: Decimal | None, exit_side: str) -> None:
    """The exits have to lie on either side of the entry's price."""
    base = head.limit_price or head.stop_price or views.mark(state, head.asset)
    sells = exit_side == "sell"
    if head.order_class == "oco":
        base = None
        if limit is not None and stop is not None and (limit <= stop if sells else limit >= stop):
            raise unprocessable("oco orders require take_profit and stop_loss on either side of the market")
    if base is None:
        return
    if limit is not None and (limit < base + CENT if sells else limit > base - CENT):
        raise unprocessable(
            f"take_profit.limit_price must be {'>= base_price + 0.01' if sells else '<= base_price - 0.01'}"
        )
    if stop is not None and (stop > base - CENT if sells else stop < base + CENT):
        raise unprocessable(
            f"stop_loss.stop_price must be {'<= base_price - 0.01' if sells else '>= base_price + 0.01'}"
        )


def _leg(state: State, head: Order, side: str, role: str, **more: Any) -> Order:
    return Order(
        id=state.new_id("order"),
        client_order_id=state.new_id("client"),
        sequence=state.next(),
        asset=head.asset,
        side=side,
        tif=head.tif,
        order_class=head.order_class,
        created_at=head.created_at,
        updated_at=head.created_at,
        qty=head.qty,
        status="held",
        parent=head.id,
        role=role,
        **more,
    )
