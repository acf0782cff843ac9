"""Follows a signal through the log until its order is over, or nobody needs to wait any longer."""

import asyncio
import contextlib
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct

from tradewire import ids
from tradewire.domain.orders import Order, Status
from tradewire.messages.answers import EventsPage, PublicEvent
from tradewire.messages.queries import EventsQuery
from tradewire.messages.signal import Signal
from tradewire_cli.client import Client
from tradewire_cli.exits import Exit
from tradewire_cli.views.events import decoded, refusal
from tradewire_ingest.domain.reactions import SOURCE

_LOOK_SECONDS = 0.5
_LAST_REFUSALS = 50
_UNDECIDED = frozenset({Status.REQUESTED, Status.HELD, Status.APPROVED, Status.SUBMITTING, Status.UNKNOWN})
_NEW_TERMS: Final = {
    "OrderReplaced": Exit.DONE,
    "OrderReplaceDenied": Exit.REFUSED,
    "OrderReplaceRejected": Exit.REFUSED,
}
"""What ends the wait for new terms."""
_NOT_TRADED = frozenset({Status.DENIED, Status.REJECTED, Status.LAPSED, Status.CANCELED_LOCALLY})

Tell = Callable[[PublicEvent], Any]


class Followed(Struct, frozen=True):
    """What became of a signal: its order if it has one, its events, and the outcome in words."""

    exit: Exit
    outcome: str
    order: Order | None = None
    events: tuple[PublicEvent, ...] = ()


async def follow(
    client: Client, heard: asyncio.Event, signal: Signal, body: bytes, limit: float, tell: Tell
) -> Followed:
    """Tells every event of a signal and of its order, for `limit` seconds at most. `heard` says when to look."""
    following = _Following(client, signal, body, tell)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            while True:
                heard.clear()
                if (followed := await following.look()) is not None:
                    return followed
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await heard.wait()
    return following.so_far(limit)


class _Following:
    """Where the following is: which position was told last, and the order as it then was."""

    def __init__(self, client: Client, signal: Signal, body: bytes, tell: Tell) -> None:
        self._client, self._signal, self._body, self._tell = client, signal, body, tell
        self._uuid = ids.signal_uuid(SOURCE, signal.strategy, signal.id)
        self._events: list[PublicEvent] = []
        self._order: Order | None = None
        self._replacing = ""
        """The order that gets new terms, once it is known."""

    async def look(self) -> Followed | None:
        """Tells what is new; returns the outcome when there is one."""
        story = await self._client.find_order(self._uuid, self._after)
        if story is None:
            return await self._look_for_a_signal_without_order()
        self._order = story.order
        if (other := self._another_body(story.events)) is not None:
            return other
        self._told(story.events)
        if story.after is None and not story.order.open:
            return self._outcome(story.order)
        return None

    def so_far(self, limit: float) -> Followed:
        """The outcome when the time is over: an order that works is as it should be, all else is unknown."""
        if self._order is not None and self._order.status not in _UNDECIDED:
            return self._outcome(self._order)
        where = f"is {self._order.status.value}" if self._order else "is not in the log"
        if self._replacing:
            where = f"is undecided at order {self._replacing[:8]}"
        words = f"after {limit:g} s signal {self._signal.id} {where}"
        return Followed(Exit.UNKNOWN, words, self._order, tuple(self._events))

    @property
    def _after(self) -> int:
        return self._events[-1].pos if self._events else 0

    def _told(self, events: tuple[PublicEvent, ...]) -> None:
        for event in events:
            self._events.append(event)
            self._tell(event)

    def _outcome(self, order: Order) -> Followed:
        traded = order.filled > 0 or order.open
        code = Exit.REFUSED if order.status in _NOT_TRADED or not traded else Exit.DONE
        return Followed(code, order.status.value, order, tuple(self._events))

    async def _look_for_a_signal_without_order(self) -> Followed | None:
        """A cancel and new terms have no order of their own, and a refused signal none at all."""
        query = EventsQuery(stream=f"signal-{self._uuid}", after=self._after)
        page = await self._client.ask(query, EventsPage)
        if (other := self._another_body(page.events)) is not None:
            return other
        self._told(page.events)
        if self._events:
            if self._signal.action == "cancel":
                return await self._canceled()
            if idle := next((event for event in self._events if event.type == "NothingToDo"), None):
                return Followed(Exit.REFUSED, f"nothing is done: {decoded(idle).reason}", None, tuple(self._events))
            if self._signal.action == "replace":
                return await self._replaced()
        newest = EventsQuery(type="SignalRefused", backward=True, limit=_LAST_REFUSALS)
        for event in (await self._client.ask(newest, EventsPage)).events:
            data = decoded(event)
            if (data.strategy, data.sha256) == (self._signal.strategy, sha256(self._body).hexdigest()):
                self._told((event,))
                return Followed(Exit.REFUSED, f"refused: {refusal(data)}", None, tuple(self._events))
        return None

    async def _canceled(self) -> Followed:
        """A cancel's events are appended together, so what is not there now will not come."""
        query = EventsQuery(type="OrderCancelRequested", after=self._events[0].pos)
        asked = [e for e in (await self._client.ask(query, EventsPage)).events if decoded(e).request == self._uuid]
        self._told(tuple(asked))
        words = (
            f"{len(asked)} order{'s' if len(asked) != 1 else ''} asked to be canceled" if asked else "nothing to cancel"
        )
        return Followed(Exit.DONE, words, None, tuple(self._events))

    async def _replaced(self) -> Followed | None:
        """What became of new terms, in the stream of the order that they are for."""
        if not self._replacing:
            query = EventsQuery(type="OrderReplaceRequested", after=self._events[0].pos)
            asked = [e for e in (await self._client.ask(query, EventsPage)).events if decoded(e).request == self._uuid]
            if not asked:
                return None
            self._told(tuple(asked))
            self._replacing = asked[0].stream.removeprefix("order-")
        page = await self._client.ask(EventsQuery(stream=f"order-{self._replacing}", after=self._after), EventsPage)
        self._told(page.events)
        story = await self._client.find_order(self._replacing, self._after)
        if story is None:
            return None
        named = f"order {self._replacing[:8]}"
        for event in self._events:
            if (code := _NEW_TERMS.get(event.type)) is not None:
                has = "has" if code is Exit.DONE else "works on as it was, without"
                return Followed(code, f"{named} {has} the new terms", None, tuple(self._events))
        if not story.order.open:
            return Followed(Exit.REFUSED, f"{named} is {story.order.status.value}", None, tuple(self._events))
        return None

    def _another_body(self, events: tuple[PublicEvent, ...]) -> Followed | None:
        """The same id with another body is another signal that was sent before; this one goes nowhere."""
        for event in events:
            if event.type == "SignalReceived" and decoded(event).sha256 != sha256(self._body).hexdigest():
                words = f"the id {self._signal.id} was used before for another signal; choose a new --id"
                return Followed(Exit.REFUSED, words, None, (event,))
        return None
