"""A pod's volumes as folders of this machine, laid out as a kubelet does, with its owners and modes."""

import base64
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.deploy.rendering import Manifest

_GROUP_READS: Final = 0o440
"""What a kubelet adds to the mode of a file in a volume of Secrets for a pod with an fsGroup."""


class MissingError(Exception):
    """What a volume is to be made of is not there, so its pod waits."""


class Objects:
    """The ConfigMaps and Secrets of the cluster, which may change while pods run."""

    def __init__(self, manifests: list[Manifest]) -> None:
        self._found: dict[tuple[str, str], Manifest] = {
            (each["kind"], each["metadata"]["name"]): each
            for each in manifests
            if each["kind"] in {"ConfigMap", "Secret"}
        }

    def put(self, manifest: Manifest) -> None:
        self._found[manifest["kind"], manifest["metadata"]["name"]] = manifest

    def remove(self, kind: str, name: str) -> Manifest:
        return self._found.pop((kind, name))

    def secrets(self) -> list[tuple[str, str]]:
        """What nobody but its process may know, by its place: as it stands in its file, of a PEM the longest line."""
        found = []
        for kind, name in self._found:
            for key, content in self.keys(kind, name).items() if kind == "Secret" else ():
                if key in {"nkey", "password", "token", "tls.key"}:
                    found.append((f"{name}: {key}", max(content.decode().split(), key=len)))
        return found

    def keys(self, kind: str, name: str) -> dict[str, bytes]:
        """What an object holds. Raises MissingError if there is none."""
        try:
            found = self._found[kind, name]
        except KeyError:
            raise MissingError(f"{kind} {name} not found") from None
        texts = {**found.get("data", {}), **found.get("stringData", {})}
        if kind == "ConfigMap":
            return {key: text.encode() for key, text in texts.items()}
        return {
            key: base64.b64decode(text) if key in found.get("data", {}) else text.encode()
            for key, text in texts.items()
        }


def lay_out(volume: Manifest, folder: Path, objects: Objects, group: int) -> None:
    """Makes a volume, or brings it up to date. Raises MissingError if something that it needs is not there."""
    if "configMap" in volume:
        source = volume["configMap"]
        _write(
            folder, _picked(objects.keys("ConfigMap", source["name"]), source), source.get("defaultMode", 0o644), group
        )
    elif "secret" in volume:
        source = volume["secret"]
        _write(folder, _picked(objects.keys("Secret", source["secretName"]), source), source["defaultMode"], group)
    elif "projected" in volume:
        files: dict[str, bytes] = {}
        for each in volume["projected"]["sources"]:
            try:
                files |= _picked(objects.keys("Secret", each["secret"]["name"]), each["secret"])
            except MissingError:
                if not each["secret"].get("optional"):
                    raise
        _write(folder, files, volume["projected"]["defaultMode"], group)
    else:
        assert "emptyDir" in volume or "persistentVolumeClaim" in volume, volume
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 0, group)
        folder.chmod(0o2777)


def _picked(keys: Mapping[str, bytes], source: Manifest) -> dict[str, bytes]:
    if "items" not in source:
        return dict(keys)
    absent = [item["key"] for item in source["items"] if item["key"] not in keys]
    if absent:
        raise MissingError(f"references non-existent secret key: {', '.join(absent)}")
    return {item["path"]: keys[item["key"]] for item in source["items"]}


def _write(folder: Path, files: Mapping[str, bytes], mode: int, group: int) -> None:
    """Writes all files anew and swaps one link, so that a reader sees the old ones or the new ones, never a mixture."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"..{uuid4().hex}"
    fresh.mkdir()
    for name, content in files.items():
        path = fresh / name
        path.write_bytes(content)
        path.chmod(mode | _GROUP_READS)
        os.chown(path, 0, group)
    fresh.chmod(0o2755)
    old = (folder / "..data").resolve() if (folder / "..data").exists() else None
    link = folder / "..new"
    link.symlink_to(fresh.name)
    link.replace(folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    for path in folder.iterdir():
        if path.is_symlink() and not path.name.startswith("..") and path.name not in files:
            path.unlink()
    if old is not None:
        shutil.rmtree(old)
