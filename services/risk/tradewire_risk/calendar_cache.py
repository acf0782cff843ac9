"""The calendars that risk goes by, each loaded by a child process and kept in a file of the data folder."""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tradewire.errors import InvalidValue, TradewireError
from tradewire.runtime.clock import Clock
from tradewire.runtime.logs import Log
from tradewire_risk.calendars import CalendarFile, read, source
from tradewire_risk.domain.sessions import Sessions

LOAD_SECONDS = 60.0
LOOK_SECONDS = 0.25
AGAIN_SECONDS = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_is_name = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/]{0,31}").fullmatch


class Calendars:
    """Keeps the sessions of every calendar that is wanted, from last year to the next, as the clock has it.

    Until a calendar is here, and where it cannot be loaded, it is missing from `sessions`; `problems` says why.
    """

    def __init__(self, folder: Path, clock: Clock, log: Log) -> None:
        self._folder, self._clock, self._log = folder, clock, log
        self.sessions: dict[str, Sessions] = {}
        self.problems: dict[str, str] = {}
        self._years: dict[str, int] = {}
        self._again_at: dict[str, float] = {}

    async def keep(self, wanted: Callable[[], Iterable[str]]) -> None:
        """Loads what is wanted and not here, for ever; "" is no calendar but being open at all times."""
        while True:
            if self._clock.started:
                for name in sorted(set(wanted()) - {""}):
                    await self.load(name)
            await asyncio.sleep(LOOK_SECONDS)

    async def load(self, name: str) -> None:
        """Sees to it that a calendar is here for the year that it is; after a failure not before a minute is over."""
        year = (_EPOCH + timedelta(microseconds=self._clock.now())).year
        if self._years.get(name) == year or time.monotonic() < self._again_at.get(name, 0.0):
            return
        first, last = f"{year - 1}-01-01", f"{year + 1}-12-31"
        try:
            if _is_name(name) is None:
                raise TradewireError("no calendar has such a name")
            found = self._read(name, first, last) or await self._ask(name, first, last)
        except (TradewireError, OSError, TimeoutError) as error:
            problem = str(error) or f"was not there within {LOAD_SECONDS:.0f} s"
            if self.problems.get(name) != problem:
                self._log.error("a calendar cannot be loaded", calendar=name, problem=problem)
            self.problems[name] = problem
            self._again_at[name] = time.monotonic() + AGAIN_SECONDS
            return
        self.sessions[name] = found.sessions
        self._years[name] = year
        self.problems.pop(name, None)
        self._log.info("calendar loaded", calendar=name, first=first, last=last, sessions=len(found.sessions))

    def _read(self, name: str, first: str, last: str) -> CalendarFile | None:
        """What was kept, if it is what would be asked for."""
        try:
            found = read(self._path(name).read_bytes())
        except (OSError, InvalidValue):
            return None
        same = (found.calendar, found.first, found.last, found.source) == (name, first, last, source())
        return found if same else None

    async def _ask(self, name: str, first: str, last: str) -> CalendarFile:
        """Runs the child. Raises TradewireError, OSError or TimeoutError."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "tradewire_risk.calendars", name, first, last),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            # One thread: it multiplies nothing, and every further one takes memory.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                out, said = await child.communicate()
        finally:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.wait()
        if child.returncode:
            lines = said.decode(errors="replace").strip().splitlines()
            raise TradewireError(lines[-1] if lines else f"its child ended with {child.returncode}")
        found = read(out)
        self._write(name, out)
        return found

    def _path(self, name: str) -> Path:
        return self._folder / f"{name.replace('/', '-')}.json"

    def _write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        new = path.with_suffix(f".{os.getpid()}")  # a process that waits for the lease keeps the same file
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(data)
            new.replace(path)
        except OSError as error:
            self._log.warning("a calendar cannot be kept", calendar=name, path=str(path), problem=str(error))
