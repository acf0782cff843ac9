"""The contract suite of brokers on an adapter that somebody writes: pytest, in a checkout of the repository."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tradewire_cli.checkout import checkout, needs

SUITE: Final = "tests/contract/brokers"
_NEEDS: Final = ("pytest", "pytest_asyncio", "pytest_timeout", "xdist", "aiohttp", "msgpack")


def run_suite(bench: str, select: str, root: Path | None = None) -> int:
    """Runs every test on the bench of a module, which is found from this folder too; gives pytest's exit code.

    Raises:
        Failed: there is no checkout, or this Python lacks what the suite needs.
    """
    where = checkout(SUITE, root)
    needs(_NEEDS, "the suite")
    paths = [str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])]
    program = [sys.executable, "-m", "pytest", SUITE, "-n0", "-q", "-rfE", "--bench", bench]
    program += ["-k", select] if select else []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(program, cwd=where, env=environment, check=False)  # noqa: S603 - our own Python, no shell
    return done.returncode
