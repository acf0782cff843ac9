"""What a batch costs the read model does not grow with what it holds."""

import asyncio

from tests.integration.reader.bench import Log, Tables
from tests.processes import Child
from tests.unit.reader.histories import History

_READ = "select seq_tup_read from pg_stat_user_tables where schemaname = 'read' and relname = $1"


async def read_in_sequence(tables: Tables, table: str) -> int:
    """How many rows whole-table reads have read so far; Postgres tells of that a second later."""
    await asyncio.sleep(1.5)
    return int(await tables.connection.fetchval(_READ, table) or 0)


async def test_no_batch_reads_all_fills_or_orders(log: Log, tables: Tables, reader: Child) -> None:
    history = History(3)
    history.begin()
    history.play(1_500)
    await tables.until(await log.write(history, events_each=50))
    held = {
        table: await tables.connection.fetchval(f"select count(*) from read.{table}") for table in ("fills", "orders")
    }
    assert min(held.values()) > 100
    before = {table: await read_in_sequence(tables, table) for table in held}
    history.play(100)
    await tables.until(await log.write(history, events_each=10, pause=0.02))
    for table, rows in held.items():
        assert await read_in_sequence(tables, table) - before[table] < 2 * rows, table
