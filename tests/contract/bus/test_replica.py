"""What a replica promises when the log cannot be followed: it begins at a snapshot, and never before what it knew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.messages.log import Frame, SnapshotChunk, encode
from tradewire.replica import Replica, Snapshot
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Nats
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines


class Machine:
    """Notes where it began, and what it folded."""

    def __init__(self) -> None:
        self.began: list[tuple[str, int]] = []
        self.folded: list[int] = []

    def restore(self, snapshot: Snapshot) -> None:
        self.began.append((snapshot.log_id, snapshot.pos))

    def apply(self, frame: Frame) -> None:
        self.folded.append(frame.last_pos)


class Ledger:
    """Tells frames of one position each, and answers for snapshots as it is told to."""

    def __init__(self, bus: Bus, shard: str) -> None:
        self._bus, self._shard = bus, shard
        self.at = ("first", 10)

    async def answer(self, message: Message) -> None:
        log_id, pos = self.at
        await self._bus.publish(message.reply, encode(SnapshotChunk(0, True, log_id, pos, pos, "")))

    async def tell(self, pos: int, *, frame: int = 0) -> None:
        told = Frame("first", 1, frame or pos, pos, pos, "", ())
        await self._bus.publish(subjects.log(self._shard), encode(told))


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    with reachable_folder() as folder:
        async with running_engines(folder, postgres=False) as running:
            yield running


async def until(machine: Machine, began: list[tuple[str, int]], folded: list[int]) -> None:
    async with asyncio.timeout(20):
        while (machine.began, machine.folded) != (began, folded):
            await asyncio.sleep(0.02)


async def test_a_snapshot_from_before_what_was_folded_is_waited_out_unless_the_log_is_another_one(
    engines: Engines,
) -> None:
    bus = await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin"))), "admin")
    ledger, machine = Ledger(bus, engines.shard), Machine()
    answering: set[asyncio.Task[None]] = set()
    await bus.subscribe(
        subjects.snapshot(engines.shard), lambda message: answering.add(asyncio.create_task(ledger.answer(message)))
    )
    replica = Replica(bus, engines.shard, machine)
    await replica.start()
    running = asyncio.create_task(replica.run())
    try:
        for pos in (11, 12):
            await ledger.tell(pos)
        await until(machine, [("first", 10)], [11, 12])

        await ledger.tell(99, frame=13)  # no log goes on like that
        async with asyncio.timeout(20):
            while "behind 12" not in replica.problem:
                await asyncio.sleep(0.02)
        assert (machine.began, replica.live) == ([("first", 10)], False)
        ledger.at = ("first", 12)
        await until(machine, [("first", 10), ("first", 12)], [11, 12])
        await ledger.tell(13)
        await until(machine, [("first", 10), ("first", 12)], [11, 12, 13])

        ledger.at = ("second", 3)
        await ledger.tell(99, frame=14)
        await until(machine, [("first", 10), ("first", 12), ("second", 3)], [11, 12, 13])
    finally:
        await end_tasks(running, *answering)
        await bus.close()
