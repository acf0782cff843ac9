"""What every pod keeps to: the standard `restricted`, a name of its own, no rights, and a place to move to at once."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from tests.deploy.rendering import (
    K8S,
    OVERLAYS,
    WORKLOADS,
    Manifest,
    composed,
    containers_of,
    name_of,
    of_kind,
    overlay,
    pod_of,
)
from tradewire_cli.keeper.keep import STOP_SECONDS
from tradewire_cli.keeper.nats import NatsKeeper

SINGLE = ("sequencer", "reader", "risk", "router")
"""Those of which there must never be two on purpose: they decide or act under a lease."""


def workloads(name: str) -> list[Manifest]:
    return of_kind(overlay(name), *WORKLOADS)


CASES = [pytest.param(each, id=f"{name}: {name_of(each)}") for name in OVERLAYS for each in workloads(name)]


@pytest.mark.parametrize("workload", CASES)
def test_a_pod_is_restricted(workload: Manifest) -> None:
    spec = pod_of(workload)["spec"]
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert not [volume for volume in spec["volumes"] if "hostPath" in volume]
    for container in containers_of(workload):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("workload", CASES)
def test_a_pod_has_an_account_of_its_own_and_no_token(workload: Manifest) -> None:
    spec = pod_of(workload)["spec"]
    assert spec["serviceAccountName"] == workload["metadata"]["name"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


@pytest.mark.parametrize("workload", CASES)
def test_a_pod_says_what_it_needs_and_where_it_runs(workload: Manifest) -> None:
    spec = pod_of(workload)["spec"]
    assert spec["priorityClassName"] == "tradewire"
    for constraint in spec["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"].items() <= labels_of(workload).items()
    assert spec["terminationGracePeriodSeconds"] >= 30
    for container in containers_of(workload):
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("workload", CASES)
def test_a_pod_leaves_a_node_that_is_out_of_reach_after_half_a_minute(workload: Manifest) -> None:
    tolerated = {each["key"]: each.get("tolerationSeconds") for each in pod_of(workload)["spec"]["tolerations"]}
    assert tolerated == {"node.kubernetes.io/unreachable": 30, "node.kubernetes.io/not-ready": 30}


@pytest.mark.parametrize("workload", CASES)
def test_secrets_are_files_that_others_cannot_read(workload: Manifest) -> None:
    for container in containers_of(workload):
        for variable in container.get("env", ()):
            assert "secretKeyRef" not in variable.get("valueFrom", {}), variable["name"]
        assert not [source for source in container.get("envFrom", ()) if "secretRef" in source]
    for volume in pod_of(workload)["spec"]["volumes"]:
        source = volume.get("secret") or volume.get("projected")
        assert source is None or source["defaultMode"] == 0o400, volume["name"]


@pytest.mark.parametrize("workload", CASES)
def test_what_serves_says_whether_it_is_ready(workload: Manifest) -> None:
    if workload["kind"] in {"Job", "CronJob"}:
        return
    for container in (each for each in containers_of(workload) if each.get("ports")):
        ports = {port["name"] for port in container["ports"]}
        for probe, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        assert "http" in ports


@pytest.mark.parametrize("workload", CASES)
def test_a_volume_has_one_source(workload: Manifest) -> None:
    """A cluster refuses one that has two, which no schema says."""
    volumes = pod_of(workload)["spec"]["volumes"]
    for volume in volumes:
        assert len(set(volume) - {"name"}) == 1, volume
    for container in containers_of(workload):
        claims = {each["metadata"]["name"] for each in workload["spec"].get("volumeClaimTemplates", ())}
        assert {each["name"] for each in container["volumeMounts"]} <= {each["name"] for each in volumes} | claims


@pytest.mark.parametrize("name", OVERLAYS)
def test_one_entry_of_an_overlay_names_the_image_of_every_pod(name: str) -> None:
    images = {container["image"] for each in workloads(name) for container in containers_of(each)}
    assert len(images) == 1, images


@pytest.mark.parametrize("name", [name for name in OVERLAYS if name.startswith("two-shards")])
def test_every_container_of_a_shard_knows_its_shard(name: str) -> None:
    """A backup that does not cannot be restored there."""
    for workload in (each for each in workloads(name) if each["metadata"]["name"] not in {"postgres", "paper"}):
        (container,) = containers_of(workload)
        told = {each["name"]: each for each in container["env"]}
        path = told["TRADEWIRE_SHARD"]["valueFrom"]["fieldRef"]["fieldPath"]
        assert path == "metadata.labels['tradewire/shard']", name_of(workload)
        assert labels_of(workload)["tradewire/shard"] == name.rpartition("-")[2]


@pytest.mark.parametrize("name", OVERLAYS)
def test_nats_is_given_the_time_that_its_drain_takes(name: str) -> None:
    (nats,) = (each for each in workloads(name) if each["metadata"]["name"] == "nats")
    nodes = nats["spec"]["replicas"]
    keeper = NatsKeeper(
        nodes=nodes, data=Path(), users=Path(), key=Path(), tls=Path(), shard="main", registry=CollectorRegistry()
    )
    assert keeper.stop_seconds + STOP_SECONDS < pod_of(nats)["spec"]["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_is_made_by_two(name: str) -> None:
    made = [each["spec"]["target"]["name"] for each in of_kind(overlay(name), "ExternalSecret")]
    made += [each["spec"]["secretName"] for each in of_kind(overlay(name), "Certificate")]
    assert len(made) == len(set(made))


@pytest.mark.parametrize("component", ["alpaca", "backup", "traces", "gateway"])
def test_a_component_alone_on_production_brings_whole_pods(tmp_path: Path, component: str) -> None:
    """As the page says: no labels and no other component beside it, and one entry names every image."""
    settings = (K8S / "overlays/production/tradewire.toml").read_text()
    manifests = composed(tmp_path, "production", component, settings=settings)
    whole = {name_of(each): each for each in workloads("everything")}
    (monitor,) = of_kind(manifests, "PodMonitor")
    for workload in of_kind(manifests, *WORKLOADS):
        assert monitor["spec"]["selector"]["matchLabels"].items() <= labels_of(workload).items(), name_of(workload)
        for container, like in zip(containers_of(workload), containers_of(whole[name_of(workload)]), strict=True):
            assert container["image"] == "registry.example.com/tradewire:1"
            assert set(container) == set(like)
            assert {each["mountPath"] for each in container["volumeMounts"]} == {
                each["mountPath"] for each in like["volumeMounts"]
            }


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_is_single_is_never_two(name: str) -> None:
    found = {each["metadata"]["name"]: each for each in workloads(name)}
    for single in (name for name in found if name.partition("-")[0] in SINGLE):
        assert found[single]["kind"] == "Deployment", "a StatefulSet's pod stays on a node that is out of reach"
        assert found[single]["spec"]["replicas"] == 1
        assert found[single]["spec"]["strategy"] == {"type": "Recreate"}
    assert set(SINGLE) <= {name.partition("-")[0] for name in found}
    rolling = found["ingest"]["spec"]["strategy"].get("rollingUpdate")
    assert rolling is None or rolling["maxSurge"] == 0


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_keeps_a_node_from_being_drained(name: str) -> None:
    replicas = {str(labels_of(each)): each["spec"].get("replicas", 1) for each in workloads(name)}
    for budget in of_kind(overlay(name), "PodDisruptionBudget"):
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert budget["spec"]["maxUnavailable"] >= 1
        assert "minAvailable" not in budget["spec"]
        matched = [count for labels, count in replicas.items() if all(repr(k) in labels for k, _ in wanted)]
        assert matched


def labels_of(workload: Manifest) -> dict[str, str]:
    found: dict[str, str] = pod_of(workload)["metadata"]["labels"]
    return found


@pytest.mark.parametrize("name", OVERLAYS)
def test_nobody_may_ask_the_cluster(name: str) -> None:
    assert not of_kind(overlay(name), "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    accounts = {each["metadata"]["name"]: each for each in of_kind(overlay(name), "ServiceAccount")}
    assert all(each["automountServiceAccountToken"] is False for each in accounts.values())
    assert set(accounts) == {each["metadata"]["name"] for each in workloads(name)}


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_namespace_enforces_the_standard(name: str) -> None:
    (namespace,) = of_kind(overlay(name), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for manifest in overlay(name):
        if manifest["kind"] not in {"Namespace", "PriorityClass"}:
            assert manifest["metadata"]["namespace"] == namespace["metadata"]["name"], name_of(manifest)


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_a_selector_selects_is_there(name: str) -> None:
    pods = [labels_of(each) for each in workloads(name)]
    for service in of_kind(overlay(name), "Service"):
        wanted: dict[str, Any] = service["spec"]["selector"]
        assert [labels for labels in pods if wanted.items() <= labels.items()], name_of(service)
    for workload in workloads(name):
        selector = workload["spec"].get("selector", {}).get("matchLabels", {})
        assert selector.items() <= labels_of(workload).items()


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_object_says_in_which_step_it_is_applied(name: str) -> None:
    steps = ("1-foundation", "2-engines", "3-migrate", "4-ledger", "5-trading", "6-doors", "7-around")
    for manifest in overlay(name):
        assert manifest["metadata"]["labels"].get("tradewire/step") in steps, name_of(manifest)
