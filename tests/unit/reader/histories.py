"""Made-up histories: valid events of orders, accounts, switches and leases, in an order that a seed decides."""

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct

from tests.builders import TIME, approved, denied, fact, requested, started
from tradewire import ids
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.chain import genesis
from tradewire.messages.log import Event, Frame
from tradewire.messages.registry import new_event
from tradewire.messages.signals_events import SignalReceived
from tradewire.messages.system_events import LeaseGranted
from tradewire_ledger.domain.decide import Accepted
from tradewire_ledger.domain.framing import Chained, Head, chain

LOG = ids.derive("test", "log")
SYMBOLS = ("AAPL", "MSFT", "BTC/USD", "BRK.B")


class History:
    """Events in the order in which they are to be appended; `taken` says how many have been given away."""

    def __init__(self, seed: int = 0, accounts: tuple[str, ...] = ("paper", "live")) -> None:
        self.random = random.Random(seed)
        self.accounts = accounts
        self.accepted: list[Accepted] = []
        self.taken = 0
        self._versions: dict[str, int] = {}
        self._count = 0

    def add(self, stream: str, data: Struct, writer: str = "router", signal: str | None = None) -> Accepted:
        """Appends an event to a stream."""
        self._count += 1
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        time = TIME + self._count * 1_000
        event_id = ids.derive("history", stream, str(version))
        item = Accepted(new_event(stream, version, event_id, data, time=time, correlation=signal), version, writer)
        self.accepted.append(item)
        return item

    def wait(self, seconds: int) -> None:
        """Lets time go by; otherwise an event comes every millisecond."""
        self._count += seconds * 1_000

    def take(self, count: int | None = None) -> list[Accepted]:
        """The next events that have not been given away."""
        items = self.accepted[self.taken :][:count]
        self.taken += len(items)
        return items

    def open_account(self, account: str, cash: str = "100000") -> None:
        data = a.CashMoved(account=account, amount=Decimal(cash), currency="USD", reason="opening")
        self.add(f"account-{account}", data)

    def begin(self) -> None:
        """What every log begins with: cash, limits, leases and a switch thrown and lifted."""
        for account in self.accounts:
            self.open_account(account)
        self.add("limits-global", a.LimitSet(scope="global", limits={"x": "1"}, old={}, by="c", reason="r"), "risk")
        lease = LeaseGranted(name="router-paper", holder="r1", writer="router", epoch=1)
        self.add("lease-router-paper", lease, "sequencer")
        halted = a.Halted(scope="symbol.MSFT", level="HALT", by="anna", reason="news", request="q1")
        self.add("control-symbol.MSFT", halted, "ingest")
        resumed = a.Resumed(scope="symbol.MSFT", by="anna", reason="over", request="q2")
        self.add("control-symbol.MSFT", resumed, "ingest")

    def signal(self, name: str) -> str:
        """A signal that came in; returns its id."""
        signal = ids.signal_uuid("nats", "momo", name)
        data = SignalReceived(
            signal=signal,
            strategy="momo",
            signal_id=name,
            identity="strategy:momo",
            source="nats",
            action="buy",
            symbol="AAPL",
            sha256="0" * 64,
            body=Raw(b'{"id":"' + name.encode() + b'"}'),
        )
        self.add(f"signal-{signal}", data, "ingest", signal)
        return signal

    def order(self, name: str, **changes: Any) -> "Script":
        """An order that a signal caused, as far as it was requested."""
        script = Script(self, name, changes)
        script.request()
        return script

    def play(self, orders: int, at_once: int = 20) -> None:
        """Orders on random paths, up to `at_once` of them interleaved, and marks now and then."""
        started_orders = 0
        running: list[Iterator[None]] = []
        while running or started_orders < orders:
            if started_orders < orders and len(running) < at_once:
                running.append(self._path(f"s-{self.random.getrandbits(32)}-{started_orders}"))
                started_orders += 1
            path = self.random.choice(running)
            if next(path, self) is self:
                running.remove(path)
            if self.random.random() < 0.01:
                self.mark(self.random.choice(self.accounts), f"2026-01-{5 + self._count // 500:02}")

    def mark(self, account: str, day: str) -> None:
        prices = {
            symbol: a.Mark(Decimal(self.random.randint(90, 110)), TIME + self._count * 1_000) for symbol in SYMBOLS
        }
        data = a.MarksRecorded(account=account, marks=prices, day=day, reason="interval", state_pos=1)
        self.add(f"account-{account}", data, "risk")

    def _path(self, name: str) -> Iterator[None]:
        """One order's life, an event at a time."""
        chance = self.random.random
        side = self.random.choice(["buy", "sell"])
        script = Script(
            self,
            name,
            {"symbol": self.random.choice(SYMBOLS), "account": self.random.choice(self.accounts), "side": side},
        )
        script.request()
        yield
        if chance() < 0.1:
            script.deny()
            return
        script.approve()
        yield
        if chance() < 0.1:
            script.add(o.OrderCanceledLocally(order=script.id, reason="asked for"), "router")
            return
        script.start()
        yield
        if chance() < 0.2:
            script.add(
                o.OrderSubmitUnknown(order=script.id, attempt=1, client_order_id=script.client, reason="time-out")
            )
            yield
        if chance() < 0.1:
            script.fact(o.OrderRejected, code="NO", message="no")
            return
        script.fact(o.OrderAccepted)
        yield
        for number in range(self.random.randint(0, 3)):
            script.fill(number, "5", str(self.random.randint(90, 110)))
            yield
            if chance() < 0.1:
                script.correct(number, "5", "100.25")
                yield
                if chance() < 0.5:
                    script.bust(number)
                    yield
        if chance() < 0.8:
            script.fact(o.OrderCanceled, reason="end")
            yield
        if chance() < 0.2:
            script.fill(9, "1", "100")  # a late one


class Script:
    """One order, told event by event."""

    def __init__(self, history: History, name: str, changes: dict[str, Any]) -> None:
        self._history, self.name, self._changes = history, name, changes
        self.signal = history.signal(name)
        self.account: str = changes.get("account", "paper")
        self.symbol: str = changes.get("symbol", "AAPL")
        self.side: str = changes.get("side", "buy")
        self.id = ids.order_uuid(self.signal, self.account, 0)
        self.stream = f"order-{self.id}"
        self.client = ids.client_order_id(self.id, 1)
        self._fills: dict[int, tuple[int, Decimal, Decimal]] = {}

    def add(self, data: Struct, writer: str = "router") -> None:
        self._history.add(self.stream, data, writer, self.signal)

    def request(self) -> None:
        self.add(requested(order=self.id, signal=self.signal, signal_id=self.name, **self._changes), "ingest")

    def approve(self) -> None:
        about = {"account": self.account, "symbol": self.symbol, "side": self.side}
        self.add(approved(order=self.id, signal=self.signal, **about), "risk")

    def deny(self) -> None:
        self.add(denied(order=self.id), "risk")

    def start(self) -> None:
        self.add(started(order=self.id, client_order_id=self.client, account=self.account))

    def fact(self, kind: Callable[..., Struct], **changes: Any) -> None:
        about = {"order": self.id, "client_order_id": self.client, "account": self.account}
        self.add(fact(kind, **about, **changes))  # type: ignore[arg-type]

    def work(self) -> "Script":
        """Brings the order to the broker."""
        self.approve()
        self.start()
        self.fact(o.OrderAccepted)
        return self

    def fill(self, number: int, quantity: str, price: str) -> None:
        self._fills[number] = (0, Decimal(quantity), Decimal(price))
        self._fact_of_fill(o.OrderFilled, number, 0, Decimal(quantity), Decimal(price))

    def correct(self, number: int, quantity: str, price: str) -> None:
        revision, old_quantity, old_price = self._fills[number]
        self._fills[number] = (revision + 1, Decimal(quantity), Decimal(price))
        old = {"replaces": revision, "old_quantity": old_quantity, "old_price": old_price, "old_fee": Decimal("0.5")}
        self._fact_of_fill(o.FillCorrected, number, revision + 1, Decimal(quantity), Decimal(price), **old)

    def bust(self, number: int) -> None:
        revision, quantity, price = self._fills[number]
        self._fact_of_fill(o.FillBusted, number, revision + 1, quantity, price)

    def _fact_of_fill(
        self, kind: type[o.OrderFilled], number: int, revision: int, quantity: Decimal, price: Decimal, **changes: Any
    ) -> None:
        self.fact(
            kind,
            symbol=self.symbol,
            side=self.side,
            quantity=quantity,
            price=price,
            fee=Decimal("0.5"),
            execution=f"{self.name}-{number}",
            revision=revision,
            **changes,
        )


def commit(items: list[Accepted], head: Head | None = None, now: int = TIME) -> Chained:
    """One commit of events after `head`, or at the beginning of a log."""
    return chain(head or Head(LOG, 1, 0, 0, genesis(LOG), 0), items, now)


def frames(history: History, events_each: int = 3) -> list[Frame]:
    """The whole history in commits of so many events."""
    head: Head | None = None
    made: list[Frame] = []
    for first in range(0, len(history.accepted), events_each):
        chained = commit(history.accepted[first : first + events_each], head)
        head = chained.head
        made += chained.frames
    return made


def events(made: list[Frame]) -> list[Event]:
    """The events of frames."""
    return [event for frame in made for event in frame.events]
