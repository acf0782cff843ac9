"""The file of a backup: blocks, each sealed with all before it, so that a change or an end too early is found there.

    tradewire backup 1\\n
    block*        kind (1 byte), size of the body (uint32), body, seal = sha256(seal before ‖ kind ‖ size ‖ body)

The first block `H` is the Header, then come rows `R`, and the last one `T` is the Trailer; all integers are big-endian.
A body of rows is compressed by zlib. A row is what the chain takes in of an event (`messages.chain`), the value of the
chain after it, and, where it ends a frame, that frame's number, first position and hash; each field has its length
before it, and an absent one is the length 0xFFFFFFFF alone. That is how Postgres writes a row in a binary COPY.
"""

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from hashlib import sha256
from struct import Struct as Packed
from struct import error as struct_error

import msgspec
from msgspec import Struct

from tradewire.errors import TradewireError
from tradewire.messages.chain import genesis
from tradewire.messages.registry import EVENT_TYPES

FORMAT = 1
MAGIC = b"tradewire backup 1\n"
_FAMILY = b"tradewire backup "
BLOCK_BYTES = 1 << 20
"""So many bytes of rows make a block, or a few more."""
_BODY_MOST = 64 << 20
_HEADER, _ROWS, _TRAILER = b"H", b"R", b"T"
_HEAD = Packed(">cI")
_LENGTH = Packed(">I").unpack_from
_INTEGER = Packed(">q").unpack_from
_ABSENT = 0xFFFFFFFF
_SEAL_BYTES = 32
_EVENT_FIELDS = 12
_FIELDS = _EVENT_FIELDS + 4


class BackupRefused(TradewireError):  # noqa: N818 - named for what it says
    """A backup cannot be used: the message names the file and says what is wrong."""


class Header(Struct, frozen=True, kw_only=True):
    """What a backup is of: the log and where it ended, when it was made (µs), by which build, over which schema.

    `checkpoint` is how far the read model was, which is not in the file: it is made anew from the log.
    """

    log_id: str
    epoch: int
    frame: int
    pos: int
    hash: str
    at: int
    made_at: int
    schema: str
    version: str
    build: str
    shard: str
    checkpoint: dict[str, str | int] | None = None


class Trailer(Struct, frozen=True):
    """What the file holds, counted while it was written, and which types of events, with their schemas."""

    events: int
    frames: int
    types: list[tuple[str, int]]


class Row(Struct, frozen=True, gc=False):
    """A row: what the chain takes in, the chain after it, and the frame that it ends: number, first position, hash."""

    pos: int
    preimage: bytes
    hash: bytes
    type: str
    schema: int
    frame: tuple[int, int, bytes] | None = None


class Summary(Struct, frozen=True):
    """A whole file, verified: its header, its trailer, its size and the last seal, which is the sha256 of all of it."""

    header: Header
    trailer: Trailer
    bytes: int
    seal: str


def parse_row(buffer: bytes | bytearray, start: int) -> tuple[Row, int] | None:
    """Reads the row that begins at `start`; returns it and where it ends, or None where the buffer ends within it.

    Raises:
        ValueError: it is no row.
    """
    fields: list[bytes | None] = []
    at, end = start, len(buffer)
    for number in range(_FIELDS):
        if at + 4 > end:
            return None
        size = _LENGTH(buffer, at)[0]
        at += 4
        if size == _ABSENT:
            fields.append(None)
        else:
            if at + size > end:
                return None
            fields.append(bytes(buffer[at : at + size]))
            at += size
        if number == _EVENT_FIELDS - 1:
            preimage = bytes(buffer[start:at])
    try:
        return _row(fields, preimage), at
    except (TypeError, UnicodeDecodeError, struct_error) as error:
        raise ValueError(f"no row: {error}") from None


def _row(fields: list[bytes | None], preimage: bytes) -> Row:
    pos, kind, schema, value = fields[0], fields[4], fields[5], fields[12]
    number, first, ended = fields[13:16]
    if pos is None or kind is None or schema is None or value is None or len(value) != _SEAL_BYTES:
        raise TypeError("a field is missing")
    frame = None
    if number is not None:
        if first is None or ended is None:
            raise TypeError("half a frame")
        frame = (_INTEGER(number)[0], _INTEGER(first)[0], ended)
    return Row(_INTEGER(pos)[0], preimage, value, kind.decode(), _INTEGER(schema)[0], frame)


class Sealer:
    """Makes the file's bytes, block by block. `events` and `frames` count what was given to `rows`."""

    def __init__(self) -> None:
        self._seal = sha256(MAGIC).digest()
        self._types: set[tuple[str, int]] = set()
        self.events = self.frames = 0

    def begin(self, header: Header) -> bytes:
        """The file's beginning."""
        return MAGIC + self._block(_HEADER, msgspec.json.encode(header))

    def rows(self, raw: bytes, rows: Iterable[Row]) -> bytes:
        """A block of rows, whose bytes are `raw`."""
        for row in rows:
            self.events += 1
            self.frames += row.frame is not None
            self._types.add((row.type, row.schema))
        return self._block(_ROWS, zlib.compress(raw, 6))

    def end(self) -> bytes:
        """The file's end."""
        return self._block(_TRAILER, msgspec.json.encode(Trailer(self.events, self.frames, sorted(self._types))))

    @property
    def seal(self) -> str:
        """The last seal, in hex: the sha256 over everything so far."""
        return self._seal.hex()

    def _block(self, kind: bytes, body: bytes) -> bytes:
        head = _HEAD.pack(kind, len(body))
        self._seal = sha256(self._seal + head + body).digest()
        return head + body + self._seal


class Unsealer:
    """Reads a file's blocks and believes none whose seal is wrong. `name` goes into what is refused."""

    def __init__(self, name: str, chunks: AsyncIterable[bytes]) -> None:
        self.name = name
        self._chunks = aiter(chunks)
        self._buffer = bytearray()
        self._seal = sha256(MAGIC).digest()
        self.read = 0

    @property
    def seal(self) -> str:
        """The last seal, in hex."""
        return self._seal.hex()

    def refuse(self, problem: str) -> BackupRefused:
        """The error that names this file."""
        return BackupRefused(f"{self.name}: {problem}")

    async def header(self) -> Header:
        """The first block.

        Raises:
            BackupRefused: this is no backup, or one that this release cannot read, or its beginning is damaged.
        """
        magic = await self._take(len(MAGIC), "is not a Tradewire backup: it ends within its first line")
        if magic != MAGIC:
            if magic.startswith(_FAMILY):
                version = magic[len(_FAMILY) :].split(b"\n")[0].decode(errors="replace")
                raise self.refuse(f"is of format {version}, and this release reads {FORMAT}: restore it with its own")
            raise self.refuse("is not a Tradewire backup")
        kind, body = await self._block()
        if kind != _HEADER:
            raise self.refuse("does not begin with a header")
        try:
            return msgspec.json.decode(body, type=Header)
        except msgspec.DecodeError as error:
            raise self.refuse(f"has a header that cannot be read: {error}") from None

    async def blocks(self) -> AsyncIterator[Iterator[Row] | Trailer]:
        """The blocks of rows, in order, then the trailer; call `header` first.

        Raises:
            BackupRefused: a block was changed, or the file ends too early or goes on after its end.
        """
        while True:
            kind, body = await self._block()
            if kind == _ROWS:
                yield self._rows(body)
            elif kind == _TRAILER:
                try:
                    trailer = msgspec.json.decode(body, type=Trailer)
                except msgspec.DecodeError as error:
                    raise self.refuse(f"has an end that cannot be read: {error}") from None
                if await self._more(1):
                    raise self.refuse("goes on after its end")
                yield trailer
                return
            else:
                raise self.refuse(f"has a block of unknown kind {kind!r}")

    def _rows(self, body: bytes) -> Iterator[Row]:
        inflate = zlib.decompressobj()
        try:
            raw = inflate.decompress(body, _BODY_MOST)
        except zlib.error as error:
            raise self.refuse(f"has rows that cannot be read: {error}") from None
        if inflate.unconsumed_tail or not inflate.eof:
            raise self.refuse("has a block of rows that is too large or not whole")
        at = 0
        while at < len(raw):
            try:
                found = parse_row(raw, at)
            except ValueError as error:
                raise self.refuse(f"has a row that cannot be read: {error}") from None
            if found is None:
                raise self.refuse("has a row that is not whole")
            row, at = found
            yield row

    async def _block(self) -> tuple[bytes, bytes]:
        place = self.read
        short = f"is not whole: it ends at byte {{}}, within the block that begins at {place}"
        head = await self._take(_HEAD.size, short)
        kind, size = _HEAD.unpack(head)
        if size > _BODY_MOST:
            raise self.refuse(f"is damaged at byte {place}: a block of {size:,} bytes")
        body = await self._take(size, short)
        seal = await self._take(_SEAL_BYTES, short)
        self._seal = sha256(self._seal + head + body).digest()
        if seal != self._seal:
            raise self.refuse(f"is damaged between bytes {place} and {self.read}: the seal there does not match")
        return kind, body

    async def _take(self, count: int, short: str) -> bytes:
        if not await self._more(count):
            raise self.refuse(short.format(self.read + len(self._buffer)))
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        self.read += count
        return taken

    async def _more(self, count: int) -> bool:
        while len(self._buffer) < count:
            try:
                self._buffer += await anext(self._chunks)
            except StopAsyncIteration:
                return False
        return True


async def read_rows(file: Unsealer, header: Header) -> AsyncIterator[Row | Trailer]:
    """Every row of a file whose header was read, each compared with the chain, and then the trailer.

    Raises:
        BackupRefused: the file contradicts itself anywhere.
    """
    value, pos, frame, framed = genesis(header.log_id), 0, 0, 0
    async for block in file.blocks():
        if isinstance(block, Trailer):
            ended = (pos, framed, frame, value.hex())
            if ended != (header.pos, header.pos, header.frame, header.hash):
                raise file.refuse(f"its head is at position {header.pos}, and its rows end at {pos}, frame {frame}")
            if (block.events, block.frames) != (pos, frame):
                raise file.refuse(f"says that it holds {block.events:,} events, and holds {pos:,}")
            yield block
            return
        for row in block:
            pos += 1
            value = sha256(value + row.preimage).digest()
            if row.pos != pos or row.hash != value:
                raise file.refuse(f"position {pos} does not follow from what is before it: the hash chain is broken")
            if row.frame is not None:
                frame += 1
                if row.frame != (frame, framed + 1, value):
                    raise file.refuse(f"frame {frame} does not end at position {pos} as its row says")
                framed = pos
            yield row


async def verify(name: str, chunks: AsyncIterable[bytes]) -> Summary:
    """Reads a whole file: every seal, the whole chain, every frame.

    Raises:
        BackupRefused: anything of it is wrong; the message names the file.
    """
    file = Unsealer(name, chunks)
    header = await file.header()
    trailer = Trailer(0, 0, [])
    async for each in read_rows(file, header):
        if isinstance(each, Trailer):
            trailer = each
    return Summary(header, trailer, file.read, file.seal)


def unreadable(summary: Summary, schema: str) -> str:
    """Why this release could not go on with the log of a backup, or nothing; `schema` is this release's newest one."""
    header = summary.header
    if header.schema > schema:
        return (
            f"was made over the database schema {header.schema} by release {header.version} ({header.build}), and this "
            f"release knows {schema}: restore it with that release or a newer one"
        )
    for kind, version in summary.trailer.types:
        row = EVENT_TYPES.get(kind)
        if row is None or row.schema < version:
            return f"holds events {kind} of schema {version}, which this release does not know; made by {header.build}"
    return ""
