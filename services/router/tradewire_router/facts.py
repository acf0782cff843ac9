"""Facts on their way to the log: what a broker said is appended in order and is never given up.

One append is in flight; what comes meanwhile goes with the next. A fact that is in the log already, by another message
about the same thing, is done.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice

from tradewire import faults
from tradewire.append import Appender
from tradewire.lease import Lease
from tradewire.messages.log import Command, NewEvent, Result
from tradewire.replica import Replica
from tradewire.runtime.logs import Log

_BATCH = 200
_POLL_SECONDS = 0.005


def give_up(lease: Lease) -> None:
    """The ledger says that the lease is another's, however young it looks here: no call may begin under it."""
    lease.held.clear()
    lease.lost.set()


class Facts:
    """A queue of facts. It outlives the lease: what was learned under one is appended under the next."""

    def __init__(self, appender: Appender, lease: Lease, log: Log) -> None:
        self._appender, self._lease, self._log = appender, lease, log
        self._waiting: deque[NewEvent] = deque()
        self._ids: set[str] = set()
        self._wake = asyncio.Event()
        self._settled = 0
        self._drains: list[tuple[int, asyncio.Future[None]]] = []
        self.last_pos = 0
        """The highest position that a fact of this queue got in this log."""

    def add(self, events: Iterable[NewEvent]) -> None:
        """Queues facts; one that waits already, as another message told it, is not queued again."""
        for event in events:
            if event.event_id not in self._ids:
                self._ids.add(event.event_id)
                self._waiting.append(event)
        if self._waiting:
            self._wake.set()

    @property
    def waiting(self) -> int:
        """How many facts are not in the log yet."""
        return len(self._waiting)

    async def drained(self) -> None:
        """Returns when everything queued so far is in the log, whatever comes after it."""
        if self._waiting:
            drained = asyncio.get_running_loop().create_future()
            self._drains.append((self._settled + len(self._waiting), drained))
            await drained

    async def run(self) -> None:
        """Appends while the lease is held."""
        while True:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
            await self._lease.held.wait()
            batch = list(islice(self._waiting, _BATCH))
            faults.point("router.before_facts")
            results = await self._appender.append([Command((event,)) for event in batch], self._lease.fence)
            if any(result.code == "stale_fence" for result in results):
                give_up(self._lease)  # the next lease, if it is ours, books them; else its holder does
                await asyncio.sleep(0.1)
                continue
            for event, result in zip(batch, results, strict=True):
                self._settle(event, result)
            self._tell()

    def _settle(self, event: NewEvent, result: Result) -> None:
        self._waiting.popleft()
        self._settled += 1
        self._ids.discard(event.event_id)
        if result.positions:
            self.last_pos = max(self.last_pos, *result.positions)
        if not result.stored and result.code != "id_reused":
            self._log.error(
                "a fact was refused",
                code=result.code,
                message=result.message,
                type=event.type,
                signal=event.correlation_id,
                order=event.stream.removeprefix("order-") if event.stream.startswith("order-") else None,
                event_id=event.event_id,
            )

    def _tell(self) -> None:
        waiting, self._drains = self._drains, []
        for target, drained in waiting:
            if target > self._settled:
                self._drains.append((target, drained))
            elif not drained.done():
                drained.set_result(None)


async def settled(facts: Facts, replica: Replica) -> None:
    """Returns when all that was told so far is in the log and folded."""
    await facts.drained()
    while replica.pos < facts.last_pos:  # noqa: ASYNC110 - a new snapshot replaces what one could wait on
        await asyncio.sleep(_POLL_SECONDS)
