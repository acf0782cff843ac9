"""Signals by hand, and everything that can be asked about them, on one running system."""

import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.cli.system import Said, Up, environment, tradewire
from tradewire_cli.exits import Exit

pytestmark = pytest.mark.usefixtures("up")


def send(data: Path, *arguments: str) -> Said:
    return tradewire(data, "send", *arguments, "--wait", "--json")


def test_a_signal_is_shown_step_by_step_until_it_is_filled(data: Path) -> None:
    said = tradewire(data, "send", "buy", "AAPL", "10", "--price", "187.25", "--wait")

    assert said.code == Exit.DONE, said.err
    steps = [re.split(r" {2,}", line.strip())[2] for line in said.out.splitlines()[1:-1]]
    assert steps == ["signal received", "requested", "approved", "submit started", "accepted", "filled"]
    assert re.search(r"^order [0-9a-f]{8} is filled, 10 filled at 187\.25$", said.out, re.MULTILINE)


def test_a_size_is_worked_out_and_its_story_says_from_what(data: Path) -> None:
    for words, quantity in (
        (("buy", "PEP", "--notional", "1000", "--price", "60"), "16"),
        (("target", "PEP", "--target-quantity", "20", "--price", "60"), "4"),
        (("reduce", "PEP", "--size", "method=percent_of_position,value=25", "--price", "60"), "5"),
        (("target", "PEP", "--target-quantity", "0", "--price", "60"), "15"),
    ):
        sent = send(data, *words)
        assert sent.code == Exit.DONE, sent.out
        assert sent.json["order"]["quantity"] == quantity
    told = tradewire(data, "why", sent.json["order"]["order"][:8]).out
    assert "size from target 0, position 15, working 0, step 1" in told


def test_a_denied_order_ends_with_1_and_its_story_has_every_check(data: Path) -> None:
    sent = send(data, "buy", "AAPL", "100", "--price", "187.25")

    assert sent.code == Exit.REFUSED
    assert sent.json["order"]["reason"] == "NOTIONAL_ABOVE_MAX"
    order = sent.json["order"]["order"]
    told = tradewire(data, "why", order[:8])
    assert told.out.startswith(order)
    assert re.search(r"val_max +19286\.7500 +10000 +-9286\.75 +failed", told.out)
    decision = tradewire(data, "why", order, "--json").json["events"][-1]
    assert decision["type"] == "OrderDenied"
    assert len(decision["data"]["checks"]) == len(re.findall(r" (?:passed|failed) *$", told.out, re.MULTILINE))
    assert all(name in told.out for name in decision["data"]["quiet"].split())


def test_the_same_signal_trades_once_and_another_body_under_its_id_not_at_all(data: Path) -> None:
    body = '{"id": "once-1", "symbol": "IBM", "action": "buy", "quantity": 2, "price": 150}'

    first, again = (tradewire(data, "send", "--from", "-", "--wait", "--json", given=body) for _ in range(2))
    other = tradewire(data, "send", "--from", "-", "--wait", given=body.replace("150", "151"))

    assert (first.code, again.code) == (Exit.DONE, Exit.DONE)
    assert first.json["order"]["order"] == again.json["order"]["order"]
    assert len(tradewire(data, "fills", "--symbol", "IBM", "--json").json["fills"]) == 1
    assert other.code == Exit.REFUSED
    assert "was used before for another signal" in other.out


def test_a_signal_that_ingest_refuses_is_told_so(data: Path) -> None:
    said = tradewire(data, "send", "buy", "AAPL", "1", "--account", "elsewhere", "--wait")

    assert said.code == Exit.REFUSED
    assert said.out.splitlines()[-2].endswith(": account: elsewhere is not configured; expected paper")
    assert said.out.splitlines()[-1] == (
        "refused: ACCOUNT_UNKNOWN: account: elsewhere is not configured; expected paper"
    )


def test_a_signal_that_is_none_is_not_sent(data: Path) -> None:
    said = tradewire(data, "send", "buy", "aapl", "1")

    assert said.code == Exit.REFUSED
    assert said.err.startswith("tradewire send: SYMBOL_INVALID: symbol")
    assert said.err.count("\n") == 1


def test_what_was_bought_is_held_and_closing_it_brings_the_result(data: Path) -> None:
    assert send(data, "buy", "ORCL", "4", "--price", "300").code == Exit.DONE
    held = tradewire(data, "positions", "--symbol", "ORCL", "--price", "ORCL=310", "--json").json["positions"]
    assert [(p["quantity"], p["unrealized"]) for p in held] == [("4", "40")]

    assert send(data, "close", "ORCL", "--price", "310").code == Exit.DONE

    assert tradewire(data, "positions", "--symbol", "ORCL").out == "no positions\n"
    [closed] = tradewire(data, "positions", "--symbol", "ORCL", "--flat", "--json").json["positions"]
    assert closed["realized"] == "40"
    [account] = tradewire(data, "account", "--json").json["accounts"]
    assert account["account"] == "paper"
    assert "paper" in tradewire(data, "account").out


def test_orders_are_listed_newest_first_and_filtered(data: Path) -> None:
    send(data, "buy", "KO", "1", "--price", "60")
    send(data, "buy", "KO", "900", "--price", "60")

    listed = tradewire(data, "orders", "--symbol", "KO", "--json").json["orders"]

    assert [order["status"] for order in listed] == ["denied", "filled"]
    assert [order["quantity"] for order in listed] == ["900", "1"]
    assert listed[0]["requested_at"].endswith("Z")
    assert [
        o["order"] for o in tradewire(data, "orders", "--status", "filled", "--symbol", "KO", "--json").json["orders"]
    ] == [listed[1]["order"]]
    assert tradewire(data, "orders", "--symbol", "KO", "--limit", "1").out.count("KO") == 1
    assert tradewire(data, "orders", "--symbol", "NONE").out == "no orders\n"


def test_a_halt_denies_and_a_resume_lets_trade_again(data: Path) -> None:
    halted = tradewire(data, "halt", "symbol.GE", "--reason", "a test")
    denied = send(data, "buy", "GE", "1", "--price", "100")
    shown = tradewire(data, "status").out
    resumed = tradewire(data, "resume", "symbol.GE", "--reason", "the test is over")
    filled = send(data, "buy", "GE", "1", "--price", "100")

    assert (halted.code, denied.code, resumed.code, filled.code) == (0, Exit.REFUSED, 0, 0)
    assert halted.out.startswith("symbol.GE is at HALT; on the record at position ")
    assert denied.json["order"]["reason"] == "KILL_SWITCH_ON"
    assert "symbol.GE is at HALT" in shown
    assert "a test" in shown
    again = tradewire(data, "resume", "symbol.GE", "--reason", "once more")
    assert again.code == Exit.REFUSED
    assert again.err.startswith("tradewire resume: NOT_HALTED")


def test_a_cancel_names_what_it_cancels_or_says_why_not(data: Path) -> None:
    order = send(data, "buy", "AAPL", "100", "--price", "187.25").json["order"]["order"]

    over = tradewire(data, "cancel", order[:8])
    nothing = tradewire(data, "cancel", "--all")
    signal = tradewire(data, "send", "--action", "cancel", "--symbol", "AAPL", "--wait")

    assert over.code == Exit.REFUSED
    assert over.err.startswith("tradewire cancel: ALREADY_TERMINAL")
    assert (nothing.code, nothing.out) == (Exit.DONE, "no open order matches\n")
    assert (signal.code, signal.out.splitlines()[-1]) == (Exit.DONE, "nothing to cancel")


def test_a_signal_id_of_a_few_characters_finds_its_order(data: Path) -> None:
    sent = send(data, "buy", "HON", "1", "--price", "200", "--id", "abc")

    told = tradewire(data, "why", "abc")

    assert (told.code, told.err) == (Exit.DONE, "")
    assert told.out.startswith(sent.json["order"]["order"])


def test_a_signal_that_is_too_old_is_told_its_age_in_days(data: Path) -> None:
    said = tradewire(data, "send", "buy", "HON", "1", "--timestamp", "2020-01-01T00:00:00Z", "--wait")

    assert re.search(r"SIGNAL_STALE: The signal is \d+d( \d+[hms])? old; at most 30s is allowed\.", said.out)


def test_events_may_be_cut_off_by_their_reader(data: Path) -> None:
    program = [sys.executable, "-m", "tradewire_cli", "events"]
    with subprocess.Popen(program, env=environment(data), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        assert asking.stderr is not None
        asking.stdout.close()
        said = asking.stderr.read()

    assert (asking.returncode, said) == (Exit.DONE, b"")


def test_an_order_that_there_is_not_is_1(data: Path) -> None:
    said = tradewire(data, "why", "00000000")

    assert said.code == Exit.REFUSED
    assert said.err.startswith("tradewire why: no order is called 00000000")


def test_events_are_filtered_and_come_in_their_order(data: Path) -> None:
    order = send(data, "buy", "KMB", "1", "--price", "170").json["order"]["order"]

    of_order = tradewire(data, "events", "--order", order[:8], "--json").lines
    fills = tradewire(data, "events", "--type", "OrderFilled", "--json").lines
    last = tradewire(data, "events", "--limit", "3", "--json").lines
    since = tradewire(data, "events", "--since", "1h", "--json").lines

    assert [event["type"] for event in of_order][-1] == "OrderFilled"
    assert {event["order"] for event in of_order} == {order}
    assert {event["type"] for event in fills} == {"OrderFilled"}
    assert len(last) == 3
    assert [event["pos"] for event in since] == list(range(1, since[-1]["pos"] + 1))
    assert tradewire(data, "events", "--since", "2200-01-01").out == "no events since 2200-01-01\n"
    assert tradewire(data, "events", "--strategy", "nobody", "--json").out == ""


def test_events_are_followed_as_they_come(data: Path) -> None:
    program = [sys.executable, "-m", "tradewire_cli", "events", "--follow", "--limit", "0", "--json"]
    with subprocess.Popen(program, env=environment(data), stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            # What is sent before it listens is not heard; the marks of an account come now and then, too.
            while not select.select([following.stdout], [], [], 0)[0]:
                assert following.poll() is None
                send(data, "buy", "KO", "1", "--price", "60")
            sent = send(data, "buy", "MCD", "1", "--price", "250").json
            heard: list[dict[str, object]] = []
            while not heard or heard[-1]["type"] != "OrderFilled" or heard[-1]["order"] != sent["order"]["order"]:
                heard.append(json.loads(following.stdout.readline()))
        finally:
            following.terminate()

    assert [event["pos"] for event in heard if event["order"] == sent["order"]["order"]] == [
        event["pos"] for event in sent["events"] if event["order"]
    ]


def test_the_status_says_that_all_is_ready(data: Path, up: Up) -> None:
    said = tradewire(data, "status", "--json")

    assert said.code == Exit.DONE, said.out
    assert {process["name"]: process["pid"] for process in said.json["processes"]} == {
        name: process.pid for name, process in up.run.processes.items()
    }
    leases = {lease["name"]: lease["holder"].rsplit("-", 1)[0] for lease in said.json["log"]["leases"]}
    assert leases == {"ingest-main": "ingest", "risk-main": "risk", "router-paper": "router"}
    assert said.json["log"]["lag"] == 0


def test_logs_are_shown(data: Path) -> None:
    assert "Tradewire is up" in tradewire(data, "logs", "up").out
    assert "sequencing" in tradewire(data, "logs", "sequencer", "-n", "1000").out


def test_the_check_finds_nothing_beside_the_running_system(data: Path) -> None:
    said = tradewire(data, "check", "--json")

    assert said.code == Exit.DONE, said.out
    assert said.json["clean"]


def test_a_key_is_valid_at_once_and_ends_at_once(data: Path) -> None:
    made = tradewire(data, "keys", "add", "person", "anna")
    asked = tradewire(data, "orders", "--as", "anna", "--limit", "1")
    listed = tradewire(data, "keys", "list").out
    revoked = tradewire(data, "keys", "revoke", "person", "anna")
    after = tradewire(data, "orders", "--as", "anna")

    assert (made.code, asked.code, revoked.code) == (0, 0, 0)
    assert "export NATS_NKEY=" in made.out
    assert "person-anna" in listed
    assert after.code == Exit.WRONG_USE
    assert after.err.startswith("tradewire orders: anna has no key")


def test_the_tutorials_program_trades_once_however_often_it_runs(data: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "tutorial" / "first-signal.md").read_text()
    program = page.split("```python\n")[1].split("```")[0]
    exports = tradewire(data, "keys", "add", "strategy", "momo").out.splitlines()
    variables = dict(line.removeprefix("export ").split("=", 1) for line in exports if line.startswith("export "))

    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]

    assert said == ["the signal is on disk\n"] * 2
    while not (orders := tradewire(data, "orders", "--strategy", "momo", "--json").json["orders"]):
        pass  # the acknowledgement says that the signal is on disk, and no more
    [order] = orders
    assert (order["signal_id"], order["symbol"], order["quantity"]) == ("first", "MSFT", "5")


def test_the_lease_of_a_router_that_was_killed_is_given_back(data: Path, up: Up) -> None:
    os.kill(up.run.processes["router"].pid, signal.SIGKILL)
    while not (found := tradewire(data, "events", "--type", "LeaseReleased", "--json").lines):
        pass
    while tradewire(data, "status").code != Exit.DONE:
        pass

    assert [(event["data"]["name"], event["data"]["by"]) for event in found] == [("router-paper", "admin")]
    assert send(data, "buy", "AXP", "1", "--price", "200").code == Exit.DONE
