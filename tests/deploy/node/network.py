"""The node's network: one bridge, and a network namespace of its own for each pod. Nothing of it is this machine's."""

import asyncio
import ctypes
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_CLONE_NEWNET: Final = 0x40000000
_PREFIX: Final = "192.0.2"
_FIRST: Final = 10
GATEWAY: Final = f"{_PREFIX}.1"
"""The node's own address, where what is not in a pod listens."""
_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str:
    """Why containers cannot be started on this machine, or nothing."""
    if os.geteuid() != 0:
        return "only root can make the namespaces of containers"
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux"), ("nsenter", "util-linux")):
        if shutil.which(program) is None:
            return f"{program} is missing: install Debian's package {package}"
    tried = subprocess.run(
        ["unshare", "--net", "--mount", "ip", "link", "add", "tw0", "type", "bridge"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"this machine makes no network namespaces: {tried.stderr.strip()}" if tried.returncode else ""


class Holder:
    """A process that does nothing but hold a network namespace, as a pod's pause container does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                "--net",
                "sh",
                "-c",
                "ip link set lo up && echo up && exec sleep infinity",
            ],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"up\n"
        self.path = Path(f"/proc/{self._process.pid}/ns/net")
        self.pid = self._process.pid

    def run(self, *command: str) -> None:
        """Runs a command in the namespace."""
        subprocess.run(["nsenter", f"--net={self.path}", *command], check=True)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Network:
    """The node's: made with its bridge, gone with `end`."""

    def __init__(self) -> None:
        self._node = Holder()
        self._pods: list[Holder] = []
        self._node.run("ip", "link", "add", "pods", "type", "bridge")
        self._node.run("ip", "addr", "add", f"{GATEWAY}/24", "dev", "pods")
        self._node.run("ip", "link", "set", "pods", "up")
        self._inside = ThreadPoolExecutor(4, "node", self._enter)

    def address(self, number: int) -> str:
        """The address of a pod by its number; it is known before the pod is there."""
        return f"{_PREFIX}.{_FIRST + number}"

    def pod(self, number: int) -> Holder:
        """Makes the namespace of a pod, on the bridge."""
        made = Holder()
        self._pods.append(made)
        link = f"pod{number}"
        self._node.run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(made.pid))
        self._node.run("ip", "link", "set", link, "master", "pods", "up")
        made.run("ip", "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
        made.run("ip", "link", "set", "eth0", "up")
        return made

    def serve(self, *command: str) -> "subprocess.Popen[bytes]":
        """Starts a program outside of all pods, at GATEWAY, until it is ended."""
        return subprocess.Popen(
            ["nsenter", f"--net={self._node.path}", "setpriv", "--pdeathsig", "KILL", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    async def get(self, url: str, timeout: float = 5.0, method: str = "GET") -> tuple[int, str]:
        """Asks a pod as the node's kubelet does: its status and what it says; 0 where nobody answers."""
        return await asyncio.get_running_loop().run_in_executor(self._inside, _get, url, timeout, method)

    def end(self) -> None:
        self._inside.shutdown()
        for holder in (*self._pods, self._node):
            holder.end()

    def _enter(self) -> None:
        with self._node.path.open() as namespace:
            if _libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")


def _get(url: str, timeout: float, method: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
