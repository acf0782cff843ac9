"""What is told of Postgres and NATS: what they answer, and nothing stale of one that does not."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tradewire_ledger.reader.told.engines import EngineMetrics, server_of

VARZ: dict[str, Any] = {"connections": 9, "max_connections": 64, "mem": 1_000, "slow_consumers": 2}
JSZ: dict[str, Any] = {
    "memory": 0,
    "storage": 4_096,
    "config": {"max_memory": 10, "max_storage": 8_192},
    "api": {"total": 9, "errors": 3},
    "account_details": [
        {"name": "TW", "stream_detail": [{"name": "SIGNALS", "state": {"messages": 7, "bytes": 700}}]},
        {"name": "SYS"},
    ],
}


def told(registry: CollectorRegistry) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in generate_latest(registry).decode().splitlines() if line[:1] != "#")
    return {name.removeprefix("tradewire_"): float(value) for name, _, value in lines}


def test_each_server_is_told_and_one_that_is_silent_as_down() -> None:
    registry = CollectorRegistry()
    EngineMetrics(registry).tell_nats([("a:8222", (VARZ, JSZ)), ("b:8222", None)])
    page = told(registry)
    assert {name: value for name, value in page.items() if 'server="b:8222"' in name} == {
        'nats_server_up{server="b:8222"}': 0
    }
    assert page['nats_server_up{server="a:8222"}'] == 1
    assert page['nats_server_slow_consumers_total{server="a:8222"}'] == 2
    assert page['nats_jetstream_storage_bytes{server="a:8222"}'] == 4_096
    assert page['nats_jetstream_max_storage_bytes{server="a:8222"}'] == 8_192
    assert page['nats_jetstream_api_errors_total{server="a:8222"}'] == 3
    assert page['nats_stream_messages{server="a:8222",stream="SIGNALS"}'] == 7
    assert page['nats_stream_bytes{server="a:8222",stream="SIGNALS"}'] == 700


def test_a_server_without_jetstream_is_told_as_far_as_it_goes() -> None:
    registry = CollectorRegistry()
    EngineMetrics(registry).tell_nats([("a:8222", ({"connections": 1}, {}))])
    page = told(registry)
    assert page['nats_server_connections{server="a:8222"}'] == 1
    assert not [name for name in page if name.startswith("nats_jetstream_storage")]


def test_what_postgres_said_is_no_news_once_it_is_lost() -> None:
    registry = CollectorRegistry()
    engines = EngineMetrics(registry)
    assert told(registry) == {"postgres_up": 0}
    tables = [{"name": "ledger.event", "bytes": 8, "dead_rows": 0, "last_vacuum_timestamp_seconds": 5.5}]
    engines.tell_postgres({"database_bytes": 100, "connections": 4}, tables)
    assert told(registry) == {
        "postgres_up": 1,
        "postgres_database_bytes": 100,
        "postgres_connections": 4,
        'postgres_table_bytes{table="ledger.event"}': 8,
        'postgres_table_dead_rows{table="ledger.event"}': 0,
        'postgres_table_last_vacuum_timestamp_seconds{table="ledger.event"}': 5.5,
    }
    engines.lost()
    assert told(registry) == {"postgres_up": 0}


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://127.0.0.1:8222", "127.0.0.1:8222"),
        ("http://user:secret@nats-0.nats:8222/", "nats-0.nats:8222"),
        ("http://nats", "nats"),
    ],
)
def test_a_server_is_named_without_secrets(url: str, server: str) -> None:
    assert server_of(url) == server
