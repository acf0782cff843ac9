"""Turns accepted events into chained events and frames."""

from collections.abc import Sequence
from hashlib import sha256

from msgspec import Struct

from tradewire.messages.chain import preimage
from tradewire.messages.log import MAX_BYTES, MAX_EVENTS, Event, Frame
from tradewire_ledger.domain.decide import Accepted

_ENVELOPE_BYTES = 320


class Head(Struct, frozen=True):
    """Where the log stands: the last frame and position, the chain's value there, and the ledger's last time (µs)."""

    log_id: str
    epoch: int
    frame: int
    pos: int
    hash: bytes
    at: int


class Chained(Struct, frozen=True):
    """The rows of one commit. `preimages` are what the chain took in of each event."""

    events: list[Event]
    preimages: list[bytes]
    hashes: list[bytes]
    frames: list[Frame]
    head: Head


def chain(head: Head, accepted: Sequence[Accepted], now: int) -> Chained:
    """Numbers, stamps and chains events after `head`, and cuts them into frames. `now` in microseconds."""
    at = max(head.at, now)
    value, pos = head.hash, head.pos
    events: list[Event] = []
    hashes: list[bytes] = []
    preimages: list[bytes] = []
    for item in accepted:
        new = item.event
        pos += 1
        event = Event(
            pos,
            new.stream,
            item.version,
            new.event_id,
            new.type,
            new.schema,
            at,
            new.time,
            item.writer,
            new.correlation_id,
            new.causation_id,
            new.data,
        )
        taken = preimage(event)
        value = sha256(value + taken).digest()
        events.append(event)
        preimages.append(taken)
        hashes.append(value)
    frames: list[Frame] = []
    first = 0
    while first < len(events):
        last, size = first, 0
        while last < len(events) and last - first < MAX_EVENTS:
            size += len(bytes(events[last].data)) + _ENVELOPE_BYTES
            if size > MAX_BYTES and last > first:
                break
            last += 1
        frames.append(
            Frame(
                head.log_id,
                head.epoch,
                head.frame + len(frames) + 1,
                events[first].pos,
                events[last - 1].pos,
                hashes[last - 1].hex(),
                tuple(events[first:last]),
            )
        )
        first = last
    return Chained(
        events, preimages, hashes, frames, Head(head.log_id, head.epoch, head.frame + len(frames), pos, value, at)
    )
