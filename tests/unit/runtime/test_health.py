"""The health port answers while others hold their connections open, and turns away who comes one too many."""

import socket
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from tradewire.runtime import health


@pytest.fixture
def port() -> Iterator[int]:
    port, stop = health.serve(health.Health(), CollectorRegistry(), "127.0.0.1", 0)
    yield port
    stop()


def get(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=30) as response:
        return int(response.status)


def silent(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def test_a_probe_is_answered_while_somebody_says_nothing(port: int) -> None:
    waiting = [silent(port) for _ in range(health.ANSWERED_AT_ONCE - 1)]
    assert get(port) == 200
    for each in waiting:
        each.close()


def test_one_too_many_is_turned_away_and_silence_does_not_last(port: int) -> None:
    waiting = [silent(port) for _ in range(health.ANSWERED_AT_ONCE)]
    with silent(port) as late:
        assert late.recv(1) == b""  # at once, and not after the five seconds of the others
    for each in waiting:
        assert each.recv(1) == b""  # ended by the server
        each.close()
    assert get(port) == 200
