"""What the symbol's venue takes: a known and tradable instrument, its lots, ticks and types, and nothing of our own."""

from decimal import Decimal

from tradewire.domain.exact import ONE, ZERO, add, multiply, share, subtract
from tradewire.domain.limits import Amount
from tradewire.domain.money import is_multiple, plain
from tradewire.domain.orders import Order
from tradewire.domain.times import span_text
from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.check_input import MISSING, NOT_MEASURED, PASSED, CheckInput, Outcome, lifted
from tradewire_risk.domain.limits import Bounds

_HUNDRED = Decimal(100)
_PERCENT = Decimal("0.01")


def instrument_known(i: CheckInput) -> Outcome:
    """The broker has told the symbol's rules, not longer ago than allowed."""
    limit, instrument = i.rules.bounds.max_instrument_age, i.instrument
    if limit is None:
        return MISSING
    if instrument is None:
        return NOT_MEASURED if limit.text == "none" else (None, limit.text, False)
    age = i.now - instrument.at
    return (span_text(age), limit.text, abs(age) <= limit.micros) if i.timed else ("", limit.text, True)


def tradable(i: CheckInput) -> Outcome:
    """The broker deals in the symbol and has not halted it."""
    instrument = i.instrument
    if instrument is None:
        return PASSED
    if instrument.halted or not instrument.tradable:
        return ("halted" if instrument.halted else "not tradable", "", False)
    return PASSED


def type_supported(i: CheckInput) -> Outcome:
    """The broker takes the order's type and time in force in this symbol."""
    instrument, order = i.instrument, i.order
    if instrument is None:
        return PASSED
    types, times = instrument.order_types, instrument.times_in_force
    fits = (not types or order.order_type in types) and (not times or order.time_in_force in times)
    return PASSED if fits else (f"{order.order_type} {order.time_in_force}", "", False)


def lot_fits(i: CheckInput) -> Outcome:
    """The quantity is a multiple of the instrument's step, and neither below its smallest nor above its largest.

    A size that rounds down to nothing is too small, which another check says.
    """
    instrument, quantity = i.instrument, i.quantity
    if instrument is None or not quantity:
        return PASSED
    fits = is_multiple(quantity, instrument.step) and quantity >= instrument.min_quantity
    if instrument.max_quantity is not None:
        fits = fits and quantity <= instrument.max_quantity
    return (plain(quantity), plain(instrument.step), fits)


def tick_fits(i: CheckInput) -> Outcome:
    """The limit and stop prices are multiples of the instrument's tick."""
    instrument = i.instrument
    prices = [price for price in (i.order.limit_price, i.order.stop_price) if price is not None]
    if instrument is None or not prices:
        return PASSED
    wrong = next((price for price in prices if not is_multiple(price, instrument.tick)), None)
    return (plain(prices[0] if wrong is None else wrong), plain(instrument.tick), wrong is None)


def notional_fits(i: CheckInput) -> Outcome:
    """Quantity times price is not below the smallest that the instrument deals in."""
    instrument, quantity, price = i.instrument, i.quantity, i.price
    if instrument is None or not instrument.min_notional or quantity is None or price is None:
        return PASSED
    value = multiply(quantity, price)
    return (plain(value), plain(instrument.min_notional), value >= instrument.min_notional)


def price_near(i: CheckInput) -> Outcome:
    """The limit price lies no further from the market's than allowed: less where the order would trade at once."""
    limit = _collar(i)
    if limit is None:
        return MISSING
    price, mid = i.order.limit_price, i.mid
    if price is None or i.side is None or lifted(limit):
        return NOT_MEASURED if lifted(limit) else PASSED
    if mid is None:
        return (None, limit.text, False)
    away = subtract(price, mid).copy_abs()
    percent = share(away, _HUNDRED, mid)
    return (plain(percent), limit.text, multiply(away, _HUNDRED) <= multiply(mid, limit.value))


def _collar(i: CheckInput) -> Amount | None:
    bounds = i.rules.bounds
    price, mid = i.order.limit_price, i.mid
    aggressive = price is None or mid is None or (price >= mid if i.side == "buy" else price <= mid)
    if "/" in i.order.symbol:
        return bounds.max_price_away_crypto if aggressive else bounds.max_price_away_passive_crypto
    return bounds.max_price_away if aggressive else bounds.max_price_away_passive


def not_short(i: CheckInput) -> Outcome:
    """A sale sells what is held and not on sale already, or shorting is allowed and the broker can lend the symbol."""
    limit = i.rules.bounds.allow_short
    if limit is None:
        return MISSING
    if i.side != "sell" or i.quantity is None:
        return PASSED
    after = subtract(subtract(i.position, i.working), i.quantity)
    if after >= ZERO:
        return (plain(after), limit, True)
    crypto = "/" in i.order.symbol
    return (plain(after), limit, limit == "yes" and not crypto)


def short_located(i: CheckInput) -> Outcome:
    """What would be sold short can be borrowed, as the broker says."""
    instrument = i.instrument
    if i.side != "sell" or i.quantity is None or instrument is None:
        return PASSED
    if subtract(subtract(i.position, i.working), i.quantity) >= ZERO:
        return PASSED
    fits = instrument.shortable and instrument.easy_to_borrow
    return ("easy to borrow" if fits else "not to borrow", "", fits)


def crosses_nobody(i: CheckInput) -> Outcome:
    """No working order of the account, of whatever strategy, would be the other side of this one."""
    return (i.crosses, "", False) if i.crosses else PASSED


def worst_of(order: Order, side: Side, market: Decimal | None, bounds: Bounds) -> Decimal | None:
    """The last price at which the order would trade: its limit, else the market's with the cushion."""
    if order.limit_price is not None or market is None:
        return order.limit_price
    cushion = bounds.market_order_cushion
    if cushion is None or not cushion.value:
        return market
    away = multiply(market, multiply(cushion.value, _PERCENT))
    return add(market, away) if side == "buy" else subtract(market, away)


def cushioned(price: Decimal, cushion: Amount | None) -> Decimal:
    """What a market order may cost a unit: its price and the cushion in percent, as brokers reserve for it."""
    if cushion is None or not cushion.value:
        return price
    return multiply(price, add(ONE, multiply(cushion.value, _PERCENT)))
