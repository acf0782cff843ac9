"""What Pebble knows and what becomes of orders there. Pure: ids and numbers follow from what came before."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

CALENDARS = {"AAPL": "XNYS", "MSFT": "XNYS", "BTC/USDT": ""}
TICK, STEP, ZERO = Decimal("0.01"), Decimal("0.0001"), Decimal(0)


class RefusedError(Exception):
    """Pebble's no to an order: a code, and words that name the field."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Order(msgspec.Struct, kw_only=True):
    """An order; `id` is the customer's, `number` is Pebble's."""

    id: str
    number: str
    symbol: str
    side: str
    type: str
    life: str
    quantity: Decimal
    at: int
    limit: Decimal | None = None
    filled: Decimal = ZERO
    status: str = "open"

    @property
    def leaves(self) -> Decimal:
        return self.quantity - self.filled

    def told(self) -> dict[str, Any]:
        told = {name: str(getattr(self, name)) for name in ("id", "number", "symbol", "side", "type", "life", "status")}
        told |= {"quantity": str(self.quantity), "filled": str(self.filled)}
        return {**told, "at": self.at} | ({} if self.limit is None else {"limit_price": str(self.limit)})


class Quote(msgspec.Struct, kw_only=True):
    """The top of the book; `size` is what is left to take on either side, None has no end."""

    bid: Decimal
    ask: Decimal
    at: int
    size: Decimal | None = None


class Book(msgspec.Struct, kw_only=True):
    """One account and its market. `events` are numbered from 1 on, and are never forgotten."""

    cash: Decimal
    symbols: dict[str, str] = msgspec.field(default_factory=lambda: dict(CALENDARS))
    """By symbol its calendar; an empty one is open at all times."""
    quotes: dict[str, Quote] = {}
    orders: dict[str, Order] = {}
    held: dict[str, Decimal] = {}
    events: list[dict[str, Any]] = []

    def submit(self, told: dict[str, Any], now: int) -> Order:
        """Takes an order in and trades it as far as the market does. Raises RefusedError, and nothing was done."""
        order = Order(
            id=str(told.get("id")),
            number=f"P-{len(self.orders) + 1}",
            symbol=str(told.get("symbol")),
            side=str(told.get("side")),
            type=str(told.get("type")),
            life=str(told.get("life")),
            quantity=_multiple(told, "quantity", STEP),
            limit=_multiple(told, "limit_price", TICK) if told.get("type") == "limit" else None,
            at=now,
        )
        self._allow(order)
        self.orders[order.id] = order
        self._tell("accepted", order, now)
        self._trade(order, now)
        if order.status == "open" and order.life == "ioc":
            self.cancel(order, "nothing more to take", now)
        return order

    def _allow(self, order: Order) -> None:
        if order.symbol not in self.symbols:
            raise RefusedError("no_symbol", f"symbol {order.symbol} is not traded here")
        quote = self.quotes.get(order.symbol)
        price = order.limit or (quote.ask if quote else None)
        if price is None:
            raise RefusedError("no_price", f"symbol {order.symbol} has no price")
        if order.side == "buy" and order.quantity * price > self.cash - self.reserved:
            raise RefusedError("no_funds", f"quantity: it costs {order.quantity * price}, which is not there")
        on_sale = sum(each.leaves for each in self.working(order.symbol) if each.side == "sell")
        if order.side == "sell" and order.quantity > self.held.get(order.symbol, ZERO) - on_sale:
            raise RefusedError("no_holding", "quantity: so much is not held, or is on sale")

    def working(self, symbol: str | None = None) -> Iterator[Order]:
        """Open orders, oldest first."""
        return (each for each in self.orders.values() if each.status == "open" and symbol in {None, each.symbol})

    @property
    def reserved(self) -> Decimal:
        """What open orders may still cost."""
        return sum((each.leaves * each.limit for each in self.working() if each.side == "buy" and each.limit), ZERO)

    @property
    def equity(self) -> Decimal | None:
        """Cash and holdings at the bid; None where one has no price."""
        if not self.held.keys() <= self.quotes.keys():
            return None
        return self.cash + sum((held * self.quotes[symbol].bid for symbol, held in self.held.items()), ZERO)

    def quote(self, symbol: str, quote: Quote, now: int) -> None:
        """The market moves, and open orders trade."""
        self.symbols.setdefault(symbol, "XNYS")
        self.quotes[symbol] = quote
        for order in list(self.working(symbol)):
            self._trade(order, now)

    def cancel(self, order: Order, why: str, now: int) -> None:
        """Ends an open order."""
        order.status = "canceled"
        self._tell("canceled", order, now, filled=str(order.filled), why=why)

    def _trade(self, order: Order, now: int) -> None:
        quote = self.quotes.get(order.symbol)
        if quote is None:
            return
        price = quote.ask if order.side == "buy" else quote.bid
        if order.limit is not None and (price > order.limit if order.side == "buy" else price < order.limit):
            return
        much = order.leaves if quote.size is None else min(order.leaves, quote.size)
        if not much:
            return
        if quote.size is not None:
            quote.size -= much
        sign = 1 if order.side == "buy" else -1
        order.filled += much
        order.status = "open" if order.leaves else "filled"
        self.cash -= sign * much * price
        self.held[order.symbol] = self.held.get(order.symbol, ZERO) + sign * much
        if not self.held[order.symbol]:
            del self.held[order.symbol]
        terms = {"symbol": order.symbol, "side": order.side, "quantity": str(much), "price": str(price), "fee": "0"}
        self._tell("filled", order, now, execution=f"E-{len(self.events) + 1}", **terms)

    def _tell(self, kind: str, order: Order, now: int, **more: str) -> None:
        seq = len(self.events) + 1
        self.events.append({"seq": seq, "kind": kind, "at": now, "id": order.id, "number": order.number, **more})


def _multiple(told: dict[str, Any], field: str, step: Decimal) -> Decimal:
    """An amount above zero that fits the step."""
    try:
        value = Decimal(str(told[field]))
    except (KeyError, InvalidOperation):
        raise RefusedError("bad", f"{field} is no amount") from None
    if value <= 0 or value % step:
        raise RefusedError("bad", f"{field} is no multiple of {step} above zero")
    return value
