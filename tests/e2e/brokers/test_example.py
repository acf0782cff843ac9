"""The example adapter, installed as any package is, on the contract suite as its author runs it."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from tests.twins.kit.hosted import hosted
from tests.twins.kit.server import Twin
from tests.twins.test_independence import imported

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "broker_adapter"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The adapter's wheel, built and unpacked where Python is to find packages."""
    folder = tmp_path_factory.mktemp("adapter")
    shutil.copytree(EXAMPLE, folder / "source")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "wheels")]
    subprocess.run(command, cwd=folder / "source", check=True, capture_output=True)
    (wheel,) = (folder / "wheels").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has the twin and its bench, and not the adapter."""
    folder = tmp_path_factory.mktemp("bench")
    shutil.copytree(EXAMPLE / "pebble_twin", folder / "pebble_twin")
    return folder


def suite(bench: Path, paths: Sequence[Path], *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-m", "tradewire_cli", "broker", "test", "--suite", "pebble_twin.bench"]
    options = ["--checkout", str(ROOT), *arguments]
    return subprocess.run([*command, *options], cwd=bench, env=environment, capture_output=True, text=True, check=False)


def test_its_twin_knows_nothing_of_it() -> None:
    modules = {path.stem: imported(path) for path in (EXAMPLE / "pebble_twin").glob("*.py")}
    assert {"book", "venue", "bench"} <= modules.keys()
    del modules["bench"]
    assert {name for names in modules.values() for name in names if name.startswith("tradewire")} == set()


@pytest.mark.parametrize("seed", range(3))
def test_its_twin_has_everything_again_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    venue = importlib.import_module("pebble_twin.venue")
    first, chance, ends = venue.Pebble(), Random(seed), set()
    with hosted(first, tmp_path) as twin:
        for number in range(150):
            order = {"symbol": "AAPL", "side": chance.choice(("buy", "sell")), "type": "limit", "life": "day"}
            order |= {"quantity": chance.choice(("1", "2", "x", "100000")), "limit_price": chance.choice(("99", "101"))}
            known = chance.choice([*first.book.orders, "nobody"])
            bid = chance.choice(("98", "100", "x", None))
            calls = (
                ("POST", "/orders", json.dumps(order | {"id": chance.choice((f"o{number}", known))})),
                ("POST", "/orders", "no JSON"),
                ("DELETE", f"/orders/{known}", None),
                (
                    "POST",
                    "/_twin/do",
                    json.dumps({"verb": "quote", "args": {"symbol": "AAPL", "bid": bid, "ask": "101"}}),
                ),
                ("POST", "/_twin/do", json.dumps({"verb": "quote", "args": {"symbol": "AAPL"}})),
            )
            ends.add(asked(twin.url, *chance.choice(calls)))
    assert ends >= {200, 400, 409, 422, 500}
    second = venue.Pebble()
    Twin(second, tmp_path).close()
    assert any(told["kind"] == "filled" for told in first.book.events)
    assert second.book == first.book


def asked(url: str, method: str, path: str, body: str | None) -> int:
    """One call to the twin; its answer's status."""
    data = None if body is None else body.encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers={"X-Key": "pebble-key"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_it_passes(site: Path, bench: Path) -> None:
    done = suite(bench, [site])
    assert done.returncode == 0, done.stdout
    (row,) = [
        line.split() for line in done.stdout.splitlines() if line.startswith("pebble ") and "declares" not in line
    ][:1]
    assert int(row[1]) > 60
    assert row[2] == "0"
    assert "replace: none" in done.stdout


def test_one_that_is_not_installed_is_named(bench: Path) -> None:
    done = suite(bench, [EXAMPLE], "-k", "balances_by_asset")
    assert done.returncode == 1
    assert '"pebble" is no broker whose adapter is installed' in done.stdout
    assert "so install its package" in done.stdout


def test_a_bench_that_is_none_is_named(bench: Path, site: Path) -> None:
    done = suite(bench, [site], "-k", "balances_by_asset")
    assert done.returncode == 0, done.stdout
    (bench / "empty.py").touch()
    command = [sys.executable, "-m", "tradewire_cli", "broker", "test", "--suite", "empty", "--checkout", str(ROOT)]
    done = subprocess.run(command, cwd=bench, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "it has BROKER, a name, and bench(folder)" in done.stdout
