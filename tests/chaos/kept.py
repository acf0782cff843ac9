"""A process that is kept running: started again when it dies, as `tradewire up` does, with its leases given back."""

import asyncio
import contextlib
import fcntl
import resource
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from signal import SIGCONT, SIGHUP, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Any, Literal

import msgspec

from tradewire.runtime.tasks import end_tasks
from tradewire_cli.engines import probe
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.ports import free_port

FIRST_DELAY_SECONDS = 0.1
DELAY_SECONDS_MAX = 2.0
POLL_SECONDS = 0.05
READY_SECONDS = 60.0
DRAIN_SECONDS = 20.0
_PIPE_BYTES = 4096

Name = Literal["sequencer", "reader", "paper", "twin", "risk", "ingest", "router"]
Reaped = Callable[[str], Awaitable[None]]


class Kept:
    """One process of the system. `ends` are the exit codes so far, negative for a signal."""

    def __init__(
        self,
        name: str,
        kind: Name,
        program: tuple[str, ...],
        environment: Mapping[str, str],
        log: Path,
        reaped: Reaped,
        serves: tuple[int, str] | None = None,
    ) -> None:
        """`serves` are the port and the path at which a process that is none of ours says that it is ready."""
        self.name, self.kind = name, kind
        self.port, self._path = serves or (free_port(), "/readyz")
        self.ends: list[int] = []
        self._excused: set[int] = set()
        self.log = log
        self._program = (sys.executable, "-m", *program)
        self.environment = {**environment, "TRADEWIRE_HTTP_PORT": str(self.port)}
        self._reaped = reaped
        self._extra: dict[str, str] = {}
        self._child: Child | None = None
        self._spawned = 0
        self._changed = asyncio.Condition()
        self._leaving = False
        self._delay = FIRST_DELAY_SECONDS
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 while there is none."""
        return self._child.pid if self.alive and self._child else 0

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    @property
    def crashes(self) -> list[int]:
        """The ends that nobody asked for: what was killed or stopped ends with a signal or with 0."""
        return [code for number, code in enumerate(self.ends) if code > 0 and number not in self._excused]

    @property
    def spawned(self) -> int:
        """How often it was started."""
        return self._spawned

    def excuse(self, number: int) -> None:
        """Says that an end, by its place in `ends`, is the one that a row wants: the process must end there."""
        self._excused.add(number)

    def start(self) -> None:
        """Starts it and keeps it running."""
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._leaving:
            began = loop.time()
            self._spawned += 1
            instance = f"{self.name}-{self._spawned}"
            environment = {**self.environment, **self._extra, "TRADEWIRE_INSTANCE": instance}
            self._extra = {}
            self._child = await Child.start(self.name, self._program, log=self.log, environment=environment)
            await self._tell()
            code = await self._child.wait()
            self.ends.append(code)
            await self._tell()
            await self._reaped(instance)
            if loop.time() - began > DELAY_SECONDS_MAX:
                self._delay = FIRST_DELAY_SECONDS
            if not self._leaving:
                await asyncio.sleep(self._delay)
                self._delay = min(self._delay * 2, DELAY_SECONDS_MAX)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def ended(self, ends: int) -> None:
        """Returns when it has ended `ends` times in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.ends) >= ends)

    def send(self, number: Signals) -> bool:
        """Sends a signal; False when there is no process to hear it."""
        if not self.alive or self._child is None:
            return False
        self._child.send(number)
        return True

    def freeze(self) -> bool:
        """SIGSTOP."""
        return self.send(SIGSTOP)

    def thaw(self) -> bool:
        """SIGCONT."""
        return self.send(SIGCONT)

    def reload(self) -> bool:
        """SIGHUP."""
        return self.send(SIGHUP)

    def deafen(self) -> None:
        """Nobody reads what it says from now on, and little of it fits into the pipe."""
        if (pipe := self._output()) is not None:
            pipe.pause_reading()
            fcntl.fcntl(pipe.get_extra_info("pipe"), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def listen(self) -> None:
        """What it says is read again."""
        if (pipe := self._output()) is not None:
            pipe.resume_reading()

    def _output(self) -> Any:
        """The transport of its output; None while there is no process."""
        return self._child._process._transport.get_pipe_transport(1) if self.alive and self._child else None  # type: ignore[attr-defined]

    def limit(self, what: int, most: int) -> None:
        """Limits what this one process may have of something (`resource.RLIMIT_…`)."""
        resource.prlimit(self.pid, what, (most, resource.prlimit(self.pid, what)[1]))

    async def kill(self) -> bool:
        """SIGKILL; it comes back by itself. False when there was nothing to kill."""
        ends = len(self.ends)
        if not self.send(SIGKILL):
            return False
        await self.ended(ends + 1)
        return True

    async def restart(self, variables: Mapping[str, str] | None = None) -> bool:
        """SIGTERM, and a start at once, with `variables` for this one life. False when it had to be killed."""
        self._extra = dict(variables or {})
        self._delay = FIRST_DELAY_SECONDS
        ends, spawned, clean = len(self.ends), self._spawned, True
        if self.send(SIGTERM):
            try:
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self.ended(ends + 1)
            except TimeoutError:
                clean = False
                await self.kill()
        async with self._changed:
            await self._changed.wait_for(lambda: self._spawned > spawned and self.alive)
        return clean

    async def ready(self) -> bool:
        """What /readyz says; False while nobody answers."""
        answer = await probe.get("127.0.0.1", self.port, self._path)
        return answer is not None and answer[0] == 200

    async def notes(self) -> dict[str, str]:
        """What it wants people to know, by part; nothing while nobody answers."""
        return await self._says("notes")

    async def problems(self) -> dict[str, str]:
        """Why it is not ready, by part; nothing while nobody answers."""
        return await self._says("problems")

    async def _says(self, what: str) -> dict[str, str]:
        answer = await probe.get("127.0.0.1", self.port, "/readyz")
        return {} if answer is None else dict(msgspec.json.decode(answer[1]).get(what, {}))

    async def metric(self, name: str) -> float:
        """What a metric without labels stands at; 0 where there is none."""
        answer = await probe.get("127.0.0.1", self.port, "/metrics")
        lines = answer[1].decode().splitlines() if answer is not None else []
        return sum(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    async def until_alive(self) -> None:
        """Waits until /livez answers 200: it runs, though it may stand by."""
        async with asyncio.timeout(READY_SECONDS):
            while (answer := await probe.get("127.0.0.1", self.port, "/livez")) is None or answer[0] != 200:
                await asyncio.sleep(POLL_SECONDS)

    @property
    def said_last(self) -> str:
        """Its last line of output."""
        return self._child.said_last if self._child else "nothing"

    async def leave(self, *, kill: bool = False) -> None:
        """Ends it for good."""
        self._leaving = True
        self.thaw()
        if self._child is not None and self.alive:
            if kill:
                self.send(SIGKILL)
            else:
                await self._child.stop(DRAIN_SECONDS)
        if self._keeping is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await asyncio.gather(self._keeping, return_exceptions=True)
            await end_tasks(self._keeping)
