"""The log stream and the tail: whatever happens to NATS, followers get every frame once and in order."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ledger.desk import Desk
from tests.processes import Child, child
from tradewire.bus import Bus, JetStreamError
from tradewire.errors import Unavailable
from tradewire.messages.log import decode_frame, encode
from tradewire_cli.engines.testing import Engines

Connection = Any


async def log_id_of(admin: Connection) -> str:
    return str(await admin.fetchval("select log_id from ledger.head"))


async def followed(desk: Desk, pos: int) -> list[int]:
    async with asyncio.timeout(20):
        await desk.tail.reached(pos)
    return [event.pos for frame in desk.frames for event in frame.events]


async def test_the_tail_catches_up_and_goes_on(sequencer: Child, desk: Desk, admin: Connection) -> None:
    for n in range(30):
        await desk.add(str(n))
    await desk.follow(await log_id_of(admin))
    await desk.add("later")

    assert await followed(desk, 31) == list(range(1, 32))
    async with asyncio.timeout(10):
        while not desk.tail.live:
            await asyncio.sleep(0.05)


async def test_a_lost_last_message_is_read_again(sequencer: Child, desk: Desk, admin: Connection) -> None:
    await desk.follow(await log_id_of(admin))
    await desk.add("a")
    await followed(desk, 1)
    hear = desk.tail._hear
    desk.bus._client.direct = {
        sid: (lambda _: None) if handler == hear else handler for sid, handler in desk.bus._client.direct.items()
    }
    await desk.add("b")

    assert await followed(desk, 2) == [1, 2]
    assert desk.tail.gaps_read >= 1


async def test_another_log_asks_for_a_snapshot(sequencer: Child, desk: Desk) -> None:
    await desk.follow("00000000-0000-5000-8000-000000000000")
    async with asyncio.timeout(10):
        await desk.tail.changed.wait()

    assert "log" in str(desk.tail.problem)


async def test_nats_killed_under_load_loses_nothing(
    engines: Engines, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.follow(await log_id_of(admin))
    asking = [asyncio.create_task(desk.add(*(f"{w}-{n}" for n in range(20)))) for w in range(20)]
    await asyncio.sleep(0.05)
    await engines.nats.kill()
    await asyncio.sleep(0.5)
    await engines.nats.start()
    await asyncio.gather(*asking)

    assert await followed(desk, 400) == list(range(1, 401))


async def test_a_stream_lost_while_down_is_filled_again(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    for n in range(20):
        await desk.add(str(n))
    before = await stored_frames(engines)
    await sequencer.stop()
    await engines.nats.stop()
    for lost in list((folder / "nats").rglob("$G")):
        shutil.rmtree(lost)
    await engines.nats.start()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        await second.until_ready()
        after = await stored_frames(engines)

    assert before == after
    assert len(after) == 20


async def test_a_stream_lost_while_running_is_filled_again(
    engines: Engines, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.follow(await log_id_of(admin))
    await desk.add("a", "b")
    bus = await desk.as_user("admin")
    await bus.api("STREAM.DELETE.LOG_main")
    await desk.add("c")

    assert await followed(desk, 3) == [1, 2, 3]
    async with asyncio.timeout(10):
        while len(await stored_frames(engines)) < 2:
            await asyncio.sleep(0.1)


async def test_a_stream_that_is_longer_than_postgres_stops_the_ledger(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.add("a")
    await sequencer.stop()
    bus = await desk.as_user("admin")
    await bus.publish("log.main", b"{}")
    await bus.flush()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        assert await second.ended() == 3
    assert "ends at frame 2, Postgres at 1" in second.output()
    assert "tradewire restore PLACE" in second.output()
    assert "reset-stream" not in second.output(), "it would go on from a log that has lost what was done"


async def test_replicas_that_one_server_cannot_have_are_named_with_the_setting(engines: Engines) -> None:
    bus = await admin_bus(engines)
    try:
        with pytest.raises(JetStreamError, match=r"set nats\.replicas to 1"):
            await bus.api("STREAM.CREATE.TWO", {"name": "TWO", "subjects": ["two"], "num_replicas": 2})
    finally:
        await bus.close()


async def test_a_stream_of_another_log_stops_the_ledger(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, admin: Connection
) -> None:
    await desk.add("a")
    await sequencer.stop()
    await admin.execute("update ledger.head set log_id = gen_random_uuid()")
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as second:
        assert await second.ended() == 3
    assert "holds log" in second.output()
    assert "reset-stream" in second.output()


async def stored_frames(engines: Engines) -> list[tuple[int, str, list[bytes]]]:
    """Every frame of the stream: its number, its hash and its events' bytes."""
    bus = await admin_bus(engines)
    try:
        stored = [decode_frame(message.data) for message in await bus.direct_get("LOG_main", 1, batch=1000)]
        return [(frame.frame, frame.hash, [encode(event) for event in frame.events]) for frame in stored]
    except Unavailable:
        return []  # there is no stream now
    finally:
        await bus.close()


async def admin_bus(engines: Engines) -> Bus:
    from tradewire.settings import Nats

    return await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin"))), "admin")
