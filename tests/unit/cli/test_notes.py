"""What services that are ready want people to know, on the terminal of `tradewire up`."""

import asyncio
import io
from pathlib import Path

from prometheus_client import CollectorRegistry
from rich.console import Console

from tradewire.runtime.health import Health, serve
from tradewire.runtime.tasks import end_tasks
from tradewire_cli.engines.logs import RotatedLog
from tradewire_cli.up.board import Board
from tradewire_cli.up.notes import tell_notes
from tradewire_cli.up.process import ServiceProcess


def part_at(port: int, tmp_path: Path) -> ServiceProcess:
    return ServiceProcess("risk", "nothing", {}, host="127.0.0.1", port=port, log=tmp_path / "risk.log")


def test_a_note_is_news_once() -> None:
    health = Health()
    assert [health.note("limits", text) for text in ("", "a", "a", "b", "", "")] == [
        False,
        True,
        False,
        True,
        True,
        False,
    ]
    assert health.notes == {}


async def test_notes_are_told_on_the_terminal_once_and_hinder_nothing(tmp_path: Path) -> None:
    health = Health()
    health.started()
    health.note("limits", "the configuration would let more pass")
    said, log = io.StringIO(), RotatedLog(tmp_path / "up.log")
    port, stop = serve(health, CollectorRegistry(), "127.0.0.1", 0)
    part = part_at(port, tmp_path)
    telling = asyncio.create_task(tell_notes([part, part], Board(Console(file=said, width=80), log)))
    try:
        assert await part.notes() == {"limits": "the configuration would let more pass"}
        async with asyncio.timeout(10):
            while not said.getvalue():
                await asyncio.sleep(0.01)
        await part.notes()
        assert said.getvalue() == "risk: the configuration would let more pass\n"
        health.note("limits", "")
        async with asyncio.timeout(10):
            while said.getvalue().count("\n") < 2:
                await asyncio.sleep(0.01)
        assert said.getvalue().endswith("\nrisk: no longer so: the configuration would let more pass\n")
        assert health.ready
    finally:
        await end_tasks(telling)
        await asyncio.to_thread(stop)
        await log.close()
    assert await part.notes() is None
