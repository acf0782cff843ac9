"""Orders, positions, the account and assets in Alpaca's JSON."""

from decimal import Decimal
from typing import Any

from tests.twins.alpaca.money import ZERO, cents, text
from tests.twins.alpaca.reference import stamp
from tests.twins.alpaca.state import Asset, Order, Position, State


def _time(at: int | None) -> str | None:
    return None if at is None else stamp(at)


def order(state: State, one: Order, *, nested: bool = True) -> dict[str, Any]:
    """An order; its legs under `legs` when nested, None otherwise."""
    legs = [order(state, state.orders[leg]) for leg in one.legs] if nested and one.legs else None
    return {
        "id": one.id,
        "client_order_id": one.client_order_id,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "submitted_at": stamp(one.created_at),
        "filled_at": _time(one.filled_at),
        "expired_at": _time(one.expired_at),
        "canceled_at": _time(one.canceled_at),
        "failed_at": _time(one.failed_at),
        "replaced_at": _time(one.replaced_at),
        "replaced_by": one.replaced_by,
        "replaces": one.replaces,
        "asset_id": one.asset.id,
        "symbol": one.asset.symbol,
        "asset_class": one.asset.kind,
        "notional": text(one.notional),
        "qty": text(one.qty),
        "filled_qty": text(one.filled_qty),
        "filled_avg_price": None if one.average is None else cents(one.average),
        "order_class": one.order_class,
        "order_type": one.type,
        "type": one.type,
        "side": one.side,
        "time_in_force": one.tif,
        "limit_price": text(one.limit_price),
        "stop_price": text(one.stop_price),
        "status": one.status,
        "extended_hours": one.extended_hours,
        "legs": legs,
        "trail_percent": text(one.trail_percent),
        "trail_price": text(one.trail_price),
        "hwm": text(one.hwm),
        "subtag": None,
        "source": None,
    }


def mark(state: State, asset: Asset) -> Decimal | None:
    """What an asset is worth now: the middle of its quote, or its last trade."""
    if quote := state.quotes.get(asset.symbol):
        return (quote.bid + quote.ask) / 2
    return state.trades[asset.symbol][0] if asset.symbol in state.trades else None


def value(state: State, held: Position) -> Decimal:
    """A position's value, at cost when there is no price."""
    price = mark(state, held.asset)
    return held.cost if price is None else price * held.qty


def held_for_orders(state: State, asset: Asset, side: str, but: str | None = None) -> Decimal:
    """Quantity that open orders of a side have taken hold of; of a group only the leg that is live."""
    return sum(
        (
            one.leaves
            for one in state.open_orders(asset.symbol)
            if one.side == side and one.status != "held" and not one.replacing and one.id != but
        ),
        ZERO,
    )


def position(state: State, held: Position) -> dict[str, Any]:
    """A position; its symbol has no slash (`BTCUSD`)."""
    price = mark(state, held.asset)
    worth = value(state, held)
    side = "long" if held.qty > 0 else "short"
    gain = worth - held.cost
    available = abs(held.qty) - held_for_orders(state, held.asset, "sell" if held.qty > 0 else "buy")
    return {
        "asset_id": held.asset.id,
        "symbol": held.asset.symbol.replace("/", ""),
        "exchange": held.asset.exchange,
        "asset_class": held.asset.kind,
        "asset_marginable": held.asset.kind == "us_equity",
        "qty": text(held.qty),
        "avg_entry_price": cents(held.cost / held.qty),
        "side": side,
        "market_value": cents(worth),
        "cost_basis": cents(held.cost),
        "unrealized_pl": cents(gain),
        "unrealized_plpc": cents(gain / abs(held.cost)) if held.cost else "0",
        "unrealized_intraday_pl": cents(gain),
        "unrealized_intraday_plpc": cents(gain / abs(held.cost)) if held.cost else "0",
        "current_price": text(price),
        "lastday_price": text(price),
        "change_today": "0",
        "qty_available": text(max(ZERO, available)),
    }


def asset(one: Asset) -> dict[str, Any]:
    """An asset."""
    told: dict[str, Any] = {
        "id": one.id,
        "class": one.kind,
        "exchange": one.exchange,
        "symbol": one.symbol,
        "name": one.name,
        "status": "active" if one.active else "inactive",
        "tradable": one.tradable,
        "marginable": one.kind == "us_equity",
        "maintenance_margin_requirement": 100 if one.kind == "crypto" else 30,
        "shortable": one.shortable,
        "easy_to_borrow": one.shortable,
        "fractionable": one.fractionable,
        "attributes": [],
    }
    if one.kind == "crypto":
        told |= {
            "min_order_size": text(one.min_size),
            "min_trade_increment": text(one.increment),
            "price_increment": "0.01",
        }
    return told
