"""The judge finds what it is there to find, and needs nothing of ours."""

import ast
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.paper.desk import Scene
from tradewire_router.paper import judge as module

SCRIPT = Path(module.__file__)


def played() -> list[dict[str, Any]]:
    """Two fills of one order, a sale, a refusal and a cancel: 17 honest lines."""
    scene = Scene(commission_per_share=Decimal("0.01"))
    scene.quote("99", "100")
    scene.submit(pieces=2, time_in_force="gtc")
    scene.quote("100", "101")
    scene.submit("sell", "4", order_type="limit", limit_price="99")
    scene.submit("sell", "400")
    resting = scene.submit(order_type="limit", limit_price="50")
    scene.engine.cancel(scene.account, resting, scene.at)
    return [json.loads(data) for data in scene.data]


def run(folder: Path, lines: list[dict[str, Any]], *options: str, tail: str = "") -> subprocess.CompletedProcess[str]:
    path = folder / "journal.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + tail)
    command = [sys.executable, "-I", "-S", str(SCRIPT), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def renumbered(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**line, "seq": seq} for seq, line in enumerate(lines, 1)]


def test_it_imports_only_the_standard_library() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_an_honest_journal_passes(tmp_path: Path) -> None:
    done = run(tmp_path, played(), "--json")
    verdict = json.loads(done.stdout)
    assert done.returncode == 0
    assert verdict["violations"] == []
    assert (verdict["submits_received"], verdict["fills"], verdict["doubled"]) == (4, 3, 0)
    assert verdict["orders_by_state"] == {"canceled": 1, "filled": 2, "rejected": 1}
    assert verdict["accounts"]["paper"]["positions"] == {"AAPL": "6"}


def test_the_table_is_for_people(tmp_path: Path) -> None:
    done = run(tmp_path, played(), tail='{"kind":"rec')
    assert done.returncode == 0
    assert "position of paper  6 AAPL" in done.stdout


def at(lines: list[dict[str, Any]], kind: str, nth: int = 0) -> dict[str, Any]:
    return [line for line in lines if line["kind"] == kind][nth]


def twice_same_id(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return renumbered([*lines, {**at(lines, "received"), "at": lines[-1]["at"]}])


def twice_same_order(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    received = at(lines, "received")
    again = {**received, "at": lines[-1]["at"], "order": {**received["order"], "client_order_id": "other"}}
    return renumbered([*lines, again])


def overfill(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "received")["order"]["quantity"] = "5"
    return lines


def wrong_cash(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "filled", 2)["cash"] += "1"
    return lines


def wrong_position(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "filled", 2)["position"] = "7"
    return lines


def wrong_fee(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "filled")["fee"] = "0.5"
    return lines


def beyond_limit(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "received", 1)["order"]["limit_price"] = "105"
    return lines


def same_execution(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "filled", 1)["execution"] = at(lines, "filled")["execution"]
    return lines


def fill_of_nobody(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    at(lines, "filled")["client_order_id"] = "nobody"
    return lines


def fill_of_a_refused_order(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    fill = {**at(lines, "filled"), "client_order_id": at(lines, "rejected")["client_order_id"], "at": lines[-1]["at"]}
    return renumbered([*lines, fill])


def accepted_twice(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return renumbered([*lines, {**at(lines, "accepted"), "at": lines[-1]["at"]}])


def gap(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines.remove(at(lines, "cancel_received"))
    return lines


def time_goes_back(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines[-1]["at"] = 1
    return lines


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (twice_same_id, "was received again"),
        (twice_same_order, "and again as other"),
        (overfill, "has filled 10 of 5"),
        (wrong_cash, "cash of paper is"),
        (wrong_position, "holds 6 AAPL"),
        (wrong_fee, "cash of paper is"),
        (beyond_limit, "beyond its limit 105"),
        (same_execution, "is there twice"),
        (fill_of_nobody, "nobody was never received"),
        (fill_of_a_refused_order, "is rejected and fills"),
        (accepted_twice, "becomes accepted"),
        (gap, "follows line"),
        (time_goes_back, "time goes back"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, spoil: Any, says: str) -> None:
    done = run(tmp_path, spoil(played()))
    assert done.returncode == 1
    assert says in done.stdout
    assert "VIOLATION" in done.stdout


def test_a_submit_lost_in_a_crash_may_come_again_as_a_new_attempt(tmp_path: Path) -> None:
    lines = played()
    received = {**at(lines, "received"), "at": lines[-1]["at"]}
    for name in ("lost", "new"):
        order = {**received["order"], "client_order_id": name, "order": "o"}
        lines.append({**received, "order": order})
        if name == "lost":
            lines.append({"kind": "dropped", "at": lines[-1]["at"], "account": "paper", "client_order_id": name})
    done = run(tmp_path, renumbered(lines))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text", ["no json\n", '{"kind":"filled","seq":1}\n', "[]\n"])
def test_what_cannot_be_read_is_an_error_of_its_own(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, [], tail=text)
    assert done.returncode == 2
    assert "line 1 cannot be read" in done.stderr


def test_a_missing_journal_is_an_error_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "nowhere")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2


def test_it_leaves_the_arithmetic_of_its_caller_alone(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in played()))
    script = (
        "import decimal, pathlib, sys; before = decimal.getcontext().copy(); "
        "from tradewire_router.paper.judge import judge; judge(pathlib.Path(sys.argv[1])); "
        "print(before); print(decimal.getcontext())"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    before, after = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert after == before
