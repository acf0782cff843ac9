"""The account, its positions, instruments and prices, as Alpaca tells them. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tradewire.domain.exact import ONE, ZERO
from tradewire.messages.account_events import Bar
from tradewire.messages.bars import LENGTHS
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Feature, OrderType, Refused, Timeframe, TimeInForce
from tradewire_router.brokers import values as v
from tradewire_router.brokers.alpaca.words import Json, amount, needed, symbol_of, time_of

_CENT, _HUNDREDTH = Decimal("0.01"), Decimal("0.0001")
_SHARE_STEP = Decimal("0.000000001")
_LEAST_WORTH, _LEAST_WORTH_OF_COINS = ONE, Decimal(10)
"""What an order of a fractionable share, and one of a coin for dollars, has to be worth at the market: for less Alpaca
answers `cost basis must be >= minimal amount of order` (code 40310000)."""
_NEW_YORK = ZoneInfo("America/New_York")
_EQUITY_TYPES: tuple[OrderType, ...] = ("market", "limit", "stop", "stop_limit", "trailing_stop")
_EQUITY_TIMES: tuple[TimeInForce, ...] = ("day", "gtc", "ioc", "fok", "opg", "cls")
_COIN_TYPES: tuple[OrderType, ...] = ("market", "limit", "stop_limit")
_COIN_TIMES: tuple[TimeInForce, ...] = ("gtc", "ioc")
_COIN_FEATURES: tuple[Feature, ...] = ("notional", "replace")
_SHARES_REFUSE: tuple[Refused, ...] = ("lasting_fraction", "extended_other")
_WHOLE_FEATURES: tuple[Feature, ...] = ("extended_hours", "trail_percent", "bracket", "oto", "replace")
_BLOCKS = ("trading_blocked", "account_blocked", "trade_suspended_by_user")


def balance(account: str, told: Json) -> v.Balance:
    """The cash; available is what no order in working has taken hold of. Raises BrokerError."""
    cash = needed(told, "cash")
    free = amount(told, "non_marginable_buying_power")
    available = cash if free is None else min(cash, free)
    return v.Balance(account=account, asset=str(told.get("currency") or "USD"), total=cash, available=available)


def account_of(account: str, told: Json) -> v.Account:
    """The account as a whole. Raises BrokerError."""
    money = balance(account, told)
    return v.Account(
        account=account,
        currency=money.asset,
        cash=money.total,
        buying_power=needed(told, "buying_power"),
        equity=amount(told, "equity"),
        reserved=max(ZERO, money.total - money.available),
        status=_status(told),
    )


def _status(told: Json) -> Literal["active", "closed", "restricted", "suspended"]:
    said = str(told.get("status"))
    if "CLOSED" in said:
        return "closed"
    if said != "ACTIVE":
        return "suspended"
    return "restricted" if any(told.get(block) for block in _BLOCKS) else "active"


def position(account: str, told: Json) -> v.Position:
    """A holding. Raises BrokerError."""
    quantity = abs(needed(told, "qty"))
    return v.Position(
        account=account,
        symbol=symbol_of(told),
        quantity=-quantity if told.get("side") == "short" else quantity,
        average_price=amount(told, "avg_entry_price"),
    )


def instrument(symbol: str, told: Json, price: Decimal | None) -> v.Instrument:
    """The rules of an asset. Prices below one dollar have finer steps, which `price` decides. Raises BrokerError."""
    coin = told.get("class") == "crypto" or told.get("asset_class") == "crypto"
    if coin:
        step = amount(told, "min_trade_increment") or _SHARE_STEP
        tick, least = amount(told, "price_increment") or _SHARE_STEP, amount(told, "min_order_size") or step
    else:
        step = _SHARE_STEP if told.get("fractionable") else ONE
        tick, least = _HUNDREDTH if price is not None and price < ONE else _CENT, step
    currency = symbol.partition("/")[2] or "USD"
    tradable = bool(told.get("tradable")) and told.get("status", "active") == "active"
    return v.Instrument(
        symbol=symbol,
        asset_class="crypto" if coin else "equity",
        currency=currency,
        tick=tick,
        step=step,
        min_quantity=least,
        min_notional=_least_worth(currency, coin=coin, fractions=step != ONE),
        order_types=_COIN_TYPES if coin else _EQUITY_TYPES,
        times_in_force=_COIN_TIMES if coin else _EQUITY_TIMES,
        calendar="" if coin else "XNYS",
        tradable=tradable,
        shortable=bool(told.get("shortable")),
        easy_to_borrow=bool(told.get("easy_to_borrow")),
        name=str(told.get("name") or ""),
        features=_COIN_FEATURES if coin else ("notional", *_WHOLE_FEATURES) if step != ONE else _WHOLE_FEATURES,
        refuses=() if coin else _SHARES_REFUSE,
    )


def _least_worth(currency: str, *, coin: bool, fractions: bool) -> Decimal:
    if coin:
        return _LEAST_WORTH_OF_COINS if currency == "USD" else ZERO
    return _LEAST_WORTH if fractions else ZERO


def quote(symbol: str, told: Mapping[str, Any], *, delayed: bool) -> Quote | None:
    """The latest quote. Raises BrokerError."""
    found = (told.get("quotes") or {}).get(symbol)
    return quote_of(symbol, found, time_of(found, "t"), delayed=delayed) if found else None


def quote_of(symbol: str, told: Json, at: int, *, delayed: bool) -> Quote:
    """A quote of a time (µs); a side of zero is none. Raises BrokerError."""
    bid, ask = amount(told, "bp"), amount(told, "ap")
    return Quote(symbol=symbol, at=at, bid=bid or None, ask=ask or None, delayed=delayed)


def bars(symbol: str, told: Mapping[str, Any], timeframe: Timeframe, now: int) -> list[Bar]:
    """Bars, oldest first, without the one that is not over. Raises BrokerError."""
    today, length = _day(now, symbol), LENGTHS[timeframe]
    found = {}
    for bar in (told.get("bars") or {}).get(symbol) or ():
        at = time_of(bar, "t")
        if _day(at, symbol) < today if timeframe == "1d" else at + length <= now:
            opened, high, low, close = (needed(bar, name) for name in ("o", "h", "l", "c"))
            found[at] = Bar(at, opened, high, low, close, amount(bar, "v") or ZERO)
    return [found[at] for at in sorted(found)]


def _day(at: int, symbol: str) -> str:
    """The day of a bar: New York's, and UTC's of a coin."""
    zone = UTC if "/" in symbol else _NEW_YORK
    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(zone).date().isoformat()
