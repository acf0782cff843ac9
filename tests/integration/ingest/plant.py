"""Everything around ingest as real processes, and short ways to publish, to command, and to read the log."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec

from tests.builders import command
from tests.processes import Child, child
from tests.waiting import soon
from tradewire import subjects
from tradewire.append import Appender
from tradewire.bus import Bus, JetStreamError
from tradewire.domain.audit.audit import Audit
from tradewire.lease import Lease
from tradewire.messages import control
from tradewire.messages.control import ControlReply
from tradewire.messages.log import LeaseRequest, NewEvent, Result
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.rows import event_of


class Plant:
    """A sequencer, a reader, and a hand on NATS and Postgres."""

    def __init__(self, engines: Engines, folder: Path, sequencer: Child, reader: Child) -> None:
        self.engines, self.folder, self.sequencer, self.reader = engines, folder, sequencer, reader
        self._buses: dict[str, Bus] = {}

    async def bus(self, user: str) -> Bus:
        """A user's connection; strategies and people are made when they are first needed."""
        if user not in self._buses:
            known = user in {"admin", "ingest", "risk", "feed"}
            seed = self.engines.nkey_file(user) if known else await self.engines.add_user(user)
            settings = Nats(url=self.engines.nats_url, nkey_file=str(seed), user=user)
            self._buses[user] = await Bus.connect(settings, user)
        return self._buses[user]

    async def close(self) -> None:
        for bus in self._buses.values():
            await bus.close()

    @asynccontextmanager
    async def ingest(self, env: Mapping[str, str] | None = None, *, ready: bool = True) -> AsyncIterator[Child]:
        """An ingest process."""
        async with child("tradewire_ingest", self.engines, "ingest", self.folder, env) as started:
            if ready:
                await started.until_ready()
            yield started

    async def publish(self, strategy: str, body: bytes, *, user: str = "") -> int:
        """Publishes a signal and returns its sequence in SIGNALS.

        Raises:
            JetStreamError: the stream refused it.
        """
        bus = await self.bus(user or f"strategy-{strategy}")
        answer = msgspec.json.decode((await bus.request(f"signals.{strategy}", body, timeout=5)).data)
        if error := answer.get("error"):
            raise JetStreamError(error["err_code"], error["description"])
        return int(answer["seq"])

    async def ask(self, verb: str, person: str = "anna", *, request: str = "", **fields: Any) -> ControlReply:
        """Sends a person's command and returns the answer."""
        payload = msgspec.json.encode({"request": request or uuid4().hex, **fields})
        bus = await self.bus(f"person-{person}")
        return control.decode_reply((await bus.request(subjects.control(verb, person), payload, timeout=10)).data)

    async def append_as_risk(self, *events: NewEvent) -> list[Result]:
        """Appends as risk, which takes a lease."""
        bus = await self.bus("risk")
        lease = Lease(bus, self.engines.shard, "risk-main", "risk", "test")
        await lease.acquire()
        return await Appender(bus, self.engines.shard, "risk").append([command(e) for e in events], lease.fence)

    async def release_leases_of(self, dead: Child) -> None:
        """What a supervisor does for a child that it has reaped."""
        found = re.search(r'"instance": ?"([^"]+)"', dead.output())
        assert found
        request = msgspec.json.encode(LeaseRequest("release", "", found[1]))
        await (await self.bus("admin")).request(subjects.lease(self.engines.shard, "admin"), request, timeout=10)

    async def rows(self, *types: str) -> list[Any]:
        """Events of the log as (pos, stream, version, type, time, data), in order; every type unless some are named."""
        connection = await asyncpg.connect(self.engines.dsn("tradewire_admin"))
        try:
            return [
                (row["pos"], row["stream"], row["version"], row["type"], row["time"], msgspec.json.decode(row["data"]))
                for row in await connection.fetch("select * from ledger.event order by pos")
                if not types or row["type"] in types
            ]
        finally:
            await connection.close()

    async def data(self, *types: str) -> list[dict[str, Any]]:
        """What the events of some types say, in order."""
        return [row[5] for row in await self.rows(*types)]

    async def until_settled(self, shard: str = "main") -> None:
        """Waits until ingest has acknowledged every signal that SIGNALS holds."""
        admin = await self.bus("admin")

        async def settled() -> bool:
            last = (await admin.api("STREAM.INFO.SIGNALS"))["state"]["last_seq"]
            info = await admin.api(f"CONSUMER.INFO.SIGNALS.ingest-{shard}")
            return bool(info["ack_floor"]["stream_seq"] == last and info["num_ack_pending"] == 0)

        await soon(settled)

    async def delivered_again(self) -> int:
        """How many messages wait for another delivery."""
        info = await (await self.bus("admin")).api("CONSUMER.INFO.SIGNALS.ingest-main")
        return int(info["num_redelivered"])

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


def signal(name: str, **fields: Any) -> bytes:
    """A small buy, with fields changed; None leaves one out."""
    given = {"id": name, "symbol": "AAPL", "action": "buy", "quantity": 10, **fields}
    return msgspec.json.encode({key: value for key, value in given.items() if value is not None})


def cancel(name: str, symbol: str = "AAPL") -> bytes:
    """A cancel of everything that the strategy has open in a symbol."""
    return signal(name, action="cancel", quantity=None, symbol=symbol)
