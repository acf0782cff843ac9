"""Real processes under a test's hands: started with settings for the engines at hand, and gone when the test is."""

import asyncio
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tradewire.build import build_id
from tradewire.runtime.sink import LINGER_SECONDS
from tradewire_cli.engines.ports import free_port
from tradewire_cli.engines.testing import Engines

READY_SECONDS = 30.0
STOP_SECONDS = 15.0


class Child:
    """A process started as `python -m <module>`; its output is in `log`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    def output(self) -> str:
        """What it has printed so far, also in this moment."""
        time.sleep(2 * LINGER_SECONDS)
        return self.printed

    @property
    def printed(self) -> str:
        """What it has printed, but for its latest lines: for whoever looks again and again, and blocks nobody."""
        return self.log.read_text()

    def ready(self) -> bool:
        """What /readyz says; False while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    async def until_ready(self, timeout: float = READY_SECONDS) -> None:
        """Waits for /readyz; says what the process printed when it ends or takes too long."""
        try:
            async with asyncio.timeout(timeout):
                while not await asyncio.to_thread(self.ready):
                    if not self.alive:
                        raise AssertionError(f"exit {self.process.returncode}:\n{self.output()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"not ready after {timeout} s:\n{self.output()}") from None

    def send(self, number: signal.Signals) -> None:
        if self.alive:
            self.process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL."""
        self.send(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.send(signal.SIGTERM)
        return await self.ended(STOP_SECONDS)

    async def ended(self, timeout: float = READY_SECONDS) -> int:
        """Waits for it to end by itself, and gives the exit code."""
        try:
            async with asyncio.timeout(timeout):
                return await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"still running after {timeout} s:\n{self.output()}") from None


@asynccontextmanager
async def child(
    module: str, engines: Engines, user: str, folder: Path, env: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Starts a process as `user`, with `env` on top, and kills it at the end."""
    port = free_port()
    number = len(list(folder.glob(f"{user}-*.log")))
    log = folder / f"{user}-{number}.log"
    variables = {
        **os.environ,
        **engines.environment(user),
        "TRADEWIRE_BUILD": build_id(),
        "TRADEWIRE_HTTP_PORT": str(port),
        "TRADEWIRE_DATA": str(folder),
        "TRADEWIRE_PAPER_JOURNAL": str(folder / "paper"),
        **(env or {}),
    }
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, env=variables, stdout=out, stderr=asyncio.subprocess.STDOUT
        )
    started = Child(process, port, log)
    try:
        yield started
    finally:
        if started.alive:
            started.send(signal.SIGCONT)
            await started.kill()
