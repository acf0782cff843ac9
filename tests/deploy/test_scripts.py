"""`make k8s-apply` and `make k8s-load` with programs in place of a cluster's, which write down what they are asked."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.rendering import FOLDERS, K8S, kubectl, overlay

_STEPS = ("1-foundation", "2-engines", "3-migrate", "4-ledger", "5-trading", "6-doors", "7-around")
_STAND_IN = """#!/bin/sh
echo "$(basename "$0") $*" >>"$TOLD"
case "$*" in
{cases}
esac
"""


class Machine:
    """A folder of stand-ins for programs, each with what it does, and what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.told = folder / "bin", folder / "told"
        self.folder.mkdir()
        for needed in ("sh", "awk", "grep", "cat", "mktemp", "rm", "basename", "printf", "sed"):
            (self.folder / needed).symlink_to(_which(needed))

    def program(self, name: str, *cases: str) -> None:
        path = self.folder / name
        path.write_text(_STAND_IN.format(cases="\n".join(cases)))
        path.chmod(0o755)

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        self.told.write_text("")
        return subprocess.run(
            [*map(str, command)],
            env={"PATH": str(self.folder), "TOLD": str(self.told), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        return self.told.read_text().splitlines()


def _which(name: str) -> str:
    return next(str(Path(place) / name) for place in os.defpath.split(":") if (Path(place) / name).exists())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def applying(machine: Machine, name: str, *cases: str) -> subprocess.CompletedProcess[str]:
    """Applies an overlay to a cluster in which everything has a deployment of the step's name."""
    rendering = f'kustomize*) exec {kubectl()} "$@" ;;'
    machine.program("kubectl", *cases, rendering, "*get*output=name*) echo deployment.apps/any ;;")
    return machine.run(K8S / "apply.sh", FOLDERS[name], KUBECTL="kubectl")


def steps_applied(machine: Machine) -> list[str]:
    return [found[1] for line in machine.asked if (found := re.search(r" apply .*tradewire/step=(\S+)", line))]


@pytest.mark.parametrize("name", ["dev", "production", "everything", "two-shards-us"])
def test_steps_are_applied_in_order_and_each_is_waited_for(machine: Machine, name: str) -> None:
    done = applying(machine, name)
    assert done.returncode == 0, done.stderr
    assert steps_applied(machine) == list(_STEPS)
    assert re.findall(r"^== (\S+)$", done.stdout, re.MULTILINE) == list(_STEPS)
    asked = machine.asked
    applied = [next(at for at, line in enumerate(asked) if f"tradewire/step={step}" in line) for step in _STEPS]
    for at, step in enumerate(("2-engines", "4-ledger", "5-trading", "6-doors")):
        between = asked[applied[_STEPS.index(step)] : applied[_STEPS.index(step) + 1]]
        assert any("rollout status" in line for line in between), (at, step)
    migrated = asked[applied[2] : applied[3]]
    assert any("wait --for=condition=Complete" in line and "job/migrate" in line for line in migrated)
    assert any("delete job migrate" in line for line in asked[applied[1] : applied[2]])
    replicated = any("cluster/postgres" in line for line in asked)
    assert replicated is (name != "dev")


@pytest.mark.parametrize("name", ["dev", "two-shards-eu"])
def test_what_is_asked_is_asked_in_the_overlays_namespace(machine: Machine, name: str) -> None:
    assert applying(machine, name).returncode == 0
    (namespace,) = (each["metadata"]["name"] for each in overlay(name) if each["kind"] == "Namespace")
    asked = [line for line in machine.asked if re.search(r" (get|rollout|wait|delete) ", line)]
    assert asked
    assert all(f"--namespace={namespace} " in line for line in asked)


def test_what_comes_after_a_step_that_fails_is_not_applied(machine: Machine) -> None:
    done = applying(machine, "dev", '*condition=Complete*) echo "error: timed out" >&2; exit 1 ;;')
    assert done.returncode != 0
    assert steps_applied(machine) == ["1-foundation", "2-engines", "3-migrate"]
    assert done.stderr.splitlines()[-1] == "error: timed out"


_SAVES = '"save --output "*) echo image >"$3" ;;'
_KIND = '"get clusters") echo kind ;;'


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_an_image_gets_the_name_by_which_pods_ask_for_it(machine: Machine, engine: str) -> None:
    """Both call it localhost/tradewire, and `podman save` would keep that name."""
    named = "path=${4#docker-archive:}; path=${path%:tradewire:latest}"
    machine.program(engine, "images*) echo 4f3c ;;", f'push*) {named}; echo image >"$path" ;;')
    machine.program("kind", _KIND)
    done = machine.run(K8S / "load.sh", "tradewire:latest")
    assert done.returncode == 0, done.stderr
    pushed = next(line for line in machine.asked if " push " in line)
    assert pushed.startswith(f"{engine} push --quiet tradewire:latest docker-archive:")
    assert pushed.endswith(":tradewire:latest")
    assert not any(" save " in line for line in machine.asked)


@pytest.mark.parametrize(
    ("programs", "asked"),
    [
        ({"kind": _KIND}, "kind load image-archive"),
        ({"k3s": ""}, "k3s ctr images import"),
        ({"kind": "", "k3s": ""}, "k3s ctr images import"),
    ],
    ids=["kind", "k3s", "kind without a cluster beside k3s"],
)
def test_an_image_goes_to_the_cluster_that_there_is(machine: Machine, programs: dict[str, str], asked: str) -> None:
    machine.program("docker", _SAVES)
    for name, case in programs.items():
        machine.program(name, case)
    done = machine.run(K8S / "load.sh", "tradewire:latest")
    assert done.returncode == 0, done.stderr
    assert "docker image inspect tradewire:latest" in machine.asked
    assert machine.asked[-1].startswith(asked)


def test_an_image_that_nobody_has_is_told(machine: Machine) -> None:
    machine.program("docker", "*inspect*) exit 1 ;;")
    machine.program("k3s")
    done = machine.run(K8S / "load.sh", "tradewire:latest")
    assert done.returncode == 2
    assert (
        done.stderr == "k8s-load: neither docker, podman nor buildah has the image tradewire:latest: run make image\n"
    )
    assert not [line for line in machine.asked if line.startswith("k3s")]


def test_a_cluster_that_is_not_there_is_told(machine: Machine) -> None:
    machine.program("docker", _SAVES)
    done = machine.run(K8S / "load.sh", "tradewire:latest")
    assert done.returncode == 2
    assert done.stderr == "k8s-load: there is neither a kind cluster nor k3s on this machine\n"
