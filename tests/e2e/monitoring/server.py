"""A Prometheus of Debian's package that scrapes a running system, and what its HTTP API says."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from deploy.monitoring.__main__ import ROOT

from tradewire_cli.engines.ports import free_port

WAIT_SECONDS: Final = 180.0
"""How long something is waited for that must come."""
_CONFIG: Final = ROOT / "prometheus" / "prometheus.yaml"
_SCRAPE: Final = "1s"


class Prometheus:
    """Its HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str) -> Any:
        """An answer's data. Raises AssertionError with Prometheus' own words when it does not like the question."""
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters}: {json.load(error)['error']}") from None

    def query(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """The series that an expression has now, with their values."""
        found = self.ask("query", query=expr)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def shows(self, expr: str) -> bool:
        """Whether there is a figure, one that is a number."""
        return any(value == value for _, value in self.query(expr))  # noqa: PLR0124 - NaN is no figure

    def firing(self) -> dict[str, list[dict[str, Any]]]:
        """The alerts that fire, by their names."""
        found: dict[str, list[dict[str, Any]]] = {}
        for alert in self.ask("alerts")["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert)
        return found

    def until(self, holds: Callable[[], Any], what: Callable[[], str]) -> None:
        """Waits until something holds; `what` says what was missing."""
        end = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < end, what()
            time.sleep(0.5)


@contextmanager
def prometheus(tools: Path, data: Path) -> Iterator[Prometheus]:
    """Runs with the repository's own configuration and rules, on this data folder; ends with the block.

    It is faster: it scrapes each second, and an alert does not wait `for` its time, which promtool's cases measure.
    """
    place, port = data / "prometheus-server", free_port()
    place.mkdir()
    config = yaml.safe_load(_CONFIG.read_text())
    config["global"] |= {"scrape_interval": _SCRAPE, "scrape_timeout": _SCRAPE, "evaluation_interval": _SCRAPE}
    config["rule_files"] = _at_once(config["rule_files"], place)
    [job] = config["scrape_configs"]
    [found] = job["file_sd_configs"]
    found["files"] = [name.replace("/tradewire/", f"{data}/") for name in found["files"]]
    (place / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [
        str(tools / "prometheus"),
        f"--config.file={place / 'prometheus.yaml'}",
        f"--storage.tsdb.path={place / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = place / "prometheus.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=place)
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + WAIT_SECONDS
        while not _ready(url):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)
        yield Prometheus(url)
    finally:
        process.kill()
        process.wait()


def _at_once(patterns: list[str], place: Path) -> list[str]:
    """Copies the rules without their waiting times, and returns the copies."""
    copies = []
    for path in (found for pattern in patterns for found in sorted(_CONFIG.parent.glob(pattern))):
        rules = yaml.safe_load(path.read_text())
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            del rule["for"]
        copies.append(str(place / path.name))
        Path(copies[-1]).write_text(yaml.safe_dump(rules))
    assert copies
    return copies


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
