"""A pytest plugin that leaves a service nothing but what it says it needs: `-p tests.alone --alone tradewire-risk`."""

import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

MEMBERS = ("tradewire", "tradewire-ingest", "tradewire-risk", "tradewire-router", "tradewire-ledger", "tradewire-cli")
_TOOLS = ("pytest", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "hypothesis")


def needed(names: Iterable[str]) -> set[str]:
    """The distributions that some need, with all that those need in turn."""
    found = set[str]()
    left = [Requirement(name) for name in names]
    while left:
        asked = left.pop()
        name = canonicalize_name(asked.name)
        try:
            stated = requires(name) or ()
        except PackageNotFoundError:
            continue
        if name in found and not asked.extras:
            continue
        found.add(name)
        for each in map(Requirement, stated):
            extras = asked.extras or {""}
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                left.append(each)
    return found


class Gate(MetaPathFinder):
    """Finds nothing that belongs to other distributions only."""

    def __init__(self, distribution: str) -> None:
        allowed = needed((distribution, *_TOOLS))
        owners = {name.replace("-", "_"): {name} for name in MEMBERS}
        for package, names in packages_distributions().items():
            owners.setdefault(package, set()).update(map(canonicalize_name, names))
        self._distribution = distribution
        self.closed = {package for package, names in owners.items() if not names & allowed}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raises for a module that the distribution does not state."""
        if fullname.partition(".")[0] in self.closed:
            message = f"{self._distribution} states no requirement that has {fullname}"
            raise ModuleNotFoundError(message, name=fullname)
        return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --alone."""
    parser.addoption("--alone", choices=MEMBERS, required=True, help="The distribution that is tried alone.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Closes the gate before any test is read."""
    sys.meta_path.insert(0, Gate(early_config.known_args_namespace.alone))
