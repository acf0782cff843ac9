"""Role processes: they answer, their failure is the parent's, and they do not outlive it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from bench.children import RoleError, RoleProcess
from bench.role import Access, Run

from tests.unit.bench.idle_role import FAILS, NEVER_ENDS

IDLE = "tests.unit.bench.idle_role"
ACCESS = Access(nats_url="", postgres_dsn="", nkey_file="")

PARENT = f"""
import asyncio, pathlib, sys
from bench.children import RoleProcess
from bench.role import Access, Run

async def main():
    role = await RoleProcess.start("idle", {IDLE!r}, Access("", "", ""), pathlib.Path(sys.argv[1]))
    await role.begin(Run(0, int(sys.argv[2]), None))
    asyncio.get_running_loop().call_later(0.2, lambda: print(role.pid, flush=True))
    await role.finish(60)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@asynccontextmanager
async def idle(workdir: Path) -> AsyncIterator[RoleProcess]:
    role = await RoleProcess.start("idle", IDLE, ACCESS, workdir)
    try:
        yield role
    finally:
        await role.stop()


async def test_a_role_is_told_of_each_run_and_reports_it(tmp_path: Path) -> None:
    async with idle(tmp_path) as role:
        for run in (Run(0, 3, None), Run(3, 5, 100.0)):
            await role.begin(run)
            report = await role.finish(10)
            assert (report.first, report.last, report.calls) == (run.first, run.orders, [*range(run.orders)])


async def test_a_report_of_a_long_run_comes_in_one_piece(tmp_path: Path) -> None:
    async with idle(tmp_path) as role:
        await role.begin(Run(0, 300_000, None))
        assert len((await role.finish(20)).calls) == 300_000


async def test_a_stopped_role_is_gone(tmp_path: Path) -> None:
    async with idle(tmp_path) as role:
        pass
    assert not psutil.pid_exists(role.pid)


async def test_a_role_that_fails_after_its_report_is_seen_with_what_it_said(tmp_path: Path) -> None:
    async with idle(tmp_path) as role:
        await role.begin(Run(0, FAILS, None))
        await role.finish(10)
        with pytest.raises(RoleError, match=r"(?s)idle ended with code 1.*the disk is on fire"):
            await role.watch()


async def test_a_role_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RoleError, match=r"(?s)nothing ended with code 1.*No module named"):
        await RoleProcess.start("nothing", "bench.no_such_role", ACCESS, tmp_path)


async def test_a_role_that_does_not_finish_is_an_error(tmp_path: Path) -> None:
    async with idle(tmp_path) as role:
        await role.begin(Run(0, NEVER_ENDS, None))
        with pytest.raises(RoleError, match="idle did not finish within 1 seconds"):
            await role.finish(1)


@pytest.mark.parametrize("orders", [1, NEVER_ENDS])
async def test_a_role_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path, orders: int) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PARENT,
        str(tmp_path),
        str(orders),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert parent.stdout is not None
    child = psutil.Process(int(await parent.stdout.readline()))
    assert child.is_running()
    os.kill(parent.pid, signal.SIGKILL)
    await parent.wait()
    await asyncio.to_thread(child.wait, 20)
    assert not child.is_running()
