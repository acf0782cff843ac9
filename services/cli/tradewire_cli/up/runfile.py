"""`run.json`: what runs where, for the command line to find it and for the next start to clean up after a crash."""

from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from tradewire_cli.engines.folder import write_atomically

_SAME_START_SECONDS = 2.0


class Process(Struct, frozen=True):
    """A process: `started` in seconds since the epoch tells it from a later one with the same pid.

    `http` is the address of its /livez, /readyz and /metrics, or for NATS its monitor.
    """

    pid: int
    started: float
    http: str = ""


class Run(Struct, frozen=True):
    """One run of `tradewire up`. `started` is in seconds since the epoch; `ports` and `urls` are by name.

    `config` is the settings' file, if there is one. `prints` are fingerprints of the accounts' settings, by account,
    and `live` are those at which real money is at stake.
    """

    pid: int
    started: float
    shard: str
    ports: dict[str, int]
    urls: dict[str, str]
    processes: dict[str, Process]
    config: str = ""
    prints: dict[str, str] = {}
    live: tuple[str, ...] = ()


def write_run(path: Path, run: Run) -> None:
    """Writes the file, whole or not at all."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(run)))


def read_run(path: Path) -> Run | None:
    """Returns what the file says, or None without a readable one. Whether it still runs is another question."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def alive(process: Process) -> psutil.Process | None:
    """Returns the process if it is that very one and still runs."""
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started) < _SAME_START_SECONDS
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def running(path: Path) -> Run | None:
    """Returns what runs now: the file's content, if the `tradewire up` that wrote it is alive."""
    run = read_run(path)
    return run if run is not None and alive(Process(pid=run.pid, started=run.started)) else None
