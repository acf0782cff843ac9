"""Whether an order makes sense, field by field, before money is looked at. The first field that is wrong is named."""

import re
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.money import is_multiple, plain, positive
from tradewire.errors import InvalidValue
from tradewire_router.paper.market import ORDER_TYPES, TIMES_IN_FORCE, grid
from tradewire_router.paper.wire import PaperOrder

CLIENT_ORDER_ID = r"\A[A-Za-z0-9._:-]{1,64}\Z"
_ID = re.compile(CLIENT_ORDER_ID)
_is_scientific = re.compile(r"-?[0-9](\.[0-9]{1,26})?E[+-][0-9]{1,2}").fullmatch
_UNSUPPORTED = ("notional", "trail_amount", "trail_percent", "expire_at", "post_only")


class Problem(Struct, frozen=True):
    """Why an order is refused: a code for programs, a sentence for people."""

    code: str
    message: str


class Terms(Struct, frozen=True):
    """The amounts of an order that passed."""

    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    reference_price: Decimal | None


class _Refused(Exception):  # noqa: N818 - carries a Problem to `check`, and goes no further
    def __init__(self, code: str, message: str) -> None:
        self.problem = Problem(code, message)


def check(order: PaperOrder) -> Terms | Problem:
    """Returns the order's amounts, or what is wrong with it."""
    try:
        return _check(order)
    except _Refused as refused:
        return refused.problem


def amount(text: str) -> Decimal:
    """Parses an amount above zero as strictly as everywhere; what Python writes for 0.0000001, `1E-7`, is read too.

    Raises:
        InvalidValue: for anything else.
    """
    return positive(plain(Decimal(text)) if _is_scientific(text) else text)


def _check(order: PaperOrder) -> Terms:
    if not _ID.match(order.client_order_id):
        raise _Refused("INVALID_ORDER", "client_order_id is not 1 to 64 letters, digits or . _ : -")
    try:
        names.symbol(order.symbol)
    except InvalidValue as error:
        raise _Refused("UNKNOWN_SYMBOL", f"symbol: {error}") from None
    for name in _UNSUPPORTED:
        if getattr(order, name):
            raise _Refused("NOT_SUPPORTED", f"{name} is not supported by the paper broker; leave it out")
    if order.order_type not in ORDER_TYPES:
        raise _Refused("NOT_SUPPORTED", f"order_type {order.order_type} is not supported; use {_list(ORDER_TYPES)}")
    if order.time_in_force not in TIMES_IN_FORCE:
        raise _Refused(
            "NOT_SUPPORTED", f"time_in_force {order.time_in_force} is not supported; use {_list(TIMES_IN_FORCE)}"
        )
    tick, step = grid(order.symbol)
    if order.quantity is None:
        raise _Refused("INVALID_ORDER", "quantity is missing")
    quantity = _above_zero("quantity", order.quantity)
    if not is_multiple(quantity, step):
        raise _Refused("QTY_LOT_INVALID", f"quantity {quantity} is not a multiple of {step:f}")
    return Terms(
        quantity,
        _price("limit_price", order.limit_price, order.order_type, {"limit", "stop_limit"}, tick),
        _price("stop_price", order.stop_price, order.order_type, {"stop", "stop_limit"}, tick),
        None if order.reference_price is None else _above_zero("reference_price", order.reference_price),
    )


def _price(name: str, text: str | None, order_type: str, needed_by: set[str], tick: Decimal) -> Decimal | None:
    if text is None:
        if order_type in needed_by:
            raise _Refused("INVALID_ORDER", f"{name} is missing; a {order_type} order needs it")
        return None
    value = _above_zero(name, text)
    if order_type not in needed_by:
        raise _Refused("INVALID_ORDER", f"{name} is set on a {order_type} order; leave it out")
    if not is_multiple(value, tick):
        raise _Refused("PRICE_TICK_INVALID", f"{name} {value} is not a multiple of {tick:f}")
    return value


def _above_zero(name: str, text: str) -> Decimal:
    try:
        return amount(text)
    except InvalidValue as error:
        raise _Refused("INVALID_ORDER", f"{name}: {error}") from None


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
