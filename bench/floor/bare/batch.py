"""What one commit holds: the accepted commands in order, their events chained, and every request's results."""

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from bench.floor.bare.rows import chained
from bench.floor.bare.store import Head
from bench.floor.bare.subjects import LOG_ID
from tradewire.messages.log import AppendReply, AppendRequest, Command, Event, Frame, Result, encode


class Request(Struct, frozen=True, gc=False):
    """An append request and where its reply goes."""

    writer: str
    reply: str
    request: AppendRequest


class Batch:
    """Decides requests against the versions of the streams, without changing them; `doubtful` says that the ids of the
    events must be looked up first, because a version does not fit or an id came twice."""

    def __init__(
        self, requests: Sequence[Request], versions: Mapping[str, int], head: Head, at: int, known: Mapping[str, int]
    ) -> None:
        self.events: list[Event] = []
        self.hashes: list[bytes] = []
        self.rows: list[bytes] = []
        self.versions: dict[str, int] = {}
        self.doubtful = False
        self.at = max(at, time.time_ns() // 1000)
        self._head = head
        self._stored_versions = versions
        self._known = known
        self._ids: set[str] = set()
        self._results = [
            (request.reply, [self._decide(command, request.writer) for command in request.request.commands])
            for request in requests
        ]

    def frame(self) -> bytes:
        """The frame's message."""
        events = self.events
        digest = self.hashes[-1].hex()
        return encode(
            Frame(LOG_ID, self._head.epoch, self._head.frame + 1, events[0].pos, events[-1].pos, digest, tuple(events))
        )

    def replies(self) -> list[tuple[str, bytes]]:
        """The replies: subject and message."""
        epoch = self._head.epoch
        return [(reply, encode(AppendReply(epoch, LOG_ID, tuple(results)))) for reply, results in self._results]

    def _decide(self, command: Command, writer: str) -> Result:
        ids = [event.event_id for event in command.events]
        if any(event_id in self._known for event_id in ids):
            return self._stored(ids)
        if not self._ids.isdisjoint(ids):
            self.doubtful = True
            return Result("unavailable", message="the same event id twice in one commit: ask again")
        reached: dict[str, int] = {}
        for event in command.events:
            stream = event.stream
            version = reached.get(stream) or self.versions.get(stream) or self._stored_versions.get(stream, 0)
            if event.version is not None and event.version != version + 1:
                self.doubtful = True
                return Result("version_conflict", message=f"{stream} is at {version}")
            reached[stream] = version + 1
        self._ids.update(ids)
        return Result("appended", self._add(command, writer))

    def _stored(self, ids: Sequence[str]) -> Result:
        if all(event_id in self._known for event_id in ids):
            return Result("replayed", tuple(self._known[event_id] for event_id in ids))
        return Result("id_reused", message="only some of these events are stored")

    def _add(self, command: Command, writer: str) -> tuple[int, ...]:
        first = self._head.pos + len(self.events) + 1
        previous = self.hashes[-1] if self.hashes else self._head.hash
        for pos, new in enumerate(command.events, first):
            stream = new.stream
            version = (self.versions.get(stream) or self._stored_versions.get(stream, 0)) + 1
            self.versions[stream] = version
            event = Event(
                pos, stream, version, new.event_id, new.type, new.schema, self.at, new.time, writer,
                new.correlation_id, new.causation_id, new.data,
            )  # fmt: skip
            previous, row = chained(previous, event)
            self.events.append(event)
            self.hashes.append(previous)
            self.rows.append(row)
        return tuple(range(first, first + len(command.events)))
