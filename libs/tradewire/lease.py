"""A lease: at most one process acts under a name (DESIGN §1.5).

The holder counts from the moment that it *sent* the last answered renewal, on the monotonic clock, so that it never
believes in its lease for longer than the ledger does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from tradewire import faults, subjects
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import (
    LEASE_TAKEOVER_SECONDS,
    LEASE_TTL_SECONDS,
    Fence,
    LeaseReply,
    LeaseRequest,
    decode_lease_reply,
)
from tradewire.runtime.tasks import end_tasks

TTL_SECONDS = LEASE_TTL_SECONDS
RENEW_SECONDS = 3.0


def _silent(_: str) -> None:
    """For whoever does not want to be told."""


class Lease:
    """A lease that is being sought, held or lost."""

    def __init__(
        self,
        bus: Bus,
        shard: str,
        name: str,
        writer: str,
        instance: str,
        tell: Callable[[str], None] = _silent,
    ) -> None:
        """`tell` is told why the ledger will not have this process, and nothing when it does again."""
        self._bus, self._subject = bus, subjects.lease(shard, writer)
        self.name, self.instance = name, instance
        self.epoch = 0
        self.pos = 0
        self.holder = ""
        self.refused = ""
        """Why this process gets the lease from no ledger as it is; another build is the one reason."""
        self.asked = asyncio.Event()
        """Set when the ledger has answered once."""
        self.welcome = asyncio.Event()
        """Set while the ledger would have this process, whoever holds the lease."""
        self._tell = tell
        self._sent_at = 0.0
        self.held = asyncio.Event()
        self.lost = asyncio.Event()

    @property
    def fence(self) -> Fence:
        """What goes with every append under this lease."""
        return Fence(self.name, self.epoch)

    @property
    def waiting(self) -> str:
        """What is said of a process that does not hold it, and for how long that may last."""
        by = f", held by {self.holder}" if self.holder else ""
        return (
            f"waits for the lease {self.name}{by}; a process that was killed keeps it for {LEASE_TAKEOVER_SECONDS:g} s"
        )

    def age(self) -> float:
        """Seconds since the last answered renewal was sent."""
        return time.monotonic() - self._sent_at

    def allows(self, call_seconds: float) -> bool:
        """True when a call of so many seconds would end within the lease."""
        return self.held.is_set() and self.age() + call_seconds <= TTL_SECONDS

    async def _ask(self, request: LeaseRequest) -> LeaseReply:
        sent = time.monotonic()
        answer = await self._bus.request(self._subject, msgspec.json.encode(request), timeout=1.0)
        reply = decode_lease_reply(answer.data)
        if reply.granted and request.op != "release":
            self._sent_at = sent
        return reply

    async def acquire(self) -> None:
        """Waits until the lease is ours."""
        self.lost.clear()
        while True:
            try:
                reply = await self._ask(LeaseRequest("acquire", self.name, self.instance, build=build_id()))
            except (Unavailable, msgspec.DecodeError):
                await asyncio.sleep(0.2)
                continue
            self._hear(reply.refused)
            if reply.granted:
                self.epoch, self.pos, self.holder = reply.epoch, reply.pos, self.instance
                self.held.set()
                return
            self.holder = reply.holder
            await asyncio.sleep(1.0 if reply.refused else min(max(reply.retry_seconds, 0.1), 1.0))

    def _hear(self, refused: str) -> None:
        self.asked.set()
        if refused:
            self.welcome.clear()
        else:
            self.welcome.set()
        if refused != self.refused:
            self.refused = refused
            self._tell(refused)

    async def keep(self) -> None:
        """Renews until the lease is lost: another has it, or nobody answered for its whole time."""
        while self.held.is_set():
            await asyncio.sleep(RENEW_SECONDS if self.age() < RENEW_SECONDS + 0.5 else 0.3)
            faults.point("lease.before_renew")
            try:
                reply = await self._ask(LeaseRequest("renew", self.name, self.instance, self.epoch))
            except (Unavailable, msgspec.DecodeError):
                reply = None
            if (reply is not None and not reply.granted) or self.age() > TTL_SECONDS:
                self.held.clear()
                self.lost.set()

    async def release(self) -> None:
        """Gives the lease back, so that a successor need not wait."""
        if not self.held.is_set():
            return
        self.held.clear()
        self.lost.set()
        try:
            await self._ask(LeaseRequest("release", self.name, self.instance, self.epoch))
        except (Unavailable, msgspec.DecodeError):
            return  # it runs out by itself

    async def lead(self, work: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
        """Acquires and runs `work` while the lease is held; cancels it when the lease is lost, and begins again.

        When `stopping` is set, `work` has to end by itself; then the lease is given back and this returns. What `work`
        raises is raised, with the lease given back as well.
        """
        while not stopping.is_set():
            if not await _first(self.acquire(), stopping):
                return
            keeping = asyncio.ensure_future(self.keep())
            working = asyncio.ensure_future(work())
            try:
                await asyncio.wait({keeping, working}, return_when=asyncio.FIRST_COMPLETED)
                if working.done():
                    working.result()
            finally:
                if self.held.is_set():
                    await self.release()
                await end_tasks(keeping, working)


async def _first(work: Coroutine[Any, Any, None], stopping: asyncio.Event) -> bool:
    """Runs `work` until it ends, True, or until `stopping` is set, False."""
    doing = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        return doing.done()
    finally:
        await end_tasks(doing, waiting)
