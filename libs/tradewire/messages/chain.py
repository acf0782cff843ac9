"""The hash chain over the log (DESIGN §1.2).

`hash = sha256(previous ‖ for each of pos, stream, version, event_id, type, schema, at, time, writer, correlation_id,
causation_id, data: uint32 length ‖ bytes)`. Integers are 8 bytes big-endian, text is UTF-8, an id is its 16 bytes, and
an absent value is the length 0xFFFFFFFF alone.
"""

from functools import lru_cache
from hashlib import sha256
from struct import Struct

from tradewire.messages.log import Event, NewEvent

_ABSENT = b"\xff\xff\xff\xff"
_LEN = Struct(">I").pack
_INT = Struct(">Iq").pack
_TIMES = Struct(">IqIq").pack
_ID = b"\x00\x00\x00\x10"


def genesis(log_id: str) -> bytes:
    """The value of the chain before the first event."""
    return sha256(b"tradewire:" + log_id.encode()).digest()


def _text(value: str | None) -> bytes:
    if value is None:
        return _ABSENT
    raw = value.encode()
    return _LEN(len(raw)) + raw


def _id(value: str | None) -> bytes:
    return _ABSENT if value is None else _ID + bytes.fromhex(value.replace("-", ""))


@lru_cache(maxsize=256)
def _word(value: str) -> bytes:
    """The few texts that occur all the time: event types and writers."""
    return _text(value)


def preimage(event: Event) -> bytes:
    """What the chain takes in of an event. Its layout is also that of a row in Postgres' binary COPY format."""
    data = bytes(event.data)
    return b"".join(
        (
            _INT(8, event.pos),
            _text(event.stream),
            _INT(8, event.version),
            _id(event.event_id),
            _word(event.type),
            _INT(8, event.schema),
            _TIMES(8, event.at, 8, event.time),
            _word(event.writer),
            _id(event.correlation_id),
            _id(event.causation_id),
            _LEN(len(data)),
            data,
        )
    )


def link(previous: bytes, event: Event) -> bytes:
    """The chain's next value: 32 bytes."""
    return sha256(previous + preimage(event)).digest()


def fingerprint(event: NewEvent | Event) -> bytes:
    """What the caller chose, without receive times: two appends of one id must agree on it."""
    data = bytes(event.data)
    return sha256(
        b"".join(
            (
                _text(event.stream),
                _text(event.event_id),
                _text(event.type),
                _INT(8, event.schema),
                _text(event.correlation_id),
                _text(event.causation_id),
                data,
            )
        )
    ).digest()
