"""The wire contract of the log: events, frames, appends, leases, beats and snapshots.

These shapes are what processes of different builds say to each other, so a field may be added with a default and none
may change its meaning. Structs that travel in numbers are arrays on the wire; `data` is exact JSON bytes from its
writer to the row in Postgres, and nobody encodes it again.
"""

from typing import Literal

import msgspec
from msgspec import Raw, Struct

MAX_COMMANDS = 256
MAX_EVENTS = 500
MAX_BYTES = 512 * 1024
LEASE_TTL_SECONDS = 10.0
LEASE_TAKEOVER_SECONDS = LEASE_TTL_SECONDS + 2.0
"""After how long without a renewal a lease is granted to somebody else."""


class Event(Struct, frozen=True, array_like=True, gc=False):
    """One fact of the log. `at` is the ledger's clock, `time` the writer's, both in microseconds since the epoch."""

    pos: int
    stream: str
    version: int
    event_id: str
    type: str
    schema: int
    at: int
    time: int
    writer: str
    correlation_id: str | None
    causation_id: str | None
    data: Raw


class Frame(Struct, frozen=True, array_like=True, gc=False):
    """The events of one commit, in order; `hash` is the chain's value (hex) after its last event."""

    log_id: str
    epoch: int
    frame: int
    first_pos: int
    last_pos: int
    hash: str
    events: tuple[Event, ...]


class NewEvent(Struct, frozen=True, array_like=True, gc=False):
    """An event to append. `version` is the version that it must get, or None for a fact, which takes the next one."""

    stream: str
    version: int | None
    event_id: str
    type: str
    schema: int
    time: int
    correlation_id: str | None
    causation_id: str | None
    data: Raw


class Guard(Struct, frozen=True, array_like=True, gc=False):
    """A stream that must still be at this version for its command to be appended."""

    stream: str
    version: int


class Command(Struct, frozen=True, array_like=True, gc=False):
    """Events that are appended together or not at all."""

    events: tuple[NewEvent, ...]
    guards: tuple[Guard, ...] = ()


class Fence(Struct, frozen=True, array_like=True, gc=False):
    """The lease under which a writer decides."""

    lease: str
    epoch: int


class AppendRequest(Struct, frozen=True, array_like=True, gc=False):
    """A list of commands. Each has its own result at the same index; none makes another fail."""

    commands: tuple[Command, ...]
    fence: Fence | None = None


ResultCode = Literal[
    "appended",
    "replayed",
    "id_reused",
    "version_conflict",
    "guard_changed",
    "stale_fence",
    "not_permitted",
    "too_large",
    "invalid",
    "halted",
    "unavailable",
]


class Result(Struct, frozen=True, array_like=True, gc=False):
    """What became of one command. `positions` are of its events, when they are in the log.

    `replayed` with every id known and the same content: the stored events come back, and nothing may be acted upon.
    """

    code: ResultCode
    positions: tuple[int, ...] = ()
    message: str = ""
    events: tuple[Event, ...] = ()

    @property
    def stored(self) -> bool:
        """True when the events are in the log, now or from before."""
        return self.code in {"appended", "replayed"}


class AppendReply(Struct, frozen=True, array_like=True, gc=False):
    """The results of a request, under the ledger's epoch; a reply of a lower epoch than one already seen is void."""

    epoch: int
    log_id: str
    results: tuple[Result, ...]


class LeaseRequest(Struct, frozen=True, gc=False):
    """Asks for a lease. `instance` is the process; `epoch` is what it holds, for renew and release.

    `build` is the one that asks, for acquire: the ledger grants nothing anew to another than its own.
    """

    op: Literal["acquire", "renew", "release"]
    name: str
    instance: str
    epoch: int = 0
    build: str = ""


class LeaseReply(Struct, frozen=True, gc=False):
    """`granted` with the epoch and the position of the grant, or who holds it and for how many seconds at most.

    `refused` is why this process gets it from no ledger of that build, or empty.
    """

    granted: bool
    epoch: int = 0
    pos: int = 0
    holder: str = ""
    retry_seconds: float = 0.0
    message: str = ""
    refused: str = ""


class Beat(Struct, frozen=True, gc=False):
    """What the sequencer says four times a second: where the log stands."""

    log_id: str
    epoch: int
    frame: int
    pos: int
    at: int
    halted: str = ""


class SnapshotRequest(Struct, frozen=True, gc=False):
    """Asks the reader for a snapshot; `min_pos` is a position that it must reach, or the answer is `behind`."""

    min_pos: int = 0


class SnapshotChunk(Struct, frozen=True, gc=False):
    """A numbered part of a snapshot at one position. `books` are encoded account books (domain.positions)."""

    number: int
    last: bool
    log_id: str
    frame: int
    pos: int
    hash: str
    events: tuple[Event, ...] = ()
    books: tuple[Raw, ...] = ()
    behind: bool = False
    error: str = ""


frame_encoder = msgspec.json.Encoder()
encode = frame_encoder.encode
decode_frame = msgspec.json.Decoder(Frame).decode
decode_append_request = msgspec.json.Decoder(AppendRequest).decode
decode_append_reply = msgspec.json.Decoder(AppendReply).decode
decode_lease_request = msgspec.json.Decoder(LeaseRequest).decode
decode_lease_reply = msgspec.json.Decoder(LeaseReply).decode
decode_beat = msgspec.json.Decoder(Beat).decode
decode_snapshot_request = msgspec.json.Decoder(SnapshotRequest).decode
decode_snapshot_chunk = msgspec.json.Decoder(SnapshotChunk).decode
