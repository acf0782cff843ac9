"""The scripts behind `make k8s-…`, with stand-ins for kubectl, kind, k3s and the engines that note what was asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.rendering import K8S, kubectl, render

_STEPS = ("1-foundation", "2-engines", "3-migrate", "4-ledger", "5-trading", "6-doors", "7-around")
_TOOLS = ("sh", "mktemp", "rm", "grep", "cat", "awk", "id")


class Machine:
    """A folder of programs that is all of a script's PATH, and what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked = folder / "asked"
        for tool in _TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (folder / tool).symlink_to(found)

    def program(self, name: str, body: str) -> None:
        """A stand-in, which first writes down what it was asked."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self._asked}\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["sh", K8S / script, *arguments], env={**os.environ, "PATH": str(self.folder)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def asked(self) -> list[str]:
        return self._asked.read_text().splitlines() if self._asked.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def cluster(machine: Machine, refused: str = "") -> None:
    """A kubectl that renders for real, and refuses what has a word in it."""
    body = f"""case "$*" in
*"{refused or "nothing"}"*) echo "Error: timed out waiting for the condition" >&2; exit 1;;
kustomize*) exec {kubectl()} "$@";;
*get*4-ledger*) printf 'deployment.apps/sequencer\\ndeployment.apps/reader\\n';;
esac"""
    machine.program("kubectl", body)


@pytest.mark.parametrize("overlay", ["dev", "production"])
def test_each_step_is_applied_in_its_order_and_waited_for(machine: Machine, overlay: str) -> None:
    cluster(machine)
    done = machine.run("apply.sh", str(K8S / "overlays" / overlay))
    assert done.returncode == 0, done.stderr
    assert tuple(line.removeprefix("== ") for line in done.stdout.splitlines() if line.startswith("== ")) == _STEPS
    asked = machine.asked()
    applied = [line.rpartition("step=")[2] for line in asked if line.startswith("kubectl apply")]
    assert tuple(applied) == _STEPS
    migrated = next(number for number, line in enumerate(asked) if "wait" in line and "job/migrate" in line)
    rolled = [number for number, line in enumerate(asked) if "rollout status" in line]
    assert [asked[number].rpartition("/")[2] for number in rolled] == ["sequencer", "reader"]
    assert all(migrated < number for number in rolled)
    assert any("clusters.postgresql.cnpg.io" in line for line in asked) == (overlay == "production")


@pytest.mark.parametrize("folder", ["overlays/dev", "examples/two-shards/eu"])
def test_everything_is_asked_in_the_overlays_own_namespace(machine: Machine, folder: str) -> None:
    cluster(machine)
    assert machine.run("apply.sh", str(K8S / folder)).returncode == 0
    (namespace,) = (each["metadata"]["name"] for each in render(K8S / folder) if each["kind"] == "Namespace")
    asked = [
        line for line in machine.asked() if any(f" {verb} " in line for verb in ("get", "rollout", "wait", "delete"))
    ]
    assert asked
    assert all(f"--namespace={namespace} " in line for line in asked)


@pytest.mark.parametrize(("refused", "last"), [("job/migrate", "3-migrate"), ("rollout", "4-ledger")])
def test_what_is_not_ready_is_the_last_thing_said(machine: Machine, refused: str, last: str) -> None:
    cluster(machine, refused)
    done = machine.run("apply.sh", str(K8S / "overlays" / "dev"))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == f"== {last}"
    assert "timed out" in done.stderr


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_an_image_gets_the_name_by_which_pods_ask_for_it(machine: Machine, engine: str) -> None:
    """Both call it localhost/tradewire, and `podman save` would keep that name."""
    named = "path=${4#docker-archive:}; path=${path%:tradewire:latest}"
    machine.program(engine, f'case "$1" in images) echo 4f3c;; push) {named}; echo image >"$path";; esac')
    machine.program("kind", 'case "$1" in get) echo kind;; esac')
    done = machine.run("load.sh", "tradewire:latest")
    assert done.returncode == 0, done.stderr
    pushed = next(line for line in machine.asked() if " push " in line)
    assert pushed.startswith(f"{engine} push --quiet tradewire:latest docker-archive:")
    assert pushed.endswith(":tradewire:latest")
    assert not any(" save " in line for line in machine.asked())


@pytest.mark.parametrize(
    ("programs", "asked"),
    [
        ({"kind": 'case "$1" in get) echo kind;; esac'}, "kind load image-archive"),
        ({"k3s": ""}, "k3s ctr images import"),
        ({"kind": "", "k3s": ""}, "k3s ctr images import"),
    ],
    ids=["kind", "k3s", "kind without a cluster beside k3s"],
)
def test_an_image_goes_to_the_cluster_that_there_is(machine: Machine, programs: dict[str, str], asked: str) -> None:
    machine.program("docker", 'case "$1" in save) echo image >"$3";; esac')
    for name, body in programs.items():
        machine.program(name, body)
    done = machine.run("load.sh", "tradewire:latest")
    assert done.returncode == 0, done.stderr
    assert machine.asked()[-1].startswith(asked)


@pytest.mark.parametrize(("user", "asked"), [("0", "k3s ctr images import"), ("1000", "sudo k3s ctr images import")])
def test_whoever_built_the_image_loads_it_into_k3s(machine: Machine, user: str, asked: str) -> None:
    """Without root's rights an image is in that user's storage, where root does not find it."""
    (machine.folder / "id").unlink()
    machine.program("id", f"echo {user}")
    machine.program("docker", 'case "$1" in save) echo image >"$3";; esac')
    machine.program("k3s", "")
    machine.program("sudo", "")
    done = machine.run("load.sh", "tradewire:latest")
    assert done.returncode == 0, done.stderr
    assert machine.asked()[-1].startswith(asked)


def test_without_an_image_it_says_how_to_make_one(machine: Machine) -> None:
    machine.program("docker", "exit 1")
    done = machine.run("load.sh", "tradewire:latest")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "make image" in done.stderr


def test_without_a_cluster_it_says_so(machine: Machine) -> None:
    machine.program("docker", 'case "$1" in save) echo image >"$3";; esac')
    done = machine.run("load.sh", "tradewire:latest")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "neither a kind cluster nor k3s" in done.stderr
