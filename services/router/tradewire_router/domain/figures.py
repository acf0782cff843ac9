"""What a broker answered about money, symbols and prices of the past, as the log tells it. Pure.

Each is true of the moment at which the broker was asked: the teller's time.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from tradewire.messages.account_events import BalancesReported, Bar, BarsReported, InstrumentReported
from tradewire_router.brokers.values import Account, Capabilities, Instrument
from tradewire_router.domain.translate import Teller

_ONE = Decimal(1)


def balances_reported(teller: Teller, told: Account, state_pos: int) -> BalancesReported:
    """The account's money. `state_pos` is what the router had folded before it asked."""
    return BalancesReported(
        account=teller.account,
        broker=teller.broker,
        at=teller.now,
        state_pos=state_pos,
        currency=told.currency,
        cash=told.cash,
        buying_power=told.buying_power,
        reserved=told.reserved,
        equity=told.equity,
        status=told.status,
    )


def says_it_already(last: BalancesReported | None, report: BalancesReported, within: int) -> bool:
    """True when the log's last report differs in nothing but its time, which is at most `within` µs before."""
    if last is None or not 0 <= report.at - last.at <= within:
        return False
    return replace(last, at=report.at, state_pos=report.state_pos) == report


def instrument_reported(teller: Teller, told: Instrument, can: Capabilities) -> InstrumentReported:
    """The rules of a symbol, at a broker that can so much."""
    return InstrumentReported(
        account=teller.account,
        broker=teller.broker,
        symbol=told.symbol,
        at=teller.now,
        asset_class=told.asset_class,
        currency=told.currency,
        tick=told.tick,
        step=told.step,
        min_quantity=told.min_quantity,
        min_notional=told.min_notional,
        max_quantity=told.max_quantity,
        multiplier=told.multiplier,
        order_types=told.order_types,
        times_in_force=told.times_in_force,
        calendar=told.calendar,
        tradable=told.tradable,
        halted=told.halted,
        shortable=told.shortable,
        easy_to_borrow=told.easy_to_borrow,
        volume=told.volume,
        price_magnifier=told.price_magnifier,
        expiry=told.expiry,
        name=told.name,
        features=can.features if told.features is None else told.features,
        refuses=(*can.refuses, *told.refuses),
    )


def no_instrument(teller: Teller, symbol: str, currency: str) -> InstrumentReported:
    """A symbol that the broker does not know: it cannot be traded, and its steps mean nothing."""
    return InstrumentReported(
        account=teller.account,
        broker=teller.broker,
        symbol=symbol,
        at=teller.now,
        asset_class="crypto" if "/" in symbol else "equity",
        currency=currency,
        tick=_ONE,
        step=_ONE,
        min_quantity=_ONE,
        tradable=False,
    )


def bars_reported(teller: Teller, symbol: str, bars: Sequence[Bar]) -> BarsReported:
    """The daily bars of a symbol."""
    return BarsReported(account=teller.account, broker=teller.broker, symbol=symbol, at=teller.now, bars=tuple(bars))
