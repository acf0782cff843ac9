"""A log in memory for tests: events with positions and versions, folded into a RiskState as they are written."""

from decimal import Decimal
from typing import Any, Literal

from msgspec import Raw, Struct

from tradewire import ids
from tradewire.domain.account_book import AccountBook
from tradewire.domain.orders import Order
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.log import Command, Event, Frame
from tradewire.messages.quotes import Quote
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import Side
from tradewire.settings import Risk
from tradewire_risk.domain.decide import Batch, Decided, decide_requested
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.state import RiskState
from tradewire_risk.settings import limit_texts

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
NOW = 1_767_366_000 * SECOND
"""2026-01-02 15:00:00 UTC."""

LIFTED = dict.fromkeys(
    (
        "max_balance_age",
        "max_instrument_age",
        "max_gross_exposure",
        "max_net_exposure",
        "max_open_exposure",
        "max_open_orders",
        "max_daily_loss_percent",
        "max_drawdown",
        "max_orders_per_second",
        "max_orders_per_minute",
        "max_orders_per_day",
        "max_repeated_executions",
        "max_price_away",
        "max_price_away_passive",
        "max_price_away_crypto",
        "max_price_away_passive_crypto",
        "market_order_cushion",
    ),
    "none",
)
"""What has tests of its own, and would stand in the way of all others."""
LIMITS = {**limit_texts(Risk()), **LIFTED, "allow_short": "yes"}
PAPER = Setup(accounts={"paper": Profile("paper")})


class Log:
    """Writes events and folds them. `state` is what risk makes of them, `board` the quotes, `now` the time."""

    def __init__(self, setup: Setup = PAPER, limits: dict[str, str] | None = None, price: str | None = "100") -> None:
        self.state, self.board, self.now = RiskState(setup), QuoteBoard(), NOW
        self.events: list[Event] = []
        self.versions: dict[str, int] = {}
        if limits is None or limits:
            self.set_limits(LIMITS if limits is None else {**LIMITS, **limits})
        if price is not None:
            self.quote("AAPL", price)

    def write(self, stream: str, data: Struct, *, writer: str = "test", fold: bool = True) -> Event:
        version = self.versions.get(stream, 0) + 1
        n = len(self.events) + 1
        new = new_event(stream, version, ids.derive("test", str(n)), data, time=self.now, correlation=None)
        event = Event(
            n, stream, version, new.event_id, new.type, 1, self.now, self.now, writer, None, None, Raw(bytes(new.data))
        )
        return self._take(event, fold)

    def _take(self, event: Event, fold: bool) -> Event:
        self.versions[event.stream] = event.version
        self.events.append(event)
        if fold:
            self.state.apply(Frame("log", 1, event.pos, event.pos, event.pos, "", (event,)))
        return event

    def append(self, command: Command) -> list[Event]:
        """What the sequencer does with a command whose versions and guards hold.

        Raises:
            AssertionError: they do not.
        """
        for guard in command.guards:
            assert self.versions.get(guard.stream, 0) == guard.version, guard
        written = []
        for new in command.events:
            version = self.versions.get(new.stream, 0) + 1
            assert new.version in {None, version}, new
            assert new.event_id not in {event.event_id for event in self.events}, new
            n = len(self.events) + 1
            event = Event(
                n,
                new.stream,
                version,
                new.event_id,
                new.type,
                new.schema,
                self.now,
                new.time,
                "risk",
                new.correlation_id,
                new.causation_id,
                new.data,
            )
            written.append(self._take(event, fold=True))
        return written

    def set_limits(self, limits: dict[str, str], scope: str = "global", by: str = "configuration") -> None:
        held = self.state.controls.limits.get(scope)
        old = held.limits if held else {}
        self.write(f"limits-{scope}", a.LimitSet(scope=scope, limits=limits, old=old, by=by, reason="test"))

    def halt(self, level: Literal["REDUCE_ONLY", "HALT", "KILL"], scope: str = "global") -> None:
        self.write(f"control-{scope}", a.Halted(scope=scope, level=level, by="anna", reason="test", request="r"))

    def resume(self, scope: str = "global") -> None:
        self.write(f"control-{scope}", a.Resumed(scope=scope, by="anna", reason="test", request="r"))

    def quote(self, symbol: str, last: str | None = None, *, age: int = 0, **sides: str) -> None:
        prices: dict[str, Any] = {name: Decimal(text) for name, text in sides.items()}
        quote = Quote(symbol, self.now - age, last=None if last is None else Decimal(last), **prices)
        assert self.board.hear(quote, "sim")

    def request(self, name: str, side: Side | None = "buy", quantity: str | None = "10", **fields: Any) -> Order:
        """Asks for an order; `name` names its signal."""
        order = ids.order_uuid(ids.derive("signal", name), fields.get("account", "paper"), fields.get("leg", 0))
        defaults: dict[str, Any] = {
            "signal": ids.derive("signal", name),
            "signal_id": name,
            "strategy": "momo",
            "account": "paper",
            "symbol": "AAPL",
            "action": side or "close",
            "identity": "test",
            "signal_time": self.now,
        }
        amount = None if quantity is None else Decimal(quantity)
        data = o.OrderRequested(order=order, side=side, quantity=amount, **{**defaults, **fields})
        self.write(f"order-{order}", data)
        return self.order(order)

    def instrument(self, symbol: str = "AAPL", **fields: Any) -> None:
        """The broker tells a symbol's rules."""
        defaults: dict[str, Any] = {
            "account": "paper",
            "broker": "paper",
            "at": self.now,
            "asset_class": "equity",
            "currency": "USD",
            "tick": Decimal("0.01"),
            "step": Decimal("0.01"),
            "min_quantity": Decimal("0.01"),
        }
        data = a.InstrumentReported(symbol=symbol, **{**defaults, **fields})
        self.write(f"account-{data.account}", data)

    def balances(self, buying_power: str, **fields: Any) -> None:
        """The broker tells an account's money, as of now."""
        defaults: dict[str, Any] = {
            "account": "paper",
            "broker": "paper",
            "at": self.now,
            "state_pos": len(self.events),
            "currency": "USD",
        }
        power = Decimal(buying_power)
        data = a.BalancesReported(**{"cash": power, "buying_power": power, **defaults, **fields})
        self.write(f"account-{data.account}", data)

    def order(self, order: str) -> Order:
        return self.state.orders.orders[order]

    def decide(self, order: Order) -> Decided:
        """Decides one requested order alone, and writes nothing."""
        return Batch(self.state, self.board, self.now).decide(order)

    def run(self) -> list[Decided]:
        """Decides everything that is requested in one batch, and writes it."""
        decided = decide_requested(self.state, self.board, self.now)
        for each in decided:
            self.append(each.command)
        return decided

    def approve(self, name: str, side: Side | None = "buy", quantity: str | None = "10", **fields: Any) -> Order:
        """Asks for an order and has it approved, at another minute than any other, so that no two are duplicates."""
        order = self.request(name, side, quantity, **fields)
        (decided,) = self.run()
        assert decided.reason is None, decided.data
        return self.order(order.order)

    def submit(self, order: Order) -> None:
        client = ids.client_order_id(order.order, order.attempt)
        self.write(
            f"order-{order.order}",
            o.OrderSubmitStarted(
                order=order.order,
                attempt=order.attempt,
                client_order_id=client,
                account=order.account,
                broker="paper",
                epoch=1,
                state_pos=0,
            ),
        )

    def unknown(self, order: Order) -> None:
        client = ids.client_order_id(order.order, order.attempt)
        self.write(
            f"order-{order.order}",
            o.OrderSubmitUnknown(order=order.order, attempt=order.attempt, client_order_id=client, reason="timeout"),
        )

    def never_arrived(self, order: Order) -> None:
        client = ids.client_order_id(order.order, order.attempt)
        self.write(
            f"order-{order.order}",
            o.OrderSubmitNeverArrived(
                order=order.order, attempt=order.attempt, client_order_id=client, evidence="asked"
            ),
        )

    def fact(self, kind: type[Struct], order: Order, **fields: Any) -> None:
        """Writes a broker's fact."""
        client = ids.client_order_id(order.order, order.attempt)
        common = {"client_order_id": client, "broker": "paper", "account": order.account, "evidence": "test"}
        self.write(f"order-{order.order}", kind(order=order.order, **common, **fields))

    def accept(self, order: Order) -> None:
        self.fact(o.OrderAccepted, order)

    def fill(self, order: Order, quantity: str, price: str = "100", fee: str = "0") -> None:
        self.fact(
            o.OrderFilled,
            order,
            strategy=order.strategy,
            symbol=order.symbol,
            side=order.side,
            quantity=Decimal(quantity),
            price=Decimal(price),
            execution=f"x{len(self.events)}",
            fee=Decimal(fee),
        )

    def cash(self, amount: str, currency: str = "USD", reason: str = "opening", account: str = "paper") -> None:
        self.write(
            f"account-{account}",
            a.CashMoved(account=account, amount=Decimal(amount), currency=currency, reason=reason),
        )

    def mark(self, symbol: str, price: str, account: str = "paper") -> None:
        """Records what a symbol is worth."""
        marks = {symbol: a.Mark(Decimal(price), self.now + 1)}
        self.write(
            f"account-{account}",
            a.MarksRecorded(account=account, marks=marks, day="", reason="test", state_pos=self.state.pos),
        )

    def hold(self, quantity: str, symbol: str = "AAPL", price: str = "100", account: str = "paper") -> None:
        """Gives the account a signed position, without an order of ours."""
        amount = Decimal(quantity)
        self.write(
            f"account-{account}",
            ExternalFillBooked(
                account=account,
                broker="paper",
                broker_order_id="b",
                symbol=symbol,
                side="buy" if amount > 0 else "sell",
                quantity=abs(amount),
                price=Decimal(price),
                execution=f"e{len(self.events)}",
            ),
        )

    def book(self, account: str = "paper") -> AccountBook:
        return self.state.accounts.books[account]

    def wait(self, micros: int) -> None:
        """Time passes; the quotes come again."""
        self.now += micros
