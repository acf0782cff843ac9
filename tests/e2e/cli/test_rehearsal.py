"""A rehearsal as people make it: the twin's command says what to paste, `up` runs with that, the account is tried."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT
from typing import Any

import pytest

from tests.e2e.cli.system import Said, Up, environment, started_up, tradewire
from tests.e2e.cli.twin import Twin, twin
from tests.twins.kit.remote import until
from tests.waiting import soon
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import INTERRUPTED, Exit

PAGE = Path(__file__).parents[3] / "docs/how-to/kinds-of-orders.md"
WORKS = "6"
"""How long an order is followed that works and is not filled, in seconds."""
ORDERS = "POST /v2/orders"
PLAY = '[accounts.play]\nbroker = "paper"\n'
PLENTY = 6000
"""Requests a minute: it is compared so often here that Alpaca's budget would not do."""
FAST = '[router]\nreconcile_interval = "2s"\n'


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Twin]:
    """A twin, with its keys in the environment as whoever pastes its `export` has them."""
    with twin(data, "--option", f"rate_per_min={PLENTY}") as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.keys.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(scope="module")
def up(data: Path, served: Twin) -> Iterator[Up]:
    """A system at the twin, with the settings that it gives, and with another account at the paper broker."""
    allowed = served.settings.replace('allowed_symbols = "', 'allowed_symbols = "KO,')
    settings = allowed.replace("[router]\n", FAST) + f'rate_per_min = "{PLENTY}"\n' + PLAY
    with started_up(data, settings) as system:
        yield system


def tried(data: Path, *arguments: str, account: str = "rehearsal") -> Said:
    return tradewire(data, "broker", "test", account, *arguments)


def steps(said: Said) -> dict[str, str]:
    return {step["step"]: step["result"] for step in said.json["steps"]}


def test_an_account_is_tried_from_end_to_end(data: Path, served: Twin, up: Up) -> None:
    said = tried(data)
    assert said.code == Exit.DONE, said.out + said.err
    lines = [line.split()[:2] for line in said.out.splitlines() if " ok " in line]
    names = ["connect", "account", "system", "price", "risk", "send", "open", "cancel", "canceled", "reconcile", "left"]
    assert lines == [[name, "ok"] for name in names]
    [order] = served.orders()
    assert (order["status"], order["qty"], order["filled_qty"]) == ("canceled", "1", "0")
    assert float(order["limit_price"]) < 170
    told = tradewire(data, "events", "--json", "-n", "1000").out
    for kind in ("SignalReceived", "OrderApproved", "OrderSubmitStarted", "OrderCancelRequested", "OrderCanceled"):
        assert f'"{kind}"' in told


def test_the_doctor_finds_nothing_wrong_with_either_account(data: Path, up: Up) -> None:
    said = tradewire(data, "doctor", "--symbol", "BTC/USD", "--json")
    assert said.code == Exit.DONE, said.out + said.err
    found = {name: {row["check"]: row["result"] for row in rows} for name, rows in said.json["accounts"].items()}
    assert set(found["rehearsal"].values()) == {"OK"}
    assert set(found["play"].values()) == {"OK", "NONE"}


def test_the_status_shows_what_is_left_of_the_requests_where_somebody_counts(data: Path, up: Up) -> None:
    said = tradewire(data, "status", "--json")
    assert said.code == Exit.DONE, said.out + said.err
    requests = {each["name"]: each["requests"] for each in said.json["processes"]}
    assert requests["router-play"] is None
    assert requests["router-rehearsal"]["of"] == PLENTY
    assert 0 < requests["router-rehearsal"]["left"] < PLENTY
    assert f" of {PLENTY} requests left this minute" in tradewire(data, "status").out


def page_signals() -> dict[str, str]:
    """The signals that the page shows, by id."""
    shown = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return {str(json.loads(each)["id"]): each for each in shown}


def test_what_the_page_about_kinds_of_orders_shows_is_done(data: Path, served: Twin, up: Up) -> None:
    signals = page_signals()
    said: dict[str, Said] = {}

    def send(name: str) -> Any:
        words = ("--from", "-", "--wait", "--timeout", WORKS, "--json")
        said[name] = tradewire(data, "send", *words, given=signals.pop(name))
        return said[name].json

    bought = send("spy-1")
    assert (bought["outcome"], bought["order"]["action"]) == ("filled", "buy")
    held = [each for each in served.orders() if each["symbol"] == "SPY" and each["side"] == "sell"]
    assert {each["type"] for each in held} == {"limit", "stop"}
    early = tradewire(data, "send", "close", "SPY", "--wait", "--json")
    assert (early.code, early.json["order"]["reason"]) == (Exit.REFUSED, "NOTHING_TO_CLOSE")
    assert send("spy-2")["outcome"] == "2 orders asked to be canceled"

    async def ended() -> bool:
        page = await asyncio.to_thread(tradewire, data, "orders", "--open", "--json")
        return not [each for each in page.json["orders"] if each["symbol"] == "SPY"]

    asyncio.run(soon(ended))
    assert send("spy-3")["outcome"] == "filled"

    assert send("aapl-1")["outcome"] == "filled"
    assert send("aapl-2")["outcome"] == "working"
    assert served.orders()[-1]["trail_percent"] == "2"
    assert send("tsla-1")["outcome"] == "filled"
    assert send("msft-1")["outcome"] == "working"
    assert served.orders()[-1]["extended_hours"] is True

    assert send("nvda-1")["outcome"] == "working"
    assert send("nvda-2")["outcome"].endswith("has the new terms")
    newest = served.orders()[-1]
    assert (newest["symbol"], newest["qty"], newest["limit_price"], newest["status"]) == ("NVDA", "8", "114", "new")
    assert signals == {}
    assert {each.code for each in said.values()} == {Exit.DONE}


def test_new_terms_that_are_not_taken_say_why(data: Path, up: Up) -> None:
    def send(*words: str) -> Said:
        return tradewire(data, "send", *words, "--wait")

    nothing = send("replace", "ETH/USD", "--limit-price", "1")
    assert (nothing.code, "nothing is done: no open order of manual" in nothing.out) == (Exit.REFUSED, True)
    denied = send("replace", "NVDA", "--stop-price", "90")
    assert denied.code == Exit.REFUSED
    assert "REPLACE_IMPOSSIBLE" in denied.out
    assert re.search(r"order [0-9a-f]{8} works on as it was, without the new terms", denied.out)
    for symbol in ("AAPL", "MSFT", "NVDA"):
        assert send("cancel", symbol).code == Exit.DONE


def test_a_coin_is_as_little_as_the_limits_let_it_be(data: Path, served: Twin, up: Up) -> None:
    said = tried(data, "--symbol", "BTC/USD", "--json")
    assert said.code == Exit.DONE, said.out + said.err
    assert set(steps(said).values()) == {"ok"}
    order = served.orders()[-1]
    assert 10 <= float(order["qty"]) * float(order["limit_price"]) < 11


def test_a_broker_without_prices_is_told_one(data: Path, up: Up) -> None:
    # One that Alpaca does not know either: the paper broker goes by every price that is told in the system.
    said = tried(data, "--symbol", "KO", account="play")
    assert said.code == Exit.REFUSED, said.out + said.err
    assert "say what it is worth with --price" in said.out
    said = tried(data, "--symbol", "KO", "--price", "187.25", "--json", account="play")
    assert said.code == Exit.DONE, said.out + said.err
    results = steps(said)
    assert (results.pop("price"), set(results.values())) == ("n/a", {"ok"})


def test_what_the_broker_refuses_is_told_in_its_words(data: Path, served: Twin, up: Up) -> None:
    before = len(served.orders())
    body = '{"code": 40310000, "message": "pebbles are not accepted"}'
    served.control.arm("status_before", ORDERS, status=403, body=body)
    said = tried(data)
    assert said.code == Exit.REFUSED
    assert "pebbles are not accepted" in said.out
    assert len(served.orders()) == before


def test_what_the_limits_deny_is_not_sent(data: Path, served: Twin, up: Up) -> None:
    before = len(served.orders())
    said = tried(data, "--symbol", "GRWG", "--json")
    assert (said.code, steps(said).get("risk")) == (Exit.REFUSED, "failed"), said.out + said.err
    assert "SYMBOL_NOT_ALLOWED" in said.out
    assert len(served.orders()) == before


def test_an_order_whose_answer_is_lost_is_found_and_canceled(data: Path, served: Twin, up: Up) -> None:
    served.control.arm("drop_after", ORDERS)
    said = tried(data, "--json")
    assert said.code == Exit.DONE, said.out + said.err
    assert set(steps(said).values()) == {"ok"}
    assert served.orders()[-1]["status"] == "canceled"


def test_ctrl_c_leaves_nothing_open(data: Path, served: Twin, up: Up) -> None:
    before = len(served.orders())
    held = served.control.arm("wait_before", "DELETE /v2/orders/*", times=0)
    program = [sys.executable, "-m", "tradewire_cli", "broker", "test", "rehearsal"]
    with subprocess.Popen(program, env=environment(data), cwd=data, stdout=subprocess.PIPE, text=True) as process:
        until(lambda: len(served.orders()) > before)  # from here on it is open, and no cancel gets through
        process.send_signal(SIGINT)
        assert process.stdout is not None
        out = ""
        while "what may be open is canceled first" not in out and (line := process.stdout.readline()):
            out += line
        served.control.disarm(held)
        rest, _ = process.communicate(timeout=60)
        out += rest
    assert process.returncode == INTERRUPTED, out
    assert "what may be open is canceled first" in out
    assert served.orders()[-1]["status"] == "canceled"


def test_what_cannot_be_canceled_is_said_to_be_open(data: Path, served: Twin, up: Up) -> None:
    before = len(served.orders())
    served.control.do("options", cancels="pending")
    process = subprocess.Popen(
        [sys.executable, "-m", "tradewire_cli", "broker", "test", "rehearsal", "--json"],
        env=environment(data),
        cwd=data,
        stdout=subprocess.PIPE,
        text=True,
    )
    out, _ = process.communicate(timeout=180)
    assert process.returncode == Exit.UNKNOWN, out
    assert "cancel alpaca's" in out
    assert len(served.orders()) == before + 1
    served.control.do("options", cancels="at_once")
    served.control.do("settle", order=served.orders()[-1]["id"])


def test_a_twin_keeps_its_port_and_what_happened_there(data: Path) -> None:
    folder = data / "another"
    with twin(data, "--folder", str(folder), "--walk", "0") as first:
        assert "its prices stand until you move them" in first.said
        first.control.do("activity", type="DIV", net_amount="5")
        second = subprocess.run(
            [sys.executable, "-m", "tradewire_cli", "twin", "alpaca", "--folder", str(folder)],
            env=environment(data),
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == Exit.WRONG_USE
        assert "is in use by another tradewire twin" in second.stderr
        assert first.stop() == 0
    with twin(data, "--folder", str(folder), "--walk", "0") as again:
        assert again.url == first.url
        assert again.control.ledger()["cash"] == "100005"
        again.stop()
    with twin(data, "--folder", str(folder), "--fresh", "--option", "cash=7", "--walk", "0.05") as fresh:
        assert fresh.control.ledger()["cash"] == "7"
        before = fresh.control.call("GET", "journal")
        until(lambda: len(fresh.control.call("GET", "journal")) > len(before))


def test_a_twin_that_cannot_start_says_why(data: Path, tmp_path: Path) -> None:
    said = tradewire(data, "twin", "alpaca", "--folder", str(tmp_path), "--option", "speed=9")
    assert (said.code, "speed: not an option" in said.err) == (Exit.WRONG_USE, True)
    said = tradewire(data, "twin", "alpaca", "--folder", str(tmp_path), "--checkout", str(tmp_path))
    assert (said.code, "name a clone of the repository" in said.err) == (Exit.WRONG_USE, True)
    said = tradewire(data, "twin", "kraken")
    assert said.code == Exit.WRONG_USE
