"""One process to a folder, such as `tradewire up`: an flock that the kernel takes back however the holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tradewire.errors import ConfigError


@contextmanager
def hold(path: Path, command: str = "tradewire up") -> Iterator[None]:
    """Holds the lock file, which then names this process. Raises ConfigError, naming the holder, if another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise ConfigError(
                str(path.parent),
                f"is in use by another {command}, process {holder}",
                f"Stop that one first (kill {holder}), or choose another folder with --data.",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
