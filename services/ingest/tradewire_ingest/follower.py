"""The state of ingest, kept in step with the log."""

import asyncio
import contextlib
from collections.abc import Callable

from tradewire.bus import Bus
from tradewire.replica import Replica
from tradewire_ingest.domain.state import State


class Follower:
    """A replica with the waits that the doors need."""

    def __init__(self, bus: Bus, shard: str) -> None:
        self.state = State()
        self.replica = Replica(bus, shard, self.state)

    @property
    def live(self) -> bool:
        """True while the state is in step with a ledger that beats and has not halted itself."""
        return not self.problem

    @property
    def started(self) -> bool:
        """True when there was a snapshot."""
        return self.replica.generation > 0

    @property
    def problem(self) -> str:
        """Why the state cannot be relied upon, or empty."""
        if self.replica.problem:
            return self.replica.problem
        beat = self.replica.tail.beat
        if beat is not None and beat.halted:
            return f"the ledger has halted itself: {beat.halted}"
        return "" if self.replica.tail.live else "the ledger does not beat, or the log is behind it"

    async def reached(self, pos: int) -> None:
        """Returns when the state holds everything up to a position, through new snapshots as well."""
        while self.replica.pos < pos:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self.replica.tail.reached(pos)


async def until(holds: Callable[[], bool]) -> None:
    """Returns when something holds, looking again and again; the caller bounds how long."""
    while True:
        if holds():
            return
        await asyncio.sleep(0.02)
