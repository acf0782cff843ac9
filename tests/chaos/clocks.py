"""Clocks that tell a wrong time: `python -m tests.chaos.clocks <file> <module> [arguments]` runs a process by one.

Only the wall clock is wrong: leases and time-outs go by the monotonic one, which is left alone. libfaketime would do
the same from outside, but where it leaves the monotonic clock alone, `time.sleep` fails.
"""

import mmap
import runpy
import sys
import time
from pathlib import Path
from struct import Struct

_AHEAD = Struct("<q")
_true_ns = time.time_ns


class Clock:
    """A wall clock, and how far (µs) it is ahead of the true one. It is kept in a file, so that a process follows it at
    once."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(_AHEAD.pack(0))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _AHEAD.size)

    @property
    def ahead(self) -> int:
        """How far it is ahead of the true time, in µs; below zero it is behind."""
        return int(_AHEAD.unpack_from(self._map)[0])

    @ahead.setter
    def ahead(self, micros: int) -> None:
        _AHEAD.pack_into(self._map, 0, micros)

    def now(self) -> int:
        """What it tells, in µs since the epoch."""
        return _true_ns() // 1_000 + self.ahead

    def rule(self) -> None:
        """Makes `time.time` and `time.time_ns` of this process tell its time."""

        def time_ns() -> int:
            return _true_ns() + self.ahead * 1_000

        def seconds() -> float:
            return time_ns() / 1e9

        for name, told in {"time_ns": time_ns, "time": seconds}.items():
            setattr(time, name, told)

    def close(self) -> None:
        """Lets go of the file."""
        self._map.close()


def main() -> None:
    """Sets the clock, and becomes the process."""
    file, *sys.argv = sys.argv[1:]
    Clock(Path(file)).rule()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
