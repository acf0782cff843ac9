"""A small log as the rows of a backup, and the file that is made of it."""

from collections.abc import AsyncIterator, Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

from msgspec import Raw

from tradewire.messages.chain import genesis, preimage
from tradewire.messages.log import Event
from tradewire_ledger.backup.form import Header, Row, Sealer, parse_row

LOG = "7c1f9a52-3c1d-4f0e-9f55-1d2c3b4a5968"
_HASH = (32).to_bytes(4, "big")
_ABSENT = b"\xff\xff\xff\xff"


def event(pos: int, kind: str = "ClockStepped", stream: str = "system") -> Event:
    """An event of any kind; what is in it matters to nobody here."""
    event_id, cause = str(UUID(int=pos)), str(UUID(int=pos + 1000)) if pos % 2 else None
    data = Raw(b'{"seconds":"%d.5"}' % pos)
    return Event(pos, stream, pos, event_id, kind, 1, 10 * pos, 10 * pos - 1, "sequencer", cause, None, data)


def rows(count: int, *, log_id: str = LOG, kinds: Iterable[str] = (), ends: Iterable[int] = ()) -> list[bytes]:
    """The bytes of `count` rows. Frames end at the positions `ends`, else at every second row and the last."""
    value, framed, frame, named = genesis(log_id), 0, 0, list(kinds)
    out, last = [], set(ends) or {*range(2, count + 1, 2), count}
    for pos in range(1, count + 1):
        taken = preimage(event(pos, *named[pos - 1 : pos]))
        value = sha256(value + taken).digest()
        raw = taken + _HASH + value
        if pos in last:
            frame += 1
            numbers = b"".join((8).to_bytes(4, "big") + n.to_bytes(8, "big") for n in (frame, framed + 1))
            raw, framed = raw + numbers + _HASH + value, pos
        else:
            raw += _ABSENT * 3
        out.append(raw)
    return out


def parsed(raw: bytes) -> Row:
    """One row."""
    found = parse_row(raw, 0)
    assert found is not None
    assert found[1] == len(raw)
    return found[0]


def header(raws: list[bytes], *, log_id: str = LOG, **changes: Any) -> Header:
    """A header that fits the rows, but for what is changed."""
    read = [parsed(raw) for raw in raws]
    known: dict[str, Any] = {
        "log_id": log_id,
        "epoch": 3,
        "frame": sum(row.frame is not None for row in read),
        "pos": len(read),
        "hash": read[-1].hash.hex() if read else genesis(log_id).hex(),
        "at": 10 * len(read),
        "made_at": 1_700_000_000_000_000,
        "schema": "0002",
        "version": "0.1.0",
        "build": "0.1.0+abcdef12",
        "shard": "main",
    }
    return Header(**{**known, **changes})


def sealed(raws: list[bytes], head: Header | None = None, *, block: int = 3) -> bytes:
    """The file, `block` rows to a block."""
    sealer = Sealer()
    out = sealer.begin(head or header(raws))
    for at in range(0, len(raws), block):
        some = raws[at : at + block]
        out += sealer.rows(b"".join(some), [parsed(raw) for raw in some])
    return out + sealer.end()


async def chunks(data: bytes, size: int = 7) -> AsyncIterator[bytes]:
    """The file as it may come: in pieces that respect nothing."""
    for at in range(0, len(data), size):
        yield data[at : at + size]
