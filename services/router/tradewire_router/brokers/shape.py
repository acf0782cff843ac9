"""Whether an order can be sent to a broker at all, by what the broker declares: told here by the name of the field.

What only the broker knows, such as ticks, money and its hours, it says itself, in its own words. What depends on what
is held, such as a short sale, was denied before an order comes here.
"""

import re
from decimal import Decimal

from tradewire.domain import names
from tradewire.domain.exact import ONE
from tradewire.domain.money import is_multiple, plain, positive
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire_router.brokers.errors import BrokerError, InvalidOrderError, NotSupportedError, UnknownSymbolError
from tradewire_router.brokers.values import Capabilities, OrderRequest

_LIMITED = frozenset({"limit", "stop_limit"})
_STOPPED = frozenset({"stop", "stop_limit"})


def refusal(order: OrderRequest, can: Capabilities, broker: str) -> BrokerError | None:
    """Returns what keeps an order from being sent, or None."""
    if not re.search(can.id_pattern, order.client_order_id):
        return InvalidOrderError(f"client_order_id {quoted(order.client_order_id)} is none that {broker} takes")
    if not names.is_symbol(order.symbol):
        return UnknownSymbolError(f"symbol {quoted(order.symbol)} is not written as symbols are")
    return _unsupported(order, can, broker) or _amounts(order) or _fraction(order, can, broker)


def _unsupported(order: OrderRequest, can: Capabilities, broker: str) -> NotSupportedError | None:
    crypto = "/" in order.symbol
    wanted = (
        (order.order_type in can.order_types, f"order_type {order.order_type}", can.order_types),
        (order.time_in_force in can.times_in_force, f"time_in_force {order.time_in_force}", can.times_in_force),
        (can.notional or order.notional is None, "notional", ()),
        (can.post_only or not order.post_only, "post_only", ()),
        (can.extended_hours or not order.extended_hours, "extended_hours", ()),
        (can.trailing_percent or order.trail_percent is None, "trail_percent", ()),
        (order.expire_at is None or "gtd" in can.times_in_force, "expire_at", ()),
        ("crypto" in can.asset_classes or not crypto, f"symbol {order.symbol}, which is crypto,", can.asset_classes),
    )
    for supported, what, instead in wanted:
        if not supported:
            fix = f"use {', '.join(sorted(instead))}" if instead else "leave it out"
            return NotSupportedError(f"{what} is not supported by {broker}; {fix}")
    return None


def _fraction(order: OrderRequest, can: Capabilities, broker: str) -> NotSupportedError | None:
    if can.fractional or order.quantity is None or is_multiple(order.quantity, ONE):
        return None
    return NotSupportedError(f"quantity {plain(order.quantity)} is not supported by {broker}; use whole units")


def _amounts(order: OrderRequest) -> InvalidOrderError | None:
    for name in ("quantity", "notional", "limit_price", "stop_price", "trail_amount", "trail_percent"):
        value: Decimal | None = getattr(order, name)
        if value is not None and (problem := _amount(value)):
            return InvalidOrderError(f"{name}: {problem}")
    if (order.quantity is None) == (order.notional is None):
        both = "both are set" if order.quantity is not None else "neither is set"
        return InvalidOrderError(f"quantity or notional is needed, and {both}")
    kind, trails = order.order_type, order.order_type == "trailing_stop"
    rules = (("limit_price", kind in _LIMITED), ("stop_price", kind in _STOPPED))
    for name, needed in rules:
        there = getattr(order, name) is not None
        if needed != there:
            problem = f"is missing; a {kind} order needs it" if needed else f"is set on a {kind} order; leave it out"
            return InvalidOrderError(f"{name} {problem}")
    trailing = (order.trail_amount is not None) + (order.trail_percent is not None)
    if trailing != trails:
        fix = "needs one of them" if trails else "takes neither"
        return InvalidOrderError(f"trail_amount and trail_percent: a {kind} order {fix}")
    return None


def _amount(value: Decimal) -> str:
    """What is wrong with an amount, as strictly as everywhere; a text of a gigabyte is not written out to tell."""
    if not value.is_finite() or not -30 <= value.adjusted() <= 30:
        return f"{value} is not an amount"
    try:
        positive(plain(value))
    except InvalidValue as error:
        return str(error)
    return ""
