"""Whose order a broker's message is about, and what the log has of an execution: asked of the reader."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, FillRow, FillsPage, OrderStory, QueryError
from tradewire.messages.order_events import OrderSubmitStarted
from tradewire.messages.queries import EventsQuery, FillsQuery, OrderQuery, Query
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.state import RouterState
from tradewire_router.submit import Submitter

_PAGE = 1000
_MARGIN_MICROSECONDS = 60_000_000
_NOBODYS_MAX = 10_000
_BEHIND_SECONDS = 2.0
_is_our_kind = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
Page = TypeVar("Page", EventsPage, FillsPage, OrderStory)
_decode = msgspec.json.Decoder(EventsPage | FillsPage | OrderStory | QueryError).decode
_started = msgspec.json.Decoder(OrderSubmitStarted).decode


class Attribution:
    """Finds orders by client order id: in hand, in the state, and those closed long ago in the log, latest first."""

    def __init__(self, bus: Bus, shard: str, state: RouterState, submitter: Submitter) -> None:
        self._bus, self._shard = bus, shard
        self._state, self._submitter = state, submitter
        self._nobodys: dict[str, None] = {}

    def at_once(self, client_order_id: str) -> Order | None:
        """The order, if it is in hand, open, or was closed lately."""
        return self._state.of_client_id(client_order_id) or self._submitter.known.get(client_order_id)

    async def orders_of(self, client_order_ids: Iterable[str]) -> dict[str, Order | None]:
        """Each id with its order, or None when no order of ours ever had it.

        Raises:
            Unavailable: the reader does not answer, so that it is not known.
        """
        found: dict[str, Order | None] = {i: self.at_once(i) if i else None for i in client_order_ids}
        missing = {i for i, o in found.items() if o is None and _is_our_kind(i) and i not in self._nobodys}
        before: int | None = None
        # An intent that is in the log now must not be overlooked because the reader is behind.
        reached = self._state.pos
        while missing:
            query = EventsQuery(
                type="OrderSubmitStarted", account=self._state.account, backward=True, before=before, limit=_PAGE
            )
            page = await self._ask("events", query, EventsPage, reached)
            for event in page.events:
                started = _started(event.data)
                if started.client_order_id in missing:
                    missing.discard(started.client_order_id)
                    found[started.client_order_id] = await self.order(started.order)
            if not page.more:
                break
            before = page.next
        self._nobodys.update(dict.fromkeys(missing))
        while len(self._nobodys) > _NOBODYS_MAX:
            del self._nobodys[next(iter(self._nobodys))]
        return found

    async def order_of(self, client_order_id: str) -> Order | None:
        """The order, or None when no order of ours ever had that id. Raises Unavailable as `orders_of` does."""
        return (await self.orders_of([client_order_id]))[client_order_id]

    async def unbooked(self, executions: Sequence[Execution]) -> list[Execution]:
        """Those of a broker's executions that the log does not have, as far as the read model shows.

        Raises:
            Unavailable: the reader does not answer.
        """
        booked = self._state.executions
        left = {key: e for e in executions if (key := (e.execution, e.revision)) not in booked}
        if not left:
            return []
        oldest = min(execution.at for execution in left.values()) - _MARGIN_MICROSECONDS
        cursor = ""
        while left:
            query = FillsQuery(account=self._state.account, limit=_PAGE, cursor=cursor)
            page = await self._ask("fills", query, FillsPage)
            for fill in page.fills:
                left.pop((fill.execution, fill.revision), None)
            cursor = page.cursor
            if not cursor or page.fills[-1].time < oldest:
                break
        return list(left.values())

    async def versions(self, order: Order, execution: str, at_least: int) -> list[FillRow]:
        """What the log has of an execution of an order, read at position `at_least` or later, newest first.

        Raises:
            Unavailable: the reader does not answer, or is behind.
        """
        found: list[FillRow] = []
        cursor = ""
        while True:
            query = FillsQuery(order=order.order, limit=_PAGE, cursor=cursor)
            page = await self._ask("fills", query, FillsPage, at_least)
            found += [fill for fill in page.fills if fill.execution == execution]
            if not (cursor := page.cursor):
                return found

    async def order(self, order_id: str, at_least: int = 0) -> Order:
        """An order by its id, as of position `at_least` or later. Raises Unavailable as the others do."""
        return (await self._ask("order", OrderQuery(id=order_id), OrderStory, at_least)).order

    async def _ask(self, what: str, query: Query, kind: type[Page], at_least: int = 0) -> Page:
        payload = msgspec.json.encode(query)
        until = asyncio.get_running_loop().time() + _BEHIND_SECONDS
        while True:
            message = await self._bus.request(subjects.query(self._shard, what), payload, timeout=2)
            answer: EventsPage | FillsPage | OrderStory | QueryError = _decode(message.data)
            if isinstance(answer, QueryError):
                raise Unavailable(f"the reader: {answer.message}")
            if not isinstance(answer, kind):
                raise Unavailable("the reader answered another question")
            if answer.pos >= at_least:
                return answer
            if asyncio.get_running_loop().time() >= until:
                raise Unavailable(f"the reader is at {answer.pos}, behind {at_least}")
            await asyncio.sleep(0.05)
