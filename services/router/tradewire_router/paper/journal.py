"""The paper broker's journal: one append-only file of JSON lines, durable before anybody is told what they say.

`append` only remembers a line; `flush` writes all that is remembered and syncs once. A last line that is torn is cut
off at start: nobody was told of it. Any other line that cannot be read stops the start.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tradewire.errors import ConfigError
from tradewire_router.paper.lines import EVENTS, Head, Line, decode_head, decode_line, encode_line

FILE_NAME = "journal.jsonl"
_STRIDE = 256
_READ_BYTES = 1 << 20
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync

Entry = tuple[Line, bytes]
"""A durable line that clients hear, and its bytes without the newline."""


class JournalError(Exception):
    """The journal cannot be written or contradicts itself; the paper broker must stop."""


class Journal:
    """The open journal. `heard` collects the lines that clients hear as they become durable; its owner empties it."""

    def __init__(self, folder: Path) -> None:
        """Opens or creates the journal, which this process then holds alone.

        Raises:
            ConfigError: another process has it, or the folder cannot be used.
        """
        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise ConfigError("paper.journal", f"{folder}: {error.strerror}", "Choose a folder to write in.") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise ConfigError(
                "paper.journal", f"{self.path} is in use by another paper broker", "Stop it, or choose another folder."
            ) from None
        _sync_folder(folder)
        self.size = 0
        self.durable_seq = 0
        self.heard: list[Entry] = []
        self._marks: list[tuple[int, int, int]] = []  # (number, time, place) of every 256th line
        self._waiting: list[tuple[Line, bytes]] = []

    def replay(self, take: Callable[[Line, int], None]) -> None:
        """Reads the journal from its start, once, handing each line and its place to `take`; cuts off a torn end.

        Raises:
            JournalError: a line before the last cannot be read, or the numbers have a gap.
        """
        for offset, data in self._lines(0):
            if not data.endswith(b"\n"):
                break
            try:
                line = decode_line(data)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                if offset + len(data) == os.fstat(self._fd).st_size:
                    break
                raise JournalError(f"{self.path}: the line at byte {offset} cannot be read: {error}") from None
            if line.seq != self.durable_seq + 1:
                raise JournalError(f"{self.path}: line {line.seq} at byte {offset} follows line {self.durable_seq}")
            take(line, offset)
            self._mark(line)
            self.durable_seq = line.seq
            self.size = offset + len(data)
        os.ftruncate(self._fd, self.size)
        os.fsync(self._fd)

    def append(self, line: Line) -> int:
        """Remembers a line for the next flush and returns its place."""
        data = encode_line(line) + b"\n"
        offset = self.size
        self._mark(line)
        self._waiting.append((line, data))
        self.size += len(data)
        return offset

    def flush(self) -> None:
        """Makes every remembered line durable.

        Raises:
            JournalError: the disk refuses; what was remembered must never be told.
        """
        if not self._waiting:
            return
        unwritten = memoryview(b"".join(data for _, data in self._waiting))
        try:
            while unwritten:
                unwritten = unwritten[os.write(self._fd, unwritten) :]
            _sync(self._fd)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written: {error.strerror}") from error
        self.heard.extend((line, data[:-1]) for line, data in self._waiting if type(line) in EVENTS)
        self.durable_seq = self._waiting[-1][0].seq
        self._waiting.clear()

    def line_at(self, offset: int) -> Line:
        """Reads the line at a place."""
        self.flush()
        data = b""
        while b"\n" not in data:
            data += os.pread(self._fd, 4096, offset + len(data))
        return decode_line(data[: data.index(b"\n")])

    def after(self, seq: int) -> Iterator[tuple[Head, bytes]]:
        """Reads the durable lines after a number."""
        self.flush()
        yield from self._heads(self._place(lambda mark: mark[0] <= seq + 1), lambda head: head.seq > seq)

    def since(self, at: int) -> Iterator[tuple[Head, bytes]]:
        """Reads the durable lines of a time and later."""
        self.flush()
        yield from self._heads(self._place(lambda mark: mark[1] < at), lambda head: head.at >= at)

    def close(self) -> None:
        """Writes what is left and lets the file go."""
        self.flush()
        os.close(self._fd)

    def _heads(self, offset: int, wanted: Callable[[Head], bool]) -> Iterator[tuple[Head, bytes]]:
        for _, data in self._lines(offset):
            head = decode_head(data)
            if wanted(head):
                yield head, data[:-1]

    def _place(self, before: Callable[[tuple[int, int, int]], bool]) -> int:
        """The place of the last mark that is still before what is wanted."""
        low, high = 0, len(self._marks)
        while low < high:
            middle = (low + high) // 2
            if before(self._marks[middle]):
                low = middle + 1
            else:
                high = middle
        return self._marks[low - 1][2] if low else 0

    def _mark(self, line: Line) -> None:
        if line.seq % _STRIDE == 1:
            self._marks.append((line.seq, line.at, self.size))

    def _lines(self, offset: int) -> Iterator[tuple[int, bytes]]:
        rest = b""
        while chunk := os.pread(self._fd, _READ_BYTES, offset + len(rest)):
            data = rest + chunk
            start = 0
            while (end := data.find(b"\n", start) + 1) > 0:
                yield offset + start, data[start:end]
                start = end
            rest = data[start:]
            offset += start
        if rest:
            yield offset, rest


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
