"""Pebble on the kit: its calls, its stream, and the verbs by which whoever tests moves its market."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from tests.twins.kit.clock import Clock
from tests.twins.kit.venue import Answer, Call, Push

from pebble_twin.book import STEP, TICK, Book, Order, Quote, RefusedError

Json = dict[str, Any]
WINDOW = 60_000_000
STREAM = "/stream/"


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a Pebble: the key, the money, and how many calls a minute it takes."""

    key: str = "pebble-key"
    cash: str = "100000"
    rate: int = 300


def options(given: dict[str, str]) -> Options:
    """Options from texts. Raises ValueError for one that there is not."""
    try:
        return msgspec.convert(given, Options, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


class Stream:
    """One client's stream: what it missed, then what happens."""

    channel = "events"
    ready = True
    closing = False

    def __init__(self, book: Book, after: int, clock: Clock) -> None:
        self._book, self._after, self._clock = book, after, clock
        self._opened = False

    def opened(self) -> list[str | bytes]:
        self._opened = True
        missed = self._book.events[self._after :]
        return [json.dumps(told) for told in ({"kind": "ready", "at": self._clock.now}, *missed, {"kind": "live"})]

    def received(self, _frame: str | bytes) -> list[str | bytes]:
        return []

    def framed(self, push: Push) -> str | bytes | None:
        return json.dumps(push.message) if self._opened else None  # until then, it is among what was missed

    def readable(self, frame: str | bytes) -> object:
        return json.loads(frame)


class Pebble:
    """One account at Pebble."""

    name = "pebble"
    secret_names = frozenset({"x-key", "key"})

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self.options, self.clock = options or Options(), clock or Clock()
        self.book = Book(cash=Decimal(self.options.cash))
        self._told = 0
        self._recent: deque[int] = deque()

    def refused(self, call: Call) -> Answer | None:
        if call.headers.get("x-key") != self.options.key:
            return Answer(status=401, body={"error": "key", "text": "this key opens nothing"})
        while self._recent and self._recent[0] <= self.clock.now - WINDOW:
            self._recent.popleft()
        if len(self._recent) >= self.options.rate:
            return Answer(status=429, body={"error": "rate", "text": f"more than {self.options.rate} calls a minute"})
        self._recent.append(self.clock.now)
        return None

    def changes(self, call: Call) -> bool:
        return call.method != "GET"

    def handle(self, call: Call) -> Answer:
        path, _, rest = call.path.removeprefix("/").partition("/")
        handler = CALLS.get((call.method, path, bool(rest)))
        if handler is None:
            return Answer(status=404, body={"error": "path", "text": f"there is no {call.name}"})
        return handler(self, call, rest)

    def do(self, verb: str, args: Json) -> Json:
        if verb != "quote":
            raise ValueError(f"{verb!r} is not a verb; the one that there is is quote")
        size = Decimal(args["size"]) if "size" in args else None
        quote = Quote(bid=Decimal(args["bid"]), ask=Decimal(args["ask"]), size=size, at=self.clock.now)
        self.book.quote(str(args["symbol"]), quote, self.clock.now)
        return {}

    def taken(self) -> list[Push]:
        new, self._told = self.book.events[self._told :], len(self.book.events)
        return [Push(channel=Stream.channel, kind=told["kind"], message=told) for told in new]

    def verbs(self) -> Mapping[str, str]:
        return {"quote": "symbol, bid, ask, size?: the top of the book; orders trade against it"}

    def ledger(self) -> Json:
        book = self.book
        return {
            "cash": str(book.cash),
            "orders": [order.told() for order in book.orders.values()],
            "executions": [told for told in book.events if told["kind"] == "filled"],
            "positions": {symbol: str(held) for symbol, held in book.held.items()},
        }

    def session(self, path: str, headers: Mapping[str, str], _others: int) -> Stream | Answer | None:
        if headers.get("x-key") != self.options.key:
            return Answer(status=401, body={"error": "key", "text": "this key opens nothing"})
        after = path.removeprefix(STREAM)
        if not path.startswith(STREAM) or not after.isdecimal():
            return None
        return Stream(self.book, int(after), self.clock)


def _submit(venue: Pebble, call: Call, _rest: str) -> Answer:
    told = json.loads(call.body)
    if (known := venue.book.orders.get(str(told.get("id")))) is not None:
        return Answer(status=409, body={"error": "taken", "text": f"id {known.id} is taken", "order": known.told()})
    try:
        return Answer(body=venue.book.submit(told, venue.clock.now).told())
    except RefusedError as refused:
        return Answer(status=422, body={"error": refused.code, "text": refused.text})


def _found(venue: Pebble, client_id: str) -> Order | None:
    return venue.book.orders.get(client_id)


def _cancel(venue: Pebble, _call: Call, rest: str) -> Answer:
    order = _found(venue, rest)
    if order is None:
        return Answer(status=404, body={"error": "order", "text": f"there is no order {rest}"})
    if order.status != "open":
        return Answer(status=409, body={"error": "over", "text": f"order {rest} is {order.status}"})
    venue.book.cancel(order, "asked for", venue.clock.now)
    return Answer(body=order.told())


def _order(venue: Pebble, _call: Call, rest: str) -> Answer:
    order = _found(venue, rest)
    if order is None:
        return Answer(status=404, body={"error": "order", "text": f"there is no order {rest}"})
    return Answer(body=order.told())


def _orders(venue: Pebble, call: Call, _rest: str) -> Answer:
    since = int(call.query.get("since", 0))
    orders = venue.book.working() if "open" in call.query else iter(venue.book.orders.values())
    return Answer(body={"orders": [order.told() for order in orders if order.at >= since]})


def _executions(venue: Pebble, call: Call, _rest: str) -> Answer:
    events = venue.book.events
    after = int(call.query.get("after", 0))
    return Answer(body={"executions": [e for e in events[after:] if e["kind"] == "filled"], "seq": len(events)})


def _account(venue: Pebble, _call: Call, _rest: str) -> Answer:
    book, equity = venue.book, venue.book.equity
    money = {"cash": str(book.cash), "reserved": str(book.reserved), "equity": None if equity is None else str(equity)}
    held = {symbol: str(quantity) for symbol, quantity in book.held.items()}
    return Answer(body={"currency": "USD", "positions": held, **money})


def _symbol(venue: Pebble, call: Call, _rest: str) -> Answer:
    name = call.query.get("name", "")
    if name not in venue.book.symbols:
        return Answer(status=404, body={"error": "symbol", "text": f"{name} is not traded here"})
    calendar = venue.book.symbols[name]
    return Answer(body={"symbol": name, "currency": "USD", "tick": str(TICK), "step": str(STEP), "calendar": calendar})


def _quote(venue: Pebble, call: Call, _rest: str) -> Answer:
    symbol = call.query.get("symbol", "")
    quote = venue.book.quotes.get(symbol)
    if quote is None:
        return Answer(status=404, body={"error": "quote", "text": f"{symbol} has no price"})
    return Answer(body={"symbol": symbol, "at": quote.at, "bid": str(quote.bid), "ask": str(quote.ask)})


def _clock(venue: Pebble, _call: Call, _rest: str) -> Answer:
    return Answer(body={"at": venue.clock.now, "seq": len(venue.book.events)})


CALLS: dict[tuple[str, str, bool], Callable[[Pebble, Call, str], Answer]] = {
    ("POST", "orders", False): _submit,
    ("DELETE", "orders", True): _cancel,
    ("GET", "orders", True): _order,
    ("GET", "orders", False): _orders,
    ("GET", "executions", False): _executions,
    ("GET", "account", False): _account,
    ("GET", "symbol", False): _symbol,
    ("GET", "quote", False): _quote,
    ("GET", "clock", False): _clock,
}
