"""The parent's side of the role processes: start them, say when a run begins, collect the reports, stop them."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from bench.role import SETTINGS, Access, Begin, Finish, Report, Run, decode_report, encode

_ROOT = Path(__file__).parents[1]
_READY_SECONDS = 20.0
_STOP_SECONDS = 5.0
_LINE_BYTES = 64 * 1024 * 1024
_LAST_LINES = 15


class RoleError(Exception):
    """A measured process ended or did not answer in time: the run is void."""


class RoleProcess:
    """One role, running as `python -m <module>`. Its standard error goes to a file in the work folder."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.pid = process.pid
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, module: str, access: Access, workdir: Path) -> "RoleProcess":
        """Starts a role and waits until it is ready. Raises RoleError if it does not get there."""
        log = workdir / f"{name}.log"
        with log.open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**os.environ, SETTINGS: encode(access).decode()},
                limit=_LINE_BYTES,
                cwd=_ROOT,
                # Ctrl-C is for the parent, which then closes the pipe.
                start_new_session=True,
            )  # fmt: skip
        child = cls(name, process, log)
        try:
            await child._answer(_READY_SECONDS)
        except BaseException:
            await child.stop()
            raise
        return child

    async def begin(self, run: Run) -> None:
        """Tells the role that a run starts. Raises RoleError."""
        self._say(Begin(run))
        await self._answer(_READY_SECONDS)

    async def finish(self, limit_seconds: float) -> Report:
        """Waits for the role's part of the run, at most `limit_seconds`. Raises RoleError."""
        self._say(Finish())
        return await self._answer(limit_seconds)

    async def watch(self) -> None:
        """Never returns. Raises RoleError when the role ends, which it does only if it fails."""
        await self._process.wait()
        raise self._ended()

    async def stop(self) -> None:
        """Closes the role's input, which ends it, and kills it if that takes more than 5 seconds."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _say(self, what: Begin | Finish) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(encode(what) + b"\n")

    async def _answer(self, limit_seconds: float) -> Report:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), limit_seconds)
        except TimeoutError:
            raise RoleError(f"{self.name} did not finish within {limit_seconds:.0f} seconds{self._said()}") from None
        if not line:
            await self._process.wait()
            raise self._ended()
        return decode_report(line)

    def _ended(self) -> RoleError:
        return RoleError(f"{self.name} ended with code {self._process.returncode}{self._said()}")

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "; it said last:\n" + "\n".join(lines) if lines else ""
