"""Whose order a broker's message is about, and what the log has of an execution: asked of the reader."""

import asyncio
import re
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec import Struct

from tradewire import subjects
from tradewire.bus import Bus
from tradewire.domain.exact import ZERO, add, subtract
from tradewire.domain.orders import Order
from tradewire.errors import Unavailable
from tradewire.messages.answers import EventsPage, FillRow, FillsPage, OrderStory, PublicEvent, QueryError
from tradewire.messages.queries import EventsQuery, FillsQuery, OrderQuery, Query
from tradewire_router.brokers.values import Execution, TakenBack
from tradewire_router.domain.booked import BUSTED, UNDONE, Booked, Told, booked_of
from tradewire_router.domain.state import RouterState
from tradewire_router.submit import Submitter

_PAGE = 1000
_MARGIN_MICROSECONDS = 60_000_000
_NOBODYS_MAX = 10_000
_BEHIND_SECONDS = 2.0
is_our_kind = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
"""Whether an id looks like a client order id of ours."""
Page = TypeVar("Page", EventsPage, FillsPage, OrderStory)
_decode = msgspec.json.Decoder(EventsPage | FillsPage | OrderStory | QueryError).decode
_INTENTS = ("OrderSubmitStarted", "OrderReplaceStarted", "OrderAdopted")
"""The events that tell the client order ids of orders."""


class _Intent(Struct):
    """What each of them says of that."""

    order: str
    client_order_id: str


_told = msgspec.json.Decoder(Told).decode
_VERSIONS = frozenset({"OrderFilled", "FillAttributed", "FillCorrected", "FillBusted", "ExternalFillBooked"})
_started = msgspec.json.Decoder(_Intent).decode


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
        missing = {i for i, o in found.items() if o is None and is_our_kind(i) and i not in self._nobodys}
        # The newest of the terms that a lost part of the log sent, of which it has no intent.
        for kind in (*_INTENTS, "OrderReplaced") if self._state.recovery.restored else _INTENTS:
            await self._look_up(kind, missing, found)
        self._nobodys.update(dict.fromkeys(missing))
        while len(self._nobodys) > _NOBODYS_MAX:
            del self._nobodys[next(iter(self._nobodys))]
        return found

    async def _look_up(self, kind: str, missing: set[str], found: dict[str, Order | None]) -> None:
        """Finds the orders of ids in the intents of a kind, and takes those ids from the missing ones."""
        before: int | None = None
        # An intent that is in the log now must not be overlooked because the reader is behind.
        reached = self._state.pos
        while missing:
            query = EventsQuery(type=kind, account=self._state.account, backward=True, before=before, limit=_PAGE)
            page = await self._ask("events", query, EventsPage, reached)
            for event in page.events:
                started = _started(event.data)
                if started.client_order_id in missing:
                    missing.discard(started.client_order_id)
                    found[started.client_order_id] = await self.order(started.order)
            if not page.more:
                break
            before = page.next

    def found(self, client_order_ids: Iterable[str]) -> None:
        """Takes in that orders of ours have these ids after all."""
        for each in client_order_ids:
            self._nobodys.pop(each, None)

    def superseded(self, order: Order) -> bool:
        """Whether it may be us who replaced an order at its broker, in a part of the log that is lost."""
        now = self._state.find(order.order) or order
        return self._state.recovery.superseded(now)

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

    async def booked(self, order: Order | None, broker_order_id: str, at_least: int) -> list[Booked]:
        """What the log has of all executions of an order, ours or one of the broker's, as of `at_least` or later.

        Raises:
            Unavailable: the reader does not answer, or is behind.
        """
        if order is None:
            return await self.external({broker_order_id}, at_least)
        return await self._booked(EventsQuery(order=order.order), at_least)

    async def external(self, broker_order_ids: Collection[str], at_least: int) -> list[Booked]:
        """What the log has of executions of some of the broker's orders that were booked as nobody's. As `booked`."""
        query = EventsQuery(type="ExternalFillBooked", account=self._state.account)
        return await self._booked(query, at_least, broker_order_ids)

    async def _booked(self, query: EventsQuery, at_least: int, of: Collection[str] = ()) -> list[Booked]:
        """The versions that a query finds, of some of the broker's orders if any are named."""
        events = await self._events(query, at_least)
        told = [(event, _told(event.data)) for event in events if event.type in _VERSIONS]
        return [
            booked_of(event.pos, event.type, said)
            for event, said in told
            if (not of or said.broker_order_id in of) and not said.execution.endswith(UNDONE)
        ]

    async def busts(self, at_least: int) -> list[TakenBack]:
        """Of which of the broker's orders executions were taken back, and when, as of `at_least` or later.

        Raises:
            Unavailable: the reader does not answer, or is behind.
        """
        events: list[PublicEvent] = []
        for kind in ("FillBusted", "ExternalFillBooked"):
            events += await self._events(EventsQuery(type=kind, account=self._state.account), at_least)
        told = [_told(e.data) for e in events if e.type == "FillBusted" or _told(e.data).execution.endswith(BUSTED)]
        return [TakenBack(each.broker_order_id or "", each.broker_time or 0) for each in told]

    async def _events(self, query: EventsQuery, at_least: int) -> list[PublicEvent]:
        found: list[PublicEvent] = []
        while True:
            page = await self._ask("events", msgspec.structs.replace(query, limit=_PAGE), EventsPage, at_least)
            found += page.events
            if not page.more:
                return found
            query = msgspec.structs.replace(query, after=page.next)

    async def traded_since(self, symbol: str, at: int, pos: int) -> Decimal:
        """How much of a symbol came by executions at or after a time (µs), signed, as of a position of the log.

        Raises:
            Unavailable: the reader does not answer, or is behind.
        """
        total, cursor = ZERO, ""
        account = self._state.account
        while True:
            since = at - _MARGIN_MICROSECONDS  # the broker's clock and ours may differ
            query = FillsQuery(account=account, symbol=symbol, effective=True, since=since, limit=_PAGE, cursor=cursor)
            page = await self._ask("fills", query, FillsPage, pos)
            for fill in page.fills:
                if fill.pos <= pos and (fill.broker_time or fill.time) >= at:
                    total = add(total, fill.quantity) if fill.side == "buy" else subtract(total, fill.quantity)
            if not (cursor := page.cursor):
                return total

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
