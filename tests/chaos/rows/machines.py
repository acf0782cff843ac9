"""Faults of the machine: nobody reads the logs, their disk is full, descriptors or memory run out."""

import asyncio
import contextlib
import resource
from functools import partial
from pathlib import Path

from tests.chaos.kept import Kept
from tests.chaos.load import Script
from tests.chaos.rows.reloading import reload
from tests.chaos.rows.storage import until
from tests.chaos.run import Run
from tests.chaos.small_disk import fill
from tests.chaos.system import ALL

DROPPED = "tradewire_log_lines_dropped_total"
SAID = "log lines were dropped"
FILE_SAID = "bytes of output were dropped"
_BUFFER_BYTES = 4_000
_SILENT = 8
"""So many connections to each process ask for nothing and read nothing."""
_MEMORY_BYTES = 4 << 20
_END_SECONDS = 30.0


async def logs_unread(run: Run) -> None:
    """Nobody reads what processes say or what their health ports answer: they trade on and count what is lost."""
    system = run.system
    chatty = {"log.level": "debug", "log.buffer_bytes": str(_BUFFER_BYTES)}
    await reload(run, system.settings_text(**chatty), "settings reloaded", ["ingest", "risk"])
    kept = list(system.processes.values())
    before = {each.name: await each.metric(DROPPED) for each in kept}
    told = {name: _count(system.processes[name].log, SAID) for name in ("ingest", "risk")}
    silent = []
    try:
        async with run.load():
            for each in kept:
                each.deafen()
            for each in kept:
                silent += [await asyncio.open_connection("127.0.0.1", each.port) for _ in range(_SILENT)]
            await run.extra([_nonsense(run, number) for number in range(150)])
    finally:
        dropped = {each.name: await each.metric(DROPPED) - before[each.name] for each in kept}
        for each in kept:
            each.listen()
        for _, writer in silent:
            writer.close()
    run.hit(int(sum(dropped.values())))
    for name, count in told.items():
        if not dropped[name]:
            run.notes.append(f"{name} lost no line although nobody read them")
        elif not await until(partial(_said_more, system.processes[name].log, count), 10):
            run.notes.append(f"{name} does not say that lines were dropped")
    await reload(run, system.settings_text(), "settings reloaded", ["ingest", "risk"])


def _nonsense(run: Run, number: int) -> Script:
    """A signal that is refused, which is said in a line of the log."""
    return Script(f"{run.prefix}-nonsense-{number}", "momo", {"symbol": "AAPL", "action": "dance"})


def _said_more(log: Path, count: int) -> bool:
    return _count(log, SAID) > count


def _count(log: Path, words: str) -> int:
    return log.read_text(errors="replace").count(words)


async def log_disk_full(run: Run) -> None:
    """The disk of the logs is full: trading goes on, and the logs say how much they lack."""
    logs = run.system.folder / "logs"
    before = {path: _count(path, FILE_SAID) for path in logs.glob("*.log")}
    ballast = await fill(logs)
    try:
        async with run.load():
            await run.extra([_nonsense(run, number) for number in range(20)])
    finally:
        ballast.unlink()
    await reload(run, run.system.settings_text(), "settings reloaded", ["ingest", "risk"])
    run.hit(sum(_count(path, FILE_SAID) - count for path, count in before.items()))


async def exhausted(run: Run) -> None:
    """One process has no descriptor, or every other time no memory left: it ends by itself, and comes back."""
    name = ALL[run.seed // 2 % len(ALL)]
    kept = run.system.processes[name]
    async with run.load():
        await run.pause()
        ends = len(kept.ends)
        before = _limit(kept, memory=bool(run.seed % 2))
        try:
            async with asyncio.timeout(_END_SECONDS):
                await kept.ended(ends + 1)
        except TimeoutError:
            run.notes.append(f"{name} goes on although it has no {'memory' if run.seed % 2 else 'descriptor'} left")
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(kept.pid, *before)
        else:
            run.hit()
            if kept.ends[ends] != 1:
                run.notes.append(f"{name} ended with {kept.ends[ends]} and not in order")
            kept.excuse(ends)


def _limit(kept: Kept, *, memory: bool) -> tuple[int, tuple[int, int]]:
    """Leaves a process no descriptor, or 4 MiB to allocate; returns what lifts that again."""
    proc = Path("/proc") / str(kept.pid)
    if memory:
        [size] = [line.split()[1] for line in (proc / "status").read_text().splitlines() if line.startswith("VmSize:")]
        what, most = resource.RLIMIT_AS, int(size) * 1024 + _MEMORY_BYTES
    else:
        used = {int(path.name) for path in (proc / "fd").iterdir()}
        what, most = resource.RLIMIT_NOFILE, min(set(range(len(used) + 1)) - used)
    usual = resource.prlimit(kept.pid, what)
    kept.limit(what, most)
    return what, usual
