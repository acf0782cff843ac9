"""Ends what an earlier `tradewire up` left behind, before anything is started on the same data."""

import contextlib
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from tradewire.errors import ConfigError
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.postgres_cluster import cluster_folder
from tradewire_cli.up.runfile import Process, alive, read_run

_ASK_SECONDS = 5.0
_KILL_SECONDS = 10.0
_POLL_SECONDS = 0.02
_POSTMASTER_PID_LINES = 3


def stop_survivors(folder: DataFolder) -> list[str]:
    """Stops every process that the last run named and that still runs; returns their names.

    They get 5 seconds to end by themselves: they were told when their parent died. Raises ConfigError if one cannot be
    stopped.
    """
    run = read_run(folder.run_file)
    named = dict(run.processes) if run is not None else {}
    if "postgres" not in named and (postmaster := _postmaster(cluster_folder(folder))):
        named["postgres"] = postmaster
    found = {name: listed for name, listed in named.items() if alive(listed) is not None}
    for name, listed in found.items():
        _send(listed, signal.SIGQUIT if name == "postgres" else signal.SIGTERM)
    stubborn = _left_after(found.values(), _ASK_SECONDS)
    for listed in stubborn:
        _send(listed, signal.SIGKILL)
    if left := _left_after(stubborn, _KILL_SECONDS):
        pids = " ".join(str(listed.pid) for listed in left)
        raise ConfigError(
            str(folder.path), f"processes of an earlier run cannot be stopped: {pids}", f"Stop them: kill -9 {pids}"
        )
    return sorted(found)


def _send(listed: Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        if (process := alive(listed)) is not None:
            process.send_signal(number)


def _left_after(processes: Iterable[Process], limit_seconds: float) -> list[Process]:
    """Waits for processes to end. A zombie has ended: in a container nobody may ever collect it."""
    end = time.monotonic() + limit_seconds
    left = [listed for listed in processes if alive(listed) is not None]
    while left and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        left = [listed for listed in left if alive(listed) is not None]
    return left


def _postmaster(pgdata: Path) -> Process | None:
    """The server that Postgres's own lock file names: it may have been started just before a crash."""
    try:
        lines = (pgdata / "postmaster.pid").read_text().splitlines()
        return Process(pid=int(lines[0]), started=float(lines[2])) if len(lines) >= _POSTMASTER_PID_LINES else None
    except (FileNotFoundError, ValueError):
        return None
