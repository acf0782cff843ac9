"""A part that runs and is of no use is started anew, and one that only had a bad moment is not."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGSTOP

import pytest
from rich.console import Console

from tradewire_cli.engines.child import Child
from tradewire_cli.engines.logs import RotatedLog
from tradewire_cli.engines.part import Say
from tradewire_cli.up import supervisor as supervising
from tradewire_cli.up.board import Board
from tradewire_cli.up.supervisor import Supervisor


class Patient:
    """A real process that does nothing; `ills` is what it is said to suffer from, look by look, and then nothing."""

    name, http = "patient", ""

    def __init__(self, folder: Path, *ills: str) -> None:
        self._folder, self.ills, self.looks = folder, list(ills), 0
        self.children: list[Child] = []

    async def start(self) -> Child:
        program = (sys.executable, "-c", "import time; time.sleep(600)")
        self.children.append(await Child.start(self.name, program, log=self._folder / "patient.log"))
        return self.children[-1]

    async def wait_ready(self, child: Child, say: Say) -> None: ...

    async def ailment(self, child: Child) -> str:
        self.looks += 1
        return self.ills.pop(0) if self.ills else ""

    async def stop(self, child: Child, limit_seconds: float) -> bool:
        return await child.stop(limit_seconds)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(supervising, "_LATE_STOP_SECONDS", 0.5)


@asynccontextmanager
async def kept(patient: Patient, folder: Path) -> AsyncIterator[Path]:
    """Supervises it while the context lasts, and gives the log of what was said."""
    log = RotatedLog(folder / "up.log")
    supervisor = Supervisor(Board(Console(quiet=True), log), None, lambda: None)
    supervisor.launch(patient)
    await supervisor.ready(patient.name)
    try:
        yield folder / "up.log"
    finally:
        await supervisor.drain(patient.name, 5)
        await log.close()


async def looked(patient: Patient, times: int) -> None:
    """Waits until it was looked at so often."""
    async with asyncio.timeout(60):
        while patient.looks < times:
            await asyncio.sleep(0.01)


async def test_what_is_ill_three_times_in_a_row_is_started_anew_and_says_why(tmp_path: Path) -> None:
    patient = Patient(tmp_path, *["takes no publish"] * 3)
    async with kept(patient, tmp_path) as said:
        await looked(patient, 5)
        first, second = patient.children
        assert (first.exit_code, second.exit_code) == (-15, None)
    assert "patient: takes no publish; looking again" in said.read_text()
    assert "patient: takes no publish; stopping it" in said.read_text()
    assert said.read_text().count("patient: ready") == 2


async def test_what_does_not_end_when_asked_is_killed(tmp_path: Path) -> None:
    patient = Patient(tmp_path, *["takes no publish"] * 3)
    async with kept(patient, tmp_path):
        patient.children[0].send(SIGSTOP)
        await looked(patient, 4)
        assert patient.children[0].exit_code == -9


async def test_a_bad_moment_is_no_reason(tmp_path: Path) -> None:
    patient = Patient(tmp_path, "busy", "busy", "", "busy", "busy", "")
    async with kept(patient, tmp_path):
        await looked(patient, 8)
        assert len(patient.children) == 1
