"""The product without the packages of its traces, and with a collector out of reach: as if there were none."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.cli.system import Up, environment, started_up, tradewire
from tests.twins.kit.remote import until
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit

NO_PACKAGES = """
import sys
from importlib.abc import MetaPathFinder

class Gone(MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == "opentelemetry" or fullname.startswith("google.protobuf"):
            with open({asked!r}, "a") as asked:
                print(fullname, file=asked)
            raise ModuleNotFoundError(f"No module named {{fullname!r}}", name=fullname)

sys.meta_path.insert(0, Gone())
open({began!r}, "a").write(f"{{sys.argv[0]}}\\n")
"""
SYMBOLS = ("AAPL", "KO", "MSFT", "IBM")
SECONDS = 60.0


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder for each test: each has a system of its own."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def silent() -> Iterator[str]:
    """An address whose connections are never answered: its queue is full, and nobody takes from it."""
    with closing(socket.socket()) as server, closing(socket.socket()) as first, closing(socket.socket()) as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def assert_trades(data: Path) -> None:
    """Everything that is sent is filled, and the log holds."""
    for symbol in SYMBOLS:
        sent = tradewire(data, "send", "buy", symbol, "2", "--price", "50", "--wait", "--json")
        assert sent.code == Exit.DONE, sent.out + sent.err
    fills = tradewire(data, "fills", "--json").json["fills"]
    assert sorted(fill["symbol"] for fill in fills) == sorted(SYMBOLS)
    assert tradewire(data, "check").code == Exit.DONE


def metric(up: Up, process: str, name: str) -> float:
    """A number that a process tells."""
    with urlopen(f"{up.run.processes[process].http}/metrics", timeout=SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_it_starts_and_trades_without_the_packages_of_traces(data: Path) -> None:
    folder, asked, began = data / "blocked", data / "asked", data / "began"
    folder.mkdir()
    code = NO_PACKAGES.format(asked=str(asked), began=str(began))
    (folder / "sitecustomize.py").write_text(code)
    path = os.pathsep.join(filter(None, (str(folder), environment(data).get("PYTHONPATH", ""))))
    with started_up(data, more={"PYTHONPATH": path}) as up:
        assert_trades(data)
        assert began.read_text().count("\n") > len(SYMBOLS), "the packages were kept from every process"
        assert metric(up, "risk", "tradewire_trace_") == 0
    assert not asked.exists(), asked.read_text()


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_a_collector_that_cannot_be_reached_blocks_and_loses_nothing(data: Path, silent: str, how: str) -> None:
    url = silent if how == "silent" else f"http://127.0.0.1:{free_port()}"
    with started_up(data, more={"TRADEWIRE_TRACES_OTLP_ENDPOINT": url}) as up:
        assert_trades(data)
        until(lambda: metric(up, "router", 'tradewire_trace_spans_total{outcome="failed"}') > 0, SECONDS)
        assert metric(up, "router", 'tradewire_trace_spans_total{outcome="exported"}') == 0
        log = up.folder.logs / "router.log"
        said = [json.loads(line) for line in log.read_text().splitlines()]
        assert [line["event"] for line in said].count("traces cannot be exported; trading goes on") == 1
        ready = [urlopen(f"{up.run.processes[name].http}/readyz").status for name in ("risk", "router", "ingest")]
        assert ready == [200, 200, 200]
