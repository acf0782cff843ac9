"""Alpaca's JSON, field by field, as values of the port, and orders as Alpaca's JSON. Pure.

Amounts are texts in both directions, so that nothing is rounded on its way.
"""

import re
from collections.abc import Awaitable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from tradewire.domain.exact import ZERO
from tradewire.domain.money import plain
from tradewire.domain.times import instant
from tradewire.errors import InvalidValue
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.values import BrokerOrder, OrderRequest, OrderStatus

Json = Mapping[str, Any]
T = TypeVar("T")
_STATUSES: dict[str, OrderStatus] = {
    "new": "accepted",
    "accepted": "accepted",
    "accepted_for_bidding": "accepted",
    "pending_new": "accepted",
    "pending_review": "accepted",
    "done_for_day": "accepted",
    "stopped": "accepted",
    "calculated": "accepted",
    "suspended": "held",
    "held": "held",
    "partially_filled": "partially_filled",
    "pending_cancel": "pending_cancel",
    "pending_replace": "pending_replace",
    "filled": "filled",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
    "replaced": "replaced",
}
_TYPES = {"market", "limit", "stop", "stop_limit", "trailing_stop"}
_TIMES = {"day", "gtc", "ioc", "fok", "opg", "cls"}
_PAIR = re.compile(r"([A-Z0-9]+?)(USDT|USDC|USD|BTC)", re.ASCII)
_LONGER_THAN_A_SHARE = 6
"""No share's symbol has as many letters; an activity does not say whether it is about a share or a coin."""


SHAPELESS = (KeyError, TypeError, AttributeError, ValueError, IndexError)
"""What reading an answer raises that has not the shape of one."""


def unreadable(what: str, told: object) -> BrokerError:
    """An answer that does not say what it must."""
    return BrokerError(f"Alpaca sent {what} that cannot be read: {told!r}"[:300], code="UNREADABLE")


async def readable(answer: Awaitable[T]) -> T:
    """Returns what an answer was read as.

    Raises:
        BrokerError: there was none, or it has not the shape of one.
    """
    try:
        return await answer
    except SHAPELESS as error:
        raise unreadable("an answer", error) from None


def amount(told: Json, name: str) -> Decimal | None:
    """A decimal of Alpaca's, which is a text, None, or in market data a number.

    Raises:
        BrokerError: it is anything else.
    """
    value = told.get(name)
    if value is None or value == "":
        return None
    try:
        read = Decimal(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite():
        raise unreadable(name, value)
    return read


def needed(told: Json, name: str) -> Decimal:
    """The same, which must be there."""
    value = amount(told, name)
    if value is None:
        raise unreadable(name, told.get(name))
    return value


def time_of(told: Json, name: str) -> int:
    """A time in microseconds, 0 where there is none."""
    value = told.get(name)
    if not value:
        return 0
    try:
        return instant(str(value))
    except InvalidValue:
        raise unreadable(name, value) from None


def symbol_of(told: Json) -> str:
    """The canonical symbol: a position in crypto is named without its slash."""
    symbol = str(told.get("symbol") or "")
    kind = told.get("asset_class")
    crypto = kind == "crypto" or (kind is None and len(symbol) >= _LONGER_THAN_A_SHARE)
    if crypto and (pair := _PAIR.fullmatch(symbol)):
        return f"{pair[1]}/{pair[2]}"
    return symbol


def status_of(told: Json) -> OrderStatus:
    """An order's status; a word that nobody knows is `unknown`."""
    return _STATUSES.get(str(told.get("status")), "unknown")


def order_of(account: str, told: Json, client_order_id: str, *, parent: str = "") -> BrokerOrder:
    """An order. Without a quantity, as a notional one has none, it is what was filled so far.

    Raises:
        BrokerError: what was told is no order.
    """
    filled = amount(told, "filled_qty") or ZERO
    kind, time = str(told.get("type") or told.get("order_type")), str(told.get("time_in_force"))
    status = status_of(told)
    if not told.get("id") or told.get("side") not in {"buy", "sell"}:
        raise unreadable("an order", dict(told))
    return BrokerOrder(
        account=account,
        client_order_id=client_order_id,
        broker_order_id=str(told["id"]),
        symbol=symbol_of(told),
        side=told["side"],
        quantity=amount(told, "qty") or filled,
        status=status,
        filled_quantity=filled,
        average_price=amount(told, "filled_avg_price"),
        order_type=kind if kind in _TYPES else "market",  # type: ignore[arg-type]
        time_in_force=time if time in _TIMES else "day",  # type: ignore[arg-type]
        limit_price=amount(told, "limit_price"),
        stop_price=amount(told, "stop_price"),
        submitted_at=time_of(told, "submitted_at"),
        updated_at=time_of(told, "updated_at"),
        code="REJECTED" if status == "rejected" else "",
        reason="Alpaca rejected the order after it had taken it" if status == "rejected" else "",
        parent=parent,
        group=str(told.get("order_class") or "").replace("simple", ""),
    )


def fields_of(order: OrderRequest) -> dict[str, Any]:
    """An order as it is posted."""
    amounts = {
        "qty": order.quantity,
        "notional": order.notional,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "trail_price": order.trail_amount,
        "trail_percent": order.trail_percent,
    }
    return {
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side,
        "type": order.order_type,
        "time_in_force": order.time_in_force,
        **{name: plain(value) for name, value in amounts.items() if value is not None},
        **({"extended_hours": True} if order.extended_hours else {}),
    }


def is_that(told: Json, order: OrderRequest) -> bool:
    """Whether an order that Alpaca has under our id is the one that was asked for."""
    fields = fields_of(order)
    texts = ("symbol", "side", "type", "time_in_force")
    numbers = ("qty", "notional", "limit_price", "stop_price", "trail_price", "trail_percent")
    if any(str(told.get(name)) != fields[name] for name in texts):
        return False
    # A trailing stop has a stop price of its own making.
    made = {"stop_price"} if order.order_type == "trailing_stop" else set()
    return all(
        amount(told, name) == (Decimal(fields[name]) if name in fields else None)
        for name in numbers
        if name not in made
    )
