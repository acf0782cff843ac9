"""How Postgres and NATS are, asked now and then, so that no exporter is needed beside them."""

from typing import Final

from prometheus_client import CollectorRegistry

from tradewire.runtime.metrics import Family, Shown

_TABLE: Final = ("table",)
_SERVER: Final = ("server",)
_STREAM: Final = ("server", "stream")
POSTGRES: Final = {
    "postgres_up": Family("1 while Postgres answers the reader"),
    "postgres_database_bytes": Family("Size of the database"),
    "postgres_connections": Family("Connections to the server, of whomever"),
    "postgres_max_connections": Family("Connections that the server takes"),
    "postgres_oldest_transaction_age_seconds": Family(
        "Age of the oldest transaction; what it may still see is not vacuumed"
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


class EngineMetrics:
    """The figures that tell early when an engine is about to fail."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.postgres = Shown(registry, POSTGRES)
        self.nats = Shown(registry, NATS)
