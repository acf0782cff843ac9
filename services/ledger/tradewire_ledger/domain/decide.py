"""What the ledger decides about a batch of append requests, in memory and without I/O.

For each command the order of checks is: permission and shape, fence, event ids, guards, versions. A command is appended
whole or not at all, and none makes another fail. What memory does not know is asked for: `decide` raises `Unknown`
naming the streams and ids to look up, and is run again with the answers.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tradewire.messages.chain import fingerprint
from tradewire.messages.log import (
    MAX_BYTES,
    MAX_COMMANDS,
    MAX_EVENTS,
    AppendRequest,
    Command,
    Event,
    Fence,
    NewEvent,
    Result,
)
from tradewire.messages.registry import EVENT_TYPES
from tradewire_ledger.domain.memory import Memory

FENCED = frozenset({"risk", "router"})
"""Writers that decide alone, and so must hold a lease with every append."""

_is_id = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII).fullmatch
_PERMITTED = {(row.name, row.schema, writer): row.stream for row in EVENT_TYPES.values() for writer in row.writers}
"""The stream's prefix of each event type and schema that a writer may append."""


class Pending(Struct, frozen=True):
    """A request that waits: who asks, where the answer goes, its size on the wire in bytes, and its raw headers."""

    writer: str
    reply: str
    request: AppendRequest
    size: int
    headers: bytes = b""


class Unknown(Exception):  # noqa: N818 - a question, not an error
    """Memory does not know these streams' versions or whether these ids exist."""

    def __init__(self, streams: set[str], ids: set[str]) -> None:
        super().__init__(f"{len(streams)} streams, {len(ids)} ids")
        self.streams, self.ids = streams, ids


class Accepted(Struct, frozen=True, gc=False):
    """An event that is to be appended, with the version that it gets."""

    event: NewEvent
    version: int
    writer: str


class Decision(Struct):
    """What to append, in order, and the result of each command of each request.

    A result that is None is of a command to append; `spans` tells which of the accepted events are its own.
    """

    accepted: list[Accepted]
    results: list[list[Result | None]]
    spans: list[list[tuple[int, int]]]
    repeats: list[tuple[int, int, int, int]]
    """(request, command, first accepted, count) of commands that repeat one of this same batch."""


class _Batch:
    """The state of one pass: memory, and on top of it what this batch has accepted so far."""

    def __init__(self, memory: Memory, leases: "LeaseView") -> None:
        self.memory, self.leases = memory, leases
        self.versions: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.accepted: list[Accepted] = []
        self.unknown_streams: set[str] = set()
        self.unknown_ids: set[str] = set()

    def version(self, stream: str, wanted: int | None) -> int | None:
        """A stream's version, or None when memory does not know it and it must be asked for."""
        if (known := self.versions.get(stream)) is not None:
            return known
        known = self.memory.version(stream)
        if known is None:
            if wanted == 1:
                return 0  # a new stream; the unique index says so if it is not
            self.unknown_streams.add(stream)
        return known


class LeaseView:
    """Which epoch holds each lease: (epoch, writer) by name."""

    def __init__(self, held: dict[str, tuple[int, str]]) -> None:
        self._held = held

    def valid(self, fence: Fence, writer: str) -> bool:
        return self._held.get(fence.lease) == (fence.epoch, writer)


def decide(pending: Sequence[Pending], memory: Memory, leases: LeaseView, *, facts_only: str = "") -> Decision:
    """Decides a batch. With `facts_only`, decisions are answered `unavailable` with that reason.

    Raises:
        Unknown: something must be looked up first.
    """
    batch = _Batch(memory, leases)
    decision = Decision(batch.accepted, [], [], [])
    for r, waiting in enumerate(pending):
        refusal = _too_large(waiting)
        results: list[Result | None] = []
        spans: list[tuple[int, int]] = []
        for c, command in enumerate(waiting.request.commands):
            first = len(batch.accepted)
            repeat = None
            result = refusal
            if result is None:
                outcome = _command(batch, command, waiting.writer, waiting.request.fence, facts_only)
                if isinstance(outcome, tuple):
                    repeat, result = outcome, None
                else:
                    result = outcome
            results.append(result)
            spans.append(repeat or (first, len(batch.accepted)))
            if repeat:
                decision.repeats.append((r, c, *repeat))
        decision.results.append(results)
        decision.spans.append(spans)
    if batch.unknown_streams or batch.unknown_ids:
        raise Unknown(batch.unknown_streams, batch.unknown_ids)
    return decision


def _too_large(waiting: Pending) -> Result | None:
    commands = waiting.request.commands
    events = sum(len(command.events) for command in commands)
    if len(commands) > MAX_COMMANDS or events > MAX_EVENTS or waiting.size > MAX_BYTES + 1024 * len(commands):
        return Result(
            "too_large",
            message=f"{len(commands)} commands, {events} events, {waiting.size} bytes; at most {MAX_COMMANDS}, "
            f"{MAX_EVENTS} and {MAX_BYTES}",
        )
    return None


def _command(
    batch: _Batch, command: Command, writer: str, fence: Fence | None, facts_only: str
) -> Result | tuple[int, int] | None:
    """Returns a result, or the span of the batch's own events that this repeats, or None when accepted."""
    if wrong := _malformed(command, writer):
        return wrong
    if (fence is None and writer in FENCED) or (fence is not None and not batch.leases.valid(fence, writer)):
        return Result("stale_fence", message=f"{writer} does not hold {fence.lease if fence else 'its lease'}")
    known = _known(batch, command)
    if known is not None:
        return known
    if facts_only and any(event.version is not None for event in command.events):
        return Result("unavailable", message=facts_only)
    failure = _guards(batch, command) or _versions(batch, command, writer)
    if failure is None:
        return failure
    # Ids come before guards and versions: only now is it worth asking whether this was appended long ago.
    unasked = {event.event_id for event in command.events if not batch.memory.looked_up(event.event_id)}
    batch.unknown_ids |= unasked
    return failure


def _malformed(command: Command, writer: str) -> Result | None:
    if not command.events:
        return Result("invalid", message="a command without events")
    for event in command.events:
        prefix = _PERMITTED.get((event.type, event.schema, writer))
        if prefix is None:
            return _refusal(event, writer)
        if not event.stream.startswith(prefix):
            return Result("invalid", message=f"{event.type} belongs on {prefix}…, not on {event.stream}")
        for value in (event.event_id, event.correlation_id, event.causation_id):
            if value is not None and not _is_id(value):
                return Result("invalid", message=f"{value!r} is no id")
    return None


def _refusal(event: NewEvent, writer: str) -> Result:
    row = EVENT_TYPES.get(event.type)
    if row is None or row.schema != event.schema:
        return Result("invalid", message=f"{event.type} schema {event.schema} is unknown to this ledger")
    return Result("not_permitted", message=f"{writer} may not write {event.type}")


def _known(batch: _Batch, command: Command) -> Result | tuple[int, int] | None:
    """Handles ids that are in the log or in this batch: the same content is a replay, other content is an error."""
    if not any(e.event_id in batch.ids or batch.memory.event(e.event_id) for e in command.events):
        return None
    here = [batch.ids.get(event.event_id) for event in command.events]
    if any(index is not None for index in here):
        first = here[0]
        if first is None or here != list(range(first, first + len(here))):
            return Result("id_reused", message="some ids belong to another command")
        for event, index in zip(command.events, here, strict=True):
            if index is None or fingerprint(event) != fingerprint(batch.accepted[index].event):
                return Result("id_reused", message=f"{event.event_id} has other content")
        return (first, first + len(here))
    stored = [batch.memory.event(event.event_id) for event in command.events]
    found = [event for event in stored if event is not None]
    if len(found) < len(stored):
        missing = {e.event_id for e, s in zip(command.events, stored, strict=True) if s is None}
        unasked = {event_id for event_id in missing if not batch.memory.looked_up(event_id)}
        batch.unknown_ids |= unasked
        return Result("id_reused", message="only some of the ids exist")
    for event, old in zip(command.events, found, strict=True):
        if fingerprint(event) != fingerprint(old):
            return Result("id_reused", message=f"{event.event_id} has other content", positions=(old.pos,))
    return Result("replayed", tuple(event.pos for event in found), events=tuple(found))


def _guards(batch: _Batch, command: Command) -> Result | None:
    for guard in command.guards:
        version = batch.version(guard.stream, None)
        if version is not None and version != guard.version:
            return Result("guard_changed", message=f"{guard.stream} is at {version}, not {guard.version}")
    return None


def _versions(batch: _Batch, command: Command, writer: str) -> Result | None:
    taken: dict[str, int] = {}
    accepted: list[Accepted] = []
    ids: set[str] = set()
    for event in command.events:
        version = taken.get(event.stream)
        if version is None:
            version = batch.version(event.stream, event.version)
        if version is None:
            continue
        if event.version is not None and event.version != version + 1:
            return Result(
                "version_conflict", message=f"{event.stream} is at {version}, so {event.version} cannot be next"
            )
        if event.event_id in ids:
            return Result("invalid", message=f"{event.event_id} twice in one command")
        ids.add(event.event_id)
        taken[event.stream] = version + 1
        accepted.append(Accepted(event, version + 1, writer))
    first = len(batch.accepted)
    for offset, item in enumerate(accepted):
        batch.ids[item.event.event_id] = first + offset
    batch.accepted.extend(accepted)
    batch.versions.update(taken)
    return None


def events_of(pending: Iterable[Pending]) -> Iterable[NewEvent]:
    """Every event of a batch."""
    for waiting in pending:
        for command in waiting.request.commands:
            yield from command.events


def streams_of(pending: Iterable[Pending]) -> set[str]:
    """Every stream that a batch writes or guards."""
    found: set[str] = set()
    for waiting in pending:
        for command in waiting.request.commands:
            found.update(event.stream for event in command.events)
            found.update(guard.stream for guard in command.guards)
    return found


def stored_result(events: Sequence[Event]) -> Result:
    """The result of a command whose events were just appended."""
    return Result("appended", tuple(event.pos for event in events))
