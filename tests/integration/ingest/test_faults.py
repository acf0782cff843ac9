"""What dies, freezes or vanishes around ingest: nothing acknowledged is lost, and nothing is received twice."""

import asyncio
import signal as signals
from collections.abc import Iterable
from urllib.request import urlopen

import msgspec

from tests.integration.ingest.plant import Plant, cancel, signal
from tests.processes import Child, child
from tests.waiting import soon
from tradewire.bus import Message


async def published(plant: Plant, prefix: str, count: int = 30) -> list[str]:
    """Publishes signals and returns their ids."""
    names = [f"{prefix}-{n}" for n in range(count)]
    for name in names:
        await plant.publish("momo", signal(name))
    return names


async def assert_received_once(plant: Plant, names: Iterable[str]) -> None:
    await plant.until_settled()
    wanted = sorted(names)
    assert sorted(data["signal_id"] for data in await plant.data("SignalReceived")) == wanted
    assert sorted(data["signal_id"] for data in await plant.data("OrderRequested")) == wanted
    assert await plant.data("SignalRefused") == []
    await plant.assert_clean()


async def test_a_death_before_or_after_the_append_or_before_the_acknowledgement_loses_and_doubles_nothing(
    plant: Plant,
) -> None:
    async with plant.ingest() as first:
        names = await published(plant, "first")
        assert await first.stop() == 0
    for point in ("before_append", "after_append", "before_ack"):
        async with plant.ingest({"TRADEWIRE_FAULTS": f"ingest.{point}=kill"}, ready=False) as doomed:
            names += await published(plant, point)
            assert await doomed.ended() == -signals.SIGKILL
            await plant.release_leases_of(doomed)
    async with plant.ingest():
        names += await published(plant, "last")
        await assert_received_once(plant, names)


async def test_a_cancel_whose_acknowledgement_was_lost_asks_for_nothing_more(plant: Plant) -> None:
    async with plant.ingest({"TRADEWIRE_FAULTS": "ingest.before_ack=kill@2"}) as doomed:
        await plant.publish("momo", signal("b-1"))
        await plant.until_settled()
        await plant.publish("momo", cancel("c-1"))
        assert await doomed.ended() == -signals.SIGKILL
    first = (await plant.data("OrderRequested"))[0]["order"]
    await plant.release_leases_of(doomed)
    async with plant.ingest():
        await plant.publish("momo", signal("b-2"))  # open when the cancel comes again
        await plant.until_settled()
    assert [data["order"] for data in await plant.data("OrderCancelRequested")] == [first]
    assert await plant.data("SignalRefused") == []


async def test_of_two_one_works_and_the_other_takes_over_when_it_is_stopped(plant: Plant) -> None:
    async with plant.ingest() as first, plant.ingest() as second:
        names = await published(plant, "a")
        await plant.until_settled()
        [granted] = await plant.data("LeaseGranted")
        leader, standby = (first, second) if granted["holder"] in first.output() else (second, first)
        assert await metric(leader, "tradewire_ingest_leading") == 1
        assert await metric(standby, "tradewire_ingest_leading") == 0
        assert await metric(standby, "tradewire_ingest_signals_received_total") == 0
        standing = await standbys(plant, of=2)
        assert standing.pop(granted["holder"]) is False
        assert list(standing.values()) == [True]
        publishing = asyncio.create_task(published(plant, "b", 100))
        await asyncio.sleep(0.05)
        assert await leader.stop() == 0
        names += await publishing
        await plant.until_settled()
        assert await metric(standby, "tradewire_ingest_leading") == 1
        await assert_received_once(plant, names)
    assert len(await plant.data("LeaseReleased")) >= 1
    assert await plant.delivered_again() == 0


async def test_a_leader_that_was_frozen_for_longer_than_its_lease_appends_nothing_more(plant: Plant) -> None:
    async with plant.ingest() as frozen:
        names = await published(plant, "a")
        await plant.until_settled()
        frozen.send(signals.SIGSTOP)
        names += await published(plant, "b")
        async with plant.ingest() as second:
            await soon(lambda: metric(second, "tradewire_ingest_leading"))
            frozen.send(signals.SIGCONT)
            names += await published(plant, "c")
            await assert_received_once(plant, names)
            await frozen.until_ready()
            assert await metric(frozen, "tradewire_ingest_leading") == 0


async def test_signals_wait_while_there_is_no_ledger_and_none_is_lost(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        names = await published(plant, "a")
        await plant.sequencer.kill()
        names += await published(plant, "b")
        await soon(lambda: not_ready(ingest))
        assert ingest.alive
        async with child("tradewire_ledger.sequencer", plant.engines, "sequencer", plant.folder) as sequencer:
            await sequencer.until_ready()
            await assert_received_once(plant, names)
            await ingest.until_ready()


async def test_a_stop_while_there_is_no_ledger_is_orderly(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        await plant.sequencer.kill()
        await plant.publish("momo", signal("a"))
        await soon(lambda: not_ready(ingest))
        assert await ingest.stop() == 0


async def test_a_restart_of_nats_loses_no_acknowledged_signal(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        names = await published(plant, "a")
        await plant.engines.nats.kill()
        await plant.engines.nats.start()
        await soon(lambda: published(plant, "b", 1))
        names += await published(plant, "b")
        await assert_received_once(plant, names)
        assert ingest.alive
    assert await plant.data("SignalsGapSuspected") == []


async def test_a_stream_that_was_lost_while_ingest_ran_is_told_in_the_log(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        names = await published(plant, "a")
        await plant.until_settled()
        old = await lose_stream(plant)
        await soon(lambda: plant.data("SignalsGapSuspected"))
        names += await published(plant, "b")
        await assert_received_once(plant, names)
        await assert_gap(plant, old)
        assert await ingest.stop() == 0


async def test_a_stream_that_was_lost_while_ingest_was_away_is_told_in_the_log_once(plant: Plant) -> None:
    async with plant.ingest() as ingest:
        names = await published(plant, "a")
        await plant.until_settled()
        assert await ingest.stop() == 0
    old = await lose_stream(plant)
    for prefix in ("b", "c"):
        async with plant.ingest() as ingest:
            names += await published(plant, prefix)
            await plant.until_settled()
            assert await ingest.stop() == 0
    async with plant.ingest():
        await assert_received_once(plant, names)
    await assert_gap(plant, old)


async def lose_stream(plant: Plant) -> str:
    """Deletes SIGNALS and returns the instance that it was."""
    admin = await plant.bus("admin")
    old = (await admin.api("STREAM.INFO.SIGNALS"))["config"]["metadata"]["instance"]
    await admin.api("STREAM.DELETE.SIGNALS")
    return str(old)


async def assert_gap(plant: Plant, old: str) -> None:
    info = await (await plant.bus("admin")).api("STREAM.INFO.SIGNALS")
    new = info["config"]["metadata"]["instance"]
    [gap] = await plant.data("SignalsGapSuspected")
    assert (gap["old_instance"], gap["new_instance"]) == (old, new)
    assert [data["instance"] for data in await plant.data("SignalsStreamSeen")] == [old, new]


async def standbys(plant: Plant, of: int) -> dict[str, bool]:
    """What so many ready processes say in their heartbeats: whether each only stands by."""
    found: dict[str, bool] = {}

    def hear(message: Message) -> None:
        beat = msgspec.json.decode(message.data)
        if beat["ready"]:
            found[beat["instance"]] = beat["standby"]

    listening = await (await plant.bus("admin")).subscribe("heartbeat.ingest.main", hear)
    while len(found) < of:
        await asyncio.sleep(0.05)
    await listening.stop()
    return found


async def not_ready(of: Child) -> bool:
    return not await asyncio.to_thread(of.ready)


async def metric(of: Child, name: str) -> float:
    """A metric without labels."""

    def read() -> float:
        with urlopen(f"http://127.0.0.1:{of.port}/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"{name} "):
                    return float(line.split()[1])
        raise AssertionError(f"{name} is no metric of this process")

    return await asyncio.to_thread(read)
