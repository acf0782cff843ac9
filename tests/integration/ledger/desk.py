"""A writer's side of the ledger: appends, leases and a tail, over one connection each."""

from collections.abc import Sequence

import msgspec

from tests.builders import command, nothing
from tradewire import subjects
from tradewire.append import Appender
from tradewire.build import build_id
from tradewire.bus import Bus
from tradewire.lease import Lease
from tradewire.messages.log import Fence, Frame, LeaseReply, LeaseRequest, NewEvent, Result, decode_lease_reply
from tradewire.settings import Nats
from tradewire.tail import Tail
from tradewire_cli.engines.testing import Engines


class Desk:
    """Appends as ingest, asks for leases as anybody, and follows the log."""

    def __init__(self, engines: Engines, bus: Bus) -> None:
        self._engines, self.bus = engines, bus
        self.appender = Appender(bus, engines.shard, "ingest", timeout=0.5)
        self.frames: list[Frame] = []
        self.tail = Tail(bus, engines.shard, self.frames.append)
        self._others: list[Bus] = []

    @classmethod
    async def open(cls, engines: Engines) -> "Desk":
        return cls(engines, await cls._connect(engines, "ingest"))

    @staticmethod
    async def _connect(engines: Engines, user: str) -> Bus:
        return await Bus.connect(Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file(user))), user)

    async def as_user(self, user: str) -> Bus:
        """Another user's connection."""
        bus = await self._connect(self._engines, user)
        self._others.append(bus)
        return bus

    async def append(self, *events: NewEvent, fence: Fence | None = None) -> list[Result]:
        """Each event as a command of its own."""
        return await self.appender.append([command(event) for event in events], fence)

    async def add(self, *keys: str) -> list[Result]:
        """One event on a new stream per key."""
        return await self.append(*(nothing(key) for key in keys))

    async def follow(self, log_id: str, frame: int = 0, pos: int = 0) -> None:
        await self.tail.start(log_id, frame, pos)

    async def lease(
        self, op: str, name: str, instance: str, epoch: int = 0, writer: str = "ingest", build: str | None = None
    ) -> LeaseReply:
        """Asks for a lease, or gives it back; as the ledger's own build unless told another."""
        bus = self.bus if writer == "ingest" else await self.as_user(writer)
        request = LeaseRequest(op, name, instance, epoch, build_id() if build is None else build)  # type: ignore[arg-type]
        answer = await bus.request(subjects.lease(self._engines.shard, writer), msgspec.json.encode(request), timeout=5)
        return decode_lease_reply(answer.data)

    def holder(self, bus: Bus, name: str, writer: str, instance: str) -> Lease:
        """A lease's holder."""
        return Lease(bus, self._engines.shard, name, writer, instance)

    async def close(self) -> None:
        await self.tail.stop()
        for bus in (self.bus, *self._others):
            await bus.close()


def codes(results: Sequence[Result]) -> list[str]:
    """The codes of results."""
    return [result.code for result in results]
