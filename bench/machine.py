"""Where a measurement was taken, because absolute figures mean little without it."""

import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median

import psutil
from msgspec import Struct

_SYNCS = 100
_BLOCK = bytes(4096)


class Machine(Struct, frozen=True):
    """The machine as it was when the first round began."""

    system: str
    python: str
    cpus: int
    load: float
    """Processes that wanted a CPU, over the last minute."""
    data_folder: str
    file_system: str
    fdatasync_ms: float
    """The median of 100 writes of 4 KiB; on a file system in memory it is no yardstick for a disk."""


def describe() -> Machine:
    """Looks at the machine; takes some milliseconds of disk."""
    folder = Path(tempfile.gettempdir()).resolve()
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        cpus=psutil.cpu_count() or 0,
        load=round(os.getloadavg()[0], 2),
        data_folder=str(folder),
        file_system=_file_system(folder),
        fdatasync_ms=_fdatasync_ms(),
    )


def _file_system(folder: Path) -> str:
    mounts = [part for part in psutil.disk_partitions(all=True) if folder.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"


def _fdatasync_ms() -> float:
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_SYNCS):
            file.write(_BLOCK)
            file.flush()
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - before)
    return round(median(times) * 1e3, 3)
