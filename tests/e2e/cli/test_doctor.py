"""The doctor's command at a twin: each thing that may be wrong has its row, its cause and its cure."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.system import tradewire
from tests.e2e.cli.twin import Twin, twin
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit
from tradewire_router.doctor.row import CHECKS


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def served(data: Path) -> Iterator[Twin]:
    """A twin of which nothing is wrong; a test that changes it changes it back."""
    with twin(data, "--walk", "0") as running:
        for symbol in ("AAPL", "BTC/USD"):
            running.control.do("quote", symbol=symbol, bid="99.90", ask="100.10")
        yield running


def looked_at(
    data: Path, served: Twin, *more: str, options: str = "", keys: Mapping[str, str] | None = None
) -> dict[str, dict[str, str]]:
    """The rows by check, with the settings that the twin gives and these besides; every one is there."""
    (data / "tradewire.toml").write_text(served.settings + options)
    given = {**served.keys, **(keys or {})}
    said = tradewire(data, "doctor", "rehearsal", "--json", "--config", "tradewire.toml", *more, more=given)
    assert said.code == Exit.REFUSED, said.out + said.err  # nothing runs here, which is a row of its own
    found: dict[str, dict[str, str]] = {row["check"]: row for row in json.loads(said.out)["accounts"]["rehearsal"]}
    assert list(found) == ["system", *CHECKS, "reconciled", "orders"]
    for secret in given.values():
        assert secret not in said.out
    return found


def wrong(rows: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What is not right between account and broker, and that each of it has a cause and a cure."""
    found = {check: rows[check]["result"] for check in CHECKS if rows[check]["result"] in {"WARN", "FAIL"}}
    assert all(rows[check]["cause"] and rows[check]["cure"] for check in found)
    return found


@contextmanager
def changed(served: Twin, verb: str, args: dict[str, Any], back: dict[str, Any]) -> Iterator[None]:
    served.control.do(verb, **args)
    try:
        yield
    finally:
        served.control.do(verb, **back)


def test_nothing_is_wrong(data: Path, served: Twin) -> None:
    rows = looked_at(data, served, "--symbol", "BTC/USD")
    assert wrong(rows) == {}
    assert {rows[check]["result"] for check in CHECKS} == {"OK"}
    assert rows["market"]["found"] == "BTC/USD is traded, at all times"


def test_a_wrong_key(data: Path, served: Twin) -> None:
    rows = looked_at(data, served, keys={"ALPACA_API_SECRET": "guessed"})
    assert wrong(rows) == {"key": "FAIL"}
    assert rows["key"]["found"].startswith("AUTHENTICATION_FAILED: Alpaca: unauthorized")
    assert "or of another environment than paper at http" in rows["key"]["found"]
    assert rows["key"]["cause"].startswith("the key or the secret is wrong, was revoked")
    assert "make a new key at the broker, in this environment" in rows["key"]["cure"]


def test_a_key_of_this_environment_that_is_refused_is_no_matter_of_environments(data: Path, served: Twin) -> None:
    rows = looked_at(data, served, keys={"ALPACA_API_KEY": "PKGUESSED"})
    assert wrong(rows) == {"key": "FAIL"}
    assert "the key is one of this environment (paper at" in rows["key"]["found"]


def test_a_key_of_the_other_environment(data: Path, served: Twin) -> None:
    before = len(served.control.journal())
    rows = looked_at(data, served, keys={"ALPACA_API_KEY": "AKOFLIVE"})
    assert wrong(rows) == {"environment": "FAIL"}
    words = "accounts.rehearsal.api_key is a key of the live environment, and environment says paper"
    assert rows["environment"]["found"] == words
    assert rows["environment"]["cure"] == 'Make paper keys at Alpaca, or write environment = "live".'
    assert len(served.control.journal()) == before  # it was sent to nobody


def test_without_keys_nothing_is_started(data: Path, served: Twin) -> None:
    (data / "tradewire.toml").write_text(served.settings)
    said = tradewire(data, "up", "--config", "tradewire.toml")
    assert said.code == Exit.WRONG_USE
    fix = "Set ALPACA_API_KEY in the environment, or name a file that holds it in api_key_file."
    assert said.err == f"tradewire up: accounts.rehearsal.api_key: is missing. {fix}\n"
    assert "starting" not in said.out


def test_an_account_that_may_not_trade_and_one_that_is_not_meant(data: Path, served: Twin) -> None:
    with changed(served, "flags", {"trading_blocked": True}, {"trading_blocked": False}):
        rows = looked_at(data, served, "--symbol", "BTC/USD")
    assert wrong(rows) == {"permission": "FAIL"}
    assert rows["permission"]["found"] == "the account is restricted"
    rows = looked_at(data, served, "--symbol", "BTC/USD", options='account_number = "PA9"\n')
    assert wrong(rows) == {"permission": "FAIL"}
    assert "account_number says PA9" in rows["permission"]["found"]
    assert rows["permission"]["cure"] == "mend account_number in the settings, or use the keys of that account"


def test_a_clock_that_is_off(data: Path, served: Twin) -> None:
    with changed(served, "clock", {"skew_seconds": 30}, {"skew_seconds": 0}):
        rows = looked_at(data, served, "--symbol", "BTC/USD")
    assert wrong(rows) == {"clock": "FAIL"}
    assert re.fullmatch(r"differs by (29|30)\.\d s", rows["clock"]["found"])
    assert "chrony" in rows["clock"]["cure"]


def test_prices_to_which_it_has_no_right(data: Path, served: Twin) -> None:
    rows = looked_at(data, served, options='feed = "sip"\n')
    assert wrong(rows).pop("data") == "FAIL"
    assert "NO_DATA_RIGHTS: Alpaca: subscription does not permit" in rows["data"]["found"]
    assert rows["data"]["cause"] == "the account has no right to these prices"


def test_a_market_that_is_closed(data: Path, served: Twin) -> None:
    assert "alpaca says that it is open" in looked_at(data, served)["market"]["found"]
    with changed(served, "session", {"name": "closed"}, {"name": "open"}):
        rows = looked_at(data, served)
    assert wrong(rows) == {"market": "WARN"}
    assert "alpaca says that it is closed" in rows["market"]["found"]
    assert ", and opens at 2" in rows["market"]["found"]
    assert rows["market"]["cure"] == "wait for the session, or send a limit order that lives until then"


def test_a_port_at_which_nobody_listens(data: Path, served: Twin) -> None:
    port = free_port()
    (data / "tradewire.toml").write_text(served.settings.replace(served.url, f"http://127.0.0.1:{port}"))
    said = tradewire(data, "doctor", "--config", "tradewire.toml", more=served.keys)
    assert said.code == Exit.REFUSED
    shown = " ".join(said.out.split())
    assert f"port FAIL CONNECTION_LOST: http://127.0.0.1:{port} cannot be reached" in shown
    assert "cause: nobody listens there: the broker or its gateway is down" in shown
    assert "→ start it, or mend address and port in the settings" in shown
