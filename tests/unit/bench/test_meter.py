"""What the meters read."""

import asyncio
import os
import sys

from bench.machine import describe
from bench.meter import CpuMeter, latency_of, percentile

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
FAMILY = f"""
import subprocess, sys
input()
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
print(flush=True)
input()
"""


async def test_cpu_of_a_child_that_has_ended_is_its_parents() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FAMILY, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    meter = CpuMeter({"family": parent.pid, "self": os.getpid()})
    meter.start()
    parent.stdin.write(b"\n")
    await parent.stdout.readline()
    read = meter.microseconds()
    assert read["family"] >= 250_000
    assert [*read] == ["family", "self"]
    meter.start()
    assert meter.microseconds()["family"] < 250_000
    await parent.communicate(b"\n")


def test_percentiles_are_interpolated() -> None:
    values = [float(value) for value in range(101)]
    assert (percentile(values, 50), percentile(values, 99)) == (50.0, 99.0)
    assert percentile([1.0, 2.0], 50) == 1.5


def test_latency_counts_from_when_an_order_was_due() -> None:
    first = 5_000_000_000
    calls = [first + int(due_ms * 1e6) + 3_000_000 for due_ms in (0, 10, 20, 30)]
    assert latency_of(calls, first, 100.0).p50 == 3.0
    # A stall of 50 ms from the second order on is in every later order's latency.
    stalled = [calls[0], *(call + 50_000_000 for call in calls[1:])]
    assert latency_of(stalled, first, 100.0).p50 == 53.0


def test_the_machine_is_described() -> None:
    here = describe()
    assert here.cpus >= 1
    assert here.file_system != "unknown"
    assert here.fdatasync_ms >= 0
