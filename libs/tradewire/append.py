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
from tradewire.traces.context import HEADER, TraceContext, span_of, trace_of

_RETRY = frozenset({"unavailable"})
_FRAMING = 512


class Appender:
    """Appends for one writer. `waiting_since` (loop time) says since when there is no answer; 0 when there is."""

    def __init__(self, bus: Bus, shard: str, writer: str, *, timeout: float = 1.0, traced: bool = False) -> None:
        """With `traced`, a request that is about one signal carries its trace context."""
        self._traced = traced
        self._bus, self._writer, self._timeout = bus, writer, timeout
        self._subject = subjects.append(shard, writer)
        self._epoch = 0
        self.waiting_since = 0.0
        self.retries = 0

    async def append(
        self, commands: Sequence[Command], fence: Fence | None = None, context: TraceContext | None = None
    ) -> list[Result]:
        """Appends commands and returns a result for each, in order.

        More than one request's worth is cut into several, one after another; commands keep their order. `context` is
        the span that asks, where that is no signal's.
        """
        results: list[Result] = []
        for part in _cut(commands):
            results.extend(await self._one(part, fence, context))
        return results

    async def _one(
        self, commands: Sequence[Command], fence: Fence | None, context: TraceContext | None
    ) -> list[Result]:
        payload = encode(AppendRequest(tuple(commands), fence))
        headers = _headers(commands, context) if self._traced else None
        loop = asyncio.get_running_loop()
        self.waiting_since = loop.time()
        delay = 0.05
        while True:
            faults.point(f"{self._writer}.before_append")
            try:
                answer = await self._bus.request(self._subject, payload, timeout=self._timeout, headers=headers)
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


def _headers(commands: Sequence[Command], context: TraceContext | None) -> dict[str, str] | None:
    """What says which trace a request is part of; nothing for one that is about several signals."""
    if context is None:
        signals = {event.correlation_id for command in commands for event in command.events}
        signal = signals.pop() if len(signals) == 1 else None
        if signal is None:
            return None
        context = TraceContext(trace_of(signal), span_of(commands[0].events[0].event_id, "append"))
    return {HEADER: context.header}


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
