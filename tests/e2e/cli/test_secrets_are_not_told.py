"""What a system says of itself holds none of its secrets: logs, spans, metrics, health; when all goes wrong, too."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector import Collector, collecting
from tests.e2e.cli.system import Up, started_up, tradewire
from tests.e2e.cli.twin import Twin, twin
from tests.twins.kit.remote import until
from tradewire_cli.engines.testing import reachable_folder

KEY, SECRET, BEARER = "PKX7Q2N5ZJ4W8T6R3Y1M", "wJ5kS9dQ2hV7xB4nT8mC3pL6rF1gZ0yEuA", "c0ll3ct0r-bearer-5f2e"
POST = "POST /v2/orders"
PER_MINUTE = 6000
ECHO = json.dumps({"code": 42210000, "message": f"not for APCA-API-KEY-ID: {KEY} / {SECRET}"})
SECONDS = 60.0


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Twin]:
    """A broker whose keys can be told from every other word."""
    words = [f"rate_per_min={PER_MINUTE}", f"key={KEY}", f"secret={SECRET}"]
    options = [word for option in words for word in ("--option", option)]
    with twin(data, "--walk", "1", *options) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.keys.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def up(data: Path, served: Twin, collector: Collector) -> Iterator[Up]:
    """A system that says everything and exports."""
    more = {
        "TRADEWIRE_LOG_LEVEL": "debug",
        "TRADEWIRE_TRACES_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{BEARER}",
    }
    with started_up(data, f'{served.settings}rate_per_min = "{PER_MINUTE}"\n', more=more) as system:
        yield system


def secrets(up: Up) -> dict[str, str]:
    """What must not be said, by where it stands."""
    files = [*up.folder.keys.glob("*.nk"), *(file for file in up.folder.secrets.iterdir() if file.is_file())]
    found = {str(file.relative_to(up.folder.path)): file.read_text(errors="replace").strip() for file in files}
    seeds = [name for name in found if name.startswith("keys/")]
    assert len(seeds) > 5, f"the seeds of the users of NATS: {found.keys()}"
    assert "secrets/postgres_admin" in found
    return {**found, "the broker's key": KEY, "the broker's secret": SECRET, "the collector's credentials": BEARER}


def told(url: str) -> str:
    """What an address answers, whatever it thinks of it."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def everything(up: Up, collector: Collector) -> dict[str, str]:
    """All that is said, by where."""
    files = [*up.folder.logs.iterdir(), up.folder.path / "up.out", up.folder.prometheus_targets]
    found = {file.name: file.read_text(errors="replace") for file in files}
    found["spans"] = repr(collector.spans)
    for name, process in up.run.processes.items():
        if process.http and name not in {"nats", "postgres"}:
            for path in ("metrics", "readyz", "livez"):
                found[f"{name}/{path}"] = told(f"{process.http}/{path}")
    return found


def test_nothing_that_is_said_holds_a_secret(up: Up, data: Path, served: Twin, collector: Collector) -> None:
    symbol = "AAPL"
    sent = tradewire(data, "send", "buy", symbol, "1", "--wait", "--json")
    assert sent.code == 0, sent.err
    served.control.arm("status_before", POST, status=422, body=ECHO)
    rejected = tradewire(data, "send", "buy", symbol, "2", "--wait", "--json")
    served.control.do("keys")
    log = up.folder.logs / "router.log"
    tradewire(data, "send", "buy", symbol, "3")
    served.control.hang_up()
    until(lambda: "revoked" in log.read_text() or "unauthorized" in log.read_text().lower(), SECONDS)
    trace = json.loads(sent.out)["order"]["signal"].replace("-", "")
    until(lambda: any(span.name == "order filled" for span in collector.of(trace)), SECONDS)

    said, hidden = everything(up, collector), secrets(up)
    said["rejected"] = rejected.out + rejected.err

    assert "not for APCA-API-KEY-ID" in said["router.log"], "what the broker said is told, but for the keys"
    assert "trace_id" in said["router.log"]
    assert "tradewire_build_info" in said["router/metrics"]
    leaks = [f"{where} holds {what}" for where, text in said.items() for what, value in hidden.items() if value in text]
    assert leaks == []
