"""The idiomatic floor as a measured system."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import asyncpg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from bench.floor.base import Floor
from bench.floor.idiomatic.wire import STREAM
from bench.system import ResultError


class Idiomatic(Floor):
    """Five processes: publisher, risk, route, router, ledger."""

    name: ClassVar[str] = "idiomatic"
    roles: ClassVar[Mapping[str, str]] = {
        role: f"bench.floor.idiomatic.{role}" for role in ("ledger", "router", "route", "risk", "publisher")
    }
    schema: ClassVar[Path] = Path(__file__).with_name("schema.sql")
    streams: ClassVar[tuple[StreamConfig, ...]] = (STREAM,)

    async def verify(self, connection: asyncpg.Connection, streams: JetStreamContext, orders: int) -> int:
        """Each of the six kinds has a row for every order; returns the rows. Raises ResultError."""
        kinds = await connection.fetch(
            "select subject, count(*) as rows from message group by subject order by subject"
        )
        if [row["rows"] for row in kinds] != [orders] * 6:
            raise ResultError(f"{orders} orders left these rows: { {row['subject']: row['rows'] for row in kinds} }")
        return sum(row["rows"] for row in kinds)
