"""POST /v2/orders: reading the fields and what is refused because the order makes no sense."""

import json
from decimal import Decimal
from typing import Any

from tests.twins.alpaca.errors import invalid, unprocessable
from tests.twins.alpaca.matching import STOPS
from tests.twins.alpaca.money import ONE, positive
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import Asset, Order, State

SIDES = ("buy", "sell")
TYPES = ("market", "limit", "stop", "stop_limit", "trailing_stop")
TIFS = ("day", "gtc", "opg", "cls", "ioc", "fok")
CLASSES = ("simple", "bracket", "oco", "oto")
CENT = Decimal("0.01")
CLIENT_ID_MAX = 128


def fields_of(body: str) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        fields = json.loads(body, parse_float=str) if body else {}
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise invalid("request body format is invalid")
    return fields


def part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that is an object, empty when it is absent."""
    value = fields.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(f"invalid {name}")
    return value


def one_of(fields: dict[str, Any], name: str, known: tuple[str, ...]) -> str:
    """A field that has to be one of a few words."""
    value = fields.get(name)
    if value not in known:
        raise invalid(f"invalid {name}: {value}" if value else f"{name} is required")
    return str(value)


def asset_of(state: State, symbol: object) -> Asset:
    """The asset of an order; `BTCUSD` is `BTC/USD`."""
    if not symbol:
        raise invalid("symbol is required")
    known = {one.symbol.replace("/", ""): one for one in state.assets.values() if one.kind == "crypto"}
    found = state.assets.get(str(symbol)) or known.get(str(symbol))
    if found is None:
        raise unprocessable(f'asset "{symbol}" not found')
    if not found.active:
        raise unprocessable(f"asset {symbol} is not active")
    if not found.tradable:
        raise unprocessable(f"asset {symbol} is not tradable")
    return found


def client_id(state: State, options: Options, fields: dict[str, Any]) -> str:
    """The order's client id, one of the server's when there is none; no id is ever taken twice."""
    given = str(fields.get("client_order_id") or "") or state.new_id("client")
    if len(given) > CLIENT_ID_MAX:
        raise invalid(f"client_order_id must be no more than {CLIENT_ID_MAX} characters")
    if given in state.client_ids:
        refusal = invalid("client_order_id must be unique")
        refusal.body["code"] = options.duplicate_code
        raise refusal
    return given


def priced(price: Decimal | None, name: str, asset: Asset) -> Decimal | None:
    """A price on the tick: a cent, or a hundredth of it below one dollar; crypto is not bound."""
    tick = CENT if price is not None and price >= ONE else CENT / 100
    if price is not None and asset.kind == "us_equity" and price % tick:
        raise unprocessable(f"invalid {name} {price}. sub-penny increment does not fulfill minimum pricing criteria")
    return price


def read(state: State, options: Options, fields: dict[str, Any], at: int) -> Order:
    """The order, checked against itself and its asset."""
    asset = asset_of(state, fields.get("symbol"))
    one = Order(
        id="",
        client_order_id="",
        sequence=0,
        asset=asset,
        side=one_of(fields, "side", SIDES),
        type=one_of(fields, "type", TYPES),
        tif=one_of(fields, "time_in_force", TIFS),
        order_class=one_of({"order_class": fields.get("order_class") or "simple"}, "order_class", CLASSES),
        created_at=at,
        updated_at=at,
        qty=positive(fields, "qty"),
        notional=positive(fields, "notional"),
        limit_price=priced(positive(fields, "limit_price"), "limit_price", asset),
        stop_price=priced(positive(fields, "stop_price"), "stop_price", asset),
        trail_price=positive(fields, "trail_price"),
        trail_percent=positive(fields, "trail_percent"),
        extended_hours=bool(fields.get("extended_hours")),
    )
    if one.order_class == "oco" and one.limit_price is None:
        one.limit_price = priced(positive(part(fields, "take_profit"), "limit_price"), "take_profit.limit_price", asset)
    _amounts(one)
    _prices(one)
    _times(one)
    one.client_order_id = client_id(state, options, fields)
    return one


def _amounts(one: Order) -> None:
    if (one.qty is None) == (one.notional is None):
        raise invalid("qty or notional is required" if one.qty is None else "only one of qty or notional is accepted")
    if one.qty is not None and one.qty % one.asset.increment:
        raise unprocessable(f"invalid qty {one.qty}: it has to be a multiple of {one.asset.increment}")
    if one.notional is not None and one.notional < ONE:
        raise unprocessable("notional must be >= 1.00")
    parts = one.notional is not None or (one.qty is not None and one.qty % 1 != 0)
    if not parts:
        return
    if not one.asset.fractionable:
        raise unprocessable(f"asset {one.asset.symbol} is not fractionable")
    if one.asset.kind == "us_equity" and one.tif != "day":
        raise unprocessable("fractional orders must be DAY orders")
    if one.order_class != "simple":
        raise unprocessable("fractional orders must be simple orders")
    if one.qty is not None and one.qty < one.asset.min_size:
        raise unprocessable(f"qty must be at least {one.asset.min_size}")


def _prices(one: Order) -> None:
    if one.type in {"limit", "stop_limit"} and one.limit_price is None:
        raise invalid("limit orders require limit price")
    if one.type in {"stop", "stop_limit"} and one.stop_price is None:
        raise invalid("stop orders require stop price")
    if one.type == "trailing_stop" and (one.trail_price is None) == (one.trail_percent is None):
        raise invalid("trailing stop orders must specify one of trail_price or trail_percent")
    if one.type == "market" and (one.limit_price is not None or one.stop_price is not None):
        raise invalid("market orders require no stop or limit price")


def _times(one: Order) -> None:
    if one.extended_hours and one.type in STOPS:
        raise unprocessable("stop orders are not eligible for extended hours trading")
    if one.extended_hours and (one.type != "limit" or one.tif not in {"day", "gtc"}):
        raise unprocessable("extended hours order must be DAY or GTC limit orders")
    if one.asset.kind == "crypto":
        if one.tif not in {"gtc", "ioc"}:
            raise unprocessable("invalid crypto time_in_force")
        if one.type not in {"market", "limit", "stop_limit"}:
            raise unprocessable("invalid order type for crypto order")
        if one.order_class != "simple":
            raise unprocessable("crypto orders not allowed for advanced order_class: " + one.order_class)
    elif one.type in STOPS and one.tif not in {"day", "gtc"}:
        raise unprocessable("stop orders must be DAY or GTC orders")
    if one.order_class != "simple" and one.tif not in {"day", "gtc"}:
        raise unprocessable("complex orders must be DAY or GTC orders")
