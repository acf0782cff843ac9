"""Prometheus and promtool, wherever they are to be had: `python -m tests.deploy.prometheus` says where, or why not.

Looked for in the folder that TRADEWIRE_PROMETHEUS names, on PATH, and in `.venv/prometheus`, into which Debian's
package `prometheus` is unpacked where apt-get can fetch it. Unpacking installs nothing and starts no daemon.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = "prometheus"
VARIABLE: Final = "TRADEWIRE_PROMETHEUS"
_CACHE: Final = Path(__file__).parents[2] / ".venv" / "prometheus"
_TOOLS: Final = ("prometheus", "promtool")
_FETCH_SECONDS: Final = 300


class MissingError(Exception):
    """There is neither a Prometheus nor a way to get one; the text says what to do."""


def folder() -> Path:
    """Returns the folder that has both programs, and fetches them first where that is possible.

    Raises:
        MissingError: they cannot be had.
    """
    if named := os.environ.get(VARIABLE):
        if not _complete(Path(named)):
            raise MissingError(f"{VARIABLE}: {named} has no prometheus and promtool; name the folder that has both")
        return Path(named)
    if all(shutil.which(tool) for tool in _TOOLS):
        return Path(str(shutil.which(_TOOLS[0]))).parent
    return _cached()


def _complete(place: Path) -> bool:
    return all(os.access(place / tool, os.X_OK) for tool in _TOOLS)


def _cached() -> Path:
    """One process fetches, and the others wait for it."""
    place = _CACHE / "usr" / "bin"
    if _complete(place):
        return place
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise MissingError(f"Debian's package {PACKAGE} is missing, and there is no apt-get: install Prometheus")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _complete(place):
            _fetch()
    return place


def _fetch() -> None:
    """Unpacks the package into the cache; apt's lists are made anew where they do not have it and that is allowed."""
    said = _run("apt-get", "-q", "download", PACKAGE)
    if said and os.geteuid() == 0:
        _run("apt-get", "-q", "update")
        said = _run("apt-get", "-q", "download", PACKAGE)
    found = sorted(_CACHE.glob(f"{PACKAGE}_*.deb"))
    if said or not found:
        raise MissingError(f"Debian's package {PACKAGE} is missing, and apt-get cannot fetch it: {said or 'no file'}")
    said = _run("dpkg", "-x", found[-1].name, ".")
    if said or not _complete(_CACHE / "usr" / "bin"):
        raise MissingError(f"Debian's package {PACKAGE} cannot be unpacked: {said or 'it has no promtool'}")
    for package in found:
        package.unlink()


def _run(*command: str) -> str:
    """Returns nothing when it went well, and the end of what it said otherwise."""
    try:
        done = subprocess.run(
            command,
            cwd=_CACHE,
            capture_output=True,
            text=True,
            timeout=_FETCH_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_FETCH_SECONDS} s"
    lines = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
    return lines[-1] if done.returncode else ""


if __name__ == "__main__":
    try:
        print(folder())  # noqa: T201 - what the program is for
    except MissingError as missing:
        sys.exit(str(missing))
