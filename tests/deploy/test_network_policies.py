"""The network lets through what the settings ask for, in both directions, and nothing else."""

import pytest

from tests.deploy.outbound import WHO, needed, outbound_settings, process_of
from tests.deploy.policies import Flow, Network
from tests.deploy.rendering import OVERLAYS, WORKLOADS, Manifest, of_kind, overlay

_AMONG_THEMSELVES = {
    "dev": {Flow("nats", "nats", 6222)},
    "production": {
        Flow("nats", "nats", 6222),
        Flow("postgres", "postgres", 5432),
        Flow("postgres", "postgres", 8000),
    },
}
"""What the engines say to one another, of which no setting of ours speaks."""


def network(name: str) -> Network:
    return Network(overlay(name))


def test_every_setting_that_names_a_place_is_known_here() -> None:
    assert outbound_settings() == set(WHO)


@pytest.mark.parametrize("name", OVERLAYS)
def test_pods_reach_exactly_where_their_settings_say(name: str) -> None:
    assert network(name).flows() == needed(overlay(name)) | _AMONG_THEMSELVES[name]


@pytest.mark.parametrize("name", OVERLAYS)
def test_everything_else_is_denied_both_ways(name: str) -> None:
    found = network(name)
    for pod in found.pods:
        assert found.shut(pod, "Ingress")
        assert found.shut(pod, "Egress")


@pytest.mark.parametrize("name", OVERLAYS)
def test_only_the_ledger_reaches_postgres(name: str) -> None:
    found = {flow.source for flow in network(name).flows() if flow.port == 5432} - {"postgres"}
    assert found == {"sequencer", "reader", "migrate"}


def outside(manifests: list[Manifest]) -> dict[str, set[int]]:
    found = Network(manifests)
    return {pod: ports - {53} for pod in found.pods if (ports := found.outside(pod)) - {53}}


@pytest.mark.parametrize("name", OVERLAYS)
def test_nobody_but_routers_with_a_broker_leaves_the_cluster(name: str) -> None:
    routers = {each["metadata"]["name"] for each in of_kind(overlay(name), *WORKLOADS) if process_of(each) == "router"}
    for pod, ports in outside(overlay(name)).items():
        # CloudNativePG's instances ask the cluster's own API who is the primary.
        assert pod in routers or (pod, ports) == ("postgres", {443, 6443})
