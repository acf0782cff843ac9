"""A node that runs an overlay's pods as processes: exactly their command, environment, files, ports and user.

What is simulated is the machine: the image is this environment, Services are lines of /etc/hosts, there is no
scheduler, and nothing enforces NetworkPolicies. What runs is real.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any, Final

import psutil

from tests.deploy.node.network import Holder, Network
from tests.deploy.node.volumes import MissingError, Objects, lay_out
from tests.deploy.rendering import WORKLOADS, Manifest, containers_of, of_kind, pod_of
from tradewire.build import build_id

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_REPOSITORY: Final = Path(__file__).parents[3]
_BACKOFF_SECONDS: Final = 0.5
SOON_SECONDS: Final = 120.0


def image() -> tuple[list[str], dict[str, str]]:
    """What stands for the image: the folders of this environment, and the variables that the Dockerfile sets."""
    folders = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), _REPOSITORY.resolve()}
    outer = [each for each in folders if not any(other in each.parents for other in folders)]
    environment = {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "TRADEWIRE_BUILD": build_id(),
    }
    return [str(each) for each in outer if not each.is_relative_to("/usr")], environment


class Pod:
    """One pod: its network, its volumes, and its container, which is started again when it ends."""

    def __init__(self, node: "Node", workload: Manifest, name: str, number: int) -> None:
        self.name, self.workload = name, workload
        self.address = node.network.address(number)
        self.template = pod_of(workload)
        (self.container,) = containers_of(workload)
        self.starts = 0
        self.exit_codes: list[int] = []
        self.waits_for = ""
        """What keeps the container from being started."""
        self.finished = asyncio.Event()
        self.shown: dict[str, list[bool]] = {}
        """What each probe has answered, one entry a change."""
        self._node, self._number = node, number
        self.folder = node.folder / "pods" / name
        self.log = self.folder / "log"
        self._namespace: Holder | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None
        self._wanted = False

    def start(self) -> None:
        """As when the pod is scheduled."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._namespace = self._namespace or self._node.network.pod(self._number)
        self._wanted = True
        self._running = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> int | None:
        """As when the pod is deleted: SIGTERM, and SIGKILL when its time is over; returns the exit code."""
        self._wanted = False
        code = None
        if self._process is not None and self._process.returncode is None:
            self.send(SIGTERM)
            try:
                async with asyncio.timeout(self.template["spec"]["terminationGracePeriodSeconds"]):
                    code = await self._process.wait()
            except TimeoutError:
                self.send(SIGKILL)
                code = await self._process.wait()
        await self._end()
        return code

    async def kill(self) -> None:
        """As when the node is lost: returns when none of its processes is left."""
        self._wanted = False
        left = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)] if self.pid else []
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self._end()
        await asyncio.to_thread(psutil.wait_procs, left[1:], SOON_SECONDS)

    def send(self, number: Signals) -> None:
        """Sends the container's process a signal."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def send_children(self, number: Signals) -> None:
        """Sends a signal to what the container's process has started."""
        assert self._process is not None
        for line in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split():
            os.kill(int(line), number)

    @property
    def pid(self) -> int | None:
        """The container's process, or None while none runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def send_all(self, number: Signals) -> None:
        """Sends a signal to every process of the container."""
        self.send(number)
        self.send_children(number)

    @property
    def said(self) -> str:
        """What its containers have printed so far."""
        return self.log.read_text() if self.log.exists() else ""

    async def probe(self, kind: str) -> tuple[int, str]:
        """Asks what a probe of the container asks: the status, and what is said with it."""
        told = self.container[kind]["httpGet"]
        port = {each["name"]: each["containerPort"] for each in self.container["ports"]}[told["port"]]
        timeout = self.container[kind].get("timeoutSeconds", 1)
        answer = await self._node.network.get(f"http://{self.address}:{port}{told['path']}", timeout)
        shown = self.shown.setdefault(kind, [])
        if not shown or shown[-1] != (answer[0] == 200):
            shown.append(answer[0] == 200)
        return answer

    async def ready(self) -> bool:
        if "readinessProbe" not in self.container:
            return self.pid is not None
        return (await self.probe("readinessProbe"))[0] == 200

    async def was_started(self) -> bool:
        return (await self.probe("startupProbe"))[0] == 200

    async def live(self) -> bool:
        return (await self.probe("livenessProbe"))[0] == 200

    async def problems(self) -> str:
        """Why it is not ready, as it says itself; empty when it is, or does not answer."""
        status, said = await self.probe("readinessProbe")
        return json.dumps(json.loads(said).get("problems")) if status == 503 else ""

    def refresh(self) -> None:
        """Brings the files of ConfigMaps and Secrets up to date, as a kubelet does after a while."""
        self._volumes()

    async def run_in(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Runs a command in the container's image, with its volumes and network, as `kubectl exec` does."""
        specification = self._specification(command, {**self._environment(), **(environment or {})})
        process = await self._spawn(specification, "exec", asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def _end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
            self._running = None

    async def _run(self) -> None:
        policy = self.template["spec"].get("restartPolicy", "Always")
        while self._wanted:
            try:
                specification = self._specification([*self._command()], self._environment())
                self.waits_for = ""
            except MissingError as error:
                self.waits_for = str(error)
                await asyncio.sleep(_BACKOFF_SECONDS)
                continue
            self.starts += 1
            with self.log.open("ab") as log:
                self._process = await self._spawn(specification, "container", log.fileno())
                code = await self._process.wait()
            self.exit_codes.append(code)
            if code == 0 and policy != "Always":
                self.finished.set()
                return
            await asyncio.sleep(_BACKOFF_SECONDS)

    def _command(self) -> list[str]:
        words = [*self.container["command"], *self.container.get("args", ())]
        values = self._environment()
        for name, value in values.items():
            words = [word.replace(f"$({name})", value) for word in words]
        return words

    def _environment(self) -> dict[str, str]:
        found = {"HOSTNAME": self.name, **self._node.environment}
        for each in self.container.get("env", ()):
            found[each["name"]] = each["value"] if "value" in each else self._field(each["valueFrom"]["fieldRef"])
        return found

    def _field(self, reference: Manifest) -> str:
        labels = self.template["metadata"]["labels"].items()
        known: dict[str, str] = {f"metadata.labels['{key}']": value for key, value in labels}
        known |= {"metadata.name": self.name, "status.podIP": self.address}
        return known[reference["fieldPath"]]

    def _volumes(self) -> dict[str, Path]:
        spec, group = self.template["spec"], self.template["spec"]["securityContext"]["fsGroup"]
        found = {}
        for volume in spec.get("volumes", ()):
            found[volume["name"]] = self.folder / "volumes" / volume["name"]
            lay_out(volume, found[volume["name"]], self._node.objects, group)
        for claim in self.workload["spec"].get("volumeClaimTemplates", ()):
            name = claim["metadata"]["name"]
            found[name] = self._node.folder / "claims" / f"{name}-{self.name}"
            lay_out({"persistentVolumeClaim": {}}, found[name], self._node.objects, group)
        return found

    def _specification(self, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
        context, volumes = self.template["spec"]["securityContext"], self._volumes()
        mounts = [
            [str(volumes[each["name"]]), each["mountPath"], each.get("readOnly", False)]
            for each in self.container["volumeMounts"]
        ]
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        user, group = context["runAsUser"], context["runAsGroup"]
        return {
            "root": str(root),
            "image": self._node.image,
            "files": {
                "/etc/passwd": f"root:x:0:0::/root:/bin/sh\ntradewire:x:{user}:{group}::/data:/usr/sbin/nologin\n",
                "/etc/group": f"root:x:0:\ntradewire:x:{group}:\n",
                "/etc/hosts": self._node.hosts(),
                "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            },
            "volumes": mounts,
            "folders": ["/data", "/tmp"],
            "folder": "/data",
            "user": user,
            "group": group,
            "groups": [context["fsGroup"]],
            "environment": dict(environment),
            "command": list(command),
        }

    async def _spawn(self, specification: dict[str, Any], name: str, output: int) -> asyncio.subprocess.Process:
        assert self._namespace is not None
        file = self.folder / f"{name}.json"
        file.write_text(json.dumps(specification))
        return await asyncio.create_subprocess_exec(
            "nsenter", f"--net={self._namespace.path}",
            "unshare", "--mount", "--propagation=private",
            sys.executable, "-I", "-S", str(_LAUNCH), str(file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip


class Node:
    """The pods of an overlay."""

    def __init__(self, manifests: list[Manifest], secrets: list[Manifest], folder: Path) -> None:
        self.folder, self.manifests = folder, manifests
        self.objects = Objects([*manifests, *secrets])
        self.network = Network()
        self.image, self.environment = image()
        self.pods: dict[str, Pod] = {}
        for workload in of_kind(manifests, *WORKLOADS):
            for name in _names(workload):
                self.pods[name] = Pod(self, workload, name, len(self.pods))

    def scale_up(self, name: str) -> Pod:
        """As `kubectl scale --replicas=1` of a Deployment that had none."""
        (workload,) = (each for each in of_kind(self.manifests, "Deployment") if each["metadata"]["name"] == name)
        self.pods[name] = Pod(self, workload, name, len(self.pods))
        self.pods[name].start()
        return self.pods[name]

    def hosts(self) -> str:
        """What names lead where: every Service to its pods, and the pods of headless ones by their own names."""
        lines = ["127.0.0.1 localhost"]
        for service in of_kind(self.manifests, "Service"):
            name, selector = service["metadata"]["name"], service["spec"]["selector"].items()
            chosen = [pod for pod in self.pods.values() if selector <= pod.template["metadata"]["labels"].items()]
            for pod in chosen:
                _require_same_ports(service, pod)
                lines.append(f"{pod.address} {name}")
                if service["spec"].get("clusterIP") == "None":
                    lines.append(f"{pod.address} {pod.name}.{name}")
        return "\n".join(lines) + "\n"

    async def until_ready(self, *names: str) -> None:
        """Waits until pods are ready, and Jobs done."""
        await asyncio.gather(*(self._until_ready(self.pods[name]) for name in names or self.pods))

    async def _until_ready(self, pod: Pod) -> None:
        end = time.monotonic() + SOON_SECONDS
        while not (pod.finished.is_set() if pod.workload["kind"] == "Job" else await pod.ready()):
            if time.monotonic() > end:
                why = pod.waits_for or (await pod.problems() if pod.workload["kind"] != "Job" else "")
                raise AssertionError(f"{pod.name} is not ready: {why}\n{pod.said[-3000:]}")
            await asyncio.sleep(0.2)


def _names(workload: Manifest) -> list[str]:
    name, count = workload["metadata"]["name"], workload["spec"].get("replicas", 1)
    if workload["kind"] == "StatefulSet":
        return [f"{name}-{number}" for number in range(count)]
    return [name] if count == 1 else [f"{name}-{letter}" for letter in "abcdefgh"[:count]]


def _require_same_ports(service: Manifest, pod: Pod) -> None:
    """A line of /etc/hosts translates no port, so a Service's must be its pods' own."""
    ports = {each["name"]: each["containerPort"] for each in pod.container.get("ports", ())}
    for port in service["spec"]["ports"]:
        assert ports.get(port["targetPort"], port["targetPort"]) == port["port"], service["metadata"]["name"]


@asynccontextmanager
async def running(manifests: list[Manifest], secrets: list[Manifest], folder: Path) -> AsyncIterator[Node]:
    """Starts every pod at once, as `kubectl apply -k` does, and kills what is left at the end."""
    node = Node(manifests, secrets, folder)
    try:
        for pod in node.pods.values():
            pod.start()
        yield node
    finally:
        await asyncio.gather(*(pod.kill() for pod in node.pods.values()))
        node.network.end()
