"""A `tradewire up` as a process that a test may signal, kill and read."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import psutil

from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.up.runfile import Run, read_run

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from tradewire_cli.up.options import UpOptions
from tradewire_cli.up.run import run_up

async def reaped(name):
    print("reaped", name, flush=True)

data, services, *config = sys.argv[1:]
options = UpOptions(data=Path(data), services=services == "True", config=Path(config[0]) if config else None)
sys.exit(asyncio.run(run_up(options, reaped)))
"""
_LIMIT_SECONDS = 60


class Up:
    """A started process; its output is in `said`."""

    def __init__(
        self, data: Path, config: Path | None, *, services: bool, user: str | None, environment: Mapping[str, str]
    ) -> None:
        self.folder = DataFolder.at(data)
        self.output = data.with_name(f"{data.name}.{time.monotonic_ns()}.out")
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(data), str(services), *([str(config)] if config else [])],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**clean, **environment},
                start_new_session=True,
                user=user,
                extra_groups=None if user is None else [],
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def run(self) -> Run:
        found = read_run(self.folder.run_file)
        assert found is not None, self.said
        return found

    def wait_up(self) -> None:
        """Waits until it says that everything runs."""
        until(lambda: "Tradewire is up" in self.said or self.process.poll() is not None, self)
        assert self.process.poll() is None, self.said

    def lines(self, name: str) -> list[str]:
        """What it said about a process, line by line."""
        return [line[len(name) :].strip() for line in self.said.splitlines() if line.startswith(f"{name} ")]

    def pid_of(self, name: str) -> int:
        return self.run.processes[name].pid

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signals it and returns its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(_LIMIT_SECONDS)


@contextmanager
def up(
    data: Path,
    config: Path | None = None,
    *,
    services: bool = False,
    user: str | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Up]:
    """Starts it and, if the test did not, ends it with everything that it started."""
    started = Up(data, config, services=services, user=user, environment=environment)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.end()
        run = read_run(started.folder.run_file)
        if run is not None and run.pid == started.process.pid:
            until(lambda: not any(psutil.pid_exists(process.pid) for process in run.processes.values()), started)


def until(true: Callable[[], bool], started: Up) -> None:
    """Waits for something that must happen."""
    end = time.monotonic() + _LIMIT_SECONDS
    while not true():
        assert time.monotonic() < end, started.said
        time.sleep(0.02)
