"""What is told of Postgres and NATS: what they answer, and nothing stale of one that does not."""

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.unit.runtime.test_sync import CUT, answering
from tests.waiting import soon
from tradewire.runtime.tasks import end_tasks
from tradewire_ledger.reader.told import engines
from tradewire_ledger.reader.told.engines import MALFORMED, EngineMetrics, server_of

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
        ("http://user:secret@nats:port", MALFORMED),
        ("http://user:secret@[nats", MALFORMED),
    ],
)
def test_a_server_is_named_without_secrets(url: str, server: str) -> None:
    assert server_of(url) == server


class _Log:
    """What was said of errors."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def error(self, said: str, **more: Any) -> None:
        self.errors.append(f"{said}: {more['exc_info']!r}")


@pytest.mark.parametrize("answer", CUT)
async def test_a_server_that_breaks_off_its_answer_is_down_and_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(engines, "ASK_SECONDS", 0.01)
    registry, log = CollectorRegistry(), _Log()
    async with answering(answer) as (url, asked):
        telling = asyncio.create_task(EngineMetrics(registry).ask_nats(lambda: [url, "http://nats:port"], log))
        await soon(lambda: _after(telling, len(asked) > 3))
        await end_tasks(telling)
    page = told(registry)
    assert page[f'nats_server_up{{server="{server_of(url)}"}}'] == 0
    assert page[f'nats_server_up{{server="{MALFORMED}"}}'] == 0
    assert log.errors == []


async def test_what_makes_no_sense_ends_nothing_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ASK_SECONDS", 0.01)
    body = json.dumps([1, 2]).encode()
    log = _Log()
    async with answering(b"HTTP/1.0 200 OK\r\n\r\n" + body) as (url, _):
        telling = asyncio.create_task(EngineMetrics(CollectorRegistry()).ask_nats(lambda: [url], log))
        await soon(lambda: _after(telling, len(log.errors) > 1))
        await end_tasks(telling)
    assert log.errors[0].startswith("the figures of NATS could not be told: AttributeError")


async def _after(running: "asyncio.Task[None]", holds: bool) -> bool:
    if running.done():
        running.result()
    return holds
