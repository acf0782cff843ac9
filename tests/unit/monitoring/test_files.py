"""The files by which Prometheus and Grafana find all this, beside a local run and on a cluster."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from deploy.monitoring.__main__ import ROOT
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.grafana import dashboard

from tests.deploy.rendering import containers_of, of_kind, overlay, pod_of
from tradewire_cli.engines.folder import DataFolder

COMPOSE: Final = ROOT / "compose" / "monitoring.yaml"
DOCS: Final = ROOT.parent / "docs"


@cache
def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def mounts(service: str) -> dict[str, str]:
    """The volumes of a service of the compose file: what is in the container by its path there."""
    found = {}
    for volume in read("compose/monitoring.yaml")["services"][service]["volumes"]:
        # The folder of the data may be any; its variable has colons of its own.
        outside, inside, *_ = re.sub(r"\$\{[^}]*\}", "DATA", volume).split(":")
        found[inside] = outside
    return found


def test_the_local_prometheus_reads_what_a_run_writes() -> None:
    config, mounted = read("prometheus/prometheus.yaml"), mounts("prometheus")
    command = read("compose/monitoring.yaml")["services"]["prometheus"]["command"]
    [job] = config["scrape_configs"]
    assert job["job_name"] == "tradewire"
    [targets] = job["file_sd_configs"][0]["files"]
    folder, name = targets.rsplit("/", 1)
    written = DataFolder(Path("DATA")).prometheus_targets
    assert Path(mounted[folder]) / name == written
    assert "--config.file=/etc/prometheus/prometheus.yaml" in command
    assert (COMPOSE.parent / mounted["/etc/prometheus"]).resolve() == ROOT / "prometheus"
    rules = [path for pattern in config["rule_files"] for path in (ROOT / "prometheus").glob(pattern)]
    assert rules == [ROOT / "prometheus" / "rules" / "tradewire.yaml"]


def test_the_local_grafana_finds_its_source_and_every_dashboard() -> None:
    service, mounted = read("compose/monitoring.yaml")["services"]["grafana"], mounts("grafana")
    assert (COMPOSE.parent / mounted["/etc/grafana/provisioning"]).resolve() == ROOT / "grafana" / "provisioning"
    [provider] = read("grafana/provisioning/dashboards/tradewire.yaml")["providers"]
    assert (COMPOSE.parent / mounted[provider["options"]["path"]]).resolve() == ROOT / "grafana" / "dashboards"
    shown = {json.loads(path.read_text())["uid"] for path in (ROOT / "grafana" / "dashboards").glob("*.json")}
    assert shown == {board.uid for board in BOARDS}
    home = Path(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent == Path(provider["options"]["path"])
    assert (ROOT / "grafana" / "dashboards" / home.name).exists()
    [source] = read("grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    listens = next(
        argument.rpartition("=")[2]
        for argument in read("compose/monitoring.yaml")["services"]["prometheus"]["command"]
        if "listen-address" in argument
    )
    assert source["url"] == "${TRADEWIRE_PROMETHEUS_URL}"
    assert service["environment"]["TRADEWIRE_PROMETHEUS_URL"] == f"http://{listens}"
    # A rate's window is four of these, so it must be what is scraped.
    assert source["jsonData"]["timeInterval"] == read("prometheus/prometheus.yaml")["global"]["scrape_interval"]


def test_nobody_from_outside_reaches_what_stands_beside_a_local_run() -> None:
    services = read("compose/monitoring.yaml")["services"]
    assert all(each["network_mode"] == "host" and "ports" not in each for each in services.values())
    assert "--web.listen-address=127.0.0.1:9090" in services["prometheus"]["command"]
    grafana = services["grafana"]["environment"]
    assert grafana["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert grafana["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    for each in services.values():
        assert each["cap_drop"] == ["ALL"]
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert re.fullmatch(r".+:\$\{[A-Z_]+:-v?\d+\.\d+\.\d+\}", each["image"]), "a version, not the latest"


@pytest.mark.parametrize("board", BOARDS, ids=[board.title for board in BOARDS])
def test_a_cluster_gets_every_dashboard_under_the_label_that_grafana_looks_for(board: Any) -> None:
    maps = [each for each in of_kind(overlay("production"), "ConfigMap") if f"{board.uid}.json" in each["data"]]
    assert len(maps) == 1
    assert maps[0]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert maps[0]["metadata"]["annotations"]["grafana_folder"] == "Tradewire"
    assert maps[0]["data"] == {f"{board.uid}.json": dashboard(board)}
    assert len(json.dumps(maps[0])) < 1_000_000, "a ConfigMap takes a megabyte at most"


def test_a_cluster_gets_every_alert() -> None:
    [resource] = of_kind(overlay("production"), "PrometheusRule")
    told = [rule["alert"] for group in resource["spec"]["groups"] for rule in group["rules"]]
    assert told == [alert.name for alert in ALERTS]


def test_a_cluster_scrapes_every_pod_that_tells_metrics_and_names_its_process() -> None:
    [monitor] = of_kind(overlay("production"), "PodMonitor")
    # The operator's job is NAMESPACE/NAME, by which the alerts know what is Tradewire's.
    assert monitor["metadata"]["name"] == "tradewire"
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    named = {"sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"], "targetLabel": "process"}
    assert named in endpoint["relabelings"]
    wanted, seen = monitor["spec"]["selector"]["matchLabels"], set()
    for workload in of_kind(overlay("production"), "Deployment", "StatefulSet"):
        pod, ports = pod_of(workload), [port for each in containers_of(workload) for port in each.get("ports", ())]
        http = [port["containerPort"] for port in ports if port["name"] == endpoint["port"]]
        notes = pod["metadata"].get("annotations", {})
        assert (notes.get("prometheus.io/scrape") == "true") == bool(http), workload["metadata"]["name"]
        if http:
            assert notes["prometheus.io/port"] == str(http[0])
            assert notes["prometheus.io/path"] == endpoint["path"]
            assert wanted.items() <= pod["metadata"]["labels"].items()
            seen.add(pod["metadata"]["labels"]["app.kubernetes.io/name"])
    assert {"sequencer", "reader", "risk", "router", "ingest", "paper", "nats"} <= seen


def test_the_page_tells_of_every_dashboard_and_names_only_files_that_there_are() -> None:
    page = (DOCS / "how-to" / "monitor.md").read_text()
    assert re.findall(r"^\| ([A-Z]\w+) \|", page, re.MULTILINE) == [board.title for board in BOARDS]
    named = set(re.findall(r"deploy/[\w./-]*\w", page))
    assert named
    assert not [name for name in named if not (ROOT.parent / name).exists()]
