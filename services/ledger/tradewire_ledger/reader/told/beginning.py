"""What the figures of a session begin with: results that risk recorded and what the log brought since, and orders."""

from typing import Any, Final

import asyncpg

from tradewire.domain.account_book import AccountBook
from tradewire.domain.results import FOLDED, Results
from tradewire.messages.registry import decode
from tradewire.messages.window_events import WindowsRecorded
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.model import Model
from tradewire_ledger.reader.told.counting import Counting
from tradewire_ledger.rows import event_of

_SLOT: Final = "/WindowsRecorded"
_ROWS: Final = 500


class Beginning:
    """How the model stood where the session began: to be made before the follower runs."""

    def __init__(self, model: Model) -> None:
        self._pos = model.checkpoint.pos
        self._books = dict(model.books)
        self._orders = {order.order for order in model.orders.values()}
        self._recorded = [pos for slot, pos in model.standing.items() if slot.endswith(_SLOT)]

    async def give(self, pool: "asyncpg.Pool[asyncpg.Record]", counting: Counting) -> None:
        """Reads the log and gives `counting` what it begins with. Raises LOST."""
        async with pool.acquire() as connection:
            if self._orders:
                for row in await connection.fetch(sql.ORDERS_SINCE, sorted(self._orders)):
                    counting.steps.begin(str(row["order_id"]), row["at"])
            counting.begin(await self._results(connection))

    async def _results(self, connection: Any) -> dict[str, Results]:
        results, known = dict[str, Results](), dict[str, int]()
        for row in await connection.fetch(sql.EVENTS_AT, self._recorded):
            recorded: WindowsRecorded = decode(event_of(row))
            if recorded.results is not None:
                results[recorded.account] = Results(recorded.results)
                known[recorded.account] = recorded.state_pos
        since = min((known.get(account, 0) for account in self._books), default=self._pos)
        async with connection.transaction(readonly=True):
            await connection.execute("set local statement_timeout = 0")
            async for row in connection.cursor(sql.LATER_BOOK_EVENTS, since, self._pos, sorted(FOLDED), prefetch=_ROWS):
                event = event_of(row)
                data = decode(event)
                if event.pos > known.get(data.account, 0):
                    currency = self._books.get(data.account, AccountBook(data.account)).currency
                    results.setdefault(data.account, Results()).fold(event, data, currency)
        return results
