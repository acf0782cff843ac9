"""A `tradewire twin` in a process of its own, with what it says to paste."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Any

from tests.e2e.cli.system import environment
from tests.twins.kit.remote import Remote, until


class Twin:
    """The command, with what it has said."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: str) -> None:
        self.process, self.said = process, said
        self.url = re.findall(r"http://127\.0\.0\.1:\d+", said)[0]
        self.control = Remote(self.url)

    @property
    def keys(self) -> dict[str, str]:
        """What its `export` sets."""
        (line,) = [line for line in self.said.splitlines() if line.startswith("export ")]
        return dict(word.split("=", 1) for word in shlex.split(line)[1:])

    @property
    def settings(self) -> str:
        """What it gives for a tradewire.toml."""
        lines = self.said.splitlines()
        first = next(n for n, line in enumerate(lines) if line.startswith("default_account"))
        last = next(n for n, line in enumerate(lines) if line.startswith("url_override"))
        return "\n".join(lines[first : last + 1]) + "\n"

    def stop(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(SIGINT)
        return self.process.wait(30)

    def orders(self) -> list[dict[str, Any]]:
        """All that it ever had."""
        found: list[dict[str, Any]] = self.control.ledger()["orders"]
        return found


@contextmanager
def twin(data: Path, *arguments: str) -> Iterator[Twin]:
    """Runs the command until the block ends."""
    output = data / "twin.out"
    with output.open("wb") as out:
        program = [sys.executable, "-m", "tradewire_cli", "twin", "alpaca", *arguments]
        process = subprocess.Popen(program, env=environment(data), stdout=out, stderr=subprocess.STDOUT)
    try:

        def said() -> str:
            assert process.poll() is None, output.read_text()
            return text if "Ctrl-C ends it" in (text := output.read_text()) else ""

        yield Twin(process, until(said))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
