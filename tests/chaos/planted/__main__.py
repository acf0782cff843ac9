"""Runs a process with a bug in it: `python -m tests.chaos.planted <bug> <module>`."""

import runpy
import sys

from tests.chaos.planted.bugs import BUGS


def main() -> None:
    """Changes what the bug is about, if it is about this process, and becomes the process."""
    bug, module = sys.argv[1:3]
    for patch in BUGS[bug].get(module, ()):
        patch()
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
