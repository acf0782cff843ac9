"""Tradewire itself as a measured system: its six processes as `tradewire up` runs them, and the floor's publisher.

A run ends when the last fill is in the read model. The broker call of an order is when the paper broker's journal says
that it was received, so the router's way over the socket is inside the measurement.
"""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, ClassVar

import asyncpg
import msgspec
from msgspec import Struct

from bench.children import RoleProcess
from bench.meter import CpuMeter, latency_of, table_bytes
from bench.role import Access, Report, Run
from bench.system import Result, ResultError
from bench.tradewire.limits import environment
from bench.tradewire.orders import EVENTS_PER_ORDER, order_of
from tradewire.bus import Bus
from tradewire.settings import Nats, Postgres, Settings
from tradewire_cli.engines import probe
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.migrate import migrate

PROCESSES = {
    "sequencer": "tradewire_ledger.sequencer",
    "reader": "tradewire_ledger.reader",
    "paper": "tradewire_router.paper",
    "risk": "tradewire_risk",
    "ingest": "tradewire_ingest",
    "router": "tradewire_router",
}
# Limits that a steady stream of orders in one symbol would meet; every check runs all the same.
_LIFTED = {
    "TRADEWIRE_PAPER_FILL": "signal_price",
    "TRADEWIRE_PAPER_PRICE_FROM_SIGNAL": "true",
    "TRADEWIRE_PAPER_STARTING_CASH": "1000000000",
    "TRADEWIRE_PAPER_ALLOW_SHORT": "true",
    "TRADEWIRE_RISK_MAX_OPEN_ORDERS_PER_SYMBOL": "1000000",
    "TRADEWIRE_RISK_MAX_OPEN_ORDERS": "1000000",
    "TRADEWIRE_RISK_MAX_ORDERS_PER_SECOND": "1000000",
    "TRADEWIRE_RISK_MAX_ORDERS_PER_MINUTE": "1000000",
    "TRADEWIRE_RISK_MAX_ORDERS_PER_DAY": "1000000000",
    "TRADEWIRE_RISK_MAX_REPEATED_EXECUTIONS": "1000000000",
    "TRADEWIRE_RISK_ALLOW_SHORT": "yes",
    "TRADEWIRE_RISK_MAX_POSITION_VALUE": "1000000000",
    "TRADEWIRE_RISK_MAX_DAILY_LOSS": "1000000000",
    "TRADEWIRE_RISK_DUPLICATE_WINDOW": "0s",
    "TRADEWIRE_RISK_APPROVAL_TTL": "10m",
    "TRADEWIRE_RISK_MAX_SIGNAL_AGE": "10m",
    "TRADEWIRE_LOG_LEVEL": "warning",
}
_STOPPED = ("ingest", "risk", "router", "paper", "reader", "sequencer")
"""In which order the processes end."""
_READY_SECONDS = 30.0
_GRACE_SECONDS = 60.0
_SLOWEST_ORDERS_PER_SECOND = 50
_POLL_SECONDS = 0.01


class _Order(Struct):
    order: str


class _Line(Struct):
    kind: str
    at: int
    order: _Order | None = None


class Tradewire:
    """Six processes and a publisher."""

    parts: ClassVar[Mapping[str, str]] = PROCESSES
    """Module by process; what comes before a dash in its name is its user."""
    publisher: ClassVar[str] = "bench.tradewire.publisher"

    def __init__(self, limits: Mapping[str, str] | None = None) -> None:
        """`limits` by name take the place of the bench's own."""
        self._limits = environment(limits or {})
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._logs: list[IO[bytes]] = []
        self._publisher: RoleProcess | None = None
        self._sent = 0
        self._journal_at = 0

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run."""
        return {name: process.pid for name, process in self._processes.items()}

    async def start(self, engines: Engines, workdir: Path) -> None:
        """Migrates the database, starts the processes, and waits until each is ready."""
        self._engines, self._journal = engines, workdir / "paper"
        await asyncio.to_thread(migrate, Settings(postgres=Postgres(admin_dsn=engines.dsn("tradewire_admin"))))
        ports = self._ports = {name: free_port() for name in self.parts}
        for name, module in self.parts.items():
            await self._spawn(name, module, workdir)
        for name, port in ports.items():
            await self._ready(name, port, workdir)
        dsn = engines.dsn("tradewire_admin")
        access = Access(engines.nats_url, dsn, str(engines.nkey_file("admin")))
        self._publisher = await RoleProcess.start("publisher", self.publisher, access, workdir)
        self._dsn = dsn
        self._meter = CpuMeter(
            {name: process.pid for name, process in self._processes.items()}
            | {"publisher": self._publisher.pid, "nats": engines.nats.pid, "postgres": engines.postgres.pid}
        )

    async def _spawn(self, name: str, module: str, workdir: Path) -> None:
        log = (workdir / f"{name}.log").open("wb")
        self._logs.append(log)
        self._processes[name] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module,
            env={
                **os.environ,
                **self._engines.environment(name.partition("-")[0]),
                **_LIFTED,
                **self._limits,
                "TRADEWIRE_DATA": str(workdir),
                "TRADEWIRE_PAPER_JOURNAL": str(self._journal),
                "TRADEWIRE_HTTP_PORT": str(self._ports[name]),
                **self.more(name),
            },
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    def more(self, name: str) -> Mapping[str, str]:
        """Settings of one process beside those of all."""
        return {}

    async def _ready(self, name: str, port: int, workdir: Path) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self._processes[name].returncode is not None:
                break
            answer = await probe.get("127.0.0.1", port, "/readyz")
            if answer is not None and answer[0] == 200:
                return
            await asyncio.sleep(0.1)
        said = (workdir / f"{name}.log").read_text(errors="replace")[-2000:]
        raise ResultError(f"{name} is not ready after {_READY_SECONDS:.0f} s: {said}")

    async def metric(self, name: str, metric: str) -> float:
        """A figure of a process's /metrics, of whatever labels. Raises ResultError where there is none."""
        answer = await probe.get("127.0.0.1", self._ports[name], "/metrics")
        lines = answer[1].decode().splitlines() if answer is not None else []
        found = next((line for line in lines if line.startswith((f"{metric} ", f"{metric}{{"))), None)
        if found is None:
            raise ResultError(f"{name} does not tell {metric}")
        return float(found.rpartition(" ")[2])

    async def run(self, rate: float | None, orders: int) -> Result:
        """Publishes, waits until the last fill is projected, checks what is there."""
        assert self._publisher is not None
        bytes_before = await table_bytes(self._dsn)
        first = self._sent
        self._sent += orders
        connection = await asyncpg.connect(self._dsn)
        try:
            start = await connection.fetchval("select pos from ledger.head")
            run = Run(first, orders, rate)
            self._meter.start()
            await self._publisher.begin(run)
            last = await self._projected(connection, start, orders, rate)
            report = await self._publisher.finish(_GRACE_SECONDS)
            cpu = {name: total / orders for name, total in self._meter.microseconds().items()}
            rows = await self._verify(connection, orders)
        finally:
            await connection.close()
        calls = self._calls(first, orders)
        grown = await table_bytes(self._dsn) - bytes_before
        return Result(
            orders=orders,
            rate=rate,
            rows=rows,
            seconds=(last - report.first) / 1e9,
            latency=latency_of(calls, report.first, rate) if rate else None,
            cpu=cpu,
            postgres_bytes=grown / orders,
        )

    async def begin(self, run: Run) -> None:
        """Publishes, and waits for nothing."""
        assert self._publisher is not None
        await self._publisher.begin(run)

    async def finish(self, seconds: float = _GRACE_SECONDS) -> Report:
        """Waits until everything is published, `seconds` at most."""
        assert self._publisher is not None
        return await self._publisher.finish(seconds)

    def received(self) -> dict[str, int]:
        """When the paper broker received each order (µs since the epoch), by the order's id."""
        decode = msgspec.json.Decoder(_Line).decode
        with next(self._journal.glob("*.jsonl")).open("rb") as journal:
            lines = map(decode, journal)
            return {told.order.order: told.at for told in lines if told.kind == "received" and told.order is not None}

    async def _projected(
        self, connection: "asyncpg.Connection[asyncpg.Record]", start: int, orders: int, rate: float | None
    ) -> int:
        """Waits until the read model has the run's last fill; returns when that was seen, in monotonic nanoseconds."""
        slowest = min(rate or _SLOWEST_ORDERS_PER_SECOND, _SLOWEST_ORDERS_PER_SECOND)
        deadline = time.monotonic() + _GRACE_SECONDS + orders / slowest
        wanted = start + EVENTS_PER_ORDER * orders
        while time.monotonic() < deadline:
            if await connection.fetchval("select pos from read.checkpoint") >= wanted:
                seen = time.monotonic_ns()
                if await connection.fetchval("select count(*) from read.fills") >= self._sent:
                    return seen
            for name, process in self._processes.items():
                if process.returncode is not None:
                    raise ResultError(f"{name} ended with code {process.returncode}")
            await asyncio.sleep(_POLL_SECONDS)
        filled = await connection.fetchval("select count(*) from read.fills")
        raise ResultError(f"{filled} of {self._sent} orders were filled in time{await denials(connection)}")

    async def _verify(self, connection: "asyncpg.Connection[asyncpg.Record]", orders: int) -> int:
        """Each order has exactly its six events and one fill; returns the rows that the run added."""
        types = await connection.fetch(
            "select type, count(*) as rows from ledger.event where correlation_id is not null group by type"
        )
        found = {row["type"]: row["rows"] for row in types}
        if len(found) != EVENTS_PER_ORDER or set(found.values()) != {self._sent}:
            raise ResultError(f"{self._sent} orders left these events: {found}")
        return EVENTS_PER_ORDER * orders

    def _calls(self, first: int, orders: int) -> list[int]:
        """When the broker received each order, in monotonic nanoseconds, from what the journal grew by."""
        offset = time.time_ns() - time.monotonic_ns()
        decode = msgspec.json.Decoder(_Line).decode
        received: dict[str, int] = {}
        with next(self._journal.glob("*.jsonl")).open("rb") as journal:
            journal.seek(self._journal_at)
            for line in journal:
                told = decode(line)
                if told.kind == "received" and told.order is not None:
                    received[told.order.order] = told.at * 1000 - offset
            self._journal_at = journal.tell()
        if len(received) != orders:
            raise ResultError(f"the broker received {len(received)} orders instead of {orders}")
        return [received[order_of(number)] for number in range(first, first + orders)]

    async def stop(self) -> None:
        """Ends the processes, in the order in which orders flow, and removes the streams."""
        if self._publisher:
            await self._publisher.stop()
        for name in sorted(self._processes, key=lambda each: _STOPPED.index(each.partition("-")[0])):
            if process := self._processes.pop(name, None):
                if process.returncode is None:
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()
        for log in self._logs:
            log.close()
        bus = await Bus.connect(
            Nats(url=self._engines.nats_url, nkey_file=str(self._engines.nkey_file("admin"))), "admin"
        )
        for stream in ("SIGNALS", f"LOG_{self._engines.shard}"):
            await bus.api(f"STREAM.DELETE.{stream}")
        await bus.close()


async def denials(connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    """How many orders were denied for what, as the end of a sentence."""
    rows = await connection.fetch(
        "select convert_from(data, 'UTF8')::jsonb ->> 'reason' as reason, count(*) as rows"
        " from ledger.event where type = 'OrderDenied' group by reason order by rows desc"
    )
    return "".join(f", {row['rows']} denied as {row['reason']}" for row in rows)
