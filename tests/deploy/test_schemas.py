"""Every object of every overlay is one that a cluster takes: built-in kinds of four versions, and custom kinds."""

import re
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deploy.rendering import OVERLAYS, Manifest, name_of, overlay

_SCHEMAS = Path(__file__).parent / "schemas"
_NEWEST = 4
_CUSTOM_OF_KUBERNETES = {"gateway.networking.k8s.io"}
"""Groups whose kinds look built in, and are installed like any custom kind."""


def versions() -> list[str]:
    """The newest minor versions of Kubernetes whose schemas are there, such as `1.37`."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    found = {match.groups() for path in folder.iterdir() if (match := re.match(r"v(\d+)\.(\d+)\.", path.name))}
    return [f"{major}.{minor}" for major, minor in sorted(found, key=lambda each: tuple(map(int, each)))[-_NEWEST:]]


def schema_of(manifest: Manifest) -> Path:
    return _SCHEMAS / f"{manifest['apiVersion'].replace('/', '_')}_{manifest['kind']}.yaml"


def is_built_in(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and group not in _CUSTOM_OF_KUBERNETES)


def objects() -> list[tuple[str, Manifest]]:
    return [(name, manifest) for name in OVERLAYS for manifest in overlay(name)]


def test_there_are_overlays_to_test() -> None:
    assert {"dev", "production", "everything", "two-shards-us", "two-shards-eu"} <= set(OVERLAYS)
    assert len(versions()) == _NEWEST


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("name", OVERLAYS)
def test_built_in_kinds_are_as_kubernetes_wants_them(name: str, version: str) -> None:
    checked = 0
    for manifest in filter(is_built_in, overlay(name)):
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{name_of(manifest)}: {error.message} at {'.'.join(map(str, error.path))}")
        checked += 1
    assert checked


@pytest.mark.parametrize("name", OVERLAYS)
def test_custom_kinds_are_as_their_projects_want_them(name: str) -> None:
    for manifest in (each for each in overlay(name) if not is_built_in(each)):
        path = schema_of(manifest)
        assert path.exists(), f"{name_of(manifest)}: there is no schema {path.name}"
        jsonschema.validate(manifest, yaml.safe_load(path.read_text()))


def test_a_schema_says_which_version_it_is_of_and_is_used() -> None:
    used = {schema_of(manifest) for _, manifest in objects() if not is_built_in(manifest)}
    assert used == set(_SCHEMAS.glob("*.yaml"))
    for path in used:
        first = path.read_text().partition("\n")[0]
        assert re.match(r"# .*(\d+\.\d+|commit [0-9a-f]{40})", first), f"{path.name}: {first}"


def test_what_is_misspelt_is_found() -> None:
    deployment = next(each for each in overlay("dev") if each["kind"] == "Deployment")
    wrong = {**deployment, "spec": {**deployment["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, versions()[-1], strict=True)
