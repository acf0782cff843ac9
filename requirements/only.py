"""Prints what one Python on one system installs of locks that are for all: the lines whose markers hold, with hashes.

python requirements/only.py [--python 3.11] [--system linux] LOCK...
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

_SYSTEMS: Final = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}


def environment(python: str, system: str) -> dict[str, str]:
    """What markers are measured by: CPython `python`, such as 3.11, on `system`, as sys.platform has it."""
    os_name, platform_system = _SYSTEMS[system]
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": os_name,
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": platform_system,
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": system,
        "extra": "",
    }


def only(lock: str, where: dict[str, str]) -> list[str]:
    """Returns the pins of a lock that hold there, without their markers. Raises ValueError for one without hashes."""
    kept = []
    for pin in re.split(r"\n(?=\S)", lock.strip()):
        stated, *hashes = [part.strip() for part in re.split(r"\\\n", pin)]
        if not hashes or not all(part.startswith("--hash=sha256:") for part in hashes):
            raise ValueError(f"{stated} has no hashes: lock it again with requirements/lock.sh")
        asked = Requirement(stated)
        if asked.marker is None or asked.marker.evaluate(where):
            kept.append(" \\\n    ".join([f"{asked.name}{asked.specifier}", *hashes]))
    return kept


def main() -> None:
    """Reads the locks that are named and prints what is left of them."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--python", default="3.11", help="the Python's version, two numbers")
    options.add_argument("--system", default="linux", choices=sorted(_SYSTEMS))
    options.add_argument("locks", nargs="+", type=Path, metavar="LOCK")
    given = options.parse_args()
    where = environment(given.python, given.system)
    for lock in given.locks:
        sys.stdout.write("\n".join(only(lock.read_text(), where)) + "\n")


if __name__ == "__main__":
    main()
