"""Keeps every part running: a part that ends is started again, later each time, until it is told to stop."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from signal import SIGHUP, SIGKILL
from typing import Final

from tradewire.errors import ConfigError, TradewireError
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.part import Part
from tradewire_cli.up.board import Board
from tradewire_cli.up.runfile import Process

OnReaped = Callable[[str], Awaitable[None]]
"""Told the instance of a service that has ended, so that what it held can be given back."""

_FIRST_DELAY_SECONDS: Final = 0.2
_DELAY_SECONDS_MAX: Final = 30.0
_STABLE_SECONDS: Final = 60.0
_TRIES_BEFORE_READY: Final = 5
_HOOK_SECONDS: Final = 3.0
_LATE_STOP_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 2.0
_ILL_TIMES: Final = 3
"""How often in a row a part must look ill before it is started anew: one look may have met a busy moment."""
_FOR_A_PERSON: Final = frozenset({2, 3})
"""Exit codes that another try does not change: a wrong setting, and a log that contradicts the stream."""


class StartFailed(TradewireError):  # noqa: N818 - named for what it says
    """A part never became ready; `exit_code` is what the whole start should end with."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Kept:
    """A part, its present child, and how it fares."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.child: Child | None = None
        self.ready = asyncio.Event()
        self.was_ready = False
        self.stopping = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Supervisor:
    """Starts, watches and drains parts.

    `on_changed` is called as children come and go, `on_reaped` after each end of a service.
    """

    def __init__(self, board: Board, on_reaped: OnReaped | None, on_changed: Callable[[], None]) -> None:
        self._board, self._on_reaped, self._on_changed = board, on_reaped, on_changed
        self._kept: dict[str, _Kept] = {}
        self.failed: asyncio.Future[StartFailed] = asyncio.get_running_loop().create_future()
        """Done when a part cannot become ready for the first time, or supervision itself breaks."""

    def launch(self, part: Part) -> None:
        """Starts a part and keeps it running."""
        kept = self._kept[part.name] = _Kept(part)
        kept.task = asyncio.create_task(self._keep(kept), name=f"keep {part.name}")
        kept.task.add_done_callback(self._ended)

    async def ready(self, name: str) -> None:
        """Returns when a part is ready."""
        await self._kept[name].ready.wait()

    def processes(self) -> dict[str, Process]:
        """The children that run now."""
        return {
            name: Process(pid=kept.child.pid, started=kept.child.started, http=kept.part.http)
            for name, kept in self._kept.items()
            if kept.child is not None and kept.child.exit_code is None
        }

    def reload(self) -> None:
        """Passes SIGHUP on to every part that is ready, and so can take it."""
        for kept in self._kept.values():
            if kept.child is not None and kept.ready.is_set():
                kept.child.send(SIGHUP)

    def kill(self, names: Iterable[str]) -> None:
        """Kills parts that are being drained and that nobody wants to wait for."""
        for name in names:
            kept = self._kept.get(name)
            if kept is not None and kept.child is not None:
                kept.child.send(SIGKILL)

    async def drain(self, name: str, limit_seconds: float) -> None:
        """Stops a part within a limit, if it was launched, and does not start it again."""
        kept = self._kept.get(name)
        if kept is None or kept.task is None:
            return
        kept.stopping.set()
        if kept.child is not None and kept.child.exit_code is None:
            self._board.doing(name, "stopping")
            if not await kept.part.stop(kept.child, limit_seconds):
                self._board.doing(name, f"did not stop within {limit_seconds:g} s and was killed")
        elif kept.child is None:
            kept.task.cancel()
        await asyncio.gather(kept.task, return_exceptions=True)
        self._board.doing(name, "stopped")

    async def _keep(self, kept: _Kept) -> None:
        delay, tries = _FIRST_DELAY_SECONDS, 0
        while not kept.stopping.is_set():
            began = time.monotonic()
            kept.child = None
            try:
                kept.child = await self._start(kept)
            except (TradewireError, OSError) as error:
                code, said = 2 if isinstance(error, ConfigError) else 1, str(error)
                tries = _TRIES_BEFORE_READY
            else:
                code, said = await self._follow(kept, kept.child)
                tries += 1
            if kept.stopping.is_set():
                return
            if not kept.was_ready and (code in _FOR_A_PERSON or tries >= _TRIES_BEFORE_READY):
                self._fail(kept, code, said)
                return
            if time.monotonic() - began > _STABLE_SECONDS:
                delay = _FIRST_DELAY_SECONDS
            self._board.doing(kept.part.name, f"{said}; starting it again in {delay:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(kept.stopping.wait(), delay)
            delay = min(delay * 2, _DELAY_SECONDS_MAX)

    async def _start(self, kept: _Kept) -> Child:
        self._board.doing(kept.part.name, "starting")
        return await kept.part.start()

    async def _follow(self, kept: _Kept, child: Child) -> tuple[int, str]:
        """Stays with a child to its end; returns its exit code and how it ended, in words."""
        name = kept.part.name
        self._tell_changed()
        if kept.stopping.is_set():
            await kept.part.stop(child, _LATE_STOP_SECONDS)
        waiting = asyncio.create_task(self._look_after(kept, child), name=f"{name} is looked after")
        code = await child.wait()
        kept.ready.clear()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        self._tell_changed()
        await self._tell_reaped(child)
        return code, f"ended with {_code(code)}{child.last_words}"

    async def _look_after(self, kept: _Kept, child: Child) -> None:
        """Waits until a child is ready, and stops it when it turns out later that it is of no use as it is."""
        if await self._wait_ready(kept, child) and (ill := await self._until_ill(kept, child)):
            kept.ready.clear()
            self._board.doing(kept.part.name, f"{ill}; stopping it")
            await kept.part.stop(child, _LATE_STOP_SECONDS)

    async def _until_ill(self, kept: _Kept, child: Child) -> str:
        times, ill = 0, ""
        while times < _ILL_TIMES:
            await asyncio.sleep(_LOOK_SECONDS)
            if kept.stopping.is_set():
                return ""
            ill = await kept.part.ailment(child)
            if kept.stopping.is_set():
                return ""
            times = times + 1 if ill else 0
            self._board.doing(kept.part.name, f"{ill}; looking again" if ill else "ready")
        return ill

    async def _wait_ready(self, kept: _Kept, child: Child) -> bool:
        name = kept.part.name
        try:
            await kept.part.wait_ready(child, lambda what: self._board.doing(name, what))
        except EngineFailed as error:
            if child.exit_code is None:
                self._board.doing(name, str(error))
                child.send(SIGKILL)
            return False
        kept.was_ready = True
        kept.ready.set()
        self._board.doing(name, "ready")
        return True

    async def _tell_reaped(self, child: Child) -> None:
        if self._on_reaped is None or not child.instance:
            return
        try:
            async with asyncio.timeout(_HOOK_SECONDS):
                await self._on_reaped(child.instance)
        except Exception as error:  # noqa: BLE001 - whatever the hook does, the part must be started again
            self._board.line(f"{child.name}: what follows its end did not work: {error!r}")

    def _tell_changed(self) -> None:
        try:
            self._on_changed()
        except OSError as error:
            self._board.line(f"run.json could not be written: {error}")

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self.failed.done():
            self.failed.set_result(StartFailed(f"{task.get_name()} failed: {error!r}", 1))

    def _fail(self, kept: _Kept, code: int, said: str) -> None:
        if not self.failed.done():
            exit_code = code if code in _FOR_A_PERSON else 1
            self.failed.set_result(StartFailed(f"{kept.part.name}: {said}", exit_code))


def _code(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
