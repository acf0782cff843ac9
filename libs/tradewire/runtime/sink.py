"""Where log lines go: to memory at once, and from there to a pipe or file by a thread of their own.

Nobody who trades may wait for whoever reads the logs: a pipe that nobody reads and a disk that hangs take nothing, and
a full disk refuses. What does not fit into memory meanwhile is dropped, counted, and told once lines flow again.

Lines go there a few at a time: each write makes the next fsync on the same disk wait, and orders wait for fsyncs.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

CLOSE_SECONDS: Final = 2.0
LINGER_SECONDS: Final = 0.05
"""How long a line waits for others to be written with."""
_WAIT_SECONDS: Final = 1.0
_AT_ONCE_BYTES: Final = 64 * 1024


class Sink:
    """A file for text lines that never blocks and never raises. `dropped` counts the lines that it could not keep."""

    def __init__(
        self,
        fd: int,
        max_bytes: int,
        tell: Callable[[int], str] = lambda _: "",
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        """Keeps up to `max_bytes` for `fd`; `tell` makes the line that says how many lines were dropped.

        A line waits up to `linger_seconds` for others, unless they fill half of the memory.
        """
        self.max_bytes, self._linger_seconds = max_bytes, linger_seconds
        self._hurried = False
        self.dropped = 0
        self._fd, self._tell = fd, tell
        self._told = 0
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        # A daemon, because whoever does not read must not keep the process from ending.
        self._writer = threading.Thread(target=self._write_all, name="log", daemon=True)
        self._writer.start()

    def write(self, line: str) -> None:
        """Takes a whole line, or drops it."""
        data = line.encode(errors="replace")
        with self._changed:
            if self._bytes + len(data) > self.max_bytes:
                self.dropped += 1
                return
            self._waiting.append(data)
            self._bytes += len(data)
            if len(self._waiting) == 1 or self._half_full:
                self._changed.notify()

    def flush(self) -> None:
        """Does nothing: the thread writes what there is."""

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Gives the reader `seconds` to take what waits. Lines may be written afterwards."""
        with self._changed:
            self._hurried = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._bytes, seconds)

    @property
    def _half_full(self) -> bool:
        return self._bytes * 2 >= self.max_bytes

    def _write_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                self._changed.wait_for(lambda: self._hurried or self._half_full, self._linger_seconds)
                lines = self._some()
            kept = self._put(b"".join(lines))
            with self._changed:
                self._bytes -= sum(map(len, lines))
                if not kept:
                    self.dropped += len(lines)
                self._changed.notify_all()
            if kept and self.dropped > self._told:
                self._told, more = self.dropped, self.dropped - self._told
                self._put(self._tell(more).encode())

    def _some(self) -> list[bytes]:
        """The next lines, as many as one write should take."""
        lines = [self._waiting.popleft()]
        size = len(lines[0])
        while self._waiting and size + len(self._waiting[0]) <= _AT_ONCE_BYTES:
            lines.append(self._waiting.popleft())
            size += len(lines[-1])
        return lines

    def _put(self, data: bytes) -> bool:
        """Writes it all, however long that takes; False when the disk is full or the reader gone."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                select.select([], [self._fd], [], _WAIT_SECONDS)
            except OSError:
                return False
        return True


_DROPPED = ("tradewire_log_lines_dropped", "Log lines lost because their reader or disk was too slow, full or gone")


class Dropped(Collector):
    """The metric `tradewire_log_lines_dropped_total`."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def describe(self) -> Iterable[CounterMetricFamily]:
        """The family, without a figure."""
        return [CounterMetricFamily(*_DROPPED)]

    def collect(self) -> Iterable[CounterMetricFamily]:
        """The lines that were not logged because nobody took them in time."""
        return [CounterMetricFamily(*_DROPPED, value=self._count())]
