"""The restore drill: trade, back up, trade on, lose everything but the broker, restore, and nothing is sent twice."""

import asyncio
import json
import os
import re
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import asyncpg
import pytest

from tests.e2e.cli.system import Up, tradewire
from tests.e2e.cli.twin import Twin, twin
from tradewire import ids
from tradewire.settings import Paper
from tradewire_cli.engines.postgres import PostgresServer
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit
from tradewire_router.brokers.paper import PaperBroker

PRICE = {"AAPL": "187.25", "MSFT": "412.60"}
_WAIT_SECONDS = 60.0


class AtBroker:
    """What the broker has, in the outside world."""

    def __init__(self, data: Path, served: Twin | None) -> None:
        self._data, self._twin = data, served
        self._submits = 0

    def count_submits(self, up: Up) -> int:
        """How many orders it was ever sent, taken or not; ask once in each run, at its end."""
        if self._twin is not None:
            return self._twin.control.calls("POST /v2/orders")
        self._submits += int(metric(up, "paper", "tradewire_paper_submits_total"))
        return self._submits

    def names(self) -> list[str]:
        """The client order id of every order that it ever took."""
        if self._twin is not None:
            return [each["client_order_id"] for each in self._twin.orders()]
        return [order.client_order_id for order in self._paper()[0]]

    def holds(self) -> tuple[dict[str, Decimal], Decimal]:
        """Quantities by symbol, and the cash."""
        if self._twin is not None:
            ledger = self._twin.control.ledger()
            held = {symbol: Decimal(str(what)) for symbol, what in ledger["positions"].items()}
            return held, Decimal(ledger["cash"])
        _, positions, balances = self._paper()
        return {each.symbol: each.quantity for each in positions}, balances[0].total

    def _paper(self) -> tuple[Any, Any, Any]:
        places = Paper(journal=str(self._data / "paper"), token_file=str(self._data / "secrets" / "paper_token"))

        async def ask() -> tuple[Any, Any, Any]:
            broker = PaperBroker("paper", places)
            await broker.connect()
            found = await broker.orders_since(0), await broker.positions(), await broker.balances()
            await broker.close()
            return found

        return asyncio.run(ask())


@pytest.fixture(params=["paper", "alpaca"])
def broker(request: pytest.FixtureRequest) -> Iterator[tuple[Path, AtBroker, list[str]]]:
    """A data folder, what its broker has, and the words with which `up` starts there."""
    with reachable_folder() as data:
        if request.param == "paper":
            yield data, AtBroker(data, None), []
            return
        with twin(data, "--option", "rate_per_min=6000") as served, pytest.MonkeyPatch.context() as patch:
            for name, value in served.keys.items():
                patch.setenv(name, value)
            settings = data / "tradewire.toml"
            settings.write_text(f'{served.settings}rate_per_min = "6000"\n')
            yield data, AtBroker(data, served), ["--config", str(settings)]


@contextmanager
def running(data: Path, words: list[str]) -> Iterator[Up]:
    """A system that is killed at the end, with all its processes."""
    system = Up(data, words)
    try:
        system.wait_up()
        yield system
    finally:
        system.kill()


def signal(name: str, quantity: int, **more: str) -> str:
    """A signal as its strategy sends it, and sends it again: the same bytes."""
    symbol = more.pop("symbol", "AAPL")
    fields = {"id": name, "symbol": symbol, "action": "buy", "quantity": str(quantity), "price": PRICE[symbol], **more}
    return json.dumps(fields)


BEFORE = signal("before", 2)
HELD = signal("held", 4)
FILLED = signal("filled", 3)
WORKING = signal("working", 5, order_type="limit", limit_price="160", time_in_force="gtc")
CANCELED = signal("canceled", 1, symbol="MSFT", order_type="limit", limit_price="350", time_in_force="gtc")
STATUS = {"before": "filled", "held": "filled", "filled": "filled", "working": "working", "canceled": "canceled"}


def metric(up: Up, process: str, name: str) -> float:
    """What a process tells."""
    with urllib.request.urlopen(f"{up.run.urls[process]}/metrics") as answer:
        [found] = re.findall(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    return float(found)


def content(up: Up, pos: int) -> str:
    """The digest of every event up to a position, byte for byte, but for the chain, which has the log's name in it."""

    async def read() -> str:
        connection = await asyncpg.connect(
            PostgresServer(up.folder, port=up.run.ports["postgres"]).dsn("tradewire_reader")
        )
        try:
            rows = await connection.fetch(EVENTS, pos)
        finally:
            await connection.close()
        assert len(rows) == pos
        return sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()

    return asyncio.run(read())


EVENTS = """
select pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data
from ledger.event where pos <= $1 order by pos
"""


def send(data: Path, body: str) -> None:
    said = tradewire(data, "send", "--from", "-", given=body)
    assert said.code == Exit.DONE, said.err


def orders(data: Path) -> dict[str, Any]:
    """The orders by their signals."""
    said = tradewire(data, "orders", "--json")
    assert said.code == Exit.DONE, said.err
    return {each["signal_id"]: each for each in said.json["orders"]}


def until(data: Path, wanted: dict[str, str]) -> dict[str, Any]:
    """Waits until these orders are so."""
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        found = orders(data)
        if {name: found[name]["status"] for name in wanted if name in found} == wanted:
            return found
        told = {name: (each["status"], each.get("reason", "")) for name, each in found.items()}
        assert time.monotonic() < end, f"{told}, and not {wanted}"
        time.sleep(0.2)


def agreed(data: Path, at: AtBroker) -> None:
    """Positions and cash are the broker's, to the last digit, and it has each client order id once."""
    names = at.names()
    assert len(names) == len(set(names)), names
    said = tradewire(data, "positions", "--json").json["positions"]
    ours = {each["symbol"]: Decimal(each["quantity"]) for each in said if Decimal(each["quantity"])}
    [account] = tradewire(data, "account", "--json").json["accounts"]
    [cash] = [Decimal(each["cash"]) for each in account["balances"]] if "balances" in account else [None]
    held, money = at.holds()
    assert ours == held
    assert cash in {None, money}
    assert tradewire(data, "reconcile", "show").out == "the log and the brokers agree\n"


def checked(data: Path, words: list[str]) -> None:
    """The check is clean, and the read model is what a rebuild from the log gives."""
    config = words[:2]
    verdict = tradewire(data, "check", *config)
    assert verdict.code == 0, verdict.out + verdict.err
    assert re.search(r"^  P1 +holds +1 ", verdict.out, re.MULTILINE), verdict.out
    assert re.search(r"^  M2 +holds +1 ", verdict.out, re.MULTILINE), verdict.out


def trade_and_lose(data: Path, words: list[str], backups: Path, at: AtBroker, *, nats_too: bool) -> tuple[int, str]:
    """Trades before and after a backup, then all is killed, and Postgres' folder or all but the broker's is lost.

    Returns the backup's position and the digest of the events up to there.
    """
    with running(data, words) as up:
        send(data, BEFORE)
        until(data, {"before": "filled"})
        [router] = [process.pid for name, process in up.run.processes.items() if name.startswith("router")]
        os.kill(router, SIGSTOP)
        try:
            # Approved in the backup, and sent after it.
            send(data, HELD)
            until(data, {"held": "approved"})
            made = tradewire(data, "backup", *words[:2], "--json", str(backups))
            assert made.code == Exit.DONE, made.err
        finally:
            os.kill(router, SIGCONT)
        until(data, {"held": "filled"})
        for body in (FILLED, WORKING, CANCELED):
            send(data, body)
        found = until(data, {"filled": "filled", "working": "working", "canceled": "working"})
        assert tradewire(data, "cancel", found["canceled"]["order"]).code == Exit.DONE
        until(data, {"canceled": "canceled"})
        assert at.count_submits(up) == len(STATUS)
        pos = made.json["pos"]
        digest = content(up, pos)
        processes = [process.pid for process in up.run.processes.values()]
    for pid in processes:
        gone(pid)
    shutil.rmtree((data / "postgres").resolve())
    if nats_too:
        lose_all_but(data, THEIRS)
    return pos, digest


THEIRS = {"paper", "tradewire.toml", "twins", "twin.out", "up.out"}
"""What in the data folder is the outside world's, or a person's."""


def lose_all_but(data: Path, kept: set[str]) -> None:
    """Keys, passwords, streams, logs: whatever the engines and processes had there."""
    for each in data.iterdir():
        if each.name in kept:
            continue
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def gone(pid: int) -> None:
    """Waits until a process has ended, and all that it started."""
    end = time.monotonic() + _WAIT_SECONDS
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]:
        assert time.monotonic() < end, pid
        time.sleep(0.05)


def restored(data: Path, words: list[str], backups: Path) -> None:
    said = tradewire(data, "restore", *words[:2], str(backups))
    assert said.code == Exit.DONE, said.err
    assert "everything is HALTED until a person resumes it" in said.out
    assert "limits that people set after the backup" in said.out
    assert "paper broker's journal" in said.out


@pytest.mark.timeout(600)
@pytest.mark.parametrize("nats_too", [False, True], ids=["nats kept", "nats lost"])
def test_after_a_restore_nothing_is_sent_twice_and_everything_agrees(
    broker: tuple[Path, AtBroker, list[str]], tmp_path: Path, nats_too: bool
) -> None:
    data, at, words = broker
    backups = tmp_path / "backups"
    pos, digest = trade_and_lose(data, words, backups, at, nats_too=nats_too)
    restored(data, words, backups)

    with running(data, words) as up:
        # Only what a lost part of the log sent is to be found; without NATS nobody can say which signals it was.
        until(data, {name: STATUS[name] for name in (("before", "held") if nats_too else STATUS)})
        assert content(up, pos) == digest
        switches = tradewire(data, "status", "--json").out
        assert "HALT" in switches
        denied = tradewire(data, "send", "buy", "AAPL", "1", "--price", PRICE["AAPL"], "--id", "new", "--wait")
        assert denied.code == Exit.REFUSED
        assert "KILL_SWITCH_ON: The switch of global stands at HALT" in denied.out
        had = sorted(at.names())
        assert len(had) == len(STATUS)
        agreed(data, at)

        assert tradewire(data, "resume", "global", "--reason", "the drill").code == Exit.DONE
        for body in (FILLED, HELD, WORKING, CANCELED, BEFORE):
            send(data, body)
        found = until(data, STATUS)
        assert [each.get("filled", "0") for each in (found[name] for name in STATUS)] == ["2", "4", "3", "0", "0"]
        assert sorted(at.names()) == had
        sent = {ids.client_order_id(each["order"], 1) for name, each in found.items() if name in STATUS}
        assert sent == set(had)
        agreed(data, at)
        # The order that works is the one that it was, also for who wants it gone.
        assert tradewire(data, "cancel", found["working"]["order"]).code == Exit.DONE
        until(data, {"working": "canceled"})
        send(data, signal("after", 1))
        until(data, {"after": "filled"})
        agreed(data, at)
        checked(data, words)
        assert at.count_submits(up) == len(STATUS) + 1
        assert up.stop() == 0, up.said

    with running(data, words) as up:
        # A router that starts once more knows it all from the log.
        for body in (FILLED, HELD, WORKING, CANCELED):
            send(data, body)
        until(data, {**STATUS, "working": "canceled", "after": "filled"})
        agreed(data, at)
        assert len(at.names()) == len(STATUS) + 1
        assert at.count_submits(up) == len(STATUS) + 1
        assert up.stop() == 0, up.said
    checked(data, words)
