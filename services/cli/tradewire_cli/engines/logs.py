"""A log file that cannot grow without end and cannot block who writes to it."""

import asyncio
import os
import threading
from pathlib import Path
from typing import BinaryIO, Final

_FILE_BYTES_MAX: Final = 10 * 1024 * 1024
_FILES_KEPT: Final = 3
_WAITING_BYTES_MAX: Final = 4 * 1024 * 1024
_CLOSE_SECONDS: Final = 5.0


class RotatedLog:
    """Bytes go to memory at once and to `path` by a thread; what a slow disk cannot take is dropped and counted.

    At `file_bytes_max` the file becomes `<path>.1`, that one `<path>.2`, and the oldest of `files_kept` goes.
    """

    def __init__(self, path: Path, file_bytes_max: int = _FILE_BYTES_MAX, files_kept: int = _FILES_KEPT) -> None:
        self.path = path
        self._file_bytes_max, self._files_kept = file_bytes_max, files_kept
        self._file: BinaryIO | None = None
        self._file_bytes = 0
        self._changed = threading.Condition()
        self._waiting = bytearray()
        self._dropped_bytes = 0
        self._closed = False
        # A daemon, because a disk that hangs must not keep the process from ending.
        self._writer = threading.Thread(target=self._write_all, name=f"log {path.name}", daemon=True)
        self._writer.start()

    def write(self, data: bytes) -> None:
        """Takes `data` without waiting for the disk."""
        with self._changed:
            if len(self._waiting) + len(data) > _WAITING_BYTES_MAX:
                self._dropped_bytes += len(data)
            else:
                self._waiting += data
            self._changed.notify()

    async def close(self) -> None:
        """Gives the disk 5 seconds to take what is waiting, and closes the file."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        await asyncio.to_thread(self._writer.join, _CLOSE_SECONDS)

    def _write_all(self) -> None:
        closed = False
        while not closed:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                closed, data, dropped = self._closed, bytes(self._waiting), self._dropped_bytes
                self._waiting.clear()
                self._dropped_bytes = 0
            if dropped:
                data += f"\n({dropped} bytes of output were dropped: the disk was too slow or full)\n".encode()
            if not self._append(data):
                with self._changed:
                    self._dropped_bytes += dropped or len(data)
        if self._file is not None:
            self._file.close()

    def _append(self, data: bytes) -> bool:
        """Returns False when the disk refuses; that must not stop the process whose output this is."""
        try:
            if self._file is None:
                self._file = self._open()
            if self._file_bytes and self._file_bytes + len(data) > self._file_bytes_max:
                self._file.close()
                self._file = None
                self._shift()
                self._file = self._open()
            self._file_bytes += self._file.write(data)
        except OSError:
            return False
        return True

    def _open(self) -> BinaryIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("ab", buffering=0)
        self._file_bytes = os.fstat(file.fileno()).st_size
        return file

    def _shift(self) -> None:
        for number in range(self._files_kept - 1, 0, -1):
            newer = self.path.with_name(f"{self.path.name}.{number - 1}") if number > 1 else self.path
            if newer.exists():
                newer.replace(self.path.with_name(f"{self.path.name}.{number}"))
