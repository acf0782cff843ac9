"""Approves every requested order."""

import time

from msgspec import Raw
from nats.aio.client import Client

from bench.floor.bare.appender import Waiting, append
from bench.floor.bare.events import CHECKS, Approved, decode_requested, encode
from bench.floor.bare.tail import Tail
from bench.role import Access, Report, Run, Tasks, connect, main
from tradewire.ids import decision_uuid
from tradewire.messages.log import Command, Event, Frame, NewEvent

_APPROVAL_MICROSECONDS = 30_000_000


class Risk:
    """The role `risk`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects, hears the log and starts the loop."""
        self._waiting: Waiting[Event] = Waiting(events_per_item=1)
        self._client: Client = await connect(access, "risk", tasks)
        await Tail(self._on_frame).open(self._client)
        tasks.create_task(self._loop())

    async def begin(self, run: Run) -> None:
        """Nothing to prepare."""

    async def finish(self) -> Report:
        """Nothing to report."""
        return Report()

    def _on_frame(self, frame: Frame) -> None:
        for event in frame.events:
            if event.type == "OrderRequested":
                self._waiting.put(event)

    async def _loop(self) -> None:
        while True:
            events = await self._waiting.take()
            now = time.time_ns() // 1000
            await append(self._client, "risk", [_approval(event, now) for event in events])


def _approval(event: Event, now: int) -> Command:
    request = decode_requested(event.data)
    content = Approved(request, 1, event.pos, CHECKS, 1, now + _APPROVAL_MICROSECONDS)
    approval = NewEvent(
        event.stream, 2, decision_uuid(request.order, "OrderApproved", 1), "OrderApproved", 1, now,
        event.correlation_id, event.event_id, Raw(encode(content)),
    )  # fmt: skip
    return Command((approval,))


if __name__ == "__main__":
    main(Risk())
