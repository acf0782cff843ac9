"""A system that trades at the twin and at the paper broker, and a Prometheus that watches it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.fixtures import tools
from tests.e2e.cli.system import Up, started_up
from tests.e2e.cli.twin import Twin, twin
from tests.e2e.monitoring.server import Prometheus, prometheus
from tests.e2e.monitoring.trading import PER_MINUTE, Desk, days, settings
from tradewire_cli.engines.testing import reachable_folder

__all__ = ["tools"]


@pytest.fixture(scope="module")
def data(tools: Path) -> Iterator[Path]:
    """A data folder; nothing is started where there is no Prometheus."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Twin]:
    """The twin whose prices move, with its keys in the environment."""
    options = ("--walk", "1", "--option", f"rate_per_min={PER_MINUTE}")
    with twin(data, *options) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.keys.items():
            patch.setenv(name, value)
        running.control.do("bars", symbol="AAPL", timeframe="1Day", bars=days())
        yield running


@pytest.fixture(scope="module")
def up(data: Path, served: Twin) -> Iterator[Up]:
    """The system."""
    with started_up(data, settings(served, data)) as system:
        yield system


@pytest.fixture(scope="module")
def watched(tools: Path, data: Path, up: Up) -> Iterator[Prometheus]:
    """The Prometheus, once it reaches every process."""
    with prometheus(tools, data) as server:
        processes = set(up.run.urls) - {"nats", "nats_monitor"}
        server.until(
            lambda: {labels["process"] for labels, value in server.query("up") if value} == processes,
            lambda: f"{server.query('up')} instead of {processes}",
        )
        yield server


@pytest.fixture(scope="module")
def desk(data: Path, up: Up) -> Desk:
    """Somebody who trades there."""
    return Desk(data)
