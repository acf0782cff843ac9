"""The relay by itself: a settling that breaks off is taken up again."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import Frame
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, running_engines
from tradewire_ledger.domain.framing import Head
from tradewire_ledger.sequencer.relay import Relay

LOG = "00000000-0000-5000-8000-000000000001"


def frame(number: int) -> Frame:
    return Frame(LOG, 1, number, number, number, f"{number:064x}", ())


def head(number: int) -> Head:
    return Head(LOG, 1, number, number, bytes(32), 0)


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    async with running_engines(tmp_path, postgres=False) as running:
        yield running


@pytest.fixture
async def bus(engines: Engines) -> AsyncIterator[Bus]:
    made = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("sequencer"))), "sequencer")
    yield made
    await made.close()


async def test_frames_committed_while_a_settling_breaks_off_are_published_all_the_same(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read_frames(first: int, last: int) -> list[Frame]:
        if not committed:
            committed.extend(relay.wired([frame(3)], head(3)))  # another commit, while the stream is being settled
            committed.append(b"nothing is sent beside a settling")
        return [frame(number) for number in range(first, last + 1)]

    async def read_hash(number: int) -> str:
        return frame(number).hash

    asked = 0

    async def where() -> int:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Unavailable("the link was down for a moment")
        return await ask()

    committed: list[bytes] = []
    relay = Relay(bus, "main", read_frames, read_hash)
    ask = relay._where
    monkeypatch.setattr(relay, "_where", where)
    with pytest.raises(Unavailable):
        await relay.start(head(2))
    assert len(committed) == 1

    running = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(20):
            while relay.acknowledged < 3 or relay.lag:
                await asyncio.sleep(0.02)
    finally:
        await end_tasks(running)
        await relay.stop()


async def test_what_the_stream_lost_while_nothing_happened_is_published_again(
    engines: Engines, bus: Bus, tmp_path: Path
) -> None:
    async def read_frames(first: int, last: int) -> list[Frame]:
        return [frame(number) for number in range(first, last + 1)]

    async def read_hash(number: int) -> str:
        return frame(number).hash

    async def stored() -> int:
        try:
            return int((await bus.api("STREAM.INFO.LOG_main"))["state"]["last_seq"])
        except Unavailable:
            return 0

    relay = Relay(bus, "main", read_frames, read_hash)
    await relay.start(head(2))
    assert await stored() == 2
    running = asyncio.create_task(relay.run())
    try:
        await engines.nats.kill()
        shutil.rmtree(tmp_path / "nats" / "store")
        await engines.nats.start()
        async with asyncio.timeout(20):
            while await stored() < 2:
                await asyncio.sleep(0.05)
    finally:
        await end_tasks(running)
        await relay.stop()
