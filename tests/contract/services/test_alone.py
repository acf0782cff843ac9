"""Each service runs on what it states that it needs: its unit tests pass while everything else is out of reach."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.alone import MEMBERS

TESTS = Path(__file__).parents[2]
FOLDERS = {
    "tradewire": ("log", "messages", "orders", "permissions", "positions", "runtime", "settings", "values"),
    "tradewire-ingest": ("ingest", "signal"),
    "tradewire-risk": ("risk",),
    "tradewire-router": ("router", "paper"),
    "tradewire-ledger": ("ledger", "reader"),
}


def run(distribution: str, *what: str) -> subprocess.CompletedProcess[str]:
    plugin = ("-p", "tests.alone", "--alone", distribution)
    program = (sys.executable, "-m", "pytest", "--quiet", "--numprocesses=0", "-p", "no:cacheprovider", *plugin, *what)
    return subprocess.run(program, cwd=TESTS.parent, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.parametrize("distribution", FOLDERS)
def test_the_unit_tests_pass_with_what_the_service_states(distribution: str) -> None:
    done = run(distribution, *(str(TESTS / "unit" / folder) for folder in FOLDERS[distribution]))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "distribution", [member for member in MEMBERS if member not in {"tradewire-ledger", "tradewire-cli"}]
)
def test_nobody_but_the_ledger_reaches_its_driver(distribution: str, tmp_path: Path) -> None:
    test = tmp_path / "test_driver.py"
    test.write_text("def test_driver():\n    import asyncpg\n")

    done = run(distribution, f"--rootdir={tmp_path}", "-c", "/dev/null", str(test))

    assert done.returncode == 1
    assert f"{distribution} states no requirement that has asyncpg" in done.stdout
