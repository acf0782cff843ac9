"""Small file systems of a run's own, so that a disk can be full without filling anybody else's."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

_LOGS_MEGABYTES = 16


class NotPermitted(Exception):  # noqa: N818 - an outcome
    """A row that this machine cannot run; the message says why."""


@contextmanager
def tmpfs(path: Path, megabytes: int) -> Iterator[None]:
    """Mounts a tmpfs at a folder while the context lasts. Raises NotPermitted where that is not permitted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tradewire-chaos", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotPermitted("there is no mount command here") from None
    if done.returncode:
        raise NotPermitted(f"mounting a tmpfs takes the capability CAP_SYS_ADMIN: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], capture_output=True, check=False)


@asynccontextmanager
async def small_logs(folder: Path, *, wanted: bool) -> AsyncIterator[None]:
    """Puts the logs of what starts from now on, on a tmpfs; nothing unless `wanted`."""
    if not wanted:
        yield
        return
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    with tmpfs(logs, _LOGS_MEGABYTES):
        yield


async def fill(folder: Path) -> Path:
    """Fills the file system of a folder and returns the file to remove."""
    ballast = folder / "ballast"

    def write() -> None:
        with ballast.open("wb", buffering=0) as out:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        out.write(bytes(size))
                except OSError:
                    continue

    await asyncio.to_thread(write)
    return ballast
