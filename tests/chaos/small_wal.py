"""Postgres with its write-ahead log on a small file system of its own, so that a full disk fills nobody else's."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.chaos.small_disk import tmpfs
from tradewire_cli.engines.testing import Engines

MEGABYTES = 160
_LIMITS = "max_wal_size = '64MB'\nmin_wal_size = '32MB'\n"


@asynccontextmanager
async def small_wal(folder: Path, engines: Engines, *, wanted: bool) -> AsyncIterator[None]:
    """Moves the write-ahead log to a tmpfs at `<folder>/wal` while the context lasts; nothing unless `wanted`."""
    if not wanted:
        yield
        return
    mounted = folder / "wal"
    mounted.mkdir()
    await engines.postgres.stop()
    with tmpfs(mounted, MEGABYTES):
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
