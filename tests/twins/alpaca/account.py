"""Cash, equity and buying power; what an order takes hold of; what an execution does to cash and positions."""

from decimal import Decimal
from typing import Any

from tests.twins.alpaca import views
from tests.twins.alpaca.money import ZERO, cents
from tests.twins.alpaca.reference import stamp
from tests.twins.alpaca.state import Asset, Order, Position, State

ACCOUNT_ID = "9d2c1a34-77c1-5c1e-8b1e-0a3c58a9b001"


def price_of(state: State, one: Order) -> Decimal | None:
    """The price that buying power is reckoned at: the limit, the stop, or the other side of the quote."""
    if one.limit_price is not None or one.stop_price is not None:
        return one.limit_price if one.limit_price is not None else one.stop_price
    if quote := state.quotes.get(one.asset.symbol):
        return quote.ask if one.side == "buy" else quote.bid
    return views.mark(state, one.asset)


def cost(state: State, one: Order) -> Decimal:
    """What an open order may still cost."""
    if one.notional is not None:
        return max(ZERO, one.notional - one.filled_value)
    price = price_of(state, one)
    return ZERO if price is None else one.leaves * price


def reserved(state: State) -> Decimal:
    """What open buys, and open sells of what is not held, have taken hold of."""
    total = ZERO
    for one in state.open_orders():
        if one.status == "held" or one.replacing:
            continue
        held = state.positions.get(one.asset.symbol)
        quantity = held.qty if held else ZERO
        reduces = quantity < 0 if one.side == "buy" else quantity > 0
        total += ZERO if reduces else cost(state, one)
    return total


def worth(state: State) -> tuple[Decimal, Decimal]:
    """Market value of the long and of the short positions; the latter is zero or less."""
    values = [views.value(state, held) for held in state.positions.values() if held.qty]
    return sum((v for v in values if v > 0), ZERO), sum((v for v in values if v < 0), ZERO)


def buying_power(state: State, multiplier: int) -> Decimal:
    """multiplier × equity, less what is held and what is reserved."""
    long, short = worth(state)
    return max(ZERO, multiplier * (state.cash + long + short) - long + short - reserved(state))


def book(state: State, asset: Asset, side: str, qty: Decimal, price: Decimal) -> Position:
    """Books a quantity at a price (a negative one takes it back) and gives the position."""
    held = state.positions.setdefault(asset.symbol, Position(asset=asset))
    change = qty if side == "buy" else -qty
    state.cash -= change * price
    if held.qty == 0 or (held.qty > 0) == (change > 0):
        held.cost += change * price
    elif abs(change) <= abs(held.qty):
        held.cost += held.cost / held.qty * change
    else:
        held.cost = (held.qty + change) * price
    held.qty += change
    return held


def account(state: State, multiplier: int, at: int) -> dict[str, Any]:
    """GET /v2/account."""
    long, short = worth(state)
    equity = state.cash + long + short
    power = cents(buying_power(state, multiplier))
    return {
        "id": ACCOUNT_ID,
        "account_number": "PA3TWIN00001",
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "buying_power": power,
        "regt_buying_power": power,
        "daytrading_buying_power": "0",
        "non_marginable_buying_power": cents(max(ZERO, state.cash - reserved(state))),
        "cash": cents(state.cash),
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "portfolio_value": cents(equity),
        "pattern_day_trader": state.flags.get("pattern_day_trader", False),
        "trading_blocked": state.flags.get("trading_blocked", False),
        "transfers_blocked": False,
        "account_blocked": state.flags.get("account_blocked", False),
        "created_at": stamp(at - at % 86_400_000_000),
        "trade_suspended_by_user": state.flags.get("trade_suspended_by_user", False),
        "multiplier": str(multiplier),
        "shorting_enabled": multiplier > 1 or state.flags.get("shorting_enabled", True),
        "equity": cents(equity),
        "last_equity": cents(equity),
        "long_market_value": cents(long),
        "short_market_value": cents(short),
        "initial_margin": "0",
        "maintenance_margin": "0",
        "last_maintenance_margin": "0",
        "sma": "0",
        "daytrade_count": 0,
    }
