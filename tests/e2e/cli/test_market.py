"""Instruments, bars and aliases from the command line, on one running system."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.system import Said, Up, started_up, tradewire
from tradewire_cli.exits import Exit

pytestmark = pytest.mark.usefixtures("up")
SETTINGS = """
[router]
reconcile_interval = "2s"
[strategies.manual]
aliases = "tradingview"
[aliases.tradingview]
"NASDAQ:AAPL" = "AAPL"
"""
LIMIT_SECONDS = 30.0


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system whose people write symbols as TradingView does."""
    with started_up(data, SETTINGS) as system:
        yield system


def until(ask: Callable[[], Said], holds: Callable[[Any], bool]) -> Said:
    """Asks until the JSON of an answer is as wanted; what the broker says comes a moment later."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        said = ask()
        if said.code == Exit.DONE and holds(said.json):
            return said
        assert time.monotonic() < end, said.out + said.err
        time.sleep(0.2)


def events(data: Path) -> list[Any]:
    """The whole log."""
    return [json.loads(line) for line in tradewire(data, "events", "--json", "-n", "1000").out.splitlines()]


def until_compared(data: Path, after: int) -> Any:
    """The first comparison of the account that the log has after a position."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        for event in events(data):
            if event["pos"] > after and event["type"].startswith("Reconciliation"):
                return event
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_symbol_is_what_its_source_means_and_its_rules_are_found_by_any_name(data: Path) -> None:
    for symbol, price in (("NASDAQ:AAPL", "187"), ("BTCUSDT", "60")):
        sent = tradewire(data, "send", "buy", symbol, "10", "--price", price, "--wait", "--json")
        assert sent.code == Exit.DONE, sent.out + sent.err
        assert sent.json["order"]["symbol"] in {"AAPL", "BTC/USDT"}
    found = until(
        lambda: tradewire(data, "instruments", "search", "btcusdt", "--json"), lambda told: len(told["instruments"]) > 0
    )
    ((pair,),) = [found.json["instruments"]]
    assert (pair["rules"]["symbol"], pair["rules"]["asset_class"]) == ("BTC/USDT", "crypto")
    assert pair["aliases"]["tradingview"] == ["BTCUSDT"]
    table = tradewire(data, "instruments", "search").out
    (line,) = [line for line in table.splitlines() if "AAPL" in line]
    assert "equity" in line
    assert "tradable" in line
    assert "NASDAQ:AAPL" in line
    nothing = tradewire(data, "instruments", "search", "no such thing")
    assert nothing.code == Exit.DONE
    assert "no instrument like that" in nothing.out
    wrong = tradewire(data, "instruments", "search", "x" * 65)
    assert wrong.code == Exit.WRONG_USE


def test_what_no_table_has_is_refused_and_what_cannot_be_valued_is_denied_by_name(data: Path) -> None:
    unknown = tradewire(data, "send", "buy", "PEPEUSDT", "10", "--price", "60")
    assert unknown.code == Exit.REFUSED
    assert "[aliases.tradingview]" in unknown.err
    filled = [event for event in events(data) if event["type"] == "OrderFilled"]
    assert {event["data"]["symbol"] for event in filled} == {"AAPL", "BTC/USDT"}
    compared = until_compared(data, after=filled[-1]["pos"])
    assert compared["type"] == "ReconciliationMended"
    option = tradewire(data, "send", "buy", "AAPL240119C00150000", "10", "--price", "60", "--wait", "--json")
    assert option.code == Exit.REFUSED
    assert option.json["order"]["reason"] == "INSTRUMENT_UNSUPPORTED"


def test_bars_are_asked_of_the_accounts_router(data: Path) -> None:
    none = tradewire(data, "bars", "AAPL", "--timeframe", "1m")
    assert none.code == Exit.DONE, none.err
    assert "no bars of AAPL at 1m are kept for paper" in none.out
    empty = tradewire(data, "bars", "AAPL", "--json").json
    assert empty == {"account": "paper", "symbol": "AAPL", "timeframe": "1d", "bars": []}
    assert tradewire(data, "bars", "no symbol").code == Exit.WRONG_USE
    assert tradewire(data, "bars", "AAPL", "--timeframe", "2m").code == Exit.WRONG_USE
