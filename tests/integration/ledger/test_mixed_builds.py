"""An upgrade half done: whoever is of another build than the ledger is refused, and who is at work goes on."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.builders import nothing
from tests.integration.ledger.desk import Desk, codes
from tests.processes import Child, child
from tradewire.build import build_id
from tradewire.messages.log import Fence
from tradewire_cli.engines.testing import Engines

NAME = "router-paper"
GRANTS = "select count(*) from ledger.event where type = 'LeaseGranted'"


def says(theirs: str, ledger: str) -> str:
    return f"this process is {theirs}, and the ledger is build {ledger}: start the ledger's build"


@pytest.mark.parametrize(
    ("build", "named"), [("0.0.1+0ld", "build 0.0.1+0ld"), ("", "a build that does not name itself")]
)
async def test_the_ledger_grants_nothing_to_another_build(
    sequencer: Child, desk: Desk, admin: "asyncpg.Connection[asyncpg.Record]", build: str, named: str
) -> None:
    held = await desk.lease("acquire", NAME, "ours", writer="router")
    assert held.granted
    assert held.refused == ""

    other = await desk.lease("acquire", NAME, "theirs", writer="router", build=build)
    assert not other.granted
    assert other.refused == says(named, build_id())
    assert (await desk.lease("renew", NAME, "ours", held.epoch, writer="router")).granted
    assert codes(await desk.add("a")) == ["appended"]

    await desk.lease("release", NAME, "ours", held.epoch, writer="router")
    assert not (await desk.lease("acquire", NAME, "theirs", writer="router", build=build)).granted
    assert await admin.fetchval(GRANTS) == 1
    assert (await desk.lease("acquire", NAME, "ours too", writer="router")).epoch == held.epoch + 1


async def test_a_holder_goes_on_under_a_newer_ledger_and_is_not_taken_again(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk
) -> None:
    held = await desk.lease("acquire", "ingest-main", "old")
    await sequencer.kill()
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder, {"TRADEWIRE_BUILD": "new"}) as newer:
        await newer.until_ready()
        assert (await desk.lease("renew", "ingest-main", "old", held.epoch)).granted
        assert (await desk.lease("acquire", "ingest-main", "old")).epoch == held.epoch  # it had missed a renewal
        fenced = await desk.append(nothing("b"), fence=Fence("ingest-main", held.epoch))
        assert codes(fenced) == ["appended"]

        waiting = await desk.lease("acquire", "ingest-main", "successor", build="new")
        assert (waiting.granted, waiting.refused, waiting.holder) == (False, "", "old")
        await desk.lease("release", "ingest-main", "old", held.epoch)
        again = await desk.lease("acquire", "ingest-main", "old")
        assert (again.granted, again.refused) == (False, says(f"build {build_id()}", "new"))
        assert (await desk.lease("acquire", "ingest-main", "successor", build="new")).epoch == held.epoch + 1


async def test_who_is_refused_is_told_once_and_is_let_in_when_the_ledger_follows(
    engines: Engines, folder: Path, sequencer: Child, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    lease = desk.holder(desk.bus, "ingest-main", "ingest", "early")
    lease._tell = told.append
    monkeypatch.setattr("tradewire.lease.build_id", lambda: "new")
    acquiring = asyncio.create_task(lease.acquire())
    try:
        await asyncio.wait_for(lease.asked.wait(), 30)
        assert lease.refused == says("build new", build_id())
        await sequencer.kill()
        env = {"TRADEWIRE_BUILD": "new"}
        async with child("tradewire_ledger.sequencer", engines, "sequencer", folder, env) as newer:
            await newer.until_ready()
            await asyncio.wait_for(acquiring, 30)
            assert lease.held.is_set()
        assert told == [says("build new", build_id()), ""]
    finally:
        acquiring.cancel()
        await asyncio.gather(acquiring, return_exceptions=True)
