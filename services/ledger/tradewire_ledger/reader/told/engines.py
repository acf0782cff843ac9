"""How Postgres and NATS are, asked now and then, so that no exporter is needed beside them."""

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterable
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
from prometheus_client import CollectorRegistry

from tradewire.runtime.logs import Log
from tradewire.runtime.metrics import Family, Names, Shown
from tradewire_ledger.lost import LOST

ASK_SECONDS: Final = 15.0
MALFORMED: Final = "a malformed address"
"""What a server is called whose address has no host and port that could be named."""
_TIMEOUT_SECONDS: Final = 2.0
_MOST_STREAMS: Final = 50
_TABLE: Final = ("table",)
_SERVER: Final = ("server",)
_STREAM: Final = ("server", "stream")
POSTGRES: Final = {
    "postgres_up": Family("1 while Postgres answers the reader"),
    "postgres_database_bytes": Family("Size of the database"),
    "postgres_connections": Family("Connections to the server, of whomever"),
    "postgres_max_connections": Family("Connections that the server takes"),
    "postgres_running_transaction_span": Family(
        "Transactions begun since the oldest that still runs; what it may see is not vacuumed"
    ),
    "postgres_transaction_id_age": Family(
        "Transactions since the oldest row that is not frozen; at two thousand million Postgres stops"
    ),
    "postgres_table_bytes": Family("Size of a table with its indexes", _TABLE),
    "postgres_table_dead_rows": Family("Rows of a table that a vacuum would remove", _TABLE),
    "postgres_table_last_vacuum_timestamp_seconds": Family("When it was last vacuumed; 0 where never", _TABLE),
    "postgres_table_last_analyze_timestamp_seconds": Family("When it was last analyzed; 0 where never", _TABLE),
}
NATS: Final = {
    "nats_server_up": Family("1 while a server's monitoring answers", _SERVER),
    "nats_server_connections": Family("Clients of a server", _SERVER),
    "nats_server_max_connections": Family("Clients that a server takes", _SERVER),
    "nats_server_resident_memory_bytes": Family("Memory of a server", _SERVER),
    "nats_server_slow_consumers": Family("Clients that were cut off as too slow", _SERVER, rises=True),
    "nats_jetstream_storage_bytes": Family("Disk that a server's streams take", _SERVER),
    "nats_jetstream_max_storage_bytes": Family("Disk that they may take", _SERVER),
    "nats_jetstream_memory_bytes": Family("Memory that a server's streams take", _SERVER),
    "nats_jetstream_max_memory_bytes": Family("Memory that they may take", _SERVER),
    "nats_jetstream_api_errors": Family("JetStream requests that were refused", _SERVER, rises=True),
    "nats_stream_bytes": Family("Size of a stream", _STREAM),
    "nats_stream_messages": Family("Messages in a stream", _STREAM),
}
_SERVER_FIGURES: Final = (
    ("nats_server_connections", "connections"),
    ("nats_server_max_connections", "max_connections"),
    ("nats_server_resident_memory_bytes", "mem"),
    ("nats_server_slow_consumers", "slow_consumers"),
)
# What every role may see: no figure needs more than the reader's grants.
_OF_DATABASE: Final = """
select pg_database_size(current_database()) as database_bytes,
       (select sum(numbackends) from pg_stat_database) as connections,
       current_setting('max_connections')::int as max_connections,
       pg_snapshot_xmax(s)::text::bigint - pg_snapshot_xmin(s)::text::bigint as running_transaction_span,
       (select max(age(datfrozenxid)) from pg_database where datallowconn) as transaction_id_age
from pg_current_snapshot() s
"""
_OF_TABLES: Final = """
select schemaname || '.' || relname as name, pg_total_relation_size(relid) as bytes, n_dead_tup as dead_rows,
       coalesce(extract(epoch from greatest(last_vacuum, last_autovacuum)), 0)::float8 as last_vacuum_timestamp_seconds,
       coalesce(extract(epoch from greatest(last_analyze, last_autoanalyze)), 0)::float8
           as last_analyze_timestamp_seconds
from pg_stat_user_tables where schemaname in ('ledger', 'read') order by 1
"""


class EngineMetrics:
    """The figures that tell early when an engine is about to fail."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._postgres = Shown(registry, POSTGRES)
        self._nats = Shown(registry, NATS)
        self._streams = Names(_MOST_STREAMS)
        self.lost()

    def lost(self) -> None:
        """Postgres does not answer: what it said last is no news any more."""
        sheet = self._postgres.sheet()
        sheet.put("postgres_up", 0)
        self._postgres.show(sheet)

    async def ask_postgres(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Asks now and then, for ever."""
        while True:
            try:
                async with pool.acquire() as connection:
                    found: Any = await connection.fetchrow(_OF_DATABASE)
                    tables: Any = await connection.fetch(_OF_TABLES)
            except LOST:
                self.lost()
            else:
                self.tell_postgres(found, tables)
            await asyncio.sleep(ASK_SECONDS)

    def tell_postgres(self, database: Any, tables: Iterable[Any]) -> None:
        """Takes what Postgres answered, by column."""
        sheet = self._postgres.sheet()
        sheet.put("postgres_up", 1)
        for name, value in database.items():
            sheet.put(f"postgres_{name}", value)
        for row in tables:
            for name, value in row.items():
                if name != "name":
                    sheet.put(f"postgres_table_{name}", value, row["name"])
        self._postgres.show(sheet)

    async def ask_nats(self, urls: Callable[[], Iterable[str]], log: Log) -> None:
        """Asks the servers' monitoring now and then, for ever; `urls` are those of the settings in force."""
        loop = asyncio.get_running_loop()
        while True:
            asked = list(urls())
            try:
                answers = await asyncio.gather(*(loop.run_in_executor(None, _ask, url) for url in asked))
                self.tell_nats([(server_of(url), answer) for url, answer in zip(asked, answers, strict=True)])
            except Exception as error:  # no figure is worth a reader that answers nothing
                log.error("the figures of NATS could not be told", exc_info=error)
            await asyncio.sleep(ASK_SECONDS)

    def tell_nats(self, answers: Iterable[tuple[str, tuple[Any, Any] | None]]) -> None:
        """Takes what servers answered: `/varz` and `/jsz`, or None of one that did not."""
        sheet = self._nats.sheet()
        for server, answer in answers:
            sheet.put("nats_server_up", answer is not None, server)
            if answer is None:
                continue
            varz, jsz = answer
            for name, key in _SERVER_FIGURES:
                sheet.put(name, varz.get(key), server)
            sheet.put("nats_jetstream_storage_bytes", jsz.get("storage"), server)
            sheet.put("nats_jetstream_memory_bytes", jsz.get("memory"), server)
            sheet.put("nats_jetstream_api_errors", jsz.get("api", {}).get("errors", 0), server)
            for kind in ("storage", "memory"):
                sheet.put(f"nats_jetstream_max_{kind}_bytes", jsz.get("config", {}).get(f"max_{kind}"), server)
            for account in jsz.get("account_details", ()):
                for stream in account.get("stream_detail", ()):
                    name, state = self._streams.label(stream["name"]), stream["state"]
                    sheet.put("nats_stream_bytes", state["bytes"], server, name)
                    sheet.put("nats_stream_messages", state["messages"], server, name)
        self._nats.show(sheet)


def server_of(url: str) -> str:
    """What a server is called: host and port, without anything that may be secret."""
    try:
        split = urlsplit(url)
        return f"{split.hostname or ''}:{split.port}" if split.port else split.hostname or ""
    except ValueError:
        return MALFORMED


def _ask(url: str) -> tuple[Any, Any] | None:
    if not url.startswith(("http://", "https://")):
        return None
    try:
        base = url.rstrip("/")
        return _get(f"{base}/varz"), _get(f"{base}/jsz?streams=1&config=1")
    except (OSError, HTTPException, ValueError):  # HTTPException: an answer that breaks off
        return None


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 - http alone, see above
        return json.load(response)
