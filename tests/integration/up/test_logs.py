"""The rotated logs: bounded, and never in the way of who writes."""

import asyncio
import os
from pathlib import Path

from tradewire_cli.engines.logs import RotatedLog


async def test_a_log_is_cut_and_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    for number in range(5):
        log = RotatedLog(path, file_bytes_max=10, files_kept=3)
        log.write(b"")
        log.write(f"line {number}\n".encode())
        await log.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    assert [(path.parent / name).read_bytes() for name in ("x.log", "x.log.1", "x.log.2")] == [
        b"line 4\n",
        b"line 3\n",
        b"line 2\n",
    ]


async def test_a_disk_that_hangs_blocks_nobody_and_the_loss_is_stated(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    os.mkfifo(path)
    log = RotatedLog(path)
    megabyte = b"x" * 1024 * 1024
    for _ in range(9):
        log.write(megabyte)
    # Nobody read so far, so the writer still waits to open the file; now the disk "recovers".
    with path.open("rb") as reader:
        log.write(b"after\n")
        closing = asyncio.create_task(log.close())
        taken = b""
        while data := await asyncio.to_thread(reader.read, 65536):
            taken += data
        await closing
    assert taken.startswith(b"x" * 1024)
    assert b"bytes of output were dropped" in taken
    # At most 4 MB wait, and as much may be in the writer's hands.
    assert len(taken) < 8 * len(megabyte) + 1024
