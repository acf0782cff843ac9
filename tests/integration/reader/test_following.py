"""How the reader keeps up: through the real sequencer and its stream, when it cannot, and what it says meanwhile."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.integration.ledger.desk import Desk, codes
from tests.integration.reader.bench import WAIT_SECONDS, Asker, Log, Tables, connected, problems
from tests.processes import Child, child
from tests.unit.reader.histories import History
from tradewire.messages import answers
from tradewire.replica import take_snapshot
from tradewire.runtime.tasks import end_tasks
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.access import Access
from tradewire_ledger.reader import follow
from tradewire_ledger.reader.follow import Follower
from tradewire_ledger.reader.metrics import Metrics
from tradewire_ledger.reader.store import Store


async def test_what_the_sequencer_appends_is_in_the_read_model_and_in_snapshots(
    engines: Engines, asker: Asker, tables: Tables, folder: Path
) -> None:
    async with (
        child("tradewire_ledger.sequencer", engines, "sequencer", folder) as sequencer,
        child("tradewire_ledger.reader", engines, "reader", folder) as reader,
    ):
        await sequencer.until_ready()
        desk = await Desk.open(engines)
        assert set(codes(await desk.add(*(f"a-{n}" for n in range(300))))) == {"appended"}
        await asker.until(300)
        await reader.kill()
        assert set(codes(await desk.add(*(f"b-{n}" for n in range(300))))) == {"appended"}
        async with child("tradewire_ledger.reader", engines, "reader", folder) as again:
            await again.until_ready()
            results = await desk.add(*(f"c-{n}" for n in range(300)))
            pos = max(result.positions[-1] for result in results)
            assert (await take_snapshot(asker.bus, "main", min_pos=pos)).pos == pos == 900
            page = await asker.ask(answers.FramesPage, "frames")
            assert page.frames[0].first_pos == 1
            live = await asker.digest()
        await desk.close()
    assert live.pos == await tables.pos()


async def test_a_reader_that_cannot_keep_up_with_what_it_hears_reads_it_from_postgres(
    engines: Engines, log: Log, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "HEARD_EVENTS_MAX", 20)
    store = await Store.open(Access(engines.dsn("tradewire_reader")))
    head = await store.head()
    model = await store.load(await store.checkpoint(head))
    bus = await connected(engines, "reader")
    said: list[str] = []
    follower = Follower(store, model, bus, "main", Metrics(CollectorRegistry()), _Said(said), head=head.pos)
    running = asyncio.create_task(follower.run())
    history = History(1)
    history.begin()
    await tables.until(await log.write(history))
    async with follower.still:
        history.play(50)
        pos = await log.write(history, pause=0.001)
        assert follower.pos < pos
    await tables.until(pos)
    assert said == ["the reader cannot keep up with what it hears, and reads the log from Postgres"]
    naive = log.naive()
    assert (follower.model.orders, follower.model.books) == (naive.open_orders, naive.books)
    await end_tasks(running)
    store.close()
    await bus.close()


class _Said:
    """A logger that keeps what was said."""

    def __init__(self, said: list[str]) -> None:
        self._said = said

    def warning(self, event: str, **_: object) -> None:
        self._said.append(event)

    info = warning


async def test_a_reader_that_is_behind_is_not_ready_until_it_has_caught_up(
    reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    history = History(1)
    history.begin()
    await asker.until(await log.write(history))
    async with tables.connection.transaction():
        await tables.connection.execute("select 1 from read.checkpoint for update")
        history.play(5)
        await log.write(history)
        async with asyncio.timeout(WAIT_SECONDS):
            while "positions behind" not in await asyncio.to_thread(problems, reader):
                await asyncio.sleep(0.1)
    await reader.until_ready()
    assert await tables.pos() == log.pos
