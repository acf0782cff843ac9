"""What surrounds a router: a ledger and a paper broker that run, and what ingest, risk and people do, by hand."""

import asyncio
import itertools
import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from tests.processes import Child, child
from tests.waiting import now, soon
from tradewire import ids, subjects
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.lease import Lease
from tradewire.messages import account_events as a
from tradewire.messages.beats import ServiceBeat
from tradewire.messages.log import Command, NewEvent, Result
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.messages.registry import decode, new_event
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats, Paper
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.rows import event_of
from tradewire_router.brokers.errors import BrokerConnectionError
from tradewire_router.brokers.paper import PaperBroker

MODULES = {
    "sequencer": "tradewire_ledger.sequencer",
    "reader": "tradewire_ledger.reader",
    "paper": "tradewire_router.paper",
}
ACCOUNTS = [f"a{number}" for number in range(40)]


class World:
    """The processes around a router, and the hands of those who are not running."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.engines, self.folder = engines, folder
        self.journal = folder / "paper"
        self.processes: dict[str, Child] = {}
        self._stack = AsyncExitStack()
        self._buses: dict[str, Bus] = {}
        self._opening = asyncio.Lock()
        self._risk: Lease | None = None
        self.risk: ServiceBeat | None = ServiceBeat("risk", "test-risk", ready=True, build=build_id(), decides=True)
        """What risk says of itself, about every half second; None while it says nothing."""
        self._beating: asyncio.Task[None] | None = None
        self.numbers = itertools.count(1)
        """For signals, so that no two are the same."""
        self._desks: dict[str, PaperBroker] = {}
        self._database: Any = None
        self._querying = asyncio.Lock()

    @staticmethod
    def settings_text() -> str:
        """The settings of every process: many accounts, and a broker that can be told to misbehave."""
        accounts = "".join(f"[accounts.{name}]\n" for name in ACCOUNTS)
        return f'default_account = "a0"\n[router]\naccount = "a0"\n[paper]\nfaults = true\n{accounts}'

    async def bus(self, user: str) -> Bus:
        async with self._opening:
            if user not in self._buses:
                known = user in {"admin", "ingest", "risk", "router", "feed"}
                seed = self.engines.nkey_file(user) if known else await self.engines.add_user(user)
                settings = Nats(url=self.engines.nats_url, nkey_file=str(seed), user=user)
                self._buses[user] = await Bus.connect(settings, user)
            return self._buses[user]

    async def _lease_of_risk(self, bus: Bus) -> Lease:
        async with self._opening:
            if self._risk is None:
                lease = Lease(bus, self.engines.shard, "risk-main", "risk", "test-risk")
                await lease.acquire()
                self._risk = lease
            return self._risk

    async def open(self) -> None:
        """Starts the ledger and the broker."""
        (self.folder / "tradewire.toml").write_text(self.settings_text())
        self._beating = asyncio.create_task(self._beat(await self.bus("risk")))
        for name in MODULES:
            await self.start(name)

    async def _beat(self, bus: Bus) -> None:
        subject = subjects.heartbeat("risk", self.engines.shard)
        while True:
            if self.risk is not None:
                await bus.publish(subject, msgspec.json.encode(self.risk))
            await asyncio.sleep(0.5)

    async def start(self, name: str) -> None:
        """Starts the sequencer, the reader or the paper broker, for as long as this world is."""
        self.processes[name] = await self._stack.enter_async_context(self.process(name, MODULES[name]))
        await self.processes[name].until_ready()

    async def kill(self, name: str) -> None:
        """SIGKILL."""
        await self.processes[name].kill()

    async def close(self) -> None:
        await self._stack.aclose()
        if self._beating is not None:
            await end_tasks(self._beating)
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
        fence = (await self._lease_of_risk(bus)).fence if user == "risk" else None
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


class Row:
    """An event of the log with what it says."""

    def __init__(self, event: Any) -> None:
        self.pos, self.stream, self.version, self.type = event.pos, event.stream, event.version, event.type
        self.writer, self.time = event.writer, event.time
        self.said = decode(event)


def metrics(process: Child) -> dict[str, float]:
    """What a process answers on /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def problems(process: Child) -> str:
    """What a process answers on /readyz."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=1) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()
