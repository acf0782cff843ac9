"""The bare sequencer as a measured system."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import asyncpg
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from bench.floor.bare.subjects import LOG, LOG_ID, SIGNALS
from bench.floor.base import Floor
from bench.system import ResultError
from tradewire.messages import chain
from tradewire.messages.log import Event

_TYPES = ("OrderAccepted", "OrderApproved", "OrderFilled", "OrderRequested", "OrderSubmitStarted", "SignalReceived")
_EVENTS = """
select pos, stream, version, event_id::text as event_id, type, schema, at, time, writer,
       correlation_id::text as correlation_id, causation_id::text as causation_id, data, hash
from event where pos > $1 order by pos
"""


class Bare(Floor):
    """Five processes: publisher, ingest, risk, router, sequencer."""

    name: ClassVar[str] = "bare"
    roles: ClassVar[Mapping[str, str]] = {
        role: f"bench.floor.bare.{role}" for role in ("sequencer", "router", "risk", "ingest", "publisher")
    }
    schema: ClassVar[Path] = Path(__file__).with_name("schema.sql")
    streams: ClassVar[tuple[StreamConfig, ...]] = (SIGNALS, LOG)

    def __init__(self) -> None:
        super().__init__()
        self._checked_pos = 0
        self._checked_hash = chain.genesis(LOG_ID)

    async def verify(self, connection: asyncpg.Connection, streams: JetStreamContext, orders: int) -> int:
        """Six events an order, without a gap, chained, the head at the last, a frame on JetStream for every commit.

        Returns the rows. Raises ResultError.
        """
        types = await connection.fetch("select type, count(*) as rows from event group by type order by type")
        if [(row["type"], row["rows"]) for row in types] != [(name, orders) for name in _TYPES]:
            raise ResultError(f"{orders} orders left these rows: { {row['type']: row['rows'] for row in types} }")
        await self._verify_chain(connection)
        head = await connection.fetchrow("select frame, pos, hash from head")
        frames = await connection.fetchval("select count(*) from frame")
        stored = (await streams.stream_info(str(LOG.name))).state.last_seq
        rows = len(_TYPES) * orders
        if head is None or (head["pos"], head["hash"]) != (rows, self._checked_hash):
            raise ResultError(f"the head row is not at the last of {rows} events: {head}")
        if not head["frame"] == frames == stored:
            raise ResultError(f"frames: {head['frame']} by the head row, {frames} in Postgres, {stored} on JetStream")
        return rows

    async def _verify_chain(self, connection: asyncpg.Connection) -> None:
        async with connection.transaction(readonly=True):
            async for row in connection.cursor(_EVENTS, self._checked_pos, prefetch=1000):
                *values, stored = row.values()
                link = chain.link(self._checked_hash, Event(*values))
                if row["pos"] != self._checked_pos + 1 or link != stored:
                    raise ResultError(f"the chain is broken at position {row['pos']}")
                self._checked_pos, self._checked_hash = row["pos"], link
