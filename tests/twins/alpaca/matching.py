"""A small deterministic book: one quote per symbol that the tests set, orders in the order of their arrival.

The model: a market order takes the other side of the quote; a limit takes it when the quote is at its price or
better; a stop is touched by the other side of the quote or by a trade; sizes of the quote are used up, so that a small
one fills in parts.
"""

from decimal import ROUND_DOWN, Decimal

from tests.twins.alpaca import groups
from tests.twins.alpaca.events import change, fill
from tests.twins.alpaca.money import ZERO
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.state import Order, Quote, State

LIVE = ("new", "partially_filled", "pending_cancel", "pending_replace")
STOPS = ("stop", "stop_limit", "trailing_stop")
SHARE = Decimal("0.000000001")
HUNDRED = Decimal(100)


def tradable_now(state: State, one: Order) -> bool:
    """Whether the session lets an order trade."""
    if one.asset.kind == "crypto":
        return True
    if state.session == "open":
        return one.tif not in {"opg", "cls"}
    return state.session in {"pre", "after"} and one.extended_hours


def arrive(state: State, options: Options, one: Order, at: int) -> None:
    """An accepted order reaches the market, or waits for it to open."""
    if one.status == "held":
        return
    if not tradable_now(state, one):
        if one.status == "pending_new":
            change(state, options, one, "accepted", at)
        return
    change(state, options, one, "new", at)
    match(state, options, one.asset.symbol, at)
    if one.tif in {"ioc", "fok"} and one.open:
        change(state, options, one, "canceled", at)
        groups.ended(state, options, one, at)


def match(state: State, options: Options, symbol: str, at: int, last: Decimal | None = None) -> None:
    """Lets the orders of a symbol trade against its quote; `last` is a trade that touches stops."""
    quote = state.quotes.get(symbol)
    for one in state.open_orders(symbol):
        if not tradable_now(state, one):
            continue
        ready = groups.watched(state, one)
        if not ready and one.status not in LIVE:
            continue
        if one.type in STOPS and not one.triggered:
            price = last if last is not None else _side(quote, one)
            if price is None or not _touched(one, price):
                continue
            one.triggered = True
            if ready:
                groups.takes_over(state, options, one, at)
        elif ready:
            continue
        if quote is not None:
            trade(state, options, one, quote, at)


def _side(quote: Quote | None, one: Order) -> Decimal | None:
    """The price that an order would trade at."""
    if quote is None:
        return None
    return quote.ask if one.side == "buy" else quote.bid


def _touched(one: Order, price: Decimal) -> bool:
    """Whether a stop's price is touched; a trailing stop first follows the best price."""
    buys = one.side == "buy"
    if one.type == "trailing_stop":
        if one.hwm is None or (price < one.hwm if buys else price > one.hwm):
            one.hwm = price
        away = one.trail_price if one.trail_price is not None else one.hwm * (one.trail_percent or ZERO) / HUNDRED
        one.stop_price = one.hwm + away if buys else one.hwm - away
    if one.stop_price is None:
        return False
    return price >= one.stop_price if buys else price <= one.stop_price


def trade(state: State, options: Options, one: Order, quote: Quote, at: int) -> None:
    """Fills what the quote gives."""
    buys = one.side == "buy"
    price, size = (quote.ask, quote.ask_size) if buys else (quote.bid, quote.bid_size)
    limit = one.limit_price if one.type in {"limit", "stop_limit"} else None
    if limit is not None and (price > limit if buys else price < limit):
        return
    wanted = one.leaves
    if one.notional is not None:
        wanted = ((one.notional - one.filled_value) / price).quantize(SHARE, ROUND_DOWN)
    qty = wanted if size is None else min(wanted, size)
    if qty <= ZERO or (one.tif == "fok" and qty < wanted):
        return
    if size is not None and buys:
        quote.ask_size = size - qty
    elif size is not None:
        quote.bid_size = size - qty
    fill(state, options, one, qty, price, at)
    groups.filled(state, options, one, at)


def auction(state: State, options: Options, tif: str, at: int) -> None:
    """The opening or closing auction: its orders trade once, and what is left is canceled."""
    for one in state.open_orders():
        if one.tif != tif:
            continue
        change(state, options, one, "new", at)
        if quote := state.quotes.get(one.asset.symbol):
            trade(state, options, one, quote, at)
        if one.open:
            change(state, options, one, "canceled", at)


def session(state: State, options: Options, name: str, at: int) -> None:
    """The market's day: `pre`, `open`, `after`, `closed`. DAY orders expire when their last session has ended."""
    before, state.session = state.session, name
    if before == "open" and name != "open":
        auction(state, options, "cls", at)
    if name == "open":
        auction(state, options, "opg", at)
    for one in state.open_orders():
        over = name == "closed" or (name == "after" and not one.extended_hours)
        if over and before in {"open", "after"} and one.tif == "day" and one.asset.kind != "crypto" and not one.parent:
            change(state, options, one, "expired", at)
            groups.ended(state, options, one, at)
        elif one.status == "accepted" and tradable_now(state, one):
            arrive(state, options, one, at)
    for symbol in list(state.quotes):
        match(state, options, symbol, at)
