"""Runs one engine until it is told to stop or the engine ends, and answers /livez, /readyz and /metrics for it."""

import asyncio
import contextlib
import hashlib
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from prometheus_client import CollectorRegistry

from tradewire.errors import ConfigError, TradewireError
from tradewire.runtime import health, logs
from tradewire.runtime.tasks import end_tasks
from tradewire_cli.engines.child import launched
from tradewire_cli.engines.verdict import Verdict

HTTP_PORT: Final = 8080
_LOOK_SECONDS: Final = 1.0
_REST_SECONDS: Final = 2.0
STOP_SECONDS: Final = 5.0
"""How long an engine has after its own limit, before it is killed."""


class Engine(Protocol):
    """What is kept."""

    name: str
    watched: tuple[Path, ...]
    """Files and folders on whose change the engine is to read its configuration again."""
    stop_signal: signal.Signals
    stop_seconds: float
    death_signal: signal.Signals
    """What the engine gets when the keeper dies."""

    async def prepare(self) -> Sequence[str]:
        """Writes the configuration; returns the program and its arguments. Raises ConfigError or EngineFailed."""
        ...

    async def reload(self, pid: int) -> None:
        """Has the running engine read what changed."""
        ...

    async def try_out(self) -> Verdict:
        """Has the engine do its work once; returns why it did not, if so, and whether another start may mend that."""
        ...

    async def close(self) -> None:
        """Gives up what `try_out` holds open."""
        ...


async def keep(engine: Engine, registry: CollectorRegistry, *, host: str, port: int = HTTP_PORT) -> int:
    """Returns the exit code: 0 after an orderly stop, 1 when the engine ended by itself.

    Raises:
        ConfigError: as `prepare` does, and for a port that is taken.
    """
    log = logs.configure(engine.name, engine.name, "info", "json")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    state = health.Health()
    state.started()
    state.set(engine.name, "is starting")
    try:
        _, stop_http = health.serve(state, registry, host, port)
    except OSError as error:
        raise ConfigError("--http-port", f"{port} cannot be used: {error.strerror}", "Choose a free one.") from None
    program = await engine.prepare()
    process = await asyncio.create_subprocess_exec(
        *launched(program, None, engine.death_signal), stdin=asyncio.subprocess.DEVNULL
    )
    log.info("engine started", program=program[0], pid=process.pid)
    ended, asked = asyncio.ensure_future(process.wait()), asyncio.ensure_future(stopping.wait())
    parts = [
        asyncio.ensure_future(_look(engine, state)),
        asyncio.ensure_future(_watch(engine, process.pid, state)),
    ]
    try:
        await asyncio.wait({ended, asked, *parts}, return_when=asyncio.FIRST_COMPLETED)
        for part in parts:
            if part.done():
                part.result()
        if ended.done():
            log.error("the engine has ended by itself", exit_code=process.returncode)
            return 1
        state.set(engine.name, "is stopping")
        log.info("stopping")
        return 0
    finally:
        await end_tasks(asked, *parts)
        await engine.close()
        await _stop(engine, process)
        await end_tasks(ended)
        await loop.run_in_executor(None, stop_http)


async def _stop(engine: Engine, process: asyncio.subprocess.Process) -> None:
    for number, seconds in ((engine.stop_signal, engine.stop_seconds), (signal.SIGQUIT, STOP_SECONDS)):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await process.wait()
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _look(engine: Engine, state: health.Health) -> None:
    """Has the engine work again and again. It is ready while it does. Once it did, it is alive only as long as another
    start would mend nothing; until then it may take its time, because it recovers."""
    worked = False
    while True:
        found = await engine.try_out()
        state.set(engine.name, found.problem or None)
        worked = worked or not found.problem
        if not found.restart or not worked:
            state.alive_at = time.monotonic()
        await asyncio.sleep(_LOOK_SECONDS if found.problem else _REST_SECONDS)


async def _watch(engine: Engine, pid: int, state: health.Health) -> None:
    seen = _digest(engine.watched)
    while True:
        await asyncio.sleep(_REST_SECONDS)
        with contextlib.suppress(OSError):  # in the middle of being swapped
            found = _digest(engine.watched)
            if found == seen:
                continue
            try:
                await engine.reload(pid)
            except TradewireError as error:
                state.note("configuration", f"not read again, the old one stays: {error}")
            else:
                state.note("configuration", "")
                seen = found


def _digest(paths: Sequence[Path]) -> bytes:
    """Raises OSError."""
    found = hashlib.sha256()
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else (path,):
            if file.is_file():
                found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.digest()
