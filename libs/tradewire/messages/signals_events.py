"""Events of the streams `signal-…` and, of the SIGNALS stream itself, `system`: what came in, and what was refused."""

from msgspec import Raw, Struct


class SignalReceived(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A signal that is well formed and supported. `body` is exactly what was sent."""

    signal: str
    strategy: str
    signal_id: str
    identity: str
    source: str
    action: str
    symbol: str
    sha256: str
    body: Raw
    clock: str = "wall"


class SignalRefused(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A message that is no signal we can act on: why, which field, and what would have been right."""

    strategy: str
    identity: str
    source: str
    code: str
    field: str
    message: str
    expected: str
    sha256: str
    size: int
    instance: str
    sequence: int
    signal_id: str | None = None


class NothingToDo(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A signal that asks for what is already so, such as a cancel when nothing works."""

    signal: str
    reason: str


class SignalsStreamSeen(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Ingest works on this SIGNALS stream from here on; `instance` is the random name that it was made with."""

    instance: str


class SignalsGapSuspected(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The SIGNALS stream is a new one: signals acknowledged but not yet appended may be gone with the old.

    `last_sequence` is the new stream's, when this was noticed.
    """

    old_instance: str
    new_instance: str
    last_sequence: int
