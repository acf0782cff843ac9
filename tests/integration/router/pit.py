"""Around a router: what ingest, risk and people do, played by hand; the paper broker; and the log in Postgres."""

import asyncio
import itertools
import re
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from msgspec import Struct

from tests.builders import approved, requested
from tests.processes import Child, child
from tradewire import ids, subjects
from tradewire.append import Appender
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Command, Fence, NewEvent, Result
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.messages.registry import decode, new_event
from tradewire.settings import Nats, Paper, Postgres, Settings
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.check import check
from tradewire_ledger.rows import event_of
from tradewire_router.brokers.errors import BrokerConnectionError
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.values import OrderRequest
from tradewire_router.paper.judge import judge
from tradewire_router.paper.wire import Fault, FaultKind

SOON_SECONDS = 40.0
MODULES = {
    "sequencer": "tradewire_ledger.sequencer",
    "reader": "tradewire_ledger.reader",
    "paper": "tradewire_router.paper",
}
ACCOUNTS = [f"a{number}" for number in range(40)]
decode_requested = msgspec.json.Decoder(o.OrderRequested).decode
PROMPT = {
    "TRADEWIRE_ROUTER_CALL_TIMEOUT": "1s",
    "TRADEWIRE_ROUTER_ABSENCE_GRACE": "1s",
    "TRADEWIRE_ROUTER_RECONCILE_INTERVAL": "500ms",
}
"""Settings with which a router is done soon."""


class Pit:
    """A running ledger and paper broker. Every test trades an account of its own, from `ACCOUNTS`."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.engines, self.folder = engines, folder
        self.journal = folder / "paper"
        self.processes: dict[str, Child] = {}
        self.forgiven: list[str] = []
        """Parts of the journal's violations that a test causes on purpose."""
        self._stack = AsyncExitStack()
        self._accounts = iter(ACCOUNTS)
        self._buses: dict[str, Bus] = {}
        self._risk: Lease | None = None
        self._asked = itertools.count(1)
        self._desks: dict[str, PaperBroker] = {}
        self._database: Any = None
        self._querying = asyncio.Lock()

    @staticmethod
    def settings_text() -> str:
        """The settings of every process: many accounts, and a broker that can be told to misbehave."""
        accounts = "".join(f"[accounts.{name}]\n" for name in ACCOUNTS)
        return f'default_account = "a0"\n[router]\naccount = "a0"\n[paper]\nfaults = true\n{accounts}'

    def account(self) -> "Account":
        """An account that nobody has traded yet."""
        return Account(self, next(self._accounts))

    async def bus(self, user: str) -> Bus:
        if user not in self._buses:
            known = user in {"admin", "ingest", "risk", "router", "feed"}
            seed = self.engines.nkey_file(user) if known else await self.engines.add_user(user)
            self._buses[user] = await Bus.connect(Nats(url=self.engines.nats_url, nkey_file=str(seed), user=user), user)
        return self._buses[user]

    async def open(self) -> None:
        """Starts the ledger and the broker."""
        (self.folder / "tradewire.toml").write_text(self.settings_text())
        for name in MODULES:
            await self.start(name)

    async def start(self, name: str) -> None:
        """Starts the sequencer, the reader or the paper broker, for as long as this pit is open."""
        self.processes[name] = await self._stack.enter_async_context(self.process(name, MODULES[name]))
        await self.processes[name].until_ready()

    async def kill(self, name: str) -> None:
        """SIGKILL."""
        await self.processes[name].kill()

    async def close(self) -> None:
        await self._stack.aclose()
        for desk in self._desks.values():
            await desk.close()
        for bus in self._buses.values():
            await bus.close()
        if self._database is not None:
            await self._database.close()

    # Processes

    @asynccontextmanager
    async def process(self, user: str, module: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Child]:
        """A process with the settings of all."""
        config = {"TRADEWIRE_CONFIG": str(self.folder / "tradewire.toml")}
        async with child(module, self.engines, user, self.folder, {**config, **(env or {})}) as started:
            yield started

    async def release(self, dead: Child) -> None:
        """What a supervisor does for a child that it has reaped."""
        found = re.search(r'"instance": ?"([^"]+)"', dead.output())
        assert found
        request = msgspec.json.encode({"op": "release", "name": "", "instance": found[1]})
        await (await self.bus("admin")).request(subjects.lease(self.engines.shard, "admin"), request, timeout=10)

    async def desk(self, account: str) -> PaperBroker:
        """A connection of the test's own to the broker, for faults, for trades past the router, and for questions."""
        desk = self._desks.setdefault(account, PaperBroker(account, Paper(journal=str(self.journal))))

        async def connected() -> bool:
            try:
                await desk.connect()
            except BrokerConnectionError:
                return False
            return (await desk.health()).connected

        await soon(connected)
        return desk

    # What others do

    async def append(self, user: str, *events: NewEvent) -> list[Result]:
        """Appends each event as a command of its own."""
        bus = await self.bus(user)
        fence = None
        if user == "risk":
            if self._risk is None:
                self._risk = Lease(bus, self.engines.shard, "risk-main", "risk", "test-risk")
                await self._risk.acquire()
            fence = self._risk.fence
        return await Appender(bus, self.engines.shard, user).append([Command((event,)) for event in events], fence)

    async def quote(self, symbol: str, price: str) -> None:
        """Says what a symbol costs, until the broker has heard it."""
        bus = await self.bus("feed")
        desk = await self.desk(ACCOUNTS[0])
        quote = Quote(symbol, now(), bid=Decimal(price), ask=Decimal(price), last=Decimal(price))

        async def heard() -> bool:
            await bus.publish(subjects.quotes("sim", symbol), encode_quote(quote))
            found = await desk.quote(symbol)
            return found is not None and found.last == Decimal(price)

        await soon(heard)

    async def shout(self, verb: str, **fields: Any) -> str:
        """Sends a person's halt or kill on the wire, which routers hear directly; returns its request."""
        request = uuid4().hex
        payload = msgspec.json.encode({"request": request, "reason": "test", **fields})
        bus = await self.bus("person-anna")
        await bus.publish(subjects.control(verb, "anna"), payload)
        await bus.flush()
        return request

    async def switch(self, data: a.Halted | a.Resumed) -> None:
        """Throws or lifts a switch, as ingest does for a person."""
        stream = f"control-{data.scope}"
        version = None
        if isinstance(data, a.Resumed):
            version = 1 + len([row for row in await self.rows() if row.stream == stream])
        event = new_event(stream, version, ids.command_uuid(data.request, "x"), data, time=now(), correlation=None)
        (result,) = await self.append("ingest", event)
        assert result.code == "appended", result

    # The log

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Asks Postgres as the database's owner."""
        async with self._querying:
            if self._database is None or self._database.is_closed():
                self._database = await asyncpg.connect(self.engines.dsn("tradewire_admin"))
            return list(await self._database.fetch(query, *arguments))

    async def rows(self, *types: str, stream: str = "") -> list["Row"]:
        """Events of the log in order; every type unless some are named."""
        query = "select * from ledger.event where ($1 = '' or stream = $1) order by pos"
        found = [Row(event_of(row)) for row in await self.fetch(query, stream)]
        return [row for row in found if not types or row.type in types]

    async def assert_clean(self) -> None:
        """Runs the audit over the whole log, which must find nothing in flight, and judges the broker's journal."""
        settings = Settings(postgres=Postgres(reader_dsn=self.engines.dsn("tradewire_reader")))

        async def followed() -> bool:
            (row,) = await self.fetch("select h.pos = c.pos as followed from ledger.head h, read.checkpoint c")
            return bool(row["followed"])

        await soon(followed)
        verdict = await check(settings, settled=True, quick=True, progress=lambda *_: None)
        assert verdict.violations == []
        judged = judge(self.journal)["violations"]
        assert [text for text in judged if not any(part in text for part in self.forgiven)] == []

    async def check_as_a_process(self) -> str:
        """`python -m tradewire_ledger check --settled`, which must be clean."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tradewire_ledger", "check", "--settled",
            env={"TRADEWIRE_POSTGRES_READER_DSN": self.engines.dsn("tradewire_reader")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()


class Row:
    """An event of the log with what it says."""

    def __init__(self, event: Any) -> None:
        self.pos, self.stream, self.version, self.type = event.pos, event.stream, event.version, event.type
        self.writer, self.time = event.writer, event.time
        self.said = decode(event)


class Account:
    """One account of a pit: its router, its orders, its broker."""

    def __init__(self, pit: Pit, name: str) -> None:
        self.pit, self.name = pit, name
        self.symbol = f"S{name[1:]}"

    @asynccontextmanager
    async def router(
        self, env: Mapping[str, str] | None = None, *, ready: bool = True, **settings: str
    ) -> AsyncIterator[Child]:
        """A router of the account; `settings` are keys of [router]."""
        keys = {f"TRADEWIRE_ROUTER_{key.upper()}": value for key, value in settings.items()}
        variables = {"TRADEWIRE_ROUTER_ACCOUNT": self.name, **PROMPT, **keys, **(env or {})}
        async with self.pit.process("router", "tradewire_router", variables) as started:
            if ready:
                await started.until_ready()
            yield started
            if started.alive:
                assert await started.stop() == 0

    async def broker(self) -> PaperBroker:
        return await self.pit.desk(self.name)

    async def fault(self, kind: FaultKind, **options: Any) -> None:
        """The next order suffers a fault."""
        await (await self.broker()).arm(Fault(kind=kind, **options))

    # Orders

    async def request(self, **fields: Any) -> str:
        """Requests an order, as ingest does; returns its id."""
        order, event = self._requested(fields)
        (result,) = await self.pit.append("ingest", event)
        assert result.code == "appended", result
        return order

    def _requested(self, fields: Mapping[str, Any]) -> tuple[str, NewEvent]:
        """`ago` in seconds among the fields makes it an old request."""
        given = dict(fields)
        time = now() - int(given.pop("ago", 0) * 1_000_000)
        number = next(self.pit._asked)
        signal = ids.signal_uuid("nats", "momo", f"{self.name}-{number}")
        order = ids.order_uuid(signal, self.name, 0)
        data = requested(
            order=order,
            signal=signal,
            signal_id=f"{self.name}-{number}",
            account=self.name,
            **{"symbol": self.symbol, "price": Decimal(100), **given},
        )
        event_id = ids.decision_uuid(order, "OrderRequested", 1)
        return order, new_event(f"order-{order}", 1, event_id, data, time=time, correlation=signal)

    async def approve(self, order: str, *, attempt: int = 1, seconds: float = 60, **fields: Any) -> None:
        """Approves an order as risk does, for `seconds` from now."""
        rows = await self.rows_of(order)
        event = self._approved(rows[0].said, rows[0].pos, rows[-1].version + 1, attempt, seconds, fields)
        (result,) = await self.pit.append("risk", event)
        assert result.code == "appended", result

    def _approved(
        self, asked: o.OrderRequested, pos: int, version: int, attempt: int, seconds: float, fields: Mapping[str, Any]
    ) -> NewEvent:
        data = approved(
            order=asked.order,
            attempt=attempt,
            state_pos=pos,
            signal=asked.signal,
            account=self.name,
            expires_at=now() + int(seconds * 1_000_000),
            **{
                "symbol": asked.symbol,
                "side": asked.side,
                "quantity": asked.quantity,
                "order_type": asked.order_type,
                "limit_price": asked.limit_price,
                "time_in_force": asked.time_in_force,
                "price": asked.price,
                **fields,
            },
        )
        event_id = ids.decision_uuid(asked.order, "OrderApproved", attempt)
        return new_event(f"order-{asked.order}", version, event_id, data, time=now(), correlation=asked.signal)

    async def place(self, *, seconds: float = 60, **fields: Any) -> str:
        """Requests and approves an order."""
        order = await self.request(**fields)
        await self.approve(order, seconds=seconds)
        return order

    async def place_many(self, count: int, **fields: Any) -> list[str]:
        """Requests and approves many orders at once."""
        made = [self._requested(fields) for _ in range(count)]
        asked = await self.pit.append("ingest", *(event for _, event in made))
        events = [
            self._approved(decode_requested(event.data), result.positions[0], 2, 1, 60, {})
            for (_, event), result in zip(made, asked, strict=True)
        ]
        results = await self.pit.append("risk", *events)
        assert {result.code for result in (*asked, *results)} == {"appended"}
        return [order for order, _ in made]

    async def lapse(self, order: str) -> None:
        """Lapses an approval that was not sent, as risk does."""
        rows = await self.rows_of(order)
        data = o.OrderLapsed(order=order, reason="APPROVAL_EXPIRED")
        event_id = ids.decision_uuid(order, "OrderLapsed", 1)
        event = new_event(f"order-{order}", rows[-1].version + 1, event_id, data, time=now(), correlation=None)
        (result,) = await self.pit.append("risk", event)
        assert result.code == "appended", result

    async def cancel(self, order: str) -> None:
        """Asks for the end of an order, as ingest does for a person."""
        data = o.OrderCancelRequested(order=order, by="person:anna", reason="test", request=uuid4().hex)
        event_id = ids.command_uuid(data.request, "cancel")
        event = new_event(f"order-{order}", None, event_id, data, time=now(), correlation=None)
        (result,) = await self.pit.append("ingest", event)
        assert result.code == "appended", result

    async def halt(self, level: Any = "HALT", *, scope: str = "", request: str = "") -> None:
        """Throws the account's switch, or another's, in the log."""
        scope = scope or f"account.{self.name}"
        data = a.Halted(scope=scope, level=level, by="person:anna", reason="test", request=request or uuid4().hex)
        await self.pit.switch(data)

    async def resume(self, *, scope: str = "") -> None:
        """Lifts the account's switch, or another's."""
        scope = scope or f"account.{self.name}"
        await self.pit.switch(a.Resumed(scope=scope, by="person:anna", reason="test", request=uuid4().hex))

    async def as_router(self, *events: NewEvent) -> None:
        """Appends under the lease that the account's router holds or last held, what it did not learn itself."""
        fence = Fence(f"router-{self.name}", (await self.leases("LeaseGranted"))[-1].said.epoch)
        bus = await self.pit.bus("router")
        appender = Appender(bus, self.pit.engines.shard, "router")
        for result in await appender.append([Command((event,)) for event in events], fence):
            assert result.code == "appended", result

    async def leases(self, *types: str) -> list["Row"]:
        """What became of the router's lease."""
        return await self.pit.rows(*types, stream=f"lease-router-{self.name}")

    async def trade_past_the_router(self, quantity: str, **fields: Any) -> None:
        """A submit at the broker that no signal of ours caused."""
        request = OrderRequest(
            client_order_id=uuid4().hex,
            order=str(uuid4()),
            symbol=self.symbol,
            side="buy",
            quantity=Decimal(quantity),
            **{"reference_price": Decimal(100), **fields},
        )
        await (await self.broker()).submit(request)

    # The log

    async def rows_of(self, order: str) -> list[Row]:
        """The events of an order."""
        return await self.pit.rows(stream=f"order-{order}")

    async def story(self, order: str) -> list[str]:
        """The types of an order's events, in order."""
        return [row.type for row in await self.rows_of(order)]

    async def said(self, *types: str) -> list[Any]:
        """What events of some types say that are about this account, in order."""
        return [row.said for row in await self.about(*types)]

    async def about(self, *types: str) -> list[Row]:
        """Events of some types that are about this account, in order."""
        rows = await self.pit.rows()
        ours = {f"order-{row.said.order}" for row in rows if row.type == "OrderRequested" and _about(row.said, self)}
        return [row for row in rows if row.type in types and (row.stream in ours or _about(row.said, self))]

    async def until(self, order: str, *types: str) -> list[str]:
        """Waits until an order's events have come to hold all `types`; returns its story."""

        async def there() -> bool:
            return set(types) <= set(await self.story(order))

        try:
            await soon(there)
        except AssertionError:
            raise AssertionError(f"{types} did not come: {await self.story(order)}") from None
        return await self.story(order)

    async def until_said(self, kind: str, count: int = 1) -> list[Any]:
        """Waits for `count` events of a type about this account."""

        async def there() -> bool:
            return len(await self.said(kind)) >= count

        await soon(there)
        return await self.said(kind)

    def received(self) -> list[str]:
        """The client order ids that the broker received for this account, in order."""
        lines = [msgspec.json.decode(line) for line in (self.pit.journal / "journal.jsonl").read_bytes().splitlines()]
        return [
            line["order"]["client_order_id"]
            for line in lines
            if line["kind"] == "received" and line["account"] == self.name
        ]


def _about(said: Struct, account: Account) -> bool:
    return account.name in {getattr(said, "account", ""), getattr(said, "scope", "").removeprefix("account.")}


def now() -> int:
    return time.time_ns() // 1000


def metrics(process: Child) -> dict[str, float]:
    """What a process answers on /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


async def soon(holds: Callable[[], Awaitable[Any]], seconds: float = SOON_SECONDS) -> None:
    """Waits until something holds; what it asks may fail for a while."""
    last: object = None
    try:
        async with asyncio.timeout(seconds):
            while True:
                try:
                    if last := await holds():
                        return
                except (OSError, asyncpg.PostgresError, Unavailable) as error:
                    last = error
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(f"not so after {seconds} s: {last}") from None
