"""What ingest asks the reader for: orders that are over, and which SIGNALS stream the log last told of."""

import asyncio
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, OrderStory, PublicEvent, QueryError, decode_reply
from tradewire.messages.queries import EventsQuery, OrderQuery, Query
from tradewire.messages.signals_events import SignalsStreamSeen
from tradewire_ingest.domain.state import StreamSeen

BEHIND_SECONDS = 0.05
R = TypeVar("R", OrderStory, EventsPage)


class Found(Struct, frozen=True):
    """An order that the reader knows, with its events."""

    order: Order
    events: tuple[PublicEvent, ...]


class NotOne(StrEnum):
    """Why no order was found: none has such an id, or several have."""

    UNKNOWN = "UNKNOWN_ORDER"
    AMBIGUOUS = "AMBIGUOUS_ORDER"


class _Refused(Unavailable):
    def __init__(self, error: QueryError) -> None:
        super().__init__(f"the reader answers {error.code}: {error.message}")
        self.code: str = error.code


class Lookups:
    """Asks the reader, again while it is behind what was seen already."""

    def __init__(self, bus: Bus, shard: str) -> None:
        self._bus, self._shard = bus, shard

    async def order(self, beginning: str, min_pos: int) -> Found | NotOne:
        """The one order whose id begins so, open or over, at position `min_pos` or later.

        Raises:
            Unavailable: the reader does not answer.
        """
        events: list[PublicEvent] = []
        after: int | None = 0
        while after is not None:
            try:
                story = await self._ask("order", OrderQuery(id=beginning, after=after), OrderStory, min_pos)
            except _Refused as error:
                if error.code in set(NotOne):
                    return NotOne(error.code)
                raise
            events.extend(story.events)
            after = story.after
        return Found(story.order, tuple(events)) if story.order.order.startswith(beginning) else NotOne.UNKNOWN

    async def stream_seen(self, min_pos: int) -> StreamSeen | None:
        """The SIGNALS stream that the log told of last, or None.

        Raises:
            Unavailable: the reader does not answer.
        """
        before: int | None = None
        while True:
            query = EventsQuery(type="SignalsStreamSeen", stream="system", backward=True, before=before, limit=1)
            page = await self._ask("events", query, EventsPage, min_pos)
            if page.events:
                [event] = page.events
                return StreamSeen(msgspec.json.decode(event.data, type=SignalsStreamSeen).instance, event.pos)
            if not page.more:
                return None
            before = page.next

    async def _ask(self, what: str, query: Query, kind: type[R], min_pos: int) -> R:
        while True:
            answer = await self._bus.request(subjects.query(self._shard, what), msgspec.json.encode(query), timeout=2.0)
            try:
                reply = decode_reply(answer.data)
            except msgspec.DecodeError as error:
                raise Unavailable(f"the reader's answer cannot be read: {error}") from error
            if isinstance(reply, QueryError):
                raise _Refused(reply)
            if not isinstance(reply, kind):
                raise Unavailable(f"the reader answers a question about {what} with something else")
            if reply.pos >= min_pos:
                return reply
            await asyncio.sleep(BEHIND_SECONDS)
