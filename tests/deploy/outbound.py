"""Where every container is told to connect, read from its own environment and settings' file."""

import tomllib
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tests.deploy.policies import Flow
from tests.deploy.rendering import WORKLOADS, Manifest, containers_of, of_kind, pod_of
from tradewire.settings import Settings
from tradewire_router.brokers.alpaca.settings import DATA_URL, HOSTS, QUOTES_URL

_HTTPS: Final = 443
_PROCESSES: Final = frozenset({"sequencer", "reader", "ingest", "risk", "router", "paper"})
WHO: Final[dict[str, frozenset[str]]] = {
    "nats.url": _PROCESSES | {"desk", "restore"},
    "nats.monitor_urls": _PROCESSES - {"paper"},
    "postgres.dsn": frozenset({"sequencer"}),
    "postgres.reader_dsn": frozenset({"reader", "backup"}),
    "postgres.admin_dsn": frozenset({"migrate", "restore"}),
    "paper.address": frozenset({"router"}),
    "traces.otlp_endpoint": _PROCESSES,
    "backup.to": frozenset({"backup", "restore"}),
    "backup.endpoint": frozenset({"backup", "restore"}),
}
"""Every setting that says where to connect, and which processes do."""
BROKERS: Final[dict[str, frozenset[int]]] = {
    "paper": frozenset(),
    "alpaca": frozenset(
        urlsplit(url).port or _HTTPS for url in (*(f"https://{host}" for host in HOSTS.values()), DATA_URL, QUOTES_URL)
    ),
    "interactive-brokers": frozenset({4001, 4002}),
}
"""The ports at which brokers are, outside the cluster. Interactive Brokers has one for live, one for paper."""
_ENDS: Final = ("url", "urls", "dsn", "address", "host", "endpoint", "to")
_LISTENING: Final = frozenset({"http.host"})
_LAST_WORDS: Final = frozenset({"nats", "postgres", "migrate", "backup"})


class Needs(Struct, frozen=True):
    """Connections that the settings ask for: between our pods, to other namespaces, and out of the cluster by port."""

    flows: set[Flow]
    elsewhere: set[tuple[str, str, int]]
    outside: set[tuple[str, int]]


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
        return str(workload["metadata"]["name"])  # where people work: the desk, or restore
    return words[-1] if words[-1] in _LAST_WORDS else words[0].removeprefix("tradewire-")


def needed(manifests: list[Manifest]) -> Needs:
    """Every connection that some setting of some container asks for."""
    services = _targets(manifests)
    found = Needs(set(), set(), set())
    for workload in of_kind(manifests, *WORKLOADS):
        name, process = workload["metadata"]["name"], process_of(workload)
        settings = settings_of(workload, manifests)
        for key in (key for key, who in WHO.items() if process in who):
            for host, port in (_split(place, key) for place in _places(settings, key)):
                if (service := host.partition(".")[2] or host) in services:
                    found.flows.add(Flow(name, services[service], port))
                elif host.count(".") == 1 and key != "backup.to":
                    found.elsewhere.add((name, service, port))
                else:
                    found.outside.add((name, port))
        if process == "router":
            account = settings["accounts"][settings["router"]["account"]]
            found.outside.update((name, port) for port in BROKERS[account["broker"]])
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
    if key == "paper.address" and not _is_at_paper(settings):
        return []
    section, _, name = key.partition(".")
    value = settings.get(section, {}).get(name, "")
    return [each for each in (value if isinstance(value, list) else value.split(",")) if each]


def _is_at_paper(settings: dict[str, dict[str, Any]]) -> bool:
    return bool(settings["accounts"][settings["router"]["account"]]["broker"] == "paper")


def _split(place: str, key: str) -> tuple[str, int]:
    parts = urlsplit(place if "://" in place else f"tcp://{place}")
    assert parts.hostname, place
    if key.startswith("backup."):
        return parts.hostname, parts.port or _HTTPS
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
