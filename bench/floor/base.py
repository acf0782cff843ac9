"""A floor as a measured system: a database, streams and role processes of its own on the shared engines."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import asyncpg
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError

from bench.children import RoleProcess
from bench.floor.signal import ROWS_PER_ORDER
from bench.meter import CpuMeter, latency_of, table_bytes
from bench.role import Access, Report, Run
from bench.system import Result, ResultError
from tradewire_cli.engines.testing import Engines

_SLOWEST_ORDERS_PER_SECOND = 50
_GRACE_SECONDS = 30.0


class Floor(ABC):
    """Runs the roles of a floor and turns their reports into a result."""

    name: ClassVar[str]
    roles: ClassVar[Mapping[str, str]]
    """Module by role; the `publisher` is started and told last."""
    schema: ClassVar[Path]
    streams: ClassVar[tuple[StreamConfig, ...]]

    def __init__(self) -> None:
        self._children: list[RoleProcess] = []
        self._sent = 0

    @abstractmethod
    async def verify(self, connection: asyncpg.Connection, streams: JetStreamContext, orders: int) -> int:
        """Checks everything written for `orders` orders since `start`; returns the rows. Raises ResultError."""

    @property
    def database_dsn(self) -> str:
        """The database of this floor; there from `start` to `stop`."""
        return self._access.postgres_dsn

    async def start(self, engines: Engines, workdir: Path) -> None:
        """Makes the database and the streams and starts the roles."""
        self._admin_dsn = engines.dsn("tradewire_admin")
        self._database = f"bench_{self.name}"
        dsn = urlsplit(self._admin_dsn)._replace(path=f"/{self._database}").geturl()
        self._access = Access(engines.nats_url, dsn, str(engines.nkey_file("admin")))
        await self._administer(f"drop database if exists {self._database} with (force)")
        await self._administer(f"create database {self._database}")
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(self.schema.read_text())
        finally:
            await connection.close()
        client = await self._connect()
        try:
            for stream in self.streams:
                await client.jetstream().add_stream(stream)
        finally:
            await client.close()
        for role, module in self.roles.items():
            self._children.append(await RoleProcess.start(role, module, self._access, workdir))
        self._meter = CpuMeter(
            {child.name: child.pid for child in self._children}
            | {"nats": engines.nats.pid, "postgres": engines.postgres.pid}
        )

    async def run(self, rate: float | None, orders: int) -> Result:
        """Publishes, waits for the last row, checks what is there. Raises ResultError or RoleError."""
        limit = _GRACE_SECONDS + orders / min(rate or _SLOWEST_ORDERS_PER_SECOND, _SLOWEST_ORDERS_PER_SECOND)
        bytes_before = await table_bytes(self.database_dsn)
        run = Run(self._sent, orders, rate)
        self._sent += orders
        *others, publisher = self._children
        for child in others:
            await child.begin(run)
        self._meter.start()
        await publisher.begin(run)
        reports = await self._reports(limit)
        cpu = {name: total / orders for name, total in self._meter.microseconds().items()}
        rows = await self._verified() - ROWS_PER_ORDER * (self._sent - orders)
        grown = await table_bytes(self.database_dsn) - bytes_before
        published = reports["publisher"].first
        last = max(report.last for report in reports.values())
        return Result(
            orders=orders,
            rate=rate,
            rows=rows,
            seconds=(last - published) / 1e9,
            latency=latency_of(reports["router"].calls, published, rate) if rate else None,
            cpu=cpu,
            postgres_bytes=grown / orders,
        )

    async def stop(self) -> None:
        """Ends the roles, drops the database and the streams."""
        await asyncio.gather(*(child.stop() for child in self._children))
        self._children.clear()
        client = await self._connect()
        try:
            for stream in self.streams:
                try:
                    await client.jetstream().delete_stream(stream.name or "")
                except NotFoundError:
                    continue
        finally:
            await client.close()
        await self._administer(f"drop database if exists {self._database} with (force)")

    async def _reports(self, limit_seconds: float) -> dict[str, Report]:
        """The reports of all roles; RoleError as soon as one of them fails, also one that has reported."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = [tasks.create_task(child.watch()) for child in self._children]
                reports = {child.name: tasks.create_task(child.finish(limit_seconds)) for child in self._children}
                await asyncio.wait(reports.values())
                for watch in watching:
                    watch.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return {name: report.result() for name, report in reports.items()}

    async def _verified(self) -> int:
        connection = await asyncpg.connect(self.database_dsn)
        client = await self._connect()
        try:
            rows = await self.verify(connection, client.jetstream(), self._sent)
        finally:
            await client.close()
            await connection.close()
        if rows != ROWS_PER_ORDER * self._sent:
            raise ResultError(
                f"{self.name}: {self._sent} orders left {rows} rows instead of {ROWS_PER_ORDER * self._sent}"
            )
        return rows

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self._admin_dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _connect(self) -> Client:
        return await nats.connect(self._access.nats_url, nkeys_seed=self._access.nkey_file, allow_reconnect=False)
