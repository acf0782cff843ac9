"""The log itself: events with filters, and frames."""

from collections.abc import Sequence
from typing import Any

from tradewire.messages.answers import MAX_REPLY_BYTES, EventsPage, FramesPage, PublicEvent
from tradewire.messages.log import Event
from tradewire.messages.queries import EXTERNAL, MAX_POS, EventsQuery, FramesQuery
from tradewire.messages.registry import decode
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.announce import public
from tradewire_ledger.reader.conditions import Conditions
from tradewire_ledger.reader.context import Context, Reading
from tradewire_ledger.reader.model import Told
from tradewire_ledger.rows import event_of

LOOKS_MAX = 20
"""How often one query looks for more; then it answers with what it found, and `more`."""
ROWS_AT_ONCE = 1_000
POSITIONS_AT_ONCE = 20_000
POSITIONS_OF_TYPE_AT_ONCE = 200_000
FRAME_EVENTS = 2_000
_ENVELOPE_BYTES = 420
_EXTERNAL = frozenset({"ExternalOrderSeen", "ExternalOrderEnded", "ExternalFillBooked"})
_ORDER = "order-"


async def events(context: Context, query: EventsQuery) -> EventsPage:
    """Events in the order of the log, or against it."""
    async with context.reading() as moment:
        return await _Search(context, moment, query).run()


async def frames(context: Context, query: FramesQuery) -> FramesPage:
    """Whole frames, as far as the read model is."""
    async with context.reading() as moment:
        at = moment.at
        read = await moment.store.frames_after(at.log_id, query.after, events_max=FRAME_EVENTS)
    kept, size, last = 0, 0, query.after
    for frame in read[: query.limit]:
        size += sum(len(bytes(event.data)) + _ENVELOPE_BYTES for event in frame.events)
        if frame.frame > at.frame or (kept and size > MAX_REPLY_BYTES):
            break
        kept, last = kept + 1, frame.frame
    return FramesPage(pos=at.pos, frames=tuple(read[:kept]), more=last < at.frame)


class _Search:
    """Looks through the log window by window, until there is enough or it has looked long enough."""

    def __init__(self, context: Context, moment: Reading, query: EventsQuery) -> None:
        self._context, self._moment, self._query = context, moment, query
        self._found: list[PublicEvent] = []
        self._bytes = 0
        stream = query.stream or (_ORDER + query.order if query.order else "")
        self._chosen = Conditions()
        self._chosen.where("type = $$", query.type)
        self._chosen.where("stream = $$", stream)
        if stream:
            self._span = MAX_POS
        else:
            self._span = POSITIONS_OF_TYPE_AT_ONCE if query.type else POSITIONS_AT_ONCE
        self._order = ("version" if stream else "pos") + (" desc" if query.backward else "")

    async def run(self) -> EventsPage:
        query, end = self._query, self._moment.at.pos
        low = query.after + 1
        high = end if query.before is None else min(query.before - 1, end)
        for _ in range(LOOKS_MAX):
            if low > high:
                break
            rows, looked_low, looked_high = await self._look(low, high)
            stopped = await self._take(rows)
            if stopped is not None:
                low, high = (low, stopped - 1) if query.backward else (stopped + 1, high)
                break
            low, high = (low, looked_low - 1) if query.backward else (looked_high + 1, high)
        going_on = high + 1 if query.backward else low - 1
        return EventsPage(pos=end, events=tuple(self._found), next=max(going_on, 0), more=low <= high)

    async def _look(self, low: int, high: int) -> tuple[list[Event], int, int]:
        """Returns the matching events of the next window, and the positions that were looked through."""
        if self._query.backward:
            low = max(low, high - self._span + 1)
        else:
            high = min(high, low + self._span - 1)
        statement = sql.EVENTS_WHERE.format(
            low=len(self._chosen.arguments) + 1,
            high=len(self._chosen.arguments) + 2,
            where=self._chosen.text,
            order=self._order,
            limit=ROWS_AT_ONCE,
        )
        rows: list[Any] = await self._moment.connection.fetch(statement, *self._chosen.arguments, low, high)
        events = [event_of(row) for row in rows]
        if len(events) == ROWS_AT_ONCE:
            return (events, events[-1].pos, high) if self._query.backward else (events, low, events[-1].pos)
        return events, low, high

    async def _take(self, events: Sequence[Event]) -> int | None:
        """Keeps what matches; returns the last position kept when the answer is full."""
        query = self._query
        for told, strategy in await self._tell(events):
            if query.account not in ("", told.account) or query.strategy not in ("", strategy):
                continue
            self._bytes += len(bytes(told.event.data)) + _ENVELOPE_BYTES
            if self._found and self._bytes > MAX_REPLY_BYTES:
                return self._found[-1].pos
            self._found.append(public(told))
            if len(self._found) >= query.limit:
                return told.event.pos
        return None

    async def _tell(self, events: Sequence[Event]) -> list[tuple[Told, str | None]]:
        """Each event with the account, order, signal and strategy that it is about."""
        held = self._context.follower.model.orders
        about: dict[str, tuple[str, str, str, str]] = {}
        missing: list[str] = []
        for stream in {event.stream for event in events if event.stream.startswith(_ORDER)}:
            if order := held.get(stream):
                about[stream] = (order.account, order.order, order.signal, order.strategy)
            else:
                missing.append(stream.removeprefix(_ORDER))
        if missing:
            row: Any
            for row in await self._moment.connection.fetch(sql.ORDERS_ABOUT, missing):
                order_id = str(row["order_id"])
                about[_ORDER + order_id] = (row["account"], order_id, str(row["signal"]), row["strategy"])
        told: list[tuple[Told, str | None]] = []
        for event in events:
            if known := about.get(event.stream):
                told.append((Told(event, *known[:3]), known[3]))
                continue
            data = decode(event)
            signal = getattr(data, "signal", None) or event.correlation_id
            one = Told(event, getattr(data, "account", None), getattr(data, "order", None), signal)
            told.append((one, EXTERNAL if event.type in _EXTERNAL else getattr(data, "strategy", None)))
        return told
