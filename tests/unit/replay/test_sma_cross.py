"""The example strategy as a user runs it: a process of its own, which knows an address and a key."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from signal import SIGTERM
from typing import Any

import msgspec
import pytest

from tests.unit.replay.conftest import Connect
from tradewire.bus import Bus, Message
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import unsupported
from tradewire_cli.engines.testing import Engines
from tradewire_cli.replay.feed import Work, replay
from tradewire_cli.replay.prices import Day, load_days

EXAMPLE = Path(__file__).parents[3] / "examples" / "sma_cross.py"


async def nothing_to_do() -> Work:
    return Work()


@pytest.fixture(scope="module")
def days() -> list[Day]:
    return [day for day in load_days() if date(2007, 6, 1) <= day.date <= date(2008, 6, 30)]


def expected_signals(days: list[Day]) -> list[dict[str, str | int]]:
    """The same strategy, written from its definition: exact averages of the last 20 and 50 closes."""
    closes: dict[str, list[Decimal]] = {}
    bought, signals = set[str](), []
    for day in days:
        for symbol, close in day.closes.items():
            history = closes.setdefault(symbol, [])
            history.append(close)
            if len(history) < 51:
                continue
            gaps = [sum(h[-20:]) * 50 - sum(h[-50:]) * 20 for h in (history[:-1], history)]
            rose, fell = gaps[0] <= 0 < gaps[1], gaps[0] >= 0 > gaps[1]
            if (rose and symbol not in bought) or (fell and symbol in bought):
                bought.symmetric_difference_update({symbol})
                time = datetime.fromtimestamp(day.at // 1_000_000, UTC)
                signals.append(
                    {
                        "id": f"{symbol}-{day.date}",
                        "symbol": symbol,
                        "action": "buy" if rose else "sell",
                        "quantity": 25,
                        "price": str(close),
                        "timestamp": time.isoformat(),
                    }
                )
    return signals


@asynccontextmanager
async def strategy(engines: Engines, user: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs the example until the block ends, where SIGTERM must end it with code 0 and no word of complaint."""
    env = {
        "NATS_URL": engines.nats_url,
        "NATS_NKEY": str(engines.nkey_file(user)),
        "NATS_INBOX_PREFIX": f"_INBOX.{user}",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(EXAMPLE),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"sma_cross is listening to quotes.>\n"
        yield process
        process.send_signal(SIGTERM)
        _, complaints = await process.communicate()
        assert (process.returncode, complaints) == (0, b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def make_signals_stream(admin: Bus) -> None:
    await admin.api("STREAM.CREATE.SIGNALS", {"name": "SIGNALS", "subjects": ["signals.*"], "allow_direct": True})


async def stored(admin: Bus, count: int) -> list[Message]:
    """Reads all signals, once there are `count`."""
    while (await admin.api("STREAM.INFO.SIGNALS"))["state"]["messages"] < count:
        await asyncio.sleep(0.02)
    return await admin.direct_get("SIGNALS", 1, batch=1000)


def bodies(messages: list[Message]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(message.data) for message in messages]


async def test_it_buys_on_a_golden_cross_and_sells_that_on_a_death_cross(
    engines: Engines, connect: Connect, days: list[Day]
) -> None:
    admin, feed = await connect("admin"), await connect("feed")
    await make_signals_stream(admin)
    wanted = expected_signals(days)

    async with strategy(engines, "admin"):
        await replay(feed, days, caught_up=nothing_to_do, on_progress=lambda _: None, answers=1)
        signals = await stored(admin, 0)

    assert len(wanted) == 18
    assert bodies(signals) == wanted
    assert {signal.headers["Nats-Subject"] for signal in signals} == {"signals.sma_cross"}
    assert [signal.headers["Nats-Msg-Id"] for signal in signals] == [f"sma_cross:{body['id']}" for body in wanted]
    parsed = [parse_signal("sma_cross", signal.data) for signal in signals]
    assert [unsupported(signal) for signal in parsed] == [None] * len(wanted)
    assert {signal.timestamp for signal in parsed} <= {day.at for day in days}


async def test_a_second_run_over_the_same_days_sends_the_same_ids(
    engines: Engines, connect: Connect, days: list[Day]
) -> None:
    admin, feed = await connect("admin"), await connect("feed")
    await make_signals_stream(admin)
    for _ in range(2):
        async with strategy(engines, "admin"):
            await replay(feed, days[:120], caught_up=nothing_to_do, on_progress=lambda _: None, answers=1)

    assert bodies(await stored(admin, 0)) == expected_signals(days[:120])


async def test_an_unacknowledged_signal_is_sent_again_and_none_is_lost(
    engines: Engines, connect: Connect, days: list[Day]
) -> None:
    """It runs with a strategy's own rights; there is no stream at first to acknowledge anything."""
    await engines.add_user("strategy-sma_cross")
    admin, feed = await connect("admin"), await connect("feed")
    wanted = expected_signals(days)

    async with strategy(engines, "strategy-sma_cross") as process:
        await replay(feed, days, caught_up=nothing_to_do, on_progress=lambda _: None)
        assert process.stdout is not None
        complaint = (await process.stdout.readline()).decode()
        assert complaint.startswith(f"{wanted[0]['id']} was not acknowledged and is sent again: ")
        await make_signals_stream(admin)
        signals = await stored(admin, len(wanted))

    assert bodies(signals) == wanted
