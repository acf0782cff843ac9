"""Where every container is told to connect, read from its own environment and settings' file."""

import tomllib
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tests.deploy.policies import Flow
from tests.deploy.rendering import WORKLOADS, Manifest, containers_of, of_kind, pod_of
from tradewire.settings import Settings

WHO: Final[dict[str, frozenset[str]]] = {
    "nats.url": frozenset({"sequencer", "reader", "ingest", "risk", "router", "paper", "desk"}),
    "nats.monitor_urls": frozenset({"sequencer", "reader", "ingest", "risk", "router"}),
    "postgres.dsn": frozenset({"sequencer"}),
    "postgres.reader_dsn": frozenset({"reader"}),
    "postgres.admin_dsn": frozenset({"migrate"}),
    "paper.address": frozenset({"router"}),
}
"""Every setting that says where to connect, and which processes do."""
_ENDS: Final = ("url", "urls", "dsn", "address", "host", "endpoint")
_LISTENING: Final = frozenset({"http.host"})


def outbound_settings() -> set[str]:
    """The settings that name a place, by the look of their names."""
    found = set[str]()
    for section in msgspec.structs.fields(Settings):
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct):
            names = (f"{section.name}.{each.name}" for each in msgspec.structs.fields(section.type))
            found |= {name for name in names if name.rpartition("_")[2].rpartition(".")[2] in _ENDS}
    return found - _LISTENING


def process_of(workload: Manifest) -> str:
    """Which process a workload runs, by its command: `router-alpaca` runs the router."""
    words: list[str] = containers_of(workload)[0]["command"]
    if words == ["sleep", "infinity"]:
        return "desk"
    return words[-1] if words[-1] in {"nats", "postgres", "migrate"} else words[0].removeprefix("tradewire-")


def needed(manifests: list[Manifest]) -> set[Flow]:
    """Every connection inside the cluster that some setting of some container asks for."""
    services = _targets(manifests)
    found = set[Flow]()
    for workload in of_kind(manifests, *WORKLOADS):
        name, process = workload["metadata"]["name"], process_of(workload)
        settings = settings_of(workload, manifests)
        for key in (key for key, who in WHO.items() if process in who):
            for place in _places(settings, key):
                host, port = _split(place)
                found.add(Flow(name, services[host.partition(".")[2] or host], port))
    return found


def settings_of(workload: Manifest, manifests: list[Manifest]) -> dict[str, dict[str, Any]]:
    """What a workload's first container is told: its settings' file, and its environment over it."""
    container = containers_of(workload)[0]
    environment = {each["name"]: each.get("value", "") for each in container.get("env", ())}
    volumes = {each["name"]: each for each in pod_of(workload)["spec"]["volumes"]}
    told: dict[str, dict[str, Any]] = {}
    for mount in container["volumeMounts"]:
        if environment.get("TRADEWIRE_CONFIG", "").startswith(mount["mountPath"] + "/"):
            config = volumes[mount["name"]]["configMap"]["name"]
            (found,) = (each for each in of_kind(manifests, "ConfigMap") if each["metadata"]["name"] == config)
            told = tomllib.loads(found["data"]["tradewire.toml"])
    for name, value in environment.items():
        section, _, key = name.removeprefix("TRADEWIRE_").lower().partition("_")
        if name.startswith("TRADEWIRE_") and key:
            told.setdefault(section, {})[key] = value
    return told


def _places(settings: dict[str, dict[str, Any]], key: str) -> list[str]:
    section, _, name = key.partition(".")
    value = settings.get(section, {}).get(name, "")
    return [each for each in (value if isinstance(value, list) else value.split(",")) if each]


def _split(place: str) -> tuple[str, int]:
    parts = urlsplit(place if "://" in place else f"tcp://{place}")
    assert parts.hostname, place
    assert parts.port, place
    return parts.hostname, parts.port


def _targets(manifests: list[Manifest]) -> dict[str, str]:
    """Which pods a Service's name leads to. CloudNativePG makes `<cluster>-rw`."""
    found = {f"{each['metadata']['name']}-rw": each["metadata"]["name"] for each in of_kind(manifests, "Cluster")}
    pods = {each["metadata"]["name"]: pod_of(each)["metadata"]["labels"] for each in of_kind(manifests, *WORKLOADS)}
    for service in of_kind(manifests, "Service"):
        selector = service["spec"]["selector"].items()
        (found[service["metadata"]["name"]],) = (name for name, labels in pods.items() if selector <= labels.items())
    return found
