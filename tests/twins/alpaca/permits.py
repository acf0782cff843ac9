"""What is refused because of the account: blocks, day trading, wash trades, missing quantity, buying power."""

from decimal import Decimal

from tests.twins.alpaca.account import buying_power, cost
from tests.twins.alpaca.errors import day_trading, forbidden, unprocessable
from tests.twins.alpaca.money import ZERO, cents, text
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import Order, State
from tests.twins.alpaca.views import held_for_orders


def check(state: State, options: Options, one: Order) -> None:
    """Raises the refusal of an order that the account may not send now."""
    if state.flags.get("trade_suspended_by_user"):
        raise forbidden("new orders are rejected by user request")
    if state.flags.get("trading_blocked") or state.flags.get("account_blocked"):
        raise forbidden("account is not authorized to trade")
    if state.flags.get("day_trade_block"):
        raise day_trading()
    if one.order_class == "simple":
        _wash(state, options, one)
    opens = _quantity(state, one)
    if opens:
        needed, there = cost(state, one), buying_power(state, options.multiplier)
        if needed > there:
            raise forbidden("insufficient buying power", buying_power=cents(there), cost_basis=cents(needed))


def _crosses(one: Order, other: Order) -> bool:
    """Whether two orders of opposite sides could meet."""
    buy, sell = (one, other) if one.side == "buy" else (other, one)
    if buy.limit_price is None or sell.limit_price is None or "stop" in f"{buy.type} {sell.type}":
        return True
    return buy.limit_price >= sell.limit_price


def _wash(state: State, options: Options, one: Order) -> None:
    for other in state.open_orders(one.asset.symbol):
        if other.side != one.side and other.order_class == "simple" and _crosses(one, other):
            refusal = forbidden(
                "potential wash trade detected. use complex orders",
                existing_order_id=other.id,
                reject_reason="opposite side market/stop order exists",
            )
            refusal.body["code"] = options.wash_trade_code
            refusal.status = 403 if options.wash_trade_code == 40310000 else 422
            raise refusal


def _quantity(state: State, one: Order) -> bool:
    """Whether an order opens; one that closes has to find its quantity, and may not go through zero."""
    held = state.positions.get(one.asset.symbol)
    quantity = held.qty if held else ZERO
    closes = quantity > 0 if one.side == "sell" else quantity < 0
    if closes:
        taken = held_for_orders(state, one.asset, one.side, but=one.id)
        there = abs(quantity) - taken
        if one.qty is not None and one.qty - one.filled_qty > there:
            raise _not_there(state, one, there, abs(quantity), taken)
        return False
    if one.side == "sell":
        if one.order_class == "oco":
            raise unprocessable("oco orders must be exit orders")
        if one.asset.kind == "crypto":
            coin, asked = one.asset.symbol.partition("/")[0], text(one.qty)
            raise forbidden(f"insufficient balance for {coin} (requested: {asked}, available: 0)")
        if one.notional is not None or (one.qty is not None and one.qty % 1):
            raise unprocessable("fractional orders cannot be sold short")
        if not one.asset.shortable or not state.flags.get("shorting_enabled", True):
            raise unprocessable(f"asset {one.asset.symbol} cannot be sold short")
    elif one.order_class == "oco":
        raise unprocessable("oco orders must be exit orders")
    return True


def _not_there(state: State, one: Order, there: Decimal, existing: Decimal, taken: Decimal) -> Exception:
    related = [
        other.id for other in state.open_orders(one.asset.symbol) if other.side == one.side and other.id != one.id
    ]
    return forbidden(
        f"insufficient qty available for order (requested: {text(one.qty)}, available: {text(max(ZERO, there))})",
        available=text(max(ZERO, there)),
        existing_qty=text(existing),
        held_for_orders=text(taken),
        related_orders=related,
        symbol=one.asset.symbol,
    )
