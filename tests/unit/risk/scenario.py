"""Random lives of orders: a list of steps, carried out on a log as users, risk, router and a broker would."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tests.unit.risk.builders import SECOND, Log
from tradewire.domain.orders import SENT, Order, Status
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import SizeAsked
from tradewire_risk.domain.decide import Decided, decide_requested
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.profile import Profile, Setup

SYMBOLS = ("AAPL", "MSFT")
ACCOUNTS = ("paper", "second")
PRICES = ("50", "100", "101.5")
QUANTITIES = ("1", "2.5", "10", "40")
TARGETS = ("0", "5", "-5", "12.5", "30")
POSITION_LIMITS = ("1000", "2500", "6000")
EXPOSURE_LIMITS = {
    "max_gross_exposure": ("3", "6", "9"),
    "max_net_exposure": ("2", "5", "8"),
    "max_open_exposure": ("2", "4", "6"),
    "max_concentration": ("0.7", "2", "5"),
}
"""Percentages of an equity of about 100,000."""
SETUP = Setup(accounts={name: Profile(name) for name in ACCOUNTS})

Step = tuple[str, int]


class Taken(Struct, frozen=True):
    """One batch of decisions: when, after which event, at which quotes, and what came of it."""

    pos: int
    now: int
    quotes: tuple[tuple[str, str, int], ...]
    decided: list[Decided]


class Scenario:
    """Carries steps out. A number says to whom and how much; what cannot be done now is not done."""

    def __init__(self) -> None:
        limits = {"duplicate_window": "0s", "min_order_value": "0", "max_signal_age": "1h"}
        limits["max_position_value"] = "2500"
        limits |= {name: texts[1] for name, texts in EXPOSURE_LIMITS.items()}
        self.log = Log(SETUP, limits=limits, price=None)
        for account in ACCOUNTS:
            self.log.cash("100000", account=account)
        self.batches: list[Taken] = []
        self._last: dict[str, str] = {}
        self._names = 0

    def run(self, steps: Sequence[Step]) -> "Scenario":
        """Carries out all steps."""
        for name, number in steps:
            STEPS[name](self, number)
        return self

    def end(self) -> None:
        """Ends every order: decides, sends, and lets the broker cancel what is left."""
        self.quote(0)
        self.decide(0)
        for order in self._orders(Status.HELD, Status.REQUESTED):
            self._write(order, o.OrderLapsed(order=order.order, reason="X"))
        for order in self._orders(Status.APPROVED):
            self.log.submit(order)
        for order in self._orders(*SENT):
            self.log.fact(o.OrderCanceled, order)

    def _orders(self, *statuses: Status) -> list[Order]:
        return [order for order in self.log.state.orders.orders.values() if order.status in statuses]

    def _one(self, number: int, *statuses: Status) -> Order | None:
        found = self._orders(*statuses)
        return found[number % len(found)] if found else None

    def _write(self, order: Order, data: Struct) -> None:
        self.log.write(f"order-{order.order}", data)

    def _ask(self, number: int, **fields: Any) -> None:
        self._names += 1
        self.log.request(
            f"s{self._names}",
            symbol=SYMBOLS[number % 2],
            account=ACCOUNTS[number // 2 % 4 == 3],
            strategy=("momo", "mean")[number // 3 % 2],
            **fields,
        )

    def buy(self, number: int) -> None:
        self._ask(number, side="buy", quantity=QUANTITIES[number % 4])

    def burst(self, number: int) -> None:
        """Several orders that are decided together."""
        for n in range(2 + number % 5):
            (self.buy, self.sell)[number // 5 % 2](number + n)
        self.decide(0)

    def sell(self, number: int) -> None:
        self._ask(number, side="sell", quantity=QUANTITIES[number % 4], reduce_only=number % 3 == 0)

    def limit(self, number: int) -> None:
        price = Decimal(PRICES[number % 3])
        self._ask(number, side="buy", quantity=QUANTITIES[number % 4], order_type="limit", limit_price=price)

    def close(self, number: int) -> None:
        self._ask(number, side=None, quantity=None)

    def amount(self, number: int) -> None:
        size = SizeAsked(("notional", "percent_of_equity")[number % 2], Decimal(QUANTITIES[number % 4]) * 10)
        self._ask(number, side=("buy", "sell")[number // 4 % 2], quantity=None, size=size)

    def target(self, number: int) -> None:
        size = SizeAsked("target_quantity", Decimal(TARGETS[number % 5]))
        self._ask(number, side=None, quantity=None, action="target", size=size)

    def reduce(self, number: int) -> None:
        size = SizeAsked("percent_of_position", Decimal(50)) if number % 2 else None
        self._ask(number, side=None, quantity=None if size else "2.5", action="reduce", size=size)

    def decide(self, _number: int) -> None:
        log = self.log
        quotes = tuple((symbol, price, log.now) for symbol, price in self._last.items())
        decided = decide_requested(log.state, board(quotes), log.now)
        self.batches.append(Taken(log.state.pos, log.now, quotes, decided))
        for each in decided:
            log.append(each.command)

    def quote(self, number: int) -> None:
        self.log.wait(SECOND)
        for n, symbol in enumerate(SYMBOLS):
            self._last[symbol] = PRICES[(number + n) % 3]

    def submit(self, number: int) -> None:
        if order := self._one(number, Status.APPROVED):
            self.log.submit(order)

    def accept(self, number: int) -> None:
        if order := self._one(number, Status.SUBMITTING, Status.UNKNOWN):
            self.log.accept(order)

    def fill(self, number: int) -> None:
        if order := self._one(number, *SENT):
            part = order.leaves if number % 3 else order.leaves / 2
            self.log.fill(order, str(part), PRICES[number % 3])

    def reject(self, number: int) -> None:
        if order := self._one(number, Status.SUBMITTING, Status.UNKNOWN):
            self.log.fact(o.OrderRejected, order, code="X", message="no")

    def unknown(self, number: int) -> None:
        if order := self._one(number, Status.SUBMITTING):
            self.log.unknown(order)

    def never_arrived(self, number: int) -> None:
        if order := self._one(number, Status.UNKNOWN):
            self.log.never_arrived(order)

    def ask_cancel(self, number: int) -> None:
        if order := self._one(number, *Status):
            self._write(order, o.OrderCancelRequested(order=order.order, by="anna", reason="", request="r"))

    def cancel(self, number: int) -> None:
        order = self._one(number, Status.APPROVED, Status.WORKING, Status.PARTIALLY_FILLED)
        if order is None:
            return
        if order.status is Status.APPROVED:
            self._write(order, o.OrderCanceledLocally(order=order.order, reason="asked"))
        else:
            self.log.fact(o.OrderCanceled, order)

    def set_limit(self, number: int) -> None:
        held = self.log.state.controls.limits["global"].limits
        new = {name: texts[number // 3**n % 3] for n, (name, texts) in enumerate(EXPOSURE_LIMITS.items(), 1)}
        self.log.set_limits({**held, **new, "max_position_value": POSITION_LIMITS[number % 3]}, by="anna")

    def switch(self, number: int) -> None:
        scope = ("global", "symbol.AAPL", "account.paper")[number % 3]
        if number % 5 == 0:
            self.log.halt("REDUCE_ONLY", scope)
        else:
            self.log.resume(scope)


def board(quotes: Sequence[tuple[str, str, int]]) -> QuoteBoard:
    """A board with these quotes: symbol, last price, time."""
    log = Log(price=None)
    for symbol, price, at in quotes:
        log.now = at
        log.quote(symbol, price)
    return log.board


OFTEN = ("buy", "sell", "burst", "limit", "close", "decide", "decide", "quote", "submit", "submit", "fill", "fill")
"""Steps without which little happens: they are drawn more often."""

STEPS: dict[str, Callable[[Scenario, int], None]] = {
    "buy": Scenario.buy,
    "burst": Scenario.burst,
    "sell": Scenario.sell,
    "limit": Scenario.limit,
    "close": Scenario.close,
    "amount": Scenario.amount,
    "target": Scenario.target,
    "reduce": Scenario.reduce,
    "decide": Scenario.decide,
    "quote": Scenario.quote,
    "submit": Scenario.submit,
    "accept": Scenario.accept,
    "fill": Scenario.fill,
    "reject": Scenario.reject,
    "unknown": Scenario.unknown,
    "never_arrived": Scenario.never_arrived,
    "ask_cancel": Scenario.ask_cancel,
    "cancel": Scenario.cancel,
    "set_limit": Scenario.set_limit,
    "switch": Scenario.switch,
}
