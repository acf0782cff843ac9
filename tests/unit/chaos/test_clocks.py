"""A process that is run by a wrong clock tells its time, follows it at once, and goes on by the true monotonic one."""

import asyncio
import json
import sys
import time
from pathlib import Path

from tests.chaos.clocks import Clock

ROOT = Path(__file__).parents[3]
HOUR = 3_600_000_000
_TELLER = "tests.unit.chaos.clock_teller"


async def test_a_process_follows_its_clock_and_keeps_its_monotonic_time(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clocks" / "teller")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.clocks", str(clock.file), _TELLER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told = []
    for ahead in (0, HOUR, -HOUR):
        clock.ahead = ahead
        before = clock.now(), time.monotonic_ns()
        process.stdin.write(b"\n")
        said = json.loads(await process.stdout.readline())
        told.append(before[0] <= said["time_ns"] // 1_000 <= clock.now())
        told.append(before[0] <= said["time"] * 1e6 + 1 <= clock.now() + 1)
        told.append(before[1] <= said["monotonic_ns"] <= time.monotonic_ns())
    process.stdin.close()
    await process.wait()
    clock.close()
    assert told == [True] * 9


def test_what_a_clock_is_ahead_outlives_who_set_it(tmp_path: Path) -> None:
    first = Clock(tmp_path / "clock")
    first.ahead = -HOUR
    first.close()
    second = Clock(tmp_path / "clock")
    assert second.ahead == -HOUR
    second.close()
