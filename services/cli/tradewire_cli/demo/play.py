"""Plays the demo in a running system: the strategy's key and process, the replay, and the blotter at the end."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from tradewire.bus import Bus
from tradewire.messages.answers import StatusReply
from tradewire.messages.queries import StatusQuery
from tradewire.permissions import user_of
from tradewire.settings import Nats
from tradewire_cli import OWNER, keys
from tradewire_cli.client import Client, Place, connected
from tradewire_cli.demo.blotter import Blotter, collect
from tradewire_cli.demo.session import ACCOUNT, STRATEGY
from tradewire_cli.demo.strategy import running_strategy
from tradewire_cli.demo.watch import Watch
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.replay.feed import OnProgress, Progress, quotes_of, replay
from tradewire_cli.replay.prices import Day
from tradewire_cli.up.runfile import read_run

_TELL_SECONDS = 0.2

Say = Callable[[str], None]
ShowProgress = Callable[[], AbstractContextManager[OnProgress]]


class Stage(Struct, frozen=True):
    """Where the demo is played: a running system's folder, shard, NATS, and the reader's database."""

    folder: DataFolder
    shard: str
    nats_url: str
    reader_dsn: str

    def nats(self, user: str) -> Nats:
        """How a user connects."""
        return Nats(url=self.nats_url, nkey_file=str(self.folder.seed_of(user)), user=user)


class Played(Struct, frozen=True):
    """A replay that is over: where it began and ended, how many seconds it took, and what became of it."""

    first: date
    progress: Progress
    seconds: float
    blotter: Blotter


async def play(stage: Stage, days: Sequence[Day], program: Path, say: Say, show_progress: ShowProgress) -> Played:
    """Replays the days, of which there is one at least, and collects the blotter.

    Raises:
        Unavailable: the strategy or the system does not follow.
    """
    owner = user_of("person", OWNER)
    async with connected(Place(stage.nats(owner), stage.shard, OWNER)) as client:
        say(f"making the key of {STRATEGY} and starting it")
        seed = await keys.add(stage.folder, "strategy", STRATEGY)
        async with running_strategy(program, stage.folder, seed, stage.nats_url):
            began = time.monotonic()
            with show_progress() as on_progress:
                progress = await _replay(stage, client, days, on_progress)
            seconds = time.monotonic() - began
        say("checking the log and adding up")
        return Played(
            days[0].date, progress, seconds, await collect(client, ACCOUNT, _last_prices(days), stage.reader_dsn)
        )


async def tell_the_time(folder: DataFolder, first: Day) -> None:
    """Repeats the first quotes until it is canceled: where quotes are the clock, nobody is ready before the first."""
    run = None
    while run is None or "ingest" not in run.processes:
        await asyncio.sleep(_TELL_SECONDS)
        run = read_run(folder.run_file)
    bus = await Bus.connect(Nats(url=run.urls["nats"], nkey_file=str(folder.seed_of("admin")), user="admin"), "admin")
    try:
        while True:
            await bus.publish_many(quotes_of(first))
            await asyncio.sleep(_TELL_SECONDS)
    finally:
        await bus.close()


async def _replay(stage: Stage, client: Client, days: Sequence[Day], on_progress: OnProgress) -> Progress:
    bus = await Bus.connect(stage.nats("admin"), "admin")
    watch = Watch(bus, stage.shard)
    try:
        at = await client.ask(StatusQuery(), StatusReply)
        await watch.start(at.log_id, at.frame, at.pos)
        progress = await replay(bus, days, caught_up=watch.caught_up, on_progress=on_progress, answers=1)
        if progress is None:
            raise ValueError("there are no days to replay")
        return progress
    finally:
        await watch.stop()
        await bus.close()


def _last_prices(days: Sequence[Day]) -> dict[str, Decimal]:
    prices: dict[str, Decimal] = {}
    for day in days:
        prices.update(day.closes)
    return prices
