"""Ingest: signals and people's commands into the log. Wiring only."""

import asyncio
import contextlib

import msgspec

from tradewire.bus import Message
from tradewire.errors import Unavailable
from tradewire.lease import Lease
from tradewire.messages.quotes import decode_quote
from tradewire.runtime.clock import Clock
from tradewire.runtime.service import Service, run
from tradewire.runtime.tasks import end_tasks
from tradewire_ingest import stream
from tradewire_ingest.control_door import ControlDoor
from tradewire_ingest.follower import Follower
from tradewire_ingest.lookups import Lookups
from tradewire_ingest.metrics import Metrics
from tradewire_ingest.signals_door import SignalsDoor

WRITER = "ingest"
DRAIN_SECONDS = 3.0
RETRY_SECONDS = 0.5
WATCH_SECONDS = 0.25
ASK_SECONDS = 1.0


async def serve(service: Service) -> None:
    """Works until the service is asked to stop, then finishes what is in hand and gives the lease back."""
    settings, bus = service.settings, service.bus
    if not await _stream_is_right(service):
        return
    clock, metrics = Clock(settings.clock), Metrics(service.registry)
    follower, lookups = Follower(bus, settings.shard), Lookups(bus, settings.shard)
    name, refused = stream.consumer_name(settings.shard), service.refused_by_the_ledger
    lease = Lease(bus, settings.shard, name, WRITER, service.instance, refused)
    narrator = follower.replica.listener = service.narrator(lease.held.is_set)
    signals = SignalsDoor(service, follower, lookups, lease, clock, metrics, narrator.callers)
    commands = ControlDoor(service, follower, lookups, clock, metrics)
    service.on_reload += [signals.configure, commands.configure]

    async def follow() -> None:
        await follower.replica.start()
        await follower.replica.run()

    async def watch() -> None:
        while True:
            leading = lease.held.is_set()
            service.health.set("log", follower.problem)
            service.health.set("signals", signals.problem if leading else None)
            service.health.set("clock", None if clock.started else "waits for the first quote")
            service.health.started()
            service.facts.update(pos=follower.replica.pos, standby=not leading, leader=lease.holder)
            await asyncio.sleep(WATCH_SECONDS)

    if settings.clock == "quotes":
        await bus.subscribe("quotes.>", lambda message: _tick(clock, message))
    service.spawn(watch(), "watch")
    service.spawn(signals.watch_size(), "size")
    service.spawn(follow(), "replica")
    leading = service.spawn(lease.lead(signals.work, service.stopping), "lease")
    await _open_to_people(service, commands, lease)
    await service.stopping.wait()
    await asyncio.wait({leading, asyncio.ensure_future(commands.close())}, timeout=DRAIN_SECONDS)


async def _open_to_people(service: Service, commands: ControlDoor, lease: Lease) -> None:
    """Opens the door for commands, which needs no lease, unless the ledger will have this process not at work."""
    with contextlib.suppress(TimeoutError):  # without a ledger, people are told so
        await asyncio.wait_for(lease.asked.wait(), ASK_SECONDS)
    if lease.refused:
        ends = asyncio.ensure_future(lease.welcome.wait()), asyncio.ensure_future(service.stopping.wait())
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await end_tasks(*ends)
    if not service.stopping.is_set():
        await commands.open()


async def _stream_is_right(service: Service) -> bool:
    """Makes or verifies SIGNALS before all else, as every replica does; False when the process is to stop."""
    while not service.stopping.is_set():
        try:
            settings = service.settings
            await stream.ensure_stream(service.bus, settings.ingest.stream_max_bytes, settings.nats.replicas)
            await stream.ensure_consumer(service.bus, service.settings.shard)
        except Unavailable as error:
            service.health.set("signals", str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return True
    return False


def _tick(clock: Clock, message: Message) -> None:
    try:
        clock.hear(decode_quote(message.data).at)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # what is no quote tells no time


def main() -> None:
    """The console script."""
    run(WRITER, serve)


if __name__ == "__main__":
    main()
