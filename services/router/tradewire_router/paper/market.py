"""Prices, fees and chance: what an order would get from a quote. Pure; chance comes from the seed and the order's id.

- Taking price: a buy pays the ask and a sell gets the bid, or the last trade where that side is missing. Market orders
  and triggered stops slip by `slippage_bps` against the order, to the next tick.
- A limit order that meets the market as it arrives gets the taking price; one that rests fills at its own limit.
- A stop is reached by the last trade; without one, by the side that the order would take.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from hashlib import blake2b
from zoneinfo import ZoneInfo

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE, ZERO, add, multiply, subtract
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import OrderType, Side, TimeInForce
from tradewire.settings import Paper
from tradewire_router.brokers.values import Instrument
from tradewire_router.paper.book import LiveOrder

ORDER_TYPES: tuple[OrderType, ...] = ("market", "limit", "stop", "stop_limit")
TIMES_IN_FORCE: tuple[TimeInForce, ...] = ("day", "gtc", "ioc", "fok")
_FEE_QUANTUM = Decimal("0.00000001")
_BPS = Decimal("0.0001")
_PERCENT = Decimal("0.01")
_WIDE = Context(prec=100)
_EQUITY = (Decimal("0.0001"), Decimal("0.000001"))
_PAIR = (Decimal("0.00000001"), Decimal("0.00000001"))
_NEW_YORK = ZoneInfo("America/New_York")
_CONTRACT = Decimal(100)
_option = re.compile(r"[A-Z]{1,6}(?P<year>\d\d)(?P<month>\d\d)(?P<day>\d\d)[CP]\d{8}").fullmatch
"""How the Options Clearing Corporation writes options: AAPL240119C00150000."""


def instrument(symbol: str, currency: str, terms: Paper) -> Instrument:
    """The rules of a symbol: pairs such as BTC/USDT trade in finer steps than the rest, and at all times.

    The calendar is what the symbol's exchange keeps; the broker itself takes orders in stocks at any hour.
    """
    pair = "/" in symbol
    tick, step = _PAIR if pair else _EQUITY
    option = _option(symbol)
    return Instrument(
        symbol=symbol,
        asset_class="crypto" if pair else "option" if option else "equity",
        currency=settlement_currency(symbol, currency),
        tick=tick,
        step=step,
        min_quantity=step,
        order_types=ORDER_TYPES,
        times_in_force=TIMES_IN_FORCE,
        calendar="" if pair else "XNYS",
        shortable=terms.allow_short,
        easy_to_borrow=terms.allow_short,
        multiplier=_CONTRACT if option else ONE,
        expiry=f"20{option['year']}-{option['month']}-{option['day']}" if option else "",
    )


def grid(symbol: str) -> tuple[Decimal, Decimal]:
    """The tick of prices and the step of quantities."""
    return _PAIR if "/" in symbol else _EQUITY


def taking_price(quote: Quote, side: Side) -> Decimal | None:
    """What an order that takes would get before slippage."""
    best = quote.ask if side == "buy" else quote.bid
    return best if best is not None else quote.last


def slipped(price: Decimal, side: Side, bps: Decimal, symbol: str) -> Decimal:
    """A price worsened by `bps` hundredths of a percent and put on the next tick, never to zero."""
    if not bps:
        return price
    tick = grid(symbol)[0]
    move = multiply(price, multiply(bps, _BPS))
    worse = add(price, move) if side == "buy" else subtract(price, move)
    rounded = worse.quantize(tick, ROUND_CEILING if side == "buy" else ROUND_FLOOR, _WIDE)
    return max(rounded, tick)


def fee(quantity: Decimal, price: Decimal, terms: Paper) -> Decimal:
    """The commission of an execution, to eight decimals."""
    if not terms.commission_per_share and not terms.commission_percent:
        return ZERO
    percent = multiply(multiply(quantity, price), multiply(terms.commission_percent, _PERCENT))
    return add(multiply(quantity, terms.commission_per_share), percent).quantize(_FEE_QUANTUM, ROUND_HALF_UP, _WIDE)


def stop_reached(side: Side, stop_price: Decimal, quote: Quote) -> Decimal | None:
    """The price that triggers a stop, or None while none does."""
    price = quote.last if quote.last is not None else taking_price(quote, side)
    if price is None:
        return None
    return price if (price >= stop_price if side == "buy" else price <= stop_price) else None


def fill_price(order: LiveOrder, quote: Quote, terms: Paper, *, arriving: bool) -> Decimal | None:
    """What an order fills at, or None when it does not. A stop must have been triggered before."""
    price = taking_price(quote, order.side)
    if price is None:
        return None
    limit = order.limit_price
    if limit is None:
        return slipped(price, order.side, terms.slippage_bps, order.symbol)
    if price > limit if order.side == "buy" else price < limit:
        return None
    return price if arriving else limit


def draw(seed: int, client_order_id: str, what: str) -> int:
    """A number from 0 to 2**64 - 1 that is the same for the same seed, order and use."""
    return int.from_bytes(blake2b(f"{seed}|{client_order_id}|{what}".encode(), digest_size=8).digest(), "big")


def pieces(quantity: Decimal, symbol: str, client_order_id: str, terms: Paper) -> tuple[Decimal, ...]:
    """The quantities in which an order fills: mostly one; two to four for the share of orders in `partial_ratio`."""
    if not terms.partial_ratio:
        return (quantity,)
    if draw(terms.seed, client_order_id, "partial") >= int(terms.partial_ratio * 2**64):
        return (quantity,)
    count = 2 + draw(terms.seed, client_order_id, "pieces") % 3
    return cut(quantity, symbol, count, client_order_id, terms.seed)


def cut(quantity: Decimal, symbol: str, count: int, client_order_id: str, seed: int) -> tuple[Decimal, ...]:
    """Cuts a quantity into `count` pieces of chance size, whole ones where it is whole; fewer where it is small."""
    unit = Decimal(1) if quantity == quantity.to_integral_value() else grid(symbol)[1]
    left = int(_WIDE.divide(quantity, unit))
    count = min(count, left)
    parts = []
    for after in range(count - 1, 0, -1):
        chance = 20 + draw(seed, client_order_id, f"piece {after}") % 40
        part = max(1, min(left - after, left * chance // 100))
        parts.append(part)
        left -= part
    return tuple(multiply(Decimal(part), unit) for part in (*parts, left))


def latency_seconds(client_order_id: str, terms: Paper) -> float:
    """How long the order is under way: half to one and a half times `latency_ms`."""
    if not terms.latency_ms:
        return 0.0
    return terms.latency_ms * (512 + draw(terms.seed, client_order_id, "latency") % 1024) / 1_024_000


def day_end(symbol: str, at: int) -> int:
    """When a day order of time `at` ends: midnight UTC for pairs, else the next 16:00 of a weekday in New York."""
    now = datetime.fromtimestamp(at / 1_000_000, UTC)
    if "/" in symbol:
        end = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    else:
        local = now.astimezone(_NEW_YORK)
        end = local.replace(hour=16, minute=0, second=0, microsecond=0)
        while end <= local or end.weekday() >= 5:
            end += timedelta(days=1)
    return int(end.timestamp()) * 1_000_000
