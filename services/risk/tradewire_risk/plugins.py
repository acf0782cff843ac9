"""The plug-ins for sizes that installed packages name in the entry-point group `tradewire.sizing`.

They are code of the operator's own choice: installing a package is the permission. One that cannot be loaded is left
out and named, because an order that asks for it is then denied, and all others go on.
"""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.sizing import GROUP, Sizer
from tradewire.runtime.logs import Log
from tradewire_risk.domain.sizing_custom import said


class Plugins(Struct, frozen=True):
    """The plug-ins that were loaded, where each comes from, and why others were not."""

    sizers: dict[str, Sizer]
    origins: dict[str, str]
    problems: dict[str, str]


def installed(log: Log) -> dict[str, Sizer]:
    """Loads what is installed, and logs what came of it."""
    plugins = load()
    for name, origin in plugins.origins.items():
        log.info("plug-in for sizes loaded", plug_in=name, origin=origin)
    for name, problem in plugins.problems.items():
        log.error("plug-in for sizes not loaded; orders that ask for it are denied", plug_in=name, problem=problem)
    return plugins.sizers


def load(found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Loads every plug-in; `found` is what is installed, unless it is given."""
    plugins = Plugins({}, {}, {})
    for point in entry_points(group=GROUP) if found is None else found:
        origin = f"{point.value} of {point.dist.name} {point.dist.version}" if point.dist else point.value
        problem = _load(point, plugins)
        if problem:
            plugins.problems[point.name] = f"{origin}: {problem}"
        else:
            plugins.origins[point.name] = origin
    for name in plugins.problems:
        # Two packages with one name: which was meant cannot be known.
        plugins.sizers.pop(name, None)
        plugins.origins.pop(name, None)
    return plugins


def _load(point: EntryPoint, plugins: Plugins) -> str:
    """Loads one, and returns why not."""
    if not names.is_name(point.name):
        return "a plug-in's name is of a-z, 0-9, _ and -, starts with a letter and has 32 characters at most"
    if point.name in plugins.sizers or point.name in plugins.problems:
        return "another package names a plug-in of this name"
    try:
        sizer = point.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is foreign code
        return f"it cannot be imported: {said(error)}"
    if not callable(sizer):
        return f"it is a {type(sizer).__name__} and cannot be called"
    plugins.sizers[point.name] = sizer
    return ""
