"""Differences with the broker on a running system: shown, adopted, accepted, resolved; and the doctor's table."""

import asyncio
import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tests.waiting import soon
from tradewire.settings import Paper
from tradewire_cli.exits import Exit
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.doctor.row import CHECKS
from tradewire_router.paper.wire import Fault, Happening

SETTINGS = """
default_account = "paper"
[accounts.paper]
[accounts.second]
[paper]
faults = true
[router]
reconcile_interval = "500ms"
absence_grace = "120s"
"""


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system whose broker can be told to misbehave."""
    with started_up(data, SETTINGS) as system:
        yield system


def at_the_broker(data: Path, account: str, what: Happening | Fault) -> None:
    """Lets something happen to an account at its broker, or go wrong with its next order."""
    places = Paper(journal=str(data / "paper"), token_file=str(data / "secrets" / "paper_token"))

    async def do() -> None:
        broker = PaperBroker(account, places)
        await broker.connect()
        await (broker.arm(what) if isinstance(what, Fault) else broker.happen(what))
        await broker.close()

    asyncio.run(do())


def shown(data: Path, account: str) -> dict[tuple[str, str], Any]:
    """The breaks by kind and key."""
    said = tradewire(data, "reconcile", "show", account, "--json")
    assert said.code == Exit.DONE, said.err
    return {(each["kind"], each["key"]): each for each in said.json["breaks"]}


def until_shown(data: Path, account: str, count: int) -> dict[tuple[str, str], Any]:
    async def there() -> bool:
        return len(await asyncio.to_thread(shown, data, account)) == count

    asyncio.run(soon(there))
    return shown(data, account)


def buy(data: Path, *more: str) -> Said:
    return tradewire(data, "send", "buy", "KO", "5", "--price", "60", "--json", *more)


@pytest.mark.usefixtures("up")
def test_a_difference_is_shown_accepted_and_gone(data: Path) -> None:
    assert tradewire(data, "reconcile", "show").out == "the log and the brokers agree\n"
    at_the_broker(data, "paper", Happening(kind="withdrawal", amount=Decimal(-700), told=False))
    [found] = until_shown(data, "paper", 1).values()
    assert {name: found[name] for name in ("account", "kind", "key", "ours", "theirs")} == {
        "account": "paper",
        "kind": "cash",
        "key": "USD",
        "ours": "100000",
        "theirs": "99300",
    }
    table = tradewire(data, "reconcile", "show").out
    assert re.search(r"cash +USD +100000 +99300 ", table)
    assert f"tradewire reconcile accept {found['id'][:8]}" in table
    denied = buy(data, "--wait")
    assert denied.json["order"]["reason"] in {"TRADING_REDUCE_ONLY", "RECONCILIATION_BREAK"}

    no_reason = tradewire(data, "reconcile", "accept", found["id"][:8])
    assert (no_reason.code, "--why" in no_reason.err) == (Exit.WRONG_USE, True)
    done = tradewire(data, "reconcile", "accept", found["id"][:8], "--why", "rent")
    assert done.code == Exit.DONE, done.err
    assert done.out.startswith("cash USD of paper: log 100000, broker 99300 is accepted; on the record at position ")
    again = tradewire(data, "reconcile", "accept", found["id"], "--why", "rent again")
    assert (again.code, "was accepted by person:owner: rent" in again.err) == (Exit.REFUSED, True)
    until_shown(data, "paper", 0)
    assert tradewire(data, "resume", "account.paper", "--reason", "settled").code == Exit.DONE
    events = tradewire(data, "events", "--since", "1d", "--type", "BreakAccepted").out
    assert "cash USD of paper: 99300 and not 100000, by person:owner: rent" in events
    agreed = tradewire(data, "account", "adopt", "paper", "--why", "x")
    assert (agreed.code, "ALREADY_OPENED" in agreed.err) == (Exit.REFUSED, True)


@pytest.mark.usefixtures("up")
def test_an_order_that_the_broker_never_answers_is_resolved(data: Path) -> None:
    at_the_broker(data, "second", Fault(kind="place_late", delay_ms=600_000))
    assert buy(data, "--account", "second", "--id", "lost").code == Exit.DONE

    async def unknown() -> bool:
        page = tradewire(data, "orders", "--account", "second", "--json").json
        return [each["status"] for each in page["orders"]] == ["unknown"]

    asyncio.run(soon(unknown))
    [row] = shown(data, "second").values()
    assert (row["kind"], row["ours"], f"tradewire resolve {row['id'][:8]}" in row["todo"]) == ("order", "unknown", True)
    without = tradewire(data, "resolve", "lost", "--as", "filled", "--evidence", "its page")
    assert (without.code, "at what price?" in without.err) == (Exit.REFUSED, True)
    wrong = tradewire(data, "resolve", "lost", "--as", "gone", "--evidence", "its page")
    assert wrong.code == Exit.WRONG_USE
    nobody = tradewire(data, "resolve", "never", "--as", "filled", "--evidence", "its page")
    assert nobody.code == Exit.REFUSED
    said = tradewire(data, "resolve", "lost", "--as", "canceled", "--evidence", "its page")
    assert said.code == Exit.DONE, said.err
    assert re.search(r"^[0-9a-f]{8} is canceled; on the record at position \d+, \d+", said.out)
    twice = tradewire(data, "resolve", "lost", "--as", "canceled", "--evidence", "its page")
    assert (twice.code, "ALREADY_TERMINAL" in twice.err) == (Exit.REFUSED, True)
    until_shown(data, "second", 0)
    why = tradewire(data, "why", "lost").out
    assert "canceled, by person:owner: its page" in why


@pytest.mark.usefixtures("up")
def test_the_account_is_shown_with_and_without_the_word(data: Path) -> None:
    plain, named, spelled = (
        tradewire(data, "account", *words, "--json").json["accounts"] for words in ((), ("paper",), ("show", "paper"))
    )
    assert named == spelled
    assert [each["account"] for each in plain] == ["paper", "second"]


@pytest.mark.usefixtures("up")
def test_what_the_broker_tells_is_booked_and_the_check_is_clean(data: Path) -> None:
    assert buy(data, "--wait").code == Exit.DONE
    at_the_broker(data, "paper", Happening(kind="split", symbol="KO", ratio=Decimal(3)))
    at_the_broker(data, "paper", Happening(kind="dividend", symbol="KO", amount=Decimal("1.25")))

    async def split() -> bool:
        rows = tradewire(data, "positions", "--json").json["positions"]
        return [each["quantity"] for each in rows] == ["15"]

    asyncio.run(soon(split))
    [row] = tradewire(data, "positions", "--json").json["positions"]
    assert row["cost"] == "300"
    told = tradewire(data, "events", "--since", "1d", "--type", "CorporateAction").out
    assert "split of KO in paper: 3 for 1" in told
    verdict = tradewire(data, "check")
    assert verdict.code == 0, verdict.out
    assert re.search(r"R7 +holds +[1-9]", verdict.out)


def test_the_doctor_names_what_is_wrong_and_what_to_do(data: Path, up: Up) -> None:
    well = tradewire(data, "doctor", "paper", "--symbol", "BTC/USDT", "--json")
    assert well.code == Exit.DONE, well.out
    rows = {row["check"]: row for row in well.json["accounts"]["paper"]}
    assert list(rows) == ["system", *CHECKS, "reconciled", "orders"]
    assert {row["result"] for row in rows.values()} == {"OK", "NONE"}
    assert (rows["environment"]["result"], rows["data"]["result"]) == ("NONE", "NONE")
    table = tradewire(data, "doctor").out
    assert table.count("nothing is wrong") == 2

    token = data / "secrets" / "paper_token"
    kept = token.read_text()
    token.write_text("a wrong one")
    key = tradewire(data, "doctor", "paper", "--json")
    token.write_text(kept)
    found = {row["check"]: row for row in key.json["accounts"]["paper"]}
    assert (key.code, found["key"]["result"], found["port"]["result"]) == (Exit.REFUSED, "FAIL", "OK")
    assert found["key"]["found"].startswith("AUTHENTICATION_FAILED: the token is not the one")
    assert found["key"]["cure"]

    paper = up.run.processes["paper"].pid
    os.kill(paper, SIGSTOP)
    try:
        port = tradewire(data, "doctor", "paper")
    finally:
        os.kill(paper, SIGCONT)
    assert port.code == Exit.REFUSED
    assert re.search(r"^port +FAIL +CONNECTION_LOST: the paper broker at .* does not answer", port.out, re.MULTILINE)
    assert "cause: nobody listens there" in port.out
    wrong = tradewire(data, "doctor", "nobody")
    assert (wrong.code, wrong.err) == (
        Exit.WRONG_USE,
        "tradewire doctor: account: 'nobody' is not configured; expected paper, second\n",
    )


def test_the_doctor_where_nothing_runs_and_where_the_settings_are_wrong(tmp_path: Path) -> None:
    alone = tradewire(tmp_path, "doctor", "--json")
    assert alone.code == Exit.REFUSED
    found = {row["check"]: row for row in alone.json["accounts"]["paper"]}
    assert (found["system"]["result"], found["system"]["cure"]) == ("FAIL", "start `tradewire up`")
    assert (found["port"]["result"], found["reconciled"]["result"]) == ("FAIL", "NONE")
    (tmp_path / "tradewire.toml").write_text("[router]\ncall_timeout = 5\n")
    wrong = json.loads(tradewire(tmp_path, "doctor", "--json", "--config", "tradewire.toml").out)
    [row] = wrong["accounts"][""]
    assert (row["check"], row["result"], "router.call_timeout" in row["found"]) == ("settings", "FAIL", True)
