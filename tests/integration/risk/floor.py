"""Around a risk process: quotes, requests as ingest appends them, a router's facts, and the log as Postgres has it."""

import asyncio
import re
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from tests.lifted import LIFTED
from tests.processes import Child, child
from tests.waiting import now, soon
from tradewire import ids, subjects
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.domain.audit.audit import Audit
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.log import Command, Result
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.messages.registry import decode, new_event
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.rows import event_of

DECISIONS = ("OrderApproved", "OrderDenied")


class Floor:
    """A running ledger with everything but risk played by the test."""

    def __init__(self, engines: Engines, folder: Path, sequencer: Child) -> None:
        self.engines, self.folder, self.sequencer = engines, folder, sequencer
        self._buses: dict[str, Bus] = {}
        self._lease: Lease | None = None
        self._feed: asyncio.Task[None] | None = None
        self.prices = {"AAPL": "100"}
        self._asked = 0

    async def bus(self, user: str) -> Bus:
        if user not in self._buses:
            settings = Nats(url=self.engines.nats_url, nkey_file=str(self.engines.nkey_file(user)), user=user)
            self._buses[user] = await Bus.connect(settings, user)
        return self._buses[user]

    async def close(self) -> None:
        if self._feed:
            await end_tasks(self._feed)
        for bus in self._buses.values():
            await bus.close()

    @asynccontextmanager
    async def risk(self, env: Mapping[str, str] | None = None, *, ready: bool = True) -> AsyncIterator[Child]:
        """A risk process."""
        async with child("tradewire_risk", self.engines, "risk", self.folder, {**LIFTED, **(env or {})}) as started:
            if ready:
                await started.until_ready()
            yield started

    async def quote(self, symbol: str, price: str, at: int | None = None) -> None:
        """Says once what a symbol costs."""
        bus = await self.bus("feed")
        quote = Quote(symbol, now() if at is None else at, last=Decimal(price))
        await bus.publish(subjects.quotes("sim", symbol), encode_quote(quote))
        await bus.flush()

    async def feed(self) -> None:
        """Says all prices again and again, from now on."""

        async def run() -> None:
            while True:
                for symbol, price in self.prices.items():
                    try:
                        await self.quote(symbol, price)
                    except Unavailable:
                        await asyncio.sleep(0.1)
                await asyncio.sleep(0.2)

        for symbol, price in self.prices.items():
            await self.quote(symbol, price)
        self._feed = asyncio.create_task(run())

    async def request(self, *names: str, **fields: Any) -> list[str]:
        """Requests an order per name, as ingest does; returns the orders' ids. No two look like duplicates."""
        commands, orders = [], list[str]()
        for name in names:
            self._asked += 1
            signal = ids.signal_uuid("nats", "momo", name)
            order = ids.order_uuid(signal, "paper", 0)
            data = requested(order, signal, name, price=Decimal(self._asked), **fields)
            event_id = ids.decision_uuid(order, "OrderRequested", 1)
            event = new_event(f"order-{order}", 1, event_id, data, time=now(), correlation=signal)
            commands.append(Command((event,)))
            orders.append(order)
        results = await self._appender("ingest", await self.bus("ingest")).append(commands)
        assert {result.code for result in results} <= {"appended", "replayed"}, results
        return orders

    def _appender(self, user: str, bus: Bus) -> Appender:
        return Appender(bus, self.engines.shard, user)

    async def switch(self, data: a.Halted | a.Resumed) -> None:
        """Throws or lifts a switch, as ingest does for a person."""
        stream = f"control-{data.scope}"
        version = None
        if isinstance(data, a.Resumed):
            version = 1 + len([row for row in await self.rows() if row.stream == stream])
        event = new_event(stream, version, ids.command_uuid(data.request, "x"), data, time=now(), correlation=None)
        (result,) = await self._appender("ingest", await self.bus("ingest")).append([Command((event,))])
        assert result.code == "appended", result

    async def limit(self, scope: str, limits: dict[str, str]) -> None:
        """Sets the first limits of a scope, as ingest does for a person."""
        data = a.LimitSet(scope=scope, limits=limits, old={}, by="person:anna", reason="x", request=scope)
        event_id = ids.command_uuid(scope, "LimitSet")
        event = new_event(f"limits-{scope}", 1, event_id, data, time=now(), correlation=None)
        (result,) = await self._appender("ingest", await self.bus("ingest")).append([Command((event,))])
        assert result.code == "appended", result

    async def wish(self, request: str) -> str:
        """Asks to close the account `paper`, as ingest does for a person; returns the event's id."""
        data = a.FlattenRequested(account="paper", by="person:anna", reason="x", request=request)
        event_id = ids.command_uuid(request, "FlattenRequested")
        event = new_event("account-paper", None, event_id, data, time=now(), correlation=None)
        (result,) = await self._appender("ingest", await self.bus("ingest")).append([Command((event,))])
        assert result.code == "appended", result
        return event_id

    async def as_router(self, stream: str, version: int | None, data: Struct) -> Result:
        """Appends one event as the router of the account `paper`."""
        bus = await self.bus("router")
        if self._lease is None:
            self._lease = Lease(bus, self.engines.shard, "router-paper", "router", "test-router")
            await self._lease.acquire()
        event_id = ids.derive("test", stream, repr(data))
        event = new_event(stream, version, event_id, data, time=now(), correlation=None)
        (result,) = await self._appender("router", bus).append([Command((event,))], self._lease.fence)
        assert result.code == "appended", result
        return result

    async def fill(self, order: str, quantity: str, price: str) -> None:
        """Submits an approved order and fills it."""
        client = ids.client_order_id(order, 1)
        assert self._lease is not None
        started = o.OrderSubmitStarted(
            order=order,
            attempt=1,
            client_order_id=client,
            account="paper",
            broker="paper",
            epoch=self._lease.epoch,
            state_pos=1,
            build=build_id(),
        )
        await self.as_router(f"order-{order}", 3, started)
        filled = o.OrderFilled(
            order=order,
            client_order_id=client,
            broker="paper",
            account="paper",
            evidence="message",
            strategy="momo",
            symbol="AAPL",
            side="buy",
            quantity=Decimal(quantity),
            price=Decimal(price),
            execution=order,
        )
        await self.as_router(f"order-{order}", None, filled)

    async def release(self, dead: Child) -> None:
        """What a supervisor does for a child that it has reaped."""
        found = re.search(r'"instance": ?"([^"]+)"', dead.output())
        assert found
        request = msgspec.json.encode({"op": "release", "name": "", "instance": found[1]})
        await (await self.bus("admin")).request(subjects.lease(self.engines.shard, "admin"), request, timeout=10)

    async def rows(self) -> list[Any]:
        """Every event of the log, with its data decoded as `said`."""
        connection: Any = await asyncpg.connect(self.engines.dsn("tradewire_admin"))
        try:
            return [Row(event_of(row)) for row in await connection.fetch("select * from ledger.event order by pos")]
        finally:
            await connection.close()

    async def said(self, *types: str) -> list[Any]:
        """What the events of some types say, in order."""
        return [row.said for row in await self.rows() if row.type in types]

    async def until_decided(self, orders: list[str]) -> dict[str, Any]:
        """Waits until every order is decided; returns the decisions by order, after checking that each has just one."""
        wanted = set(orders)

        async def decided() -> bool:
            return wanted <= {each.order for each in await self.said(*DECISIONS)}

        await soon(decided)
        decisions = await self.said(*DECISIONS)
        count = Counter(each.order for each in decisions)
        assert set(count.values()) == {1}, count
        return {each.order: each for each in decisions}

    async def assert_clean(self) -> None:
        """Runs the audit over the whole log."""
        connection: Any = await asyncpg.connect(self.engines.dsn("tradewire_admin"))
        try:
            head = await connection.fetchrow("select * from ledger.head")
            audit = Audit(str(head["log_id"]), {})
            for row in await connection.fetch("select * from ledger.event order by pos"):
                audit.feed(event_of(row), row["hash"])
            assert audit.finish().violations == []
        finally:
            await connection.close()


class Row:
    """An event of the log with what it says."""

    def __init__(self, event: Any) -> None:
        self.pos, self.stream, self.type, self.time = event.pos, event.stream, event.type, event.time
        self.writer = event.writer
        self.said = decode(event)


def requested(order: str, signal: str, name: str, **fields: Any) -> o.OrderRequested:
    """A small buy, with fields changed."""
    given: dict[str, Any] = {
        "strategy": "momo",
        "account": "paper",
        "symbol": "AAPL",
        "action": "buy",
        "identity": "strategy:momo",
        "side": "buy",
        "quantity": Decimal(1),
        "signal_time": now(),
        **fields,
    }
    return o.OrderRequested(order=order, signal=signal, signal_id=name, **given)


def metrics(process: Child) -> str:
    """What a process answers on /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())
