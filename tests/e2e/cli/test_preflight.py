"""A live account trades only after its preflight: measured on a running system, over restarts."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tests.live import live_config
from tradewire.domain.times import instant, instant_text
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit
from tradewire_cli.preflight.record import GOOD_FOR
from tradewire_cli.preflight.row import ROWS

MACHINE = ("--waive", "disk=this machine", "--waive", "clock=this machine")
"""What a test cannot know of the machine that it runs on."""
ALONE = ("--waive", "alerts=watched", "--waive", "people=alone", "--waive", "backup=a test", *MACHINE)


LIVE = live_config(max_price_age="5m", max_signal_age="5m", allowed_symbols="KO")


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system with an account that is taken as live."""
    with started_up(data, LIVE) as system:
        yield system


def buy(data: Path, quantity: str) -> Said:
    return tradewire(data, "send", "buy", "KO", quantity, "--price", "60", "--account", "real", "--wait", "--json")


def have_somebody_else(data: Path) -> None:
    """Makes a second person's key, unless another test has."""
    if "person-bob" not in tradewire(data, "keys", "list").out:
        assert tradewire(data, "keys", "add", "person", "bob").code == Exit.DONE


def held_orders(data: Path) -> list[str]:
    """The orders that wait for a person, once there is one."""
    for _ in range(100):
        if found := tradewire(data, "approvals", "--json").json["orders"]:
            return [each["order"] for each in found]
    return []


def have_a_strategy(data: Path) -> None:
    """Makes a strategy's key, unless another test has."""
    if "strategy-momo" not in tradewire(data, "keys", "list").out:
        assert tradewire(data, "keys", "add", "strategy", "momo").code == Exit.DONE


def preflight(data: Path, account: str = "real", *arguments: str) -> dict[str, dict[str, Any]]:
    """The rows by name."""
    rows = tradewire(data, "preflight", account, "--json", *arguments).json["rows"]
    return {row["row"]: row for row in rows}


def switches(data: Path) -> dict[str, tuple[str, str]]:
    """What stands, with who threw it."""
    found = tradewire(data, "status", "--json").json["log"]["switches"]
    return {scope: (switch["level"], switch["by"]) for scope, switch in found.items()}


def test_a_live_account_is_halted_until_its_preflight_is_green(data: Path, up: Up) -> None:
    assert "real is live, and no preflight was made, so it is at HALT" in up.said
    assert switches(data) == {"account.real": ("HALT", "person:up")}
    denied = buy(data, "1")
    refused = tradewire(data, "resume", "account.real", "--reason", "now")
    assert (denied.code, denied.json["order"]["reason"]) == (Exit.REFUSED, "KILL_SWITCH_ON")
    assert refused.code == Exit.REFUSED
    assert refused.err == (
        "tradewire resume: real is live, and no preflight was made; "
        "run `tradewire preflight real` and mend what it names\n"
    )

    red = tradewire(data, "preflight", "real", "--json", *MACHINE)
    assert (red.code, red.json["green"], red.json["by"]) == (Exit.REFUSED, False, "person:owner")
    assert [row["row"] for row in red.json["rows"]] == list(ROWS)
    amiss = {row["row"]: row["result"] for row in red.json["rows"] if row["result"] != "OK" and not row["waived"]}
    assert amiss == {"keys": "FAIL", "people": "WARN", "backup": "WARN", "alerts": "WARN"}, red.out
    again = tradewire(data, "resume", "account.real", "--reason", "now")
    assert (again.code, "the last preflight was not green" in again.err) == (Exit.REFUSED, True)

    have_a_strategy(data)
    have_somebody_else(data)
    (data / "backup-made").touch()
    told = tradewire(data, "preflight", "real", "--waive", "alerts=watched", *MACHINE, "--as", "bob")
    assert told.code == Exit.DONE, told.out
    assert re.search(r"^alerts +WAIVED", told.out, re.MULTILINE)
    assert "waived: watched" in told.out
    assert "real is green" in told.out
    kept = json.loads((data / "preflight.json").read_text())
    assert kept["accounts"]["real"]["by"] == "person:bob"
    waived = {each["row"]: each for each in kept["waivers"]}
    assert {key: waived["alerts"][key] for key in ("by", "account", "result", "reason")} == {
        "by": "person:bob",
        "account": "real",
        "result": "WARN",
        "reason": "watched",
    }
    assert switches(data) == {"account.real": ("HALT", "person:up")}

    assert tradewire(data, "resume", "account.real", "--reason", "green").code == Exit.DONE
    first = ("send", "buy", "KO", "2", "--price", "60", "--account", "real", "--id", "first", "--timestamp", "none")
    assert tradewire(data, *first).code == Exit.DONE
    [held] = held_orders(data)
    assert tradewire(data, "approve", held, "--as", "bob").code == Exit.DONE  # a strategy's first one with real money
    assert tradewire(data, *first, "--wait").code == Exit.DONE
    assert buy(data, "3").code == Exit.DONE


def test_its_switch_was_in_the_log_before_its_router_could_trade(data: Path, up: Up) -> None:
    assert up.run.live == ("real",)
    events = tradewire(data, "events", "--since", "1d", "--json").lines
    halted = next(e["pos"] for e in events if e["type"] == "Halted" and e["data"]["scope"] == "account.real")
    granted = next(e["pos"] for e in events if e["type"] == "LeaseGranted" and e["data"]["name"] == "router-real")

    assert halted < granted


@pytest.mark.usefixtures("up")
def test_an_account_on_paper_passes_with_warnings(data: Path) -> None:
    have_a_strategy(data)

    said = tradewire(data, "preflight", "paper", *MACHINE)

    assert said.code == Exit.DONE, said.out
    assert re.search(r"^alerts +WARN +no alert channel is configured", said.out, re.MULTILINE)
    assert re.search(r"^webhook +OK +not used", said.out, re.MULTILINE)


@pytest.mark.usefixtures("up")
def test_limits_that_are_looser_than_configured_are_found(data: Path) -> None:
    def set_limit(scope: str, value: str, *until: str) -> None:
        change = ("limits", "set", scope, f"max_order_value={value}", "--reason", "a test", *until)
        assert tradewire(data, *change).code == Exit.DONE

    set_limit("account.real", "9000")
    tighter = preflight(data)["limits"]
    set_limit("account.real", "20000", "--until", "1h")
    set_limit("global", "20000", "--until", "1h")
    looser = preflight(data)["limits"]
    set_limit("global", "10000")

    assert (tighter["result"], "1 of them tighter" in tighter["measured"]) == ("OK", True)
    assert looser["result"] == "FAIL"
    assert "max_order_value 20000 and 20000 instead of 10000" in looser["measured"]


@pytest.mark.usefixtures("up")
def test_switches_that_stand_are_found(data: Path) -> None:
    assert tradewire(data, "halt", "symbol.KO", "--reason", "split").code == Exit.DONE
    partly = preflight(data)["switches"]
    assert tradewire(data, "halt", "broker.paper", "--level", "reduce_only", "--reason", "odd").code == Exit.DONE
    whole = preflight(data)["switches"]
    have_somebody_else(data)
    for scope in ("symbol.KO", "broker.paper"):
        assert tradewire(data, "resume", scope, "--reason", "well", "--as", "bob").code == Exit.DONE

    assert (partly["result"], "symbol.KO is at HALT by person:owner: split" in partly["measured"]) == ("WARN", True)
    assert (whole["result"], "broker.paper is at REDUCE_ONLY" in whole["measured"]) == ("FAIL", True)


def test_a_router_that_does_not_answer_is_found(data: Path, up: Up) -> None:
    router = up.run.processes["router-real"].pid
    os.kill(router, SIGSTOP)
    try:
        found = preflight(data)
    finally:
        os.kill(router, SIGCONT)

    assert [found[name]["result"] for name in ("processes", "router", "metrics", "versions")] == ["FAIL"] * 4
    assert found["router"]["measured"] == "router-real: does not answer"


def test_a_key_that_others_can_read_is_found(data: Path, up: Up) -> None:
    have_a_strategy(data)
    seed = up.folder.seed_of("risk")
    seed.chmod(0o640)
    found = preflight(data)["keys"]
    seed.chmod(0o600)

    assert (found["result"], found["measured"]) == ("FAIL", "others can read them: risk.nk is 0640")


@pytest.mark.usefixtures("up")
def test_other_settings_than_those_that_run_are_found(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(live_config(max_price_age="5m", max_signal_age="5m", allowed_symbols="KO", max_order_value="100"))

    found = preflight(data, "real", "--config", str(other))

    assert [found[name]["result"] for name in ("settings", "limits")] == ["FAIL", "FAIL"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody",), "tradewire preflight: account: 'nobody' is not configured; expected paper, real\n"),
        (("real", "--waive", "disk"), 'tradewire preflight: --waive disk says no reason; expected disk="'),
        (("real", "--waive", "disc=x"), "tradewire preflight: --waive: there is no row 'disc'; expected one of set"),
    ],
)
@pytest.mark.usefixtures("up")
def test_wrong_use_is_2_and_one_line(data: Path, arguments: tuple[str, ...], says: str) -> None:
    said = tradewire(data, "preflight", *arguments)

    assert (said.code, said.out, said.err.count("\n")) == (Exit.WRONG_USE, "", 1)
    assert said.err.startswith(says)


def test_nothing_runs_is_4(tmp_path: Path) -> None:
    assert tradewire(tmp_path, "preflight", "paper").code == Exit.NOT_RUNNING


def test_a_result_is_good_for_starts_of_one_day() -> None:
    with reachable_folder() as data:
        with started_up(data, LIVE):
            have_a_strategy(data)
            green = tradewire(data, "preflight", "real", *ALONE)
            assert green.code == Exit.DONE, green.out
            assert tradewire(data, "resume", "account.real", "--reason", "green").code == Exit.DONE

        with started_up(data, LIVE) as second:
            assert "is live, and" not in second.said
            assert switches(data) == {}

        file = data / "preflight.json"
        kept = json.loads(file.read_text())
        kept["accounts"]["real"]["at"] = instant_text(instant(kept["accounts"]["real"]["at"]) - GOOD_FOR)
        file.write_text(json.dumps(kept))
        with started_up(data, LIVE) as third:
            assert "real is live, and the last preflight is not of the last 1d, so it is at REDUCE_ONLY" in third.said
            assert switches(data) == {"account.real": ("REDUCE_ONLY", "person:up")}
            assert buy(data, "1").json["order"]["reason"] == "TRADING_REDUCE_ONLY"
            refused = tradewire(data, "resume", "account.real", "--reason", "now")
            assert (refused.code, "not of the last 1d" in refused.err) == (Exit.REFUSED, True)
            assert tradewire(data, "preflight", "real", *ALONE).code == Exit.DONE
            assert tradewire(data, "resume", "account.real", "--reason", "green again").code == Exit.DONE
