"""Gives back the leases of a service that has ended, so that the next one need not wait until they run out."""

import asyncio
import contextlib

import msgspec

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import LeaseRequest
from tradewire.settings import Nats
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.finding import supervisor_at
from tradewire_cli.up.runfile import read_run
from tradewire_cli.up.supervisor import OnReaped

_SECONDS = 2.0
_LEADING = ("ingest", "risk", "router")
"""The services that hold leases; the names of their instances begin so."""


def releaser(folder: DataFolder, nats: Nats) -> OnReaped:
    """Returns what the supervisor calls after each end of a service; `nats` is where it is when it is not ours."""

    async def release(instance: str) -> None:
        run = read_run(folder.run_file)
        if run is None or not instance.startswith(_LEADING):
            return
        place = supervisor_at(folder, run.urls["nats"], nats)
        request = msgspec.json.encode(LeaseRequest(op="release", name="", instance=instance))
        # Without an answer the lease runs out by itself.
        with contextlib.suppress(TimeoutError, Unavailable):
            async with asyncio.timeout(_SECONDS):
                bus = await Bus.connect(place, place.user)
                try:
                    await bus.request(subjects.lease(run.shard, place.user), request)
                finally:
                    await bus.close()

    return release
