"""The demo's part inside the cluster: replays days of real prices, each when everybody has dealt with the one before.

Run in a pod that has the admin's key: `replaying.py tick FIRST` repeats the first day's quotes, which are the clock,
until the file /tmp/ready is there; `replaying.py play FIRST LAST` replays, and prints what was done as JSON.
"""

import asyncio
import json
import os
import sys
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from tradewire import setting_reading
from tradewire.bus import Bus
from tradewire.messages.answers import StatusReply
from tradewire.messages.queries import StatusQuery
from tradewire.settings import Settings
from tradewire_cli.client import Place, connected
from tradewire_cli.demo.watch import Watch
from tradewire_cli.replay.feed import quotes_of, replay
from tradewire_cli.replay.prices import Day, load_days

_READY = Path("/tmp/ready")
_TELL_SECONDS = 0.2


async def tick(settings: Settings, first: Day) -> None:
    """Where quotes are the clock, nobody is ready before the first."""
    bus = await Bus.connect(settings.nats, "admin")
    while not _READY.exists():
        await bus.publish_many(quotes_of(first))
        await asyncio.sleep(_TELL_SECONDS)
    await bus.close()


async def play(settings: Settings, days: list[Day]) -> None:
    """Replays to the end; raises Unavailable if the strategy or the system does not follow."""
    bus = await Bus.connect(settings.nats, "admin")
    watch = Watch(bus, settings.shard)
    async with connected(Place(settings.nats, settings.shard, "admin")) as client:
        at = await client.ask(StatusQuery(), StatusReply)
        await watch.start(at.log_id, at.frame, at.pos)
        done = await replay(bus, days, caught_up=watch.caught_up, on_progress=lambda _: None, answers=1)
    await watch.stop()
    await bus.close()
    assert done is not None
    print(json.dumps({"days": done.number, "signals": done.work.signals, "orders": done.work.orders}))  # noqa: T201


def main() -> None:
    """The program."""
    what, *dates = sys.argv[1:]
    first, last = (date.fromisoformat(text) for text in (dates[0], dates[-1]))
    days = [day for day in load_days() if day.date >= first]
    settings = setting_reading.load(os.environ["TRADEWIRE_CONFIG"])
    settings = replace(settings, nats=replace(settings.nats, user="admin"))
    if what == "tick":
        asyncio.run(tick(settings, days[0]))
    else:
        asyncio.run(play(settings, [day for day in days if day.date <= last]))


if __name__ == "__main__":
    main()
