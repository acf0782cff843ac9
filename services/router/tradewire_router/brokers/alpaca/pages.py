"""Asking for long lists, page by page: what was read stays read while the budget recovers, and progress is told."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tradewire_router.brokers.alpaca.budget import PAUSE_SECONDS, Urgency
from tradewire_router.brokers.alpaca.desk import PAGE_SECONDS, Desk
from tradewire_router.brokers.alpaca.words import Json, unreadable
from tradewire_router.brokers.errors import RateLimitError

ACTIVITY_PAGE = 100
_TOLD_EVERY = 1_000
_PATIENCE = 5
"""How often in a row one page of a list that was begun may be refused for the rate."""


class Pages:
    """Pages of one account's lists."""

    def __init__(self, desk: Desk, progress: Callable[[str, int], None]) -> None:
        """`progress` takes what is read, and how much of it there was so far."""
        self._desk, self._progress = desk, progress

    async def activities(self, path: str, query: dict[str, str], most: int | None = None) -> dict[str, Json]:
        """Every activity of a query by its id, oldest first; no page more once they are above `most`.

        Raises BrokerError.
        """
        found: dict[str, Json] = {}
        following: dict[str, str] = {}
        while True:
            asked = {**query, **following, "direction": "asc", "page_size": str(ACTIVITY_PAGE)}
            page = await self.page("activities", path, asked, begun=bool(found))
            before = len(found)
            found.update((str(each["id"]), each) for each in page)
            self.tell("activities", before, len(found))
            if len(page) < ACTIVITY_PAGE or len(found) == before or (most is not None and len(found) > most):
                return found
            following = {"page_token": str(page[-1]["id"])}

    def tell(self, what: str, before: int, count: int) -> None:
        """Tells the progress of a list now and then."""
        if before // _TOLD_EVERY != count // _TOLD_EVERY:
            self._progress(what, count)

    async def page(self, what: str, path: str, query: dict[str, str], *, begun: bool) -> Sequence[Json]:
        """One page; of a list that was begun it is waited for while the broker takes no more requests.

        Raises BrokerError.
        """
        told = await self.answer(path, query, begun=begun)
        if not isinstance(told, list):
            raise unreadable(what, told)
        return told

    async def answer(self, path: str, query: dict[str, str] | None, *, begun: bool) -> Any:
        """The answer to one question of several. Raises BrokerError."""
        for _ in range(_PATIENCE if begun else 0):
            try:
                return await self._desk.ask(path, query, Urgency.QUESTION, seconds=PAGE_SECONDS)
            except RateLimitError as error:
                await asyncio.sleep(error.retry_after or PAUSE_SECONDS)
        return await self._desk.ask(path, query, Urgency.QUESTION, seconds=PAGE_SECONDS)
