"""A dry run of a whole system: all is decided, nothing reaches a broker, and another start without it trades."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tests.e2e.cli.twin import Twin, twin
from tests.twins.kit.remote import until
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit
from tradewire_risk.domain.checks import CHECKS

ORDERS = "POST /v2/orders"
ACCOUNTS = ("rehearsal", "play")
EVERY_CHECK = sorted([*(check.name for check in CHECKS), "approval"])


@pytest.fixture
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def served(data: Path) -> Iterator[Twin]:
    with twin(data) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.keys.items():
            patch.setenv(name, value)
        yield running


def settings(served: Twin, said: str) -> str:
    """An account at the twin and one at the paper broker, of both of which a line is said."""
    account = "[accounts.rehearsal]\n"
    assert account in served.settings
    return served.settings.replace(account, f"{account}{said}\n") + f'[accounts.play]\nbroker = "paper"\n{said}\n'


def buy(data: Path, account: str, quantity: str = "2") -> Said:
    return tradewire(data, "send", "buy", "AAPL", quantity, "--account", account, "--wait", "--json")


def received_on_paper(data: Path) -> list[Any]:
    """The orders that came to the paper broker."""
    lines = [json.loads(line) for line in (data / "paper" / "journal.jsonl").read_bytes().splitlines()]
    return [line["order"] for line in lines if line["kind"] == "received"]


def said_by(system: Up, words: str) -> bool:
    return words in system.said


def notes(data: Path) -> dict[str, str]:
    """What the routers want known."""
    said = tradewire(data, "status", "--json")
    assert said.code == Exit.DONE, said.out + said.err
    processes = {each["name"]: each["note"] for each in said.json["processes"]}
    return {account: processes[f"router-{account}"] for account in ACCOUNTS}


def test_on_a_dry_run_everything_is_decided_and_nothing_sent_until_the_settings_end_it(
    data: Path, served: Twin
) -> None:
    with started_up(data, settings(served, "dry_run = true")) as system:
        for account in ACCOUNTS:
            words = f"{account} is on a dry run, so nothing is sent"
            assert words in notes(data)[account]
            until(partial(said_by, system, f"router-{account}: {words}"))
            denied = buy(data, account)
            order = denied.json["order"]
            assert (denied.code, order["status"], order["reason"]) == (Exit.REFUSED, "denied", "DRY_RUN")
            assert order["message"] == f"{words}; to trade, set accounts.{account}.dry_run to false."
            large = buy(data, account, "9000").json["order"]
            assert (large["status"], large["reason"]) == ("denied", "NOTIONAL_ABOVE_MAX")
            why = tradewire(data, "why", order["order"], "--json").json
            (decision,) = [event for event in why["events"] if event["type"] == "OrderDenied"]
            failed = [check[0] for check in decision["data"]["checks"] if not check[3]]
            named = [*(check[0] for check in decision["data"]["checks"]), *decision["data"]["quiet"].split()]
            assert (failed, sorted(named)) == (["dry_run"], EVERY_CHECK)

        tried = tradewire(data, "broker", "test", "rehearsal")
        assert (tried.code, "DRY_RUN: rehearsal is on a dry run" in tried.out) == (Exit.REFUSED, True)
        looked = tradewire(data, "doctor", "rehearsal", "--json").json["accounts"]["rehearsal"]
        (row,) = [row for row in looked if row["check"] == "settings"]
        assert (row["result"], "rehearsal is on a dry run" in row["found"]) == ("WARN", True)
        told = tradewire(data, "events", "--json", "-n", "1000").lines
        assert not {"OrderApproved", "OrderSubmitStarted"} & {event["type"] for event in told}
    assert served.control.calls(ORDERS) == 0
    assert received_on_paper(data) == []

    with started_up(data, settings(served, "dry_run = false")) as system:
        assert notes(data) == dict.fromkeys(ACCOUNTS, "")
        for account in ACCOUNTS:
            assert buy(data, account).json["outcome"] == "filled"
        assert "dry run" not in system.said
        assert tradewire(data, "check").code == Exit.DONE
    assert served.control.calls(ORDERS) == len(received_on_paper(data)) == 1
