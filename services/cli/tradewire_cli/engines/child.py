"""One child process: it dies with its parent, its output goes to a rotated log, and it is stopped within a limit."""

import asyncio
import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

import psutil
from msgspec import Struct

from tradewire_cli.engines.logs import RotatedLog
from tradewire_cli.views.logs import read_line

_LAUNCH = str(Path(__file__).with_name("launch.py"))
_LAST_LINES = 20
_GRAVE = frozenset({"warning", "error", "critical"})
_READ_BYTES = 64 * 1024


class Account(Struct, frozen=True):
    """The system user that a child runs as."""

    name: str
    uid: int
    gid: int


class Child:
    """A running child process. Made by `start`; `pid` and `started` (seconds since the epoch) identify it for ever.

    `instance` is what a service calls itself to the ledger; engines have none.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: RotatedLog, instance: str) -> None:
        self.name, self.instance = name, instance
        self.pid = process.pid
        self.started = _started(process.pid)
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.last_output = time.monotonic()
        self._process = process
        self._log = log
        self._pump = asyncio.create_task(self._pump_output(), name=f"output of {name}")

    @classmethod
    async def start(
        cls,
        name: str,
        program: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        account: Account | None = None,
        death_signal: Signals = SIGKILL,
        folder: Path | None = None,
        instance: str = "",
    ) -> "Child":
        """Starts `program` (an absolute path and its arguments) in its own session.

        `environment` is the child's whole environment, this process's own unless told; `death_signal` is what the child
        gets when this process dies.
        """
        process = await asyncio.create_subprocess_exec(
            *launched(program, account, death_signal),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        return cls(name, process, RotatedLog(log), instance)

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    @property
    def said_last(self) -> str:
        """What it said last, for people: its last line, or the last warning or error where it logs JSON; or nothing."""
        logged = False
        for raw in reversed(self.last_lines):
            line = read_line(self.name, raw)
            if not line.level and not logged:
                return raw
            logged = True
            if line.level in _GRAVE:
                return f"{line.says}  {line.details}".partition("\n")[0].strip()
        return ""

    @property
    def last_words(self) -> str:
        """What it said last, as the end of a sentence about its end; empty when that was nothing."""
        return f"; it said last: {self.said_last}" if self.said_last else ""

    async def wait(self) -> int:
        """Waits for the end and for the output to be on disk; returns the exit code."""
        code = await self._process.wait()
        # A grandchild may hold the pipe open; its output is then no longer ours to wait for.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._pump), 2)
        if not self._pump.done():
            self._pump.cancel()
        await self._log.close()
        return code

    def send(self, number: Signals) -> None:
        """Sends a signal, if the child still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, limit_seconds: float, ask: Sequence[Signals] = (SIGTERM,)) -> bool:
        """Asks the child to end, with each signal for `limit_seconds`, then kills it; returns whether asking helped."""
        waiting = asyncio.create_task(self.wait(), name=f"end of {self.name}")
        for number in ask:
            self.send(number)
            done, _ = await asyncio.wait({waiting}, timeout=limit_seconds)
            if done:
                return True
        self.send(SIGKILL)
        await waiting
        return False

    async def _pump_output(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - it was asked for
        tail = b""
        while data := await stream.read(_READ_BYTES):
            self.last_output = time.monotonic()
            self._log.write(data)
            *lines, tail = (tail + data).split(b"\n")
            tail = tail[-_READ_BYTES:]
            self.last_lines.extend(line.decode(errors="replace") for line in lines[-_LAST_LINES:] if line.strip())


def launched(program: Sequence[str], account: Account | None, death_signal: Signals = SIGKILL) -> list[str]:
    """Returns the command that runs `program` as `account`, so that it gets `death_signal` when this process dies."""
    uid, gid = (account.uid, account.gid) if account else (-1, -1)
    return [
        sys.executable, "-I", "-S", _LAUNCH, str(os.getpid()), str(int(death_signal)), str(uid), str(gid), *program
    ]  # fmt: skip


def _started(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        # It has ended and been reaped already; nothing will match this.
        return time.time()
