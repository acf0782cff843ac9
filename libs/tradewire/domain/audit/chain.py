"""L: the log as a log."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tradewire.domain.audit.findings import Report
from tradewire.messages.chain import genesis, link
from tradewire.messages.log import Event
from tradewire.messages.registry import EVENT_TYPES

_encode = msgspec.json.Encoder().encode


class LogAudit:
    """Versions, positions, chain, ids, bytes and times."""

    def __init__(self, report: Report, log_id: str) -> None:
        self._report = report
        self._versions: dict[str, int] = {}
        self._ids: set[str] = set()
        self._at = 0
        self.pos = 0
        self.hash = genesis(log_id)

    def knows(self, stream: str) -> bool:
        """Whether an event of this stream was fed or recalled."""
        return stream in self._versions

    def recall(self, versions: Mapping[str, int], ids: Iterable[str]) -> None:
        """Takes versions of streams that were not fed, and ids that precede what comes; other ids are forgotten."""
        self._versions.update(versions)
        self._ids = set(ids)

    def stored(self, event: Event, stored_hash: bytes) -> bool:
        """The chain at one row. After a break it goes on from what is stored, so that one change is one finding."""
        report = self._report
        report.test("L2", event.pos == self.pos + 1, event, f"follows position {self.pos}")
        self.pos = event.pos
        value = link(self.hash, event)
        intact = report.test(
            "L2", value == stored_hash, event, f"position {event.pos} was changed: its hash does not match its content"
        )
        self.hash = stored_hash
        return intact

    def feed(self, event: Event, data: Any) -> None:
        report = self._report
        before = self._versions.get(event.stream, 0)
        report.test("L1", event.version == before + 1, event, f"version {event.version} follows {before}")
        self._versions[event.stream] = event.version
        report.test("L4", event.event_id not in self._ids, event, f"event id {event.event_id} again")
        if event.causation_id is not None:
            report.test(
                "L4", event.causation_id in self._ids, event, f"its cause {event.causation_id} does not precede it"
            )
        self._ids.add(event.event_id)
        report.test("L6", _encode(data) == bytes(event.data), event, "its bytes are not what its fields encode to")
        report.test("L7", event.at >= self._at, event, f"time {event.at} after {self._at}")
        self._at = max(self._at, event.at)
        report.test("L9", event.writer in EVENT_TYPES[event.type].writers, event, f"written by {event.writer}")

    def finish(self) -> None:
        """Nothing is open at the end of a log."""


class FrameAudit:
    """Frames against the chain. `hash_at` gives the stored hash of a position."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.frame = 0
        self.pos = 0

    def feed(self, frame: int, first: int, last: int, value: bytes, stored: bytes | None) -> None:
        where = f"frame {frame}"
        report = self._report
        report.test_at("L3", frame == self.frame + 1, first, where, f"follows frame {self.frame}")
        report.test_at(
            "L3", first == self.pos + 1 and last >= first, first, where, f"begins at {first} after {self.pos}"
        )
        report.test_at("L3", value == stored, last, where, "its hash is not that of its last event")
        self.frame, self.pos = frame, last
