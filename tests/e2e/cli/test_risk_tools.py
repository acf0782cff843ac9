"""Where risk stands, what it would decide, and what other limits would have changed, on a running system and after."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli.system import Up, started_up, tradewire
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit

BUYS = (("KO", "40", "60"), ("KO", "41", "60"), ("GE", "10", "100"))


def limits(data: Path, text: str, name: str = "new.toml") -> str:
    file = data / name
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A running system in which some orders were filled and one was denied."""
    with started_up(data) as system:
        for symbol, quantity, price in BUYS:
            sent = tradewire(data, "send", "buy", symbol, quantity, "--price", price, "--wait", "--json")
            assert sent.code == Exit.DONE, sent.out
        large = tradewire(data, "send", "buy", "KO", "200", "--price", "60", "--wait", "--json")
        assert large.code == Exit.REFUSED
        yield system


@pytest.mark.usefixtures("up")
def test_status_says_how_much_of_each_limit_is_used(data: Path) -> None:
    paused = tradewire(data, "pause", "momo", "--reason", "odd")
    found = tradewire(data, "risk", "status", "--json")
    page = tradewire(data, "risk", "status", "--account", "paper")
    unknown = tradewire(data, "risk", "status", "--account", "none")

    assert (paused.code, found.code, page.code, unknown.code) == (0, 0, 0, Exit.REFUSED)
    (account,) = found.json["accounts"]
    held = next(use for use in account["uses"] if use["limit"] == "max_position_value" and use["symbol"] == "KO")
    assert (held["value"], held["most"], held["warns"]) == ("4860.00", "50000", False)
    assert found.json["switches"][0]["reason"] == "odd"
    [line] = [line for line in page.out.splitlines() if line.startswith("max_position_value") and "KO" in line]
    assert "4,860.00" in line
    assert "█" in line
    assert "strategy.momo is at PAUSED since" in page.out
    assert unknown.err.startswith("tradewire risk: ACCOUNT_UNKNOWN: ")
    assert unknown.err.count("\n") == 1


@pytest.mark.usefixtures("up")
def test_check_answers_what_would_be_decided_and_leaves_nothing_behind(data: Path) -> None:
    before = tradewire(data, "orders", "--json").json
    options = ("--account", "paper", "--price", "60")
    good = tradewire(data, "risk", "check", "--symbol", "KO", "--side", "buy", "--quantity", "5", *options)
    denied = tradewire(data, "risk", "check", "buy", "KO", "5", "--strategy", "momo", *options)
    sized = tradewire(data, "risk", "check", "buy", "KO", "--size", "percent_of_equity=3", *options, "--json")
    close = tradewire(data, "risk", "check", "close", "KO", *options, "--json")
    refused = tradewire(data, "risk", "check", "buy", "ko", "5")

    assert (good.code, denied.code, sized.code, close.code) == (0, Exit.REFUSED, 0, 0)
    assert good.out.startswith("buy 5 KO in paper for manual would be approved now")
    assert denied.out.splitlines()[1].startswith("STRATEGY_PAUSED: ")
    table = [line for line in denied.out.splitlines() if line.endswith(("passed", "failed"))]
    assert table[0].split()[0] == "paused"
    assert sized.json["quantity"] == "50"
    assert {row["passed"] for row in sized.json["checks"]} == {True}
    assert (close.json["side"], close.json["quantity"], close.json["cost"]) == ("sell", "81", "0")
    assert refused.err.startswith("tradewire risk: SYMBOL_INVALID")
    assert tradewire(data, "orders", "--json").json["orders"] == before["orders"]


@pytest.mark.usefixtures("up")
def test_a_signal_in_a_file_can_be_asked_about(data: Path) -> None:
    body = {
        "id": "s",
        "symbol": "KO",
        "action": "buy",
        "quantity": 5,
        "price": 60,
        "valid_until": "2020-01-01T00:00:00Z",
    }
    file = data / "signal.json"
    file.write_text(json.dumps(body))
    asked = tradewire(data, "risk", "check", "--from", str(file), "--json")
    piped = tradewire(data, "risk", "check", "--from", "-", "--json", given=json.dumps(body))
    both = tradewire(data, "risk", "check", "buy", "--from", str(file))
    short = tradewire(data, "risk", "check", "buy")
    assert (asked.code, asked.json["reason"]) == (Exit.REFUSED, "SIGNAL_EXPIRED")
    assert (piped.code, piped.json["reason"]) == (Exit.REFUSED, "SIGNAL_EXPIRED")
    assert both.code == Exit.WRONG_USE
    assert short.err == "tradewire risk: FIELD_MISSING: symbol: is missing; expected such as --symbol AAPL\n"


def test_replay_says_what_other_limits_would_have_changed_beside_the_system_and_without_it(data: Path, up: Up) -> None:
    half = limits(data, "[risk]\nmax_order_value = 2500\n")
    same = limits(data, "[risk]\nmax_order_value = 10000\nmax_position_value = 50000\n", "same.toml")

    unchanged = tradewire(data, "risk", "replay", "--limits", same)
    page = tradewire(data, "risk", "replay", "--limits", half)
    beside = tradewire(data, "risk", "replay", "--limits", half, "--json")
    wrong = tradewire(data, "risk", "replay", "--limits", limits(data, "[risk]\nmax_order = 5\n", "wrong.toml"))

    assert (unchanged.code, page.code, beside.code, wrong.code) == (0, 0, 0, Exit.WRONG_USE)
    assert "no change: every decision would be the same" in unchanged.out
    assert "4 decisions made again" in unchanged.out
    (change,) = beside.json["changes"]
    assert (change["symbol"], change["was"]["quantity"], change["would"]["reason"]) == (
        "KO",
        "41",
        "NOTIONAL_ABOVE_MAX",
    )
    assert beside.json["unreproduced"] == []
    assert "global: max_order_value 10000 → 2500" in page.out
    assert "left out: 1 execution of orders that would not have been sent" in page.out
    assert wrong.err.startswith("tradewire risk: risk.max_order: is no limit")

    assert up.stop() == 0
    alone, again = (tradewire(data, "risk", "replay", "--limits", half, "--json") for _ in range(2))
    assert alone.out == again.out
    assert alone.json["changes"] == beside.json["changes"]
    assert tradewire(data, "risk", "status").code == Exit.NOT_RUNNING
    assert tradewire(data, "risk", "check", "buy", "KO", "1").code == Exit.NOT_RUNNING


def test_the_demo_under_its_own_limits_has_no_change_and_under_a_smaller_one_many() -> None:
    with reachable_folder() as folder:
        kept = folder / "kept"
        played = tradewire(folder, "demo", "--end", "2000-12-31", "--data", str(kept))
        assert played.code == 0, played.err
        where = ("--data", str(kept), "--config", str(kept / "tradewire.toml"))
        same = tradewire(folder, "risk", "replay", "--limits", str(kept / "tradewire.toml"), *where)
        tight = limits(folder, "[risk]\nmax_position_value = 500\n")
        first, second = (tradewire(folder, "risk", "replay", "--limits", tight, *where) for _ in range(2))

    assert same.code == 0, same.err
    assert "the limits are those of the log" in same.out
    assert "no change: every decision would be the same" in same.out
    assert "left as they were" not in same.out
    assert "POSITION_ABOVE_MAX" in first.out
    assert first.out == second.out
