"""A `tradewire up` in a process of its own, and the command line that is tried on it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from msgspec import Struct

from tradewire.build import build_id
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.up.runfile import Run, running

_LIMIT_SECONDS = 60.0
_PROGRAM = (sys.executable, "-m", "tradewire_cli")


class Said(Struct, frozen=True):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its output as lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(data: Path) -> dict[str, str]:
    """Nobody's settings, and this data folder; a terminal wide enough that nothing is left out.

    The build is this process's, so that a file that is edited meanwhile makes no second one.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIRE_")}
    return {**clean, "TRADEWIRE_BUILD": build_id(), "TRADEWIRE_DATA": str(data), "COLUMNS": "200", "TZ": "UTC"}


def tradewire(data: Path, *arguments: str, given: str = "", more: Mapping[str, str] | None = None) -> Said:
    """Runs one command to its end."""
    done = subprocess.run(
        [*_PROGRAM, *arguments],
        env={**environment(data), **(more or {})},
        input=given,
        capture_output=True,
        text=True,
        timeout=_LIMIT_SECONDS,
        check=False,
        cwd=data,
    )
    return Said(done.returncode, done.stdout, done.stderr)


class Up:
    """A started system; `stop` ends it."""

    def __init__(self, data: Path, arguments: Sequence[str] = (), more: Mapping[str, str] | None = None) -> None:
        self.folder = DataFolder.at(data)
        self._output = data / "up.out"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*_PROGRAM, "up", *arguments],
                env={**environment(data), **(more or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=data,
            )

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._output.read_text()

    @property
    def run(self) -> Run:
        """What runs where."""
        found = running(self.folder.run_file)
        assert found is not None, self.said
        return found

    def wait_up(self) -> None:
        """Waits until everything runs."""
        end = time.monotonic() + _LIMIT_SECONDS
        while "Tradewire is up" not in self.said:
            assert self._process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)

    def stop(self) -> int:
        """Stops it in order, as Ctrl-C does; returns its exit code."""
        self._process.send_signal(SIGTERM)
        return self._process.wait(_LIMIT_SECONDS)

    def kill(self) -> None:
        """Ends it at once, if it runs; the kernel ends its children."""
        if self._process.poll() is None:
            self._process.send_signal(SIGKILL)
            self._process.wait()


@contextmanager
def started_up(
    data: Path, settings: str = "", name: str = "tradewire.toml", more: Mapping[str, str] | None = None
) -> Iterator[Up]:
    """A system that runs while the context lasts, with these settings or none, and then stops in order.

    `more` are variables of its environment.
    """
    arguments: list[str] = []
    if settings:
        (data / name).write_text(settings)
        arguments = ["--config", str(data / name)]
    system = Up(data, arguments, more)
    try:
        system.wait_up()
        yield system
        assert system.stop() == 0, system.said
    finally:
        system.kill()
