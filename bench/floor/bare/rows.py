"""An event as bytes, twice in one pass: the link of the hash chain, and the row of a binary COPY.

The chain is the product's (`tradewire.messages.chain` says how); a COPY row is, after the number of its fields, the
same kind of list: a uint32 length and the bytes of each.
"""

from functools import cache
from hashlib import sha256
from struct import Struct

from tradewire.messages.log import Event

COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TAIL = b"\xff\xff"

_FIELDS = b"\x00\x0d"
_LENGTH = Struct(">I").pack
_INT = Struct(">Iq").pack
_TIMES = Struct(">IqIq").pack
_SHORT = Struct(">Ih").pack
_UUID = b"\x00\x00\x00\x10"
_HASH = b"\x00\x00\x00\x20"
_ABSENT = b"\xff\xff\xff\xff"


@cache
def _word(text: str) -> bytes:
    """The few texts that occur all the time: event types and writers."""
    raw = text.encode()
    return _LENGTH(len(raw)) + raw


def _text(text: str) -> bytes:
    raw = text.encode()
    return _LENGTH(len(raw)) + raw


def uuid_bytes(text: str) -> bytes:
    """The 16 bytes of a UUID in its canonical text."""
    return bytes.fromhex(text.replace("-", ""))


def chained(previous: bytes, event: Event) -> tuple[bytes, bytes]:
    """Returns the chain's next value, 32 bytes, and the event's COPY row."""
    data = bytes(event.data)
    name = _text(event.stream)
    head = b"".join(
        (_INT(8, event.pos), name, _INT(8, event.version), _UUID, uuid_bytes(event.event_id), _word(event.type))
    )
    middle = _TIMES(8, event.at, 8, event.time) + _word(event.writer)
    correlation, causation = event.correlation_id, event.causation_id
    tail = _LENGTH(len(data)) + data
    value = sha256(
        b"".join(
            (
                previous,
                head,
                _INT(8, event.schema),
                middle,
                _ABSENT if correlation is None else _UUID + uuid_bytes(correlation),
                _ABSENT if causation is None else _UUID + uuid_bytes(causation),
                tail,
            )
        )
    ).digest()
    row = b"".join(
        (
            _FIELDS,
            head,
            _SHORT(2, event.schema),
            middle,
            _ABSENT if correlation is None else _UUID + uuid_bytes(correlation),
            _ABSENT if causation is None else _UUID + uuid_bytes(causation),
            tail,
            _HASH,
            value,
        )
    )
    return value, row
