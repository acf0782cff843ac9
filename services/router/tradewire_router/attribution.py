"""Whose order a broker's message is about."""

from collections.abc import Iterable, Sequence

import msgspec

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, FillsPage, OrderStory, QueryError
from tradewire.messages.order_events import OrderSubmitStarted
from tradewire.messages.queries import EventsQuery, FillsQuery, OrderQuery, Query
from tradewire_router.brokers.values import Execution
from tradewire_router.domain.state import RouterState
from tradewire_router.submit import Submitter

_PAGE = 1000
_MARGIN_MICROSECONDS = 60_000_000
_decode = msgspec.json.Decoder(EventsPage | FillsPage | OrderStory | QueryError).decode
_started = msgspec.json.Decoder(OrderSubmitStarted).decode


class Attribution:
    """Finds orders by client order id: in hand, in the state, and those closed long ago in the log, latest first."""

    def __init__(self, bus: Bus, shard: str, state: RouterState, submitter: Submitter) -> None:
        self._bus, self._shard = bus, shard
        self._state, self._submitter = state, submitter

    def at_once(self, client_order_id: str) -> Order | None:
        """The order, if it is in hand, open, or was closed lately."""
        return self._state.of_client_id(client_order_id) or self._submitter.known.get(client_order_id)

    async def orders_of(self, client_order_ids: Iterable[str]) -> dict[str, Order | None]:
        """Each id with its order, or None when no order of ours ever had it.

        Raises:
            Unavailable: the reader does not answer, so that it is not known.
        """
        found: dict[str, Order | None] = {i: self.at_once(i) if i else None for i in client_order_ids}
        missing = {i for i, order in found.items() if order is None and i}
        before: int | None = None
        while missing:
            query = EventsQuery(
                type="OrderSubmitStarted", account=self._state.account, backward=True, before=before, limit=_PAGE
            )
            page = await self._ask("events", query)
            if not isinstance(page, EventsPage):
                raise Unavailable("the reader answered another question")
            for event in page.events:
                started = _started(event.data)
                if started.client_order_id in missing:
                    missing.discard(started.client_order_id)
                    found[started.client_order_id] = await self._order(started.order)
            if not page.more:
                break
            before = page.next
        return found

    async def unbooked(self, executions: Sequence[Execution]) -> list[Execution]:
        """Those of a broker's executions that the log does not have, as far as the read model shows.

        Raises:
            Unavailable: the reader does not answer.
        """
        left = {(execution.execution, execution.revision): execution for execution in executions}
        if not left:
            return []
        oldest = min(execution.at for execution in executions) - _MARGIN_MICROSECONDS
        cursor = ""
        while left:
            page = await self._ask("fills", FillsQuery(account=self._state.account, limit=_PAGE, cursor=cursor))
            if not isinstance(page, FillsPage):
                raise Unavailable("the reader answered another question")
            for fill in page.fills:
                left.pop((fill.execution, fill.revision), None)
            cursor = page.cursor
            if not cursor or page.fills[-1].time < oldest:
                break
        return list(left.values())

    async def order_of(self, client_order_id: str) -> Order | None:
        """The order, or None when no order of ours ever had that id. Raises Unavailable as `orders_of` does."""
        return (await self.orders_of([client_order_id]))[client_order_id]

    async def _order(self, order_id: str) -> Order:
        story = await self._ask("order", OrderQuery(id=order_id))
        if not isinstance(story, OrderStory):
            raise Unavailable("the reader answered another question")
        return story.order

    async def _ask(self, what: str, query: Query) -> EventsPage | FillsPage | OrderStory:
        message = await self._bus.request(subjects.query(self._shard, what), msgspec.json.encode(query), timeout=2)
        answer: EventsPage | FillsPage | OrderStory | QueryError = _decode(message.data)
        if isinstance(answer, QueryError):
            raise Unavailable(f"the reader: {answer.message}")
        return answer
