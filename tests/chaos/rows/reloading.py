"""Settings that a row changes while all runs."""

import asyncio
from collections.abc import Sequence

from tests.chaos.kept import Name
from tests.chaos.run import Run
from tests.chaos.system import ALL


async def reload(run: Run, text: str, says: str, by: Sequence[Name]) -> int:
    """Writes the settings, sends SIGHUP to all, and returns how many processes said so, once those named have."""
    system = run.system
    before = {name: system.processes[name].log.read_text().count(says) for name in by}
    system.config.write_text(text)
    for name in ALL:
        system.processes[name].reload()
    said: set[str] = set()
    async with asyncio.timeout(20):
        while len(said) < len(by):
            said = {name for name in by if system.processes[name].log.read_text().count(says) > before[name]}
            await asyncio.sleep(0.05)
    return len(said)
