"""What the symbol's venue takes: a known and tradable instrument, its lots, ticks and types, and nothing of our own."""

from decimal import Decimal

from tradewire.domain.exact import ONE, ZERO, add, multiply, negate, share, subtract
from tradewire.domain.limits import Amount
from tradewire.domain.money import is_multiple, plain
from tradewire.domain.orders import Order
from tradewire.domain.times import span_text
from tradewire.messages.vocabulary import Side
from tradewire_risk.domain.check_input import MISSING, NOT_MEASURED, PASSED, CheckInput, Outcome, lifted
from tradewire_risk.domain.exits import exit_prices
from tradewire_risk.domain.limits import Bounds

_HUNDRED = Decimal(100)
_SUPPORTED = ("equity", "crypto")
_EXTENDED = ("limit day", "limit gtc")
"""Types and times in force that every broker takes outside regular hours which takes any."""
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


def supported(i: CheckInput) -> Outcome:
    """It is a stock or a pair, one unit is worth its price, and a stock is paid in the account's currency."""
    instrument = i.instrument
    if instrument is None or i.account is None:
        return PASSED
    if instrument.asset_class not in _SUPPORTED:
        return (instrument.asset_class, " or ".join(_SUPPORTED), False)
    if instrument.multiplier != ONE:
        return (f"multiplier {plain(instrument.multiplier)}", "multiplier 1", False)
    if instrument.price_magnifier != ONE:
        return (f"prices times {plain(instrument.price_magnifier)}", "prices as they are", False)
    own = i.account.currency
    if "/" not in i.order.symbol and instrument.currency != own:
        return (f"paid in {instrument.currency}", f"paid in {own}", False)
    return PASSED


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
    lives = not times or order.time_in_force in times
    if lives and (not types or order.order_type in types):
        return PASSED
    until = f"time_in_force {' or '.join(times)}" if times else "any time_in_force"
    taken = f"{', '.join(types) or 'any'} orders with {until}"
    fix = "" if lives else f"; add --time-in-force {times[0]}, or the field to the signal"
    return (f"{order.order_type} {order.time_in_force}", f"{taken}{fix}", False)


def features_supported(i: CheckInput) -> Outcome:
    """The broker takes what the order asks for beside its type, as far as it has told what it takes."""
    if not i.wants or i.instrument is None:
        return PASSED
    order = i.order
    if "extended_hours" in i.wants and "extended_other" in i.instrument.refuses:
        kind = f"{order.order_type} {order.time_in_force}"
        if kind not in _EXTENDED:
            return (f"{kind} order with extended_hours", f"{' and '.join(_EXTENDED)} orders", False)
    if i.instrument.features is None:
        return PASSED
    lacking = [each for each in i.wants if each not in i.instrument.features]
    return (" and ".join(lacking), ", ".join(i.instrument.features) or "none", False) if lacking else PASSED


def kind_taken(i: CheckInput) -> Outcome:
    """The broker takes orders such as this one makes of what is held: a fraction, a short sale, a turn through zero."""
    instrument, quantity = i.instrument, i.quantity
    if instrument is None or not instrument.refuses or quantity is None:
        return PASSED
    refuses = instrument.refuses
    if "fraction" in refuses and i.notional is None and not is_multiple(quantity, ONE):
        return ("takes no fraction", "send whole units", False)
    lasting = "lasting_fraction" in refuses and i.order.time_in_force != "day"
    if lasting and (i.notional is not None or not is_multiple(quantity, ONE)):
        return ("takes fractions for the day alone", "send whole units, or with time_in_force day", False)
    if i.exit:
        return PASSED
    held = i.position if i.side == "sell" else negate(i.position)
    after = subtract(subtract(held, i.working), quantity)
    if after >= ZERO:
        return PASSED
    if i.side == "sell" and "short" in refuses:
        return ("sells nothing short", "sell no more than is held and not on sale already", False)
    if "turn" in refuses and held > ZERO:
        return ("turns no position through zero in one order", "close the position first", False)
    return PASSED


def exits_fit(i: CheckInput) -> Outcome:
    """The exits lie on their sides of the entry."""
    return (i.exits_problem, "", False) if i.exits_problem else PASSED


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
    """The prices of the order and its exits, and a trailing distance, are multiples of the instrument's tick."""
    instrument, order = i.instrument, i.order
    own = (order.limit_price, order.stop_price, order.trail_amount, *exit_prices(i.exits))
    prices = [price for price in own if price is not None]
    if instrument is None or not prices:
        return PASSED
    wrong = next((price for price in prices if not is_multiple(price, instrument.tick)), None)
    return (plain(prices[0] if wrong is None else wrong), plain(instrument.tick), wrong is None)


def notional_fits(i: CheckInput) -> Outcome:
    """Quantity times price, or the money that the broker is told, is not below the smallest that it deals in."""
    instrument, quantity, price = i.instrument, i.quantity, i.price
    if instrument is None or not instrument.min_notional or quantity is None or price is None:
        return PASSED
    value = multiply(quantity, price) if i.notional is None else i.notional
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
