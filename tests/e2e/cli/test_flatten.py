"""A person closes out an account: everything held, at the default limits, without prices, under a halt, and with risk
killed in between."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.e2e.cli.system import Up, started_up, tradewire
from tests.waiting import now
from tradewire import subjects
from tradewire.bus import Bus
from tradewire.messages.quotes import Quote, encode_quote
from tradewire.settings import Nats
from tradewire_cli.exits import Exit

SYMBOLS = tuple(f"S{n}" for n in range(8))
_LIMIT_SECONDS = 60.0


@pytest.fixture(scope="module")
def up(data: Path) -> Iterator[Up]:
    """A system at its default limits, but with prices that stay fresh throughout a test."""
    with started_up(data, '[risk]\nmax_price_age = "5m"\nmax_signal_age = "5m"\n') as system:
        yield system


_CENTS = count(1)


def buy(data: Path, symbol: str, *more: str) -> None:
    """Buys one; no two signals look like duplicates."""
    said = tradewire(data, "send", "buy", symbol, "1", "--price", f"20.{next(_CENTS):04}", "--wait", *more)
    assert said.code == Exit.DONE, said


def quote(up: Up, *symbols: str) -> None:
    """Says what symbols cost."""

    async def publish() -> None:
        settings = Nats(url=up.run.urls["nats"], nkey_file=str(up.folder.seed_of("feed")), user="feed")
        bus = await Bus.connect(settings, "feed")
        try:
            for symbol in symbols:
                price = encode_quote(Quote(symbol, now(), bid=Decimal("19.99"), ask=Decimal("20.01")))
                await bus.publish(subjects.quotes("sim", symbol), price)
            await bus.flush()
        finally:
            await bus.close()

    asyncio.run(publish())


def held(data: Path) -> set[str]:
    return {row["symbol"] for row in tradewire(data, "positions", "--account", "paper", "--json").json["positions"]}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _LIMIT_SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def closes(data: Path) -> int:
    return len(tradewire(data, "orders", "--strategy", "flatten", "--json", "--limit", "1000").json["orders"])


def test_without_prices_it_says_why_nothing_is_closed_and_closes_when_they_come(data: Path, up: Up) -> None:
    unquoted = [f"N{n}" for n in range(8)]
    for symbol in unquoted:
        buy(data, symbol)
    buy(data, "N0", "--order-type", "limit", "--limit-price", "19.5", "--timeout", "2")

    said = tradewire(data, "flatten", "paper", "--reason", "holiday", "--timeout", "3")

    assert said.code == Exit.REFUSED, said
    assert "every position of paper is to be closed; 1 order asked to be canceled; on the record" in said.out
    assert "N7: 0 of 1 closed; the close is denied: There is no quote for N7." in said.out
    assert f"not closed: {', '.join(unquoted)}; closes are asked for again until 15m after the wish" in said.out
    assert tradewire(data, "orders", "--open", "--json").json["orders"] == []
    assert held(data) == set(unquoted)
    quote(up, *unquoted)
    until(lambda: not held(data))


def test_at_the_default_limits_every_position_and_order_is_gone_when_it_is_done(data: Path, up: Up) -> None:
    quote(up, *SYMBOLS)
    for symbol in SYMBOLS:
        buy(data, symbol)
    buy(data, "S1", "--order-type", "limit", "--limit-price", "19.5", "--timeout", "2")

    said = tradewire(data, "flatten", "paper", "--reason", "holiday", "--json")

    assert said.code == Exit.DONE, said
    assert {(row["symbol"], row["held"], row["remaining"]) for row in said.json["symbols"]} == {
        (symbol, "1", "0") for symbol in SYMBOLS
    }
    assert len(said.json["orders"]) == 1
    assert held(data) == set()
    assert tradewire(data, "orders", "--open", "--json").json["orders"] == []
    denied = tradewire(data, "orders", "--status", "denied", "--json", "--limit", "1000").json["orders"]
    assert not {order["reason"] for order in denied} & {"RATE_LIMIT_EXCEEDED", "ORDER_COUNT_DAILY_MAX"}
    again = tradewire(data, "flatten", "paper", "--reason", "holiday")
    assert (again.code, again.out.splitlines()[-1]) == (Exit.DONE, "nothing was held")
    unknown = tradewire(data, "flatten", "none", "--reason", "holiday")
    assert (unknown.code, unknown.err.partition(":")[2].split(":")[0].strip()) == (Exit.REFUSED, "UNKNOWN_ACCOUNT")
    assert "paper by person:owner: holiday" in tradewire(data, "events", "--type", "FlattenRequested").out


def test_under_a_halt_it_says_so_at_once_and_a_resume_lets_the_closes_pass(data: Path, up: Up) -> None:
    quote(up, "S2")
    buy(data, "S2")
    assert tradewire(data, "halt", "account.paper", "--reason", "odd").code == Exit.DONE

    said = tradewire(data, "flatten", "paper", "--reason", "holiday")
    script = tradewire(data, "flatten", "paper", "--reason", "holiday", "--no-wait", "--json")

    assert (said.code, script.code, script.json["ok"]) == (Exit.REFUSED, Exit.REFUSED, True)
    assert "the switch of account.paper stands at HALT and denies the closes" in said.out
    assert "`tradewire resume account.paper --reason …` lifts it" in said.out
    assert held(data) == {"S2"}
    assert tradewire(data, "resume", "account.paper", "--reason", "well").code == Exit.DONE
    until(lambda: not held(data))


def test_whoever_halts_the_account_afterwards_calls_it_off(data: Path, up: Up) -> None:
    buy(data, "UNQUOTED")
    assert tradewire(data, "flatten", "paper", "--reason", "holiday", "--timeout", "1").code == Exit.REFUSED
    assert tradewire(data, "halt", "account.paper", "--reason", "no").code == Exit.DONE
    assert tradewire(data, "resume", "account.paper", "--reason", "well").code == Exit.DONE
    before = closes(data)
    quote(up, "UNQUOTED", "S6")
    buy(data, "S6")  # risk asks for closes before it decides
    assert closes(data) == before
    assert tradewire(data, "flatten", "paper", "--reason", "holiday").code == Exit.DONE


def test_what_is_bought_after_it_stays_although_risk_is_killed_meanwhile(data: Path, up: Up) -> None:
    quote(up, "S3", "S4")
    buy(data, "S3")
    assert tradewire(data, "flatten", "paper", "--reason", "holiday").code == Exit.DONE
    buy(data, "S3")
    buy(data, "S4")
    before, pid = closes(data), up.run.processes["risk"].pid

    os.kill(pid, SIGKILL)
    until(lambda: (risk := up.run.processes.get("risk")) is not None and risk.pid != pid)
    until(lambda: tradewire(data, "status").code == Exit.DONE)
    buy(data, "S5")  # risk asks for closes before it decides

    assert held(data) == {"S3", "S4", "S5"}
    assert closes(data) == before
    assert tradewire(data, "check").code == Exit.DONE
