"""The events behind a snapshot that risk still counts: asked of the reader before the log is followed."""

import msgspec
from msgspec import Raw

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.times import instant
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, PublicEvent, QueryError, decode_reply
from tradewire.messages.log import Event
from tradewire.messages.queries import MAX_ROWS, EventsQuery
from tradewire.messages.registry import EVENT_TYPES

_SECONDS = 5.0


async def events_between(bus: Bus, shard: str, after: int, until: int) -> list[Event]:
    """The events after one position up to another, in the log's order, of the types that this build knows.

    Raises:
        Unavailable: the reader does not answer, or refuses.
    """
    found: list[Event] = []
    while after < until:
        payload = msgspec.json.encode(EventsQuery(after=after, limit=MAX_ROWS))
        message = await bus.request(subjects.query(shard, "events"), payload, timeout=_SECONDS)
        page = decode_reply(message.data)
        if isinstance(page, QueryError):
            raise Unavailable(f"the reader: {page.message}")
        if not isinstance(page, EventsPage):
            raise Unavailable("the reader answered another question")
        found += [_event(each) for each in page.events if each.pos <= until and each.type in EVENT_TYPES]
        if not page.more:
            break
        after = page.next
    return found


def _event(public: PublicEvent) -> Event:
    schema, time = EVENT_TYPES[public.type].schema, instant(public.time)
    return Event(
        public.pos,
        public.stream,
        public.version,
        "",
        public.type,
        schema,
        public.at,
        time,
        "",
        None,
        None,
        Raw(bytes(public.data)),
    )
