"""The read model says what the log says, however the reader heard of it and whatever befell it meanwhile."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.integration.reader.bench import WAIT_SECONDS, Asker, Log, Tables, command, problems
from tests.processes import Child, child
from tests.unit.reader.histories import History
from tests.unit.reader.naive import Naive
from tradewire.domain.orders import decode_order
from tradewire.messages import answers
from tradewire.messages import order_events as o
from tradewire_cli.engines.testing import Engines, running_engines


def played(seed: int, orders: int = 150) -> History:
    history = History(seed)
    history.begin()
    history.play(orders)
    return history


async def assert_equal(tables: Tables, naive: Naive) -> None:
    """Compares every table with the naive fold."""
    rows: list[Any] = await tables.connection.fetch("select * from read.orders")
    assert {f"order-{row['order_id']}": decode_order(row["state"]) for row in rows} == naive.orders
    for row in rows:
        order = naive.orders[f"order-{row['order_id']}"]
        assert (row["status"], row["open"], row["symbol"]) == (order.status.value, order.open, order.symbol)
        assert (row["quantity"], row["filled"], row["anomaly"]) == (order.quantity, order.filled, order.anomaly)
        assert (row["account"], row["strategy"], str(row["signal"])) == (order.account, order.strategy, order.signal)

    rows = await tables.connection.fetch("select * from read.positions")
    held = {(account, p.symbol): p for account, book in naive.books.items() for p in book.positions.values()}
    assert {(row["account"], row["symbol"]) for row in rows} == set(held)
    for row in rows:
        position = held[row["account"], row["symbol"]]
        assert (row["quantity"], row["cost"]) == (position.quantity, position.fifo_cost)
        assert (row["realized"], row["fees"]) == (position.fifo_realized, position.fees)

    rows = await tables.connection.fetch("select account, currency, cash from read.cash")
    assert {(row["account"], row["currency"]): row["cash"] for row in rows} == {
        (account, currency): balance.cash
        for account, book in naive.books.items()
        for currency, balance in book.balances.items()
    }

    # What counts among the fills is what the positions are made of.
    rows = await tables.connection.fetch(
        "select account, symbol, sum(case side when 'buy' then quantity else -quantity end) as net from read.fills "
        "where kind <> 'bust' and superseded_by is null group by account, symbol"
    )
    net = {(row["account"], row["symbol"]): row["net"] for row in rows}
    assert {key: net.get(key, Decimal(0)) for key in held} == {key: p.quantity for key, p in held.items()}


async def test_tables_equal_a_naive_fold_of_what_is_heard(
    reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    pos = await log.write(played(1))
    await asker.until(pos)
    assert await tables.pos() == pos
    await assert_equal(tables, log.naive())


async def test_tables_equal_a_naive_fold_of_what_only_postgres_says(
    reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    log.silent = True
    pos = await log.write(played(2))
    await asker.until(pos)
    await assert_equal(tables, log.naive())


async def test_a_reader_that_comes_late_catches_up(
    engines: Engines, log: Log, asker: Asker, tables: Tables, folder: Any
) -> None:
    pos = await log.write(played(3, 2_000), events_each=100)
    async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
        await reader.until_ready()
        await asker.until(pos)
        await assert_equal(tables, log.naive())
        assert await reader.stop() == 0


@pytest.mark.parametrize("point", ["reader.before_commit", "reader.after_commit"])
async def test_a_kill_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    engines: Engines, log: Log, asker: Asker, tables: Tables, folder: Any, point: str
) -> None:
    history = played(4, 300)
    for passage in (1, 4, 2):
        faults = {"TRADEWIRE_FAULTS": f"{point}=kill@{passage}"}
        async with child("tradewire_ledger.reader", engines, "reader", folder, faults) as reader:
            while reader.alive:
                history.play(5)
                await log.write(history, events_each=4)
        assert reader.process.returncode == -9
    pos = await log.write(history)
    async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
        await asker.until(pos)
        await assert_equal(tables, log.naive())
        live = await asker.digest()
        await reader.stop()
    code, output = await command(engines, "rebuild")
    assert code == 0, output
    assert output.startswith(f"{live.digest} at position {pos} of log")
    assert output.endswith(", as before\n")


async def test_the_reader_goes_on_while_nats_is_away(
    engines: Engines, reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    history = played(5, 50)
    await asker.until(await log.write(history))
    await engines.nats.kill()
    history.play(50)
    pos = await log.write(history)
    await tables.until(pos)
    await assert_equal(tables, log.naive())
    await engines.nats.start()
    history.play(20)
    await asker.until(await log.write(history))
    await assert_equal(tables, log.naive())


async def test_the_reader_goes_on_after_postgres_was_away(
    engines: Engines, reader: Child, log: Log, asker: Asker, folder: Any
) -> None:
    await asker.until(await log.write(played(6, 50)))
    await log.close()
    await engines.postgres.kill()
    async with asyncio.timeout(WAIT_SECONDS):
        while await asyncio.to_thread(reader.ready):
            await asyncio.sleep(0.05)
    await engines.postgres.start()
    again = await Log.open(engines)
    history = History(60, accounts=("third",))
    history.open_account("third")
    history.play(20)
    pos = await again.write(history)
    await asker.until(pos)
    assert reader.alive
    await again.close()


async def test_a_second_reader_waits_and_takes_over(
    engines: Engines, reader: Child, log: Log, asker: Asker, tables: Tables, folder: Any
) -> None:
    history = played(7, 50)
    async with child("tradewire_ledger.reader", engines, "reader", folder) as second:
        await asker.until(await log.write(history))
        assert not await asyncio.to_thread(second.ready)
        await reader.kill()
        history.play(50)
        pos = await log.write(history)
        await second.until_ready()
        await asker.until(pos)
        await assert_equal(tables, log.naive())


async def test_a_rebuild_beside_a_live_reader_gives_the_same_and_the_reader_goes_on(
    engines: Engines, reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    history = played(8, 100)
    pos = await log.write(history)
    await asker.until(pos)
    live = await asker.digest()
    assert (live.pos, live.log_id) == (pos, log.store.head.log_id)
    code, output = await command(engines, "rebuild")
    assert (code, output) == (0, f"{live.digest} at position {pos} of log {live.log_id}, as before\n")

    history.play(50)
    pos = await log.write(history)
    await asker.until(pos)
    await assert_equal(tables, log.naive())
    live = await asker.digest()
    assert (await command(engines, "digest"))[1].startswith(f"{live.digest} at position {pos}")


async def test_a_rebuild_says_which_table_was_not_what_the_log_says(
    engines: Engines, reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    await asker.until(await log.write(played(9, 20)))
    good = await asker.digest()
    await tables.connection.execute(
        "update read.fills set price = price + 1 where pos = (select min(pos) from read.fills)"
    )
    assert (await asker.digest()).digest != good.digest
    code, output = await command(engines, "rebuild")
    assert code == 1
    assert "was not what the log says, in fills" in output
    assert (await asker.digest()).digest == good.digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("update read.checkpoint set code = code - 1", "it was folded by version"),
        ("update read.checkpoint set log_id = gen_random_uuid()", "it is of log"),
        ("update read.checkpoint set hash = sha256('')", "its hash is not that of frame"),
        ("update read.checkpoint set pos = pos + 100", "and the log ends at"),
    ],
)
async def test_a_read_model_of_other_folds_or_another_log_is_made_anew_at_start(
    engines: Engines, log: Log, asker: Asker, tables: Tables, folder: Any, change: str, reason: str
) -> None:
    pos = await log.write(played(10, 30))
    async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
        await asker.until(pos)
        good = await asker.digest()
        await reader.stop()
    await tables.connection.execute(change)
    await tables.connection.execute("delete from read.orders")
    async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
        await reader.until_ready()
        assert await asker.digest() == good
        assert reason in reader.output()
        assert '"percent": 100' in reader.output()


async def test_a_log_that_this_build_cannot_read_stops_the_reader_and_nothing_is_folded(
    reader: Child, log: Log, asker: Asker, tables: Tables
) -> None:
    history = played(11, 5)
    pos = await log.write(history)
    await asker.until(pos)
    history.signal("s-1")
    unknown = history.accepted[-1]
    history.accepted[-1] = replace(unknown, event=replace(unknown.event, type="OrderTeleported"))
    await log.write(history)
    assert await reader.ended() == 1
    says = f"OrderTeleported schema 1 at position {pos + 1} is not known to this build: start the build that wrote it"
    assert says in reader.output()
    assert await tables.pos() == pos


async def test_text_that_postgres_cannot_hold_does_not_stop_the_reader(reader: Child, log: Log, asker: Asker) -> None:
    history = History()
    script = history.order("s-1")
    script.approve()
    script.start()
    script.fact(o.OrderRejected, code="A\0B", message="\0")
    await asker.until(await log.write(history))
    story = await asker.ask(answers.OrderStory, "order", id=script.id)
    assert story.order.reason == "A\0B"


async def test_without_its_dsn_the_reader_says_what_to_set(engines: Engines, folder: Any) -> None:
    without = {"TRADEWIRE_POSTGRES_READER_DSN": ""}
    async with child("tradewire_ledger.reader", engines, "reader", folder, without) as reader:
        assert await reader.ended() == 2
        assert "postgres.reader_dsn: is not set" in reader.output()


async def test_without_tables_the_reader_says_what_to_run_and_waits(folder: Any) -> None:
    async with running_engines(folder) as bare, child("tradewire_ledger.reader", bare, "reader", folder) as reader:
        async with asyncio.timeout(WAIT_SECONDS):
            while "run `tradewire-ledger migrate`" not in await asyncio.to_thread(problems, reader):
                await asyncio.sleep(0.05)
        assert await reader.stop() == 0


async def test_while_postgres_says_nothing_the_reader_is_not_ready(engines: Engines, folder: Any) -> None:
    reached = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = {"TRADEWIRE_POSTGRES_READER_DSN": f"postgresql://tradewire_reader@127.0.0.1:{port}/tradewire"}
    async with server, child("tradewire_ledger.reader", engines, "reader", folder, silent) as reader:
        async with asyncio.timeout(WAIT_SECONDS):
            await reached.wait()
        for _ in range(30):
            assert not await asyncio.to_thread(reader.ready)
            await asyncio.sleep(0.05)
        await reader.kill()
