"""Postgres with its write-ahead log on a small file system of its own, so that a full disk fills nobody else's."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tradewire_cli.engines.testing import Engines

MEGABYTES = 160
_LIMITS = "max_wal_size = '64MB'\nmin_wal_size = '32MB'\n"


class Skipped(Exception):  # noqa: N818 - an outcome
    """A row that this machine cannot run; the message says why."""


@asynccontextmanager
async def small_wal(folder: Path, engines: Engines, *, wanted: bool) -> AsyncIterator[None]:
    """Moves the write-ahead log to a tmpfs at `<folder>/wal` while the context lasts; nothing unless `wanted`."""
    if not wanted:
        yield
        return
    mounted = folder / "wal"
    mounted.mkdir()
    await engines.postgres.stop()
    with _tmpfs(mounted):
        cluster = (folder / "postgres").resolve() / "pgdata"
        (cluster / "local.conf").write_text(_LIMITS)
        owner = (cluster / "pg_wal").stat()
        shutil.copytree(cluster / "pg_wal", mounted / "pg_wal")
        shutil.rmtree(cluster / "pg_wal")
        (cluster / "pg_wal").symlink_to(mounted / "pg_wal")
        for path in (mounted, *mounted.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
            path.chmod(0o700 if path.is_dir() else 0o600)
        await engines.postgres.start()
        try:
            yield
        finally:
            await engines.postgres.stop()


@contextmanager
def _tmpfs(path: Path) -> Iterator[None]:
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tradewire-chaos", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Skipped("there is no mount command here") from None
    if done.returncode:
        raise Skipped(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], capture_output=True, check=False)


async def fill(folder: Path) -> Path:
    """Fills the file system of the write-ahead log and returns the file to remove."""
    ballast = folder / "wal" / "ballast"

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
