"""The append client: one request, asked again with the same ids until there is an answer (DESIGN §1.1).

A time-out is *unknown*. Because ids derive from causes and the ledger keeps them unique for ever, asking again is safe;
giving up is not, so `append` ends only with an answer or when its task is cancelled.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from tradewire import faults, subjects
from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.messages.log import (
    MAX_BYTES,
    MAX_COMMANDS,
    MAX_EVENTS,
    AppendRequest,
    Command,
    Fence,
    Result,
    decode_append_reply,
    encode,
)

_RETRY = frozenset({"unavailable"})
_FRAMING = 512


class Appender:
    """Appends for one writer. `waiting_since` (loop time) says since when there is no answer; 0 when there is."""

    def __init__(self, bus: Bus, shard: str, writer: str, *, timeout: float = 1.0) -> None:
        self._bus, self._writer, self._timeout = bus, writer, timeout
        self._subject = subjects.append(shard, writer)
        self._epoch = 0
        self.waiting_since = 0.0
        self.retries = 0

    async def append(self, commands: Sequence[Command], fence: Fence | None = None) -> list[Result]:
        """Appends commands and returns a result for each, in order.

        More than one request's worth is cut into several, one after another; commands keep their order.
        """
        results: list[Result] = []
        for part in _cut(commands):
            results.extend(await self._one(part, fence))
        return results

    async def _one(self, commands: Sequence[Command], fence: Fence | None) -> list[Result]:
        payload = encode(AppendRequest(tuple(commands), fence))
        loop = asyncio.get_running_loop()
        self.waiting_since = loop.time()
        delay = 0.05
        while True:
            faults.point(f"{self._writer}.before_append")
            try:
                answer = await self._bus.request(self._subject, payload, timeout=self._timeout)
                reply = decode_append_reply(answer.data)
            except (Unavailable, msgspec.DecodeError):
                reply = None
            faults.point(f"{self._writer}.after_append")
            if reply is not None and reply.epoch >= self._epoch:
                self._epoch = reply.epoch
                if not any(r.code in _RETRY for r in reply.results):
                    self.waiting_since = 0.0
                    return list(reply.results)
            self.retries += 1
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)


def _cut(commands: Sequence[Command]) -> list[list[Command]]:
    parts: list[list[Command]] = []
    part: list[Command] = []
    events = size = 0
    for command in commands:
        more = len(command.events)
        bulk = sum(len(bytes(e.data)) + _FRAMING for e in command.events)
        if part and (len(part) >= MAX_COMMANDS or events + more > MAX_EVENTS or size + bulk > MAX_BYTES):
            parts.append(part)
            part, events, size = [], 0, 0
        part.append(command)
        events, size = events + more, size + bulk
    if part:
        parts.append(part)
    return parts
