"""Writes every message as a row, and acknowledges it when the row is committed."""

import asyncio
import time

import asyncpg
from nats.js.api import Header

from bench.floor.idiomatic.wire import fetch, subscribe
from bench.floor.signal import ROWS_PER_ORDER
from bench.role import Access, Report, Run, Tasks, connect, main

_INSERT = """
insert into message (msg_id, subject, body)
select m.msg_id, m.subject, m.body::jsonb from unnest($1::text[], $2::text[], $3::text[]) as m (msg_id, subject, body)
on conflict (msg_id) do nothing
"""


class Ledger:
    """The role `ledger`."""

    async def open(self, access: Access, tasks: Tasks) -> None:
        """Connects and starts the loop."""
        self._due, self._last = 0, 0
        self._complete = asyncio.Event()
        self._postgres = await asyncpg.connect(access.postgres_dsn)
        streams = (await connect(access, "ledger", tasks)).jetstream()
        self._subscription = await subscribe(streams, "ledger", "floor.*")
        tasks.create_task(self._loop())

    async def begin(self, run: Run) -> None:
        """Counts from here."""
        self._due = ROWS_PER_ORDER * run.orders
        self._complete.clear()

    async def finish(self) -> Report:
        """Returns when the run's last row is committed."""
        await self._complete.wait()
        return Report(last=self._last)

    async def _loop(self) -> None:
        while True:
            messages = await fetch(self._subscription)
            if not messages:
                continue
            ids = [(message.headers or {})[Header.MSG_ID.value] for message in messages]
            bodies = [message.data.decode() for message in messages]
            done = await self._postgres.execute(_INSERT, ids, [message.subject for message in messages], bodies)
            self._last = time.monotonic_ns()
            self._due -= int(done.rpartition(" ")[2])
            for message in messages:
                await message.ack()
            if self._due <= 0:
                self._complete.set()


if __name__ == "__main__":
    main(Ledger())
