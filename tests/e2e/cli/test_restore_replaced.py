"""Restores of a log that has lost new terms: at a broker that makes a new order of them, ours is still ours."""

import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cli.system import tradewire
from tests.e2e.cli.test_restore import (
    THEIRS,
    AtBroker,
    agreed,
    checked,
    gone,
    lose_all_but,
    orders,
    restored,
    running,
    send,
    until,
)
from tests.e2e.cli.twin import Twin, twin
from tradewire import ids
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit

ONCE, OFTEN = 1, 11
"""How often orders get new terms in the lost time."""


SYMBOLS = {"once": "AAPL", "often": "MSFT", "late": "NVDA"}
LIMITS = {"once": 160, "often": 350, "late": 112}


def resting(name: str) -> str:
    fields = {"id": name, "symbol": SYMBOLS[name], "action": "buy", "quantity": "5", "order_type": "limit"}
    limit = LIMITS[name]
    return json.dumps({**fields, "limit_price": str(limit), "time_in_force": "gtc", "price": str(limit * 23 // 20)})


BODIES = {name: resting(name) for name in SYMBOLS}
TIMES = {"once": ONCE, "often": OFTEN, "late": OFTEN}
WORKING = dict.fromkeys(SYMBOLS, "working")


@pytest.fixture
def served() -> Iterator[tuple[Path, Twin, list[str]]]:
    """A data folder, the broker, and the words with which `up` starts there."""
    option = ("--option", "rate_per_min=6000")
    with reachable_folder() as data, twin(data, *option) as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.keys.items():
            patch.setenv(name, value)
        settings = data / "tradewire.toml"
        settings.write_text(f'{found.settings}rate_per_min = "6000"\n')
        yield data, found, ["--config", str(settings)]


def replaced(data: Path, name: str) -> None:
    """New terms, each a cent dearer than the ones before, and once they have worked the next."""
    for number in range(1, TIMES[name] + 1):
        words = (
            "send",
            "replace",
            SYMBOLS[name],
            "--limit-price",
            f"{LIMITS[name]}.{number:02}",
            "--id",
            f"{name}-{number}",
        )
        said = tradewire(data, *words, "--wait")
        assert said.code == Exit.DONE, said.out + said.err


def events(data: Path, kind: str) -> list[Any]:
    said = tradewire(data, "events", "--type", kind, "--json")
    assert said.code == Exit.DONE, said.err
    return said.lines


def at_work(found: Twin) -> dict[str, tuple[str, str]]:
    """What works at the broker: symbols by client order id, with their limits."""
    done = {"filled", "canceled", "expired", "replaced", "rejected"}
    return {o["client_order_id"]: (o["symbol"], o["limit_price"]) for o in found.orders() if o["status"] not in done}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("nats_too", [False, True], ids=["nats kept", "nats lost"])
def test_an_order_that_was_replaced_after_the_backup_works_on_as_ours(
    served: tuple[Path, Twin, list[str]], tmp_path: Path, nats_too: bool
) -> None:
    data, found, words = served
    at, backups = AtBroker(data, found), tmp_path / "backups"
    with running(data, words) as up:
        for name in ("once", "often"):
            send(data, BODIES[name])
        until(data, {"once": "working", "often": "working"})
        made = tradewire(data, "backup", *words, "--json", str(backups))
        assert made.code == Exit.DONE, made.err
        send(data, BODIES["late"])
        until(data, WORKING)
        for name in SYMBOLS:
            replaced(data, name)
        known = {name: each["order"] for name, each in orders(data).items()}
        found.control.do("fill", client_order_id=ids.client_order_id(known["often"], 1, OFTEN), qty="2", price="350")
        until(data, {**WORKING, "often": "partially_filled"})
        processes = [process.pid for process in up.run.processes.values()]
    for pid in processes:
        gone(pid)
    work = at_work(found)
    names = {ids.client_order_id(order, 1, TIMES[name]) for name, order in known.items()}
    assert work.keys() == names
    shutil.rmtree((data / "postgres").resolve())
    if nats_too:
        lose_all_but(data, THEIRS)
    restored(data, words, backups)

    with running(data, words) as up:
        until(data, {"once": "working", "often": "partially_filled"})
        agreed(data, at)
        assert tradewire(data, "resume", "global", "--reason", "the drill").code == Exit.DONE
        send(data, BODIES["late"])
        now = until(data, {**WORKING, "often": "partially_filled"})
        assert {name: each["order"] for name, each in now.items()} == known
        terms = {each["order"]: Decimal(each["limit_price"]) for each in now.values()}
        assert terms == {known[name]: Decimal(f"{LIMITS[name]}.{times:02}") for name, times in TIMES.items()}
        assert now["often"]["filled"] == "2"
        agreed(data, at)
        assert at_work(found) == work
        for kind in ("OrderCanceled", "ReconciliationBroken", *(["ExternalOrderSeen"] if not nats_too else [])):
            assert events(data, kind) == []
        lost = {each["data"]["order"]: each["data"]["revision"] for each in events(data, "OrderReplaced")}
        assert lost == {known["once"]: ONCE, known["often"]: OFTEN}
        # It goes on as any other: new terms, the rest of its fill, and an end.
        words_of_it = ("send", "replace", "AAPL", "--limit-price", "161", "--id", "once-more", "--wait")
        assert tradewire(data, *words_of_it).code == Exit.DONE
        newest = ids.client_order_id(known["once"], 1, ONCE + 1)
        assert at_work(found)[newest] == ("AAPL", "161")
        found.control.do("fill", client_order_id=ids.client_order_id(known["often"], 1, OFTEN), qty="3", price="350")
        for name in ("once", "late"):
            assert tradewire(data, "cancel", known[name]).code == Exit.DONE
        until(data, {"once": "canceled", "often": "filled", "late": "canceled"})
        agreed(data, at)
        assert at_work(found) == {}
        assert up.stop() == 0, up.said
    checked(data, words)
