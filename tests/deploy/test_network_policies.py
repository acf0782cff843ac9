"""The network lets through what the settings ask for, in both directions, and nothing else."""

from copy import deepcopy

import pytest

from tests.deploy.outbound import BROKERS, WHO, needed, outbound_settings
from tests.deploy.policies import Flow, Network
from tests.deploy.rendering import OVERLAYS, Manifest, of_kind, overlay, pod_of
from tradewire_router.brokers.reference import BROKERS as ADAPTERS

_API = {443, 6443}
"""CloudNativePG's instances ask the cluster's own API who the primary is."""
_INTO = {
    "postgres": {("cnpg-system", 5432), ("cnpg-system", 8000)},
    "nats": {("gateway-system", 4222)},
}
"""Who else comes in from other namespaces, beside the Prometheus of `monitoring`."""


def network(name: str) -> Network:
    return Network(overlay(name))


def replicated(name: str) -> bool:
    """Whether an overlay has the Postgres of CloudNativePG."""
    return bool(of_kind(overlay(name), "Cluster"))


def among_engines(name: str) -> set[Flow]:
    """What the engines say to one another, of which no setting of ours speaks."""
    found = {Flow("nats", "nats", 6222)}
    return found | {Flow("postgres", "postgres", port) for port in (5432, 8000)} if replicated(name) else found


def test_every_setting_that_names_a_place_is_known_here() -> None:
    assert outbound_settings() == set(WHO)
    assert set(ADAPTERS) <= set(BROKERS)


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_reach_exactly_where_their_settings_say(name: str) -> None:
    assert network(name).flows() == needed(overlay(name)).flows | among_engines(name)


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_leave_the_cluster_exactly_where_their_settings_say(name: str) -> None:
    found = network(name)
    out = {(pod, port) for pod in found.pods for port in found.outside(pod)}
    if replicated(name):
        out -= {("postgres", port) for port in _API}
    assert out == needed(overlay(name)).outside


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_reach_other_namespaces_exactly_where_their_settings_say(name: str) -> None:
    found = network(name)
    reached = {(pod, *place) for pod in found.pods for place in found.elsewhere(pod, "Egress")}
    assert reached == needed(overlay(name)).elsewhere


@pytest.mark.parametrize("name", OVERLAYS)
def test_other_namespaces_come_in_for_metrics_and_by_the_gateway_alone(name: str) -> None:
    found = network(name)
    for pod in found.pods:
        metrics = {("monitoring", found.ports[pod]["http"])} if "http" in found.ports[pod] else set[tuple[str, int]]()
        more = _INTO.get(pod, set()) if pod != "nats" or of_kind(overlay(name), "Gateway") else set[tuple[str, int]]()
        assert found.elsewhere(pod, "Ingress") == metrics | (more if pod != "postgres" or replicated(name) else set())


@pytest.mark.parametrize("name", OVERLAYS)
def test_everything_else_is_denied_both_ways(name: str) -> None:
    found = network(name)
    for pod in found.pods:
        assert found.shut(pod, "Ingress")
        assert found.shut(pod, "Egress")


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_the_ledger_reaches_postgres(name: str) -> None:
    found = {flow.source for flow in network(name).flows() if flow.port == 5432} - {"postgres"}
    assert found - {"backup", "restore"} == {"sequencer", "reader", "migrate"}


@pytest.mark.parametrize("broker", sorted(set(BROKERS) - {"paper"}))
def test_a_router_reaches_its_broker_and_nats_alone(broker: str) -> None:
    """By the label of its pod, whatever else runs beside it."""
    manifests: list[Manifest] = deepcopy(overlay("everything"))
    (router,) = (each for each in of_kind(manifests, "Deployment") if each["metadata"]["name"] == "router-alpaca")
    pod_of(router)["metadata"]["labels"]["tradewire/broker"] = broker
    found = Network(manifests)
    assert found.outside("router-alpaca") == BROKERS[broker]
    assert {flow for flow in found.flows() if flow.source == "router-alpaca"} == {
        Flow("router-alpaca", "nats", port) for port in (4222, 8222)
    }
