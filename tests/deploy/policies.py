"""Who reaches whom under the NetworkPolicies of an overlay, worked out as a cluster's network would."""

from typing import Any, Final

from msgspec import Struct

from tests.deploy.rendering import WORKLOADS, Manifest, containers_of, of_kind, pod_of

_NAMES: Final = 53


class Flow(Struct, frozen=True, order=True):
    """A connection that may be made: the pods by the names of their workloads."""

    source: str
    target: str
    port: int


class Network:
    """The pods of an overlay and its policies."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self._policies = of_kind(manifests, "NetworkPolicy")
        self.pods = {each["metadata"]["name"]: pod_of(each) for each in of_kind(manifests, *WORKLOADS)}
        self.ports: dict[str, dict[str, int]] = {
            each["metadata"]["name"]: {
                port["name"]: port["containerPort"]
                for container in containers_of(each)
                for port in container.get("ports", ())
            }
            for each in of_kind(manifests, *WORKLOADS)
        }
        for each in of_kind(manifests, "Cluster"):
            labels = each["spec"]["inheritedMetadata"]["labels"]
            self.pods[each["metadata"]["name"]] = {"metadata": {"labels": labels}}
            self.ports[each["metadata"]["name"]] = {"postgresql": 5432, "status": 8000}

    def flows(self) -> set[Flow]:
        """Every connection between two pods that both of their policies let through."""
        return {
            Flow(source, target, port)
            for source in self.pods
            for target in self.pods
            for port in self.ports[target].values()
            if self.allowed(source, target, port)
        }

    def allowed(self, source: str, target: str, port: int) -> bool:
        """Whether a pod may open a connection to a port of another one."""
        return self._lets("Egress", source, target, port) and self._lets("Ingress", target, source, port)

    def outside(self, source: str) -> set[int]:
        """The ports at which a pod reaches addresses outside the cluster, names apart."""
        found = set[int]()
        for rule in self._rules("Egress", source):
            if any("ipBlock" in peer for peer in rule.get("to", ())) or not rule.get("to"):
                found |= {port["port"] for port in rule["ports"]}
        return found - {_NAMES}

    def elsewhere(self, pod: str, direction: str) -> set[tuple[str, int]]:
        """The other namespaces that a pod reaches, or is reached from, with the port; the cluster's names apart."""
        end = "to" if direction == "Egress" else "from"
        found = set[tuple[str, int]]()
        for rule in self._rules(direction, pod):
            for peer in (each for each in rule.get(end, ()) if "namespaceSelector" in each):
                (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
                ports = (self._number(pod, each["port"]) for each in rule["ports"])
                found |= {(namespace, port) for port in ports if port and port != _NAMES}
        return found

    def shut(self, pod: str, direction: str) -> bool:
        """Whether somebody's policy makes everything else forbidden for a pod."""
        return any(direction in policy["spec"]["policyTypes"] for policy in self._selecting(pod))

    def _selecting(self, pod: str) -> list[Manifest]:
        labels = self._labels(pod)
        return [policy for policy in self._policies if selects(policy["spec"]["podSelector"], labels)]

    def _rules(self, direction: str, pod: str) -> list[Any]:
        key = direction.lower()
        return [rule for policy in self._selecting(pod) for rule in policy["spec"].get(key, ())]

    def _lets(self, direction: str, pod: str, other: str, port: int) -> bool:
        end = "to" if direction == "Egress" else "from"
        owner = other if direction == "Egress" else pod
        return any(
            self._is_peer(rule.get(end), other) and self._is_port(rule.get("ports"), owner, port)
            for rule in self._rules(direction, pod)
        )

    def _is_peer(self, peers: list[Any] | None, pod: str) -> bool:
        if not peers:
            return True
        return any(
            "namespaceSelector" not in peer
            and "podSelector" in peer
            and selects(peer["podSelector"], self._labels(pod))
            for peer in peers
        )

    def _is_port(self, ports: list[Any] | None, owner: str, port: int) -> bool:
        if not ports:
            return True
        return any(self.ports[owner].get(each["port"], each["port"]) == port for each in ports)

    def _number(self, pod: str, port: int | str) -> int:
        """A port of a pod by its name, or 0 where the pod has none of that name."""
        return port if isinstance(port, int) else self.ports[pod].get(port, 0)

    def _labels(self, pod: str) -> dict[str, str]:
        found: dict[str, str] = self.pods[pod]["metadata"]["labels"]
        return found


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector takes something with these labels."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(_meets(expression, labels) for expression in selector.get("matchExpressions", ()))


def _meets(expression: Manifest, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "Exists":
            return value is not None
        case other:
            raise NotImplementedError(other)
