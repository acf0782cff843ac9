"""A snapshot is the log at one position, as far as services act on it, whole and in order."""

import asyncio
from decimal import Decimal

import pytest

from tests.integration.reader.bench import Asker, Log
from tests.processes import Child
from tests.unit.reader.histories import History
from tradewire import subjects
from tradewire.bus import Bus, Message
from tradewire.domain.switches import Controls
from tradewire.errors import Unavailable
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o
from tradewire.messages.books import join
from tradewire.messages.group_events import GroupClosed, GroupOpened
from tradewire.messages.log import MAX_BYTES, SnapshotChunk, SnapshotRequest, decode_snapshot_chunk, encode
from tradewire.messages.registry import decode
from tradewire.messages.system_events import LeaseGranted, LeaseReleased
from tradewire.replica import Snapshot, take_snapshot


def assert_true_to(log: Log, snapshot: Snapshot) -> None:
    """Compares a snapshot with a naive fold of the log up to its position."""
    naive = log.naive(snapshot.pos)
    positions = [event.pos for event in snapshot.events]
    assert positions == sorted(set(positions))
    assert all(pos <= snapshot.pos for pos in positions)
    assert (snapshot.frame, snapshot.pos) in {(0, 0), *((frame.frame, frame.last_pos) for frame in log.frames)}
    assert snapshot.log_id == log.store.head.log_id

    everything = [event for frame in log.frames for event in frame.events][: snapshot.pos]
    of_orders = [event for event in snapshot.events if event.stream.startswith("order-")]
    carried = {event.stream for event in of_orders}
    assert carried >= naive.open_orders.keys()
    assert of_orders == [event for event in everything if event.stream in carried]
    controls = Controls()
    for event in snapshot.events:
        controls.fold(event, decode(event))
    assert (controls.switches, controls.limits) == (naive.controls.switches, naive.controls.limits)
    assert join(snapshot.books) == naive.books


async def test_snapshots_under_load_are_each_of_one_position_and_reach_what_was_asked(
    reader: Child, log: Log, asker: Asker
) -> None:
    history = History(1)
    history.begin()
    history.play(600, at_once=60)
    writing = asyncio.create_task(log.write(history, events_each=5, pause=0.002))
    snapshots: list[Snapshot] = []
    while not writing.done():
        wanted = log.pos
        taken = await asyncio.gather(*(take_snapshot(asker.bus, "main", min_pos=wanted) for _ in range(3)))
        assert all(snapshot.pos >= wanted for snapshot in taken)
        snapshots += taken
    await writing
    snapshots.append(await take_snapshot(asker.bus, "main", min_pos=log.pos))
    assert snapshots[-1].pos == log.pos
    assert len({snapshot.pos for snapshot in snapshots}) > 3
    for snapshot in snapshots[:: len(snapshots) // 12 + 1]:
        assert_true_to(log, snapshot)


async def test_what_a_fact_halted_and_who_holds_leases_is_carried(reader: Child, log: Log, asker: Asker) -> None:
    history = History()
    history.begin()
    history.add("account-paper", a.AccountHalted(account="paper", reason="overfill", by="router"))
    released = LeaseReleased(name="router-paper", holder="r1", epoch=1, by="r1")
    history.add("lease-router-paper", released, "sequencer")
    granted = LeaseGranted(name="router-paper", holder="r2", writer="router", epoch=2)
    history.add("lease-router-paper", granted, "sequencer")
    flatten = a.FlattenRequested(account="paper", by="anna", reason="enough", request="q9")
    history.add("account-paper", flatten, "ingest")
    history.add("group-x", GroupOpened(group="x", kind="oco", orders=()))
    history.add("group-y", GroupOpened(group="y", kind="oco", orders=()))
    history.add("group-y", GroupClosed(group="y", reason="filled"))
    snapshot = await take_snapshot(asker.bus, "main", min_pos=await log.write(history))

    assert_true_to(log, snapshot)
    carried = [decode(event) for event in snapshot.events]
    assert granted in carried
    assert released not in carried
    assert flatten in carried
    assert [data.group for data in carried if isinstance(data, GroupOpened)] == ["x"]


async def test_an_order_is_carried_until_it_is_terminal_and_a_moment_longer_and_not_again_for_a_late_fact(
    reader: Child, log: Log, asker: Asker
) -> None:
    history = History()
    script = history.order("s-1").work()
    script.fill(0, "9", "100")
    snapshot = await take_snapshot(asker.bus, "main", min_pos=await log.write(history))
    assert [event.version for event in snapshot.events if event.stream == script.stream] == [1, 2, 3, 4, 5]
    script.fill(1, "1", "100")
    snapshot = await take_snapshot(asker.bus, "main", min_pos=await log.write(history))
    assert [event.version for event in snapshot.events if event.stream == script.stream] == [1, 2, 3, 4, 5, 6]
    history.wait(20)
    later = history.order("s-2")
    for number in (2, 3):
        snapshot = await take_snapshot(asker.bus, "main", min_pos=await log.write(history))
        assert {e.stream for e in snapshot.events if e.stream.startswith("order-")} == {later.stream}
        assert join(snapshot.books)["paper"].positions["AAPL"].quantity == 8 + number
        script.fill(number, "1", "100")


async def chunks(bus: Bus, request: bytes) -> list[tuple[SnapshotChunk, int]]:
    """Every chunk that comes back, with its size on the wire in bytes."""
    got: list[tuple[SnapshotChunk, int]] = []
    done = asyncio.Event()

    def take(message: Message) -> None:
        chunk = decode_snapshot_chunk(message.data)
        got.append((chunk, len(message.data)))
        if chunk.last:
            done.set()

    inbox = bus.inbox()
    subscription = await bus.subscribe(inbox, take)
    await bus.publish(subjects.snapshot("main"), request, reply=inbox)
    async with asyncio.timeout(20):
        await done.wait()
    await subscription.stop()
    return got


async def test_a_large_snapshot_comes_in_numbered_chunks_and_a_large_book_in_pieces(
    reader: Child, log: Log, asker: Asker
) -> None:
    history = History()
    history.begin()
    for number in range(1_000):
        history.order(f"s-{number}").work()
    buys = history.order("buys").work()
    for number in range(12_000):
        buys.fill(number, "0.0001", "100")
    pos = await log.write(history, events_each=400)
    await asker.until(pos)
    got = await chunks(asker.bus, encode(SnapshotRequest(pos)))

    assert [chunk.number for chunk, _ in got] == list(range(len(got)))
    assert [chunk.last for chunk, _ in got] == [False] * (len(got) - 1) + [True]
    assert {(chunk.pos, chunk.log_id) for chunk, _ in got} == {(pos, log.store.head.log_id)}
    assert all(size <= MAX_BYTES for _, size in got)
    assert sum(len(chunk.books) for chunk, _ in got) > 3
    snapshot = await take_snapshot(asker.bus, "main", min_pos=pos)
    assert_true_to(log, snapshot)
    assert join(snapshot.books)["paper"].positions["AAPL"].quantity == Decimal("1.2")


async def test_a_position_that_nobody_has_reached_is_answered_as_behind(reader: Child, log: Log, asker: Asker) -> None:
    history = History()
    history.begin()
    pos = await log.write(history)
    await asker.until(pos)
    [(chunk, _)] = await chunks(asker.bus, encode(SnapshotRequest(pos + 1)))
    assert (chunk.behind, chunk.last, chunk.pos, chunk.events) == (True, True, pos, ())
    with pytest.raises(Unavailable, match="behind"):
        await take_snapshot(asker.bus, "main", min_pos=pos + 1)


async def test_a_request_that_waits_is_answered_as_soon_as_the_position_is_there(
    reader: Child, log: Log, asker: Asker
) -> None:
    history = History()
    history.begin()
    begun = await log.write(history)
    history.order("s-1")
    taking = asyncio.create_task(
        take_snapshot(asker.bus, "main", min_pos=begun + len(history.accepted) - history.taken)
    )
    await asyncio.sleep(0.2)
    pos = await log.write(history)
    assert (await taking).pos == pos


async def test_a_request_that_cannot_be_read_is_told_so(reader: Child, asker: Asker) -> None:
    for payload in (b"nonsense", b'{"min_pos":"x"}', b"\xff"):
        [(chunk, _)] = await chunks(asker.bus, payload)
        assert "cannot be read" in chunk.error


async def test_an_empty_log_has_an_empty_snapshot(reader: Child, log: Log, asker: Asker) -> None:
    snapshot = await take_snapshot(asker.bus, "main")
    assert snapshot == Snapshot(log.store.head.log_id, 0, 0, (), ())


async def test_a_held_order_stays_open(reader: Child, log: Log, asker: Asker) -> None:
    history = History()
    script = history.order("s-1")
    held = o.OrderHeld(
        order=script.id, attempt=1, state_pos=1, checks=(), limits={}, control={}, reason="BIG", deadline=1
    )
    script.add(held, "risk")
    snapshot = await take_snapshot(asker.bus, "main", min_pos=await log.write(history))
    assert [event.type for event in snapshot.events] == ["OrderRequested", "OrderHeld"]
