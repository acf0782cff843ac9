"""Lists that come by pages: orders, and the account's activities, of which executions are a kind."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tradewire.domain.quoting import quoted
from tradewire.domain.times import instant_text
from tradewire_router.brokers.alpaca import activities, executions
from tradewire_router.brokers.alpaca.desk import Desk
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.pages import Pages
from tradewire_router.brokers.alpaca.words import Json, order_of, time_of, unreadable
from tradewire_router.brokers.errors import BrokerError, OrderNotFoundError
from tradewire_router.brokers.values import TERMINAL, Activity, Beginning, BrokerOrder, Cursor, Execution

PAGE = 500
_FILLS, _ALL = "/account/activities/FILL", "/account/activities"
START: Cursor = "0"
"""The cursor before the first execution."""
_cursor = re.compile(r"(0)|([0-9]{1,17}):(\S{1,100})", re.ASCII).fullmatch
_ONE_BY_ONE = 3
_PAGES_BACK = 20


def flat(told: Iterable[Json], parent: str = "") -> Iterator[tuple[Json, str]]:
    """Orders and the legs under them, each with its parent's client order id."""
    for order in told:
        yield order, parent
        yield from flat(order.get("legs") or (), str(order["client_order_id"]))


class Lists:
    """What is asked for by pages."""

    def __init__(self, account: str, desk: Desk, known: Known, progress: Callable[[str, int], None]) -> None:
        """`progress` takes what of a long list is read, and how much of it there was so far."""
        self._account, self._desk, self._known = account, desk, known
        self._pages = Pages(desk, progress)

    async def open_orders(self) -> list[BrokerOrder]:
        """Every order that is not at its end, exits too. Raises BrokerError."""
        found = await self._orders({"status": "open"})
        return [order for order in found if order.status not in TERMINAL]

    async def orders_since(self, at: int) -> list[BrokerOrder]:
        """Every order submitted at or after `at`. Raises BrokerError."""
        found = await self._orders({"status": "all"}, at)
        return [order for order in found if order.submitted_at >= at]

    async def _orders(self, query: dict[str, str], at: int = 0) -> list[BrokerOrder]:
        found: dict[str, BrokerOrder] = {}
        after = at
        while True:
            # `after` leaves out its own moment, in which the page before may have ended.
            when = {"after": instant_text(after - 1)} if after > 0 else {}
            page = await self._page({**query, **when, "direction": "asc", "nested": "true"}, begun=bool(found))
            before = len(found)
            for told, parent in flat(page):
                client_id = self._known.learn(str(told["id"]), str(told["client_order_id"]))
                found[str(told["id"])] = order_of(self._account, told, client_id, parent=parent)
            self._pages.tell("orders", before, len(found))
            if len(page) < PAGE:
                return list(found.values())
            after = time_of(page[-1], "submitted_at")
            if len(found) == before:
                raise BrokerError("Alpaca lists more orders of one moment than a page holds", code="UNREADABLE")

    async def _page(self, query: dict[str, str], *, begun: bool) -> Sequence[Json]:
        return await self._pages.page("orders", "/orders", {**query, "limit": str(PAGE)}, begun=begun)

    async def executions_since(self, cursor: Cursor | None) -> tuple[list[Execution], Cursor]:
        """Every execution after a cursor, oldest first, and the next cursor. Raises BrokerError."""
        told, following = await self._fills(cursor)
        names = await self._names({str(each.get("order_id")) for each in told})
        known = self._known
        return [executions.listed(self._account, known, each, names[str(each["order_id"])]) for each in told], following

    async def activities_since(self, cursor: Cursor | None) -> tuple[list[Activity], Cursor]:
        """What happened beside executions after a cursor, oldest first, and the next cursor. Raises BrokerError."""
        mark = activities.mark_of(cursor)
        found = await self._pages.activities(_ALL, activities.query_of(mark))
        return activities.following(self._account, found.values(), mark)

    async def beginning(self, most: int) -> Beginning | None:
        """The cursors of now, where there are more than `most` executions or other activities. Raises BrokerError."""
        everything = activities.query_of(activities.mark_of(None))
        every: tuple[tuple[str, dict[str, str]], ...] = ((_FILLS, {}), (_ALL, everything))
        for path, query in every:
            if len(await self._pages.activities(path, query, most)) > most:
                break
        else:
            return None
        at = time_of(await self._desk.ask("/clock"), "timestamp")
        cursor, mark = await self.newest(), activities.mark_at(at)
        lately = await self._pages.activities(_ALL, activities.query_of(mark))
        return Beginning(cursor, activities.following(self._account, lately.values(), mark)[1])

    async def newest(self) -> Cursor:
        """The cursor after the newest execution. Raises BrokerError."""
        page: Any = await self._desk.ask(_FILLS, {"direction": "desc", "page_size": "1"})
        if not isinstance(page, list):
            raise unreadable("activities", page)
        return _after(page[0]) if page else START

    async def _fills(self, cursor: Cursor | None) -> tuple[list[Json], Cursor]:
        parts = _cursor(cursor or START)
        if parts is None:
            raise BrokerError(f"cursor {quoted(str(cursor))} is none of Alpaca's", code="INVALID_CURSOR")
        at, last = int(parts[2] or 0), parts[3]
        after = {"after": instant_text(at - 1)} if at else {}
        found = await self._pages.activities(_FILLS, after)
        told = list(found.values())
        if last in found:  # else it was taken back since, and what comes again is known by its name
            told = told[list(found).index(last) + 1 :]
        if not told:
            return [], cursor or START
        return told, _after(told[-1])

    async def _names(self, order_ids: set[str]) -> dict[str, str]:
        """Our names of orders, which activities do not tell; of many that are unknown, the newest orders are listed."""
        missing = {each for each in order_ids if self._known.client_id(each) is None}
        until: dict[str, str] = {}
        for _ in range(_PAGES_BACK if len(missing) > _ONE_BY_ONE else 0):
            page = await self._page({"status": "all", "direction": "desc", "nested": "true", **until}, begun=True)
            for told, _parent in flat(page):
                self._known.learn(str(told["id"]), str(told["client_order_id"]))
                missing.discard(str(told["id"]))
            if not missing or len(page) < PAGE:
                break
            until = {"until": instant_text(time_of(page[-1], "submitted_at") + 1)}
        for order_id in missing:
            with contextlib.suppress(OrderNotFoundError):  # an order that Alpaca has forgotten is none of ours
                told = await self._pages.answer(f"/orders/{order_id}", None, begun=True)
                self._known.learn(str(told["id"]), str(told["client_order_id"]))
        return {each: self._known.client_id(each) or "" for each in order_ids}


def _after(activity: Json) -> Cursor:
    return f"{time_of(activity, 'transaction_time')}:{activity['id']}"
