"""The locks say what the pyproject files ask for, and say the same wherever they meet."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.alone import MEMBERS

ROOT = Path(__file__).parents[2]
LOCKS = {path.name: path for path in sorted((ROOT / "requirements").glob("*.lock"))}
WORKSPACE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = ("3.11", "3.12", "3.13")
ALONE = "supply.lock"
"""The one that is installed where nothing else of the product is."""


def pins(name: str) -> list[Requirement]:
    """Each `name==version ; marker` of a lock, without its hashes."""
    text = LOCKS[name].read_text().replace("\\\n", " ")
    return [Requirement(re.split(r"\s--hash", line)[0]) for line in text.splitlines() if line.strip()]


def environment(python: str) -> dict[str, str]:
    """What markers are measured by: this machine with another Python."""
    here = {str(key): str(value) for key, value in default_environment().items()}
    return {**here, "python_version": python, "python_full_version": f"{python}.0", "extra": ""}


def locked(name: str, python: str) -> dict[str, Version]:
    """The versions that a lock has for one Python on this machine. One line a distribution, or this fails."""
    found: dict[str, Version] = {}
    for pin in pins(name):
        if pin.marker is None or pin.marker.evaluate(environment(python)):
            key = canonicalize_name(pin.name)
            assert key not in found, f"{name} has {key} twice for Python {python}"
            (version,) = pin.specifier
            found[key] = Version(version.version)
    return found


def group(name: str) -> Iterator[str]:
    """What a dependency group asks for, with the groups that it includes."""
    for each in WORKSPACE["dependency-groups"][name]:
        if isinstance(each, dict):
            yield from group(each["include-group"])
        else:
            yield each


def project(path: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / path).read_text())["project"]
    return found


def members() -> list[str]:
    return [
        str(path.relative_to(ROOT)) for path in [ROOT / "libs/pyproject.toml", *ROOT.glob("services/*/pyproject.toml")]
    ]


def asked(name: str) -> list[str]:
    """What a lock is made of, as lock.sh says it: projects with their members, extras, groups, or standard input."""
    (line,) = (
        line
        for line in (ROOT / "requirements" / "lock.sh").read_text().splitlines()
        if f"-o requirements/{name}" in line
    )
    words = shlex.split(line.replace("$", ""))
    found = [group_name for word in words if "pyproject.toml:" in word for group_name in group(word.partition(":")[2])]
    if "--group" in words and words[words.index("--group") + 1] in WORKSPACE["dependency-groups"]:
        found += group(words[words.index("--group") + 1])
    projects = [word for word in words if word.endswith("pyproject.toml")]
    if "pyproject.toml" in projects:
        found += [each for path in members() for each in project(path)["dependencies"]]
    if "--all-extras" in words:
        found += [
            each
            for path in projects
            for extra in project(path).get("optional-dependencies", {}).values()
            for each in extra
        ]
    if words[0] == "echo":
        found.append(words[1])
    return [each for each in found if canonicalize_name(Requirement(each).name) not in MEMBERS]


@pytest.mark.parametrize("name", LOCKS)
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_has_what_is_asked_for_in_a_version_that_will_do(name: str, python: str) -> None:
    versions = locked(name, python)
    wanted = [Requirement(each) for each in asked(name)]
    assert wanted, f"lock.sh does not say what {name} is made of"
    for each in wanted:
        if each.marker is None or each.marker.evaluate(environment(python)):
            found = versions.get(canonicalize_name(each.name))
            assert found is not None, f"{each} is not in {name}: run `make lock`"
            assert each.specifier.contains(found, prereleases=True), f"{name} has {found} for {each}: run `make lock`"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_keeps_to_the_constraints(name: str) -> None:
    for each in map(Requirement, WORKSPACE["tool"]["uv"]["constraint-dependencies"]):
        for pin in (pin for pin in pins(name) if canonicalize_name(pin.name) == canonicalize_name(each.name)):
            (version,) = pin.specifier
            assert each.specifier.contains(version.version), f"{name} has {pin}, against {each}: run `make lock`"


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_that_meet_in_one_environment_have_one_version_each(python: str) -> None:
    first: dict[str, tuple[str, Version]] = {}
    for name in LOCKS:
        if name != ALONE:
            for key, version in locked(name, python).items():
                where, other = first.setdefault(key, (name, version))
                assert other == version, f"{key} is {other} in {where} and {version} in {name}: run `make lock`"


def optional(path: str) -> list[Requirement]:
    return [Requirement(each) for extra in project(path).get("optional-dependencies", {}).values() for each in extra]


def test_the_image_has_every_extra_of_every_member() -> None:
    """A broker's client, the export of traces: in the image they are settings, not something to install."""
    there = set(locked("runtime.lock", PYTHONS[0]))
    wanted = {path: {canonicalize_name(each.name) for each in optional(path)} for path in members()}
    assert {path for path, names in wanted.items() if names} >= {
        "libs/pyproject.toml",
        "services/router/pyproject.toml",
    }
    assert not {path: names - there for path, names in wanted.items() if names - there}


@pytest.mark.parametrize("name", sorted(LOCKS.keys() - {ALONE, "demo.lock"}))
def test_everything_in_a_lock_is_asked_for_by_somebody(name: str) -> None:
    """By a pyproject file, or by another line, whatever its marker; what nobody asks for has been left over."""
    keys = {canonicalize_name(pin.name) for pin in pins(name)}
    wanted = {canonicalize_name(Requirement(each).name) for each in asked(name)}
    for key in keys:
        try:
            wanted |= {canonicalize_name(Requirement(each).name) for each in requires(key) or ()}
        except PackageNotFoundError:
            continue  # for another system
    assert not keys - wanted, "run `make lock`"


@pytest.mark.parametrize("name", sorted(LOCKS.keys() - {ALONE, "demo.lock"}))
def test_what_a_lock_has_goes_together(name: str) -> None:
    """Each line with what its distribution, as it is installed here, asks of the others."""
    versions = locked(name, PYTHONS[0])
    for key in versions:
        try:
            stated = requires(key) or ()
        except PackageNotFoundError:
            continue  # for another system
        for each in map(Requirement, stated):
            other = versions.get(canonicalize_name(each.name))
            needed = each.marker is None or each.marker.evaluate(environment(PYTHONS[0]))
            assert other is not None or not needed, f"{key} needs {each}, which {name} has not: run `make lock`"
            assert other is None or not needed or each.specifier.contains(other, prereleases=True), f"{key}: {each}"
