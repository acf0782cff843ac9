"""Where a cluster's Secrets are kept: in the cluster itself, through kubectl, or as files that kubectl applies."""

import base64
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tradewire.errors import TradewireError
from tradewire_cli.engines.folder import write_atomically

LABELS = {"app.kubernetes.io/part-of": "tradewire"}
BASIC = "kubernetes.io/basic-auth"
_RELOAD = {"cnpg.io/reload": "true"}
"""By which CloudNativePG sets a role's password as soon as its Secret changes."""


class StoreFailed(TradewireError):  # noqa: N818 - named for what it says
    """A Secret could not be read or written."""


class Store(Protocol):
    """Secrets by name, each a mapping of keys to bytes."""

    def read(self, name: str) -> dict[str, bytes] | None:
        """Returns a Secret, or None if there is none. Raises StoreFailed."""
        ...

    def names(self) -> list[str]:
        """The Secrets that are there. Raises StoreFailed."""
        ...

    def write(self, name: str, kind: str, data: Mapping[str, bytes]) -> None:
        """Makes a Secret of a type, or puts it in the place of another one. Raises StoreFailed."""
        ...


class Folder:
    """One file a Secret, which only its owner may read: `kubectl apply -f FOLDER`."""

    def __init__(self, path: Path, namespace: str) -> None:
        self._path, self._namespace = path, namespace
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StoreFailed(f"--folder {path}: {error.strerror}: name a folder to write in") from None

    def names(self) -> list[str]:
        return sorted(file.stem for file in self._path.glob("*.json"))

    def read(self, name: str) -> dict[str, bytes] | None:
        file = self._path / f"{name}.json"
        if not file.exists():
            return None
        found = file.read_bytes()
        data = _data(found, str(file))
        if (theirs := msgspec.json.decode(found)["metadata"].get("namespace")) != self._namespace:
            raise StoreFailed(f"{file} is for the namespace {theirs}, not {self._namespace}: name another --folder")
        return data

    def write(self, name: str, kind: str, data: Mapping[str, bytes]) -> None:
        write_atomically(self._path / f"{name}.json", msgspec.json.format(_manifest(name, self._namespace, kind, data)))


class Cluster:
    """The cluster that kubectl's present context names."""

    def __init__(self, namespace: str, kubectl: str = "kubectl") -> None:
        self._namespace, self._kubectl = namespace, kubectl

    def names(self) -> list[str]:
        found = self._run("get", "secrets", "--output=name")
        return sorted(line.rpartition("/")[2] for line in found.decode().split())

    def read(self, name: str) -> dict[str, bytes] | None:
        found = self._run("get", "secret", name, "--ignore-not-found", "--output=json")
        return _data(found, f"Secret {name}") if found.strip() else None

    def write(self, name: str, kind: str, data: Mapping[str, bytes]) -> None:
        # Server-side, so that no copy of the secret is left in an annotation.
        options = ("--server-side", "--field-manager=tradewire", "--force-conflicts", "--filename=-")
        self._run("apply", *options, given=_manifest(name, self._namespace, kind, data))

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - no shell
                [self._kubectl, f"--namespace={self._namespace}", *arguments],
                input=given,
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            raise StoreFailed(f"{self._kubectl} is not installed; --folder writes files instead") from None
        if done.returncode != 0:
            raise StoreFailed(f"{self._kubectl} {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout


def _manifest(name: str, namespace: str, kind: str, data: Mapping[str, bytes]) -> bytes:
    return msgspec.json.encode(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace, "labels": LABELS | (_RELOAD if kind == BASIC else {})},
            "type": kind,
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }
    )


def _data(manifest: bytes, what: str) -> dict[str, bytes]:
    try:
        found: dict[str, Any] = msgspec.json.decode(manifest)
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}
    except (msgspec.DecodeError, ValueError, AttributeError) as error:
        raise StoreFailed(f"{what} is no Secret: {error}") from None
