"""Alpaca behind the port: the session and its events; orders, lists and questions have modules of their own."""

import asyncio
import contextlib
from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec

from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire.settings import Settings
from tradewire_router.brokers import events as e
from tradewire_router.brokers import values as v
from tradewire_router.brokers.alpaca import settings as own
from tradewire_router.brokers.alpaca import updates
from tradewire_router.brokers.alpaca.budget import Urgency
from tradewire_router.brokers.alpaca.capabilities import BROKER, CAPABILITIES, FIELDS, PAID_FEED
from tradewire_router.brokers.alpaca.desk import Desk
from tradewire_router.brokers.alpaca.halts import Halts
from tradewire_router.brokers.alpaca.known import Known, Recent
from tradewire_router.brokers.alpaca.lists import Lists
from tradewire_router.brokers.alpaca.orders import Orders
from tradewire_router.brokers.alpaca.questions import Questions
from tradewire_router.brokers.alpaca.words import Json, readable
from tradewire_router.brokers.base import Adapter, now
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerConnectionError,
    BrokerError,
)
from tradewire_router.brokers.results import CancelResult, Lookup, SubmitResult, SubmitUnknown

if TYPE_CHECKING:
    from tradewire_router.brokers.alpaca.prices import Prices

_AGAIN_SECONDS = 1.0
_START_SECONDS = 10.0


_TOGETHER = 8
"""How many submits may be under way at once: they are sent one after the other, and wait for each other's answers."""


class AlpacaBroker(Adapter):
    """One account at Alpaca. See `tradewire_router.brokers.port.Broker` for what each method promises."""

    id = BROKER
    capabilities = CAPABILITIES

    def __init__(self, account: str, settings: own.AlpacaSettings) -> None:
        """Brings the vendor's library, which only accounts at Alpaca pay for."""
        from tradewire_router.brokers.alpaca.client import Client  # noqa: PLC0415
        from tradewire_router.brokers.alpaca.stream import Updates  # noqa: PLC0415

        super().__init__(account)
        if settings.feed == PAID_FEED:
            self.capabilities = msgspec.structs.replace(CAPABILITIES, quotes_at_once=None)
        self._settings = settings
        self._desk = Desk(settings, Client)
        self._known = Known()
        self._orders = Orders(account, self._desk, self._known)
        self._lists = Lists(account, self._desk, self._known, self._tell_reading)
        self._questions = Questions(account, self._desk, settings)
        self._prices: Prices | None = None
        self._halts = Halts(self.tell_changed)
        self._stream = Updates(settings, self)
        self._connecting = asyncio.Lock()
        self._settled: asyncio.Future[None] | None = None
        """Whether the first subscription came about, while `connect` waits for that."""
        self._up = False
        self._cursor: v.Cursor | None = None
        """Up to where executions were told."""
        self._told: Recent[bool] = Recent()
        """Executions that were told since the cursor was taken, by key."""
        self._replayed: Recent[bool] = Recent()
        """Executions that were asked for before the stream told them, by key."""
        self._catching_up: asyncio.Task[None] | None = None
        self._grouping = 0
        self._strangers: list[tuple[Json, int]] = []
        """What was told of orders that nobody knows, and that may be exits without a name yet, in its order."""
        self._held: set[str] = set()
        """Alpaca's ids of these orders, of which nothing later may be told before."""
        self._sorting: asyncio.Task[None] | None = None
        self._error = ""
        self._refused = False

    def __repr__(self) -> str:
        return f"AlpacaBroker({self.account})"

    @classmethod
    def config_fields(cls) -> list[v.ConfigField]:
        return list(FIELDS)

    @classmethod
    def opened(cls, settings: Settings, account: str) -> "AlpacaBroker":
        return cls(account, own.read(settings, account))

    @classmethod
    def verify(cls, settings: Settings, account: str) -> None:
        own.read(settings, account)

    # The session

    def recall(self, legs: Collection[v.Leg]) -> None:
        self._orders.naming.recall(legs)

    def recall_busts(self, busts: Collection[v.TakenBack]) -> None:
        for each in busts:
            self._known.busted(each.broker_order_id, each.at)

    def forget(self, client_order_id: str) -> None:
        self._orders.naming.forget(client_order_id)

    async def connect(self, since: v.Cursor | None = None) -> v.AccountRef:
        if self._closed:
            raise BrokerConnectionError("this session was closed; make a new one")
        async with self._connecting:
            if not self._up:
                await self._open(since)
        return v.AccountRef(broker=self.id, account=self.account, cursor=self._cursor or "")

    async def _open(self, since: v.Cursor | None) -> None:
        try:
            await readable(self._questions.verified())
            await self._settle_names()
            self._desk.open = True
            if self._cursor is None:
                # From now on, unless it is said from when: what was before is asked for by those who want it.
                self._cursor = since if since is not None else await readable(self._lists.newest())
            self._settled = asyncio.get_running_loop().create_future()
            self._stream.start()
            async with asyncio.timeout(_START_SECONDS):
                await self._settled
        except TimeoutError:
            self._error = f"the order stream at {self._settings.stream_url} does not answer"
            await self._stream.close()
            raise BrokerConnectionError(self._error) from None
        except BrokerError as error:
            self._error, self._refused = error.message, isinstance(error, BrokerAuthenticationError)
            await self._stream.close()
            raise
        finally:
            self._settled = None

    async def close(self) -> None:
        self._closed = True
        for task in (self._catching_up, self._sorting):
            if task is not None:
                task.cancel()
        if self._settled is not None and not self._settled.done():
            self._settled.set_exception(BrokerConnectionError("the session was closed"))
        await self._stream.close()
        if self._prices is not None:
            await self._prices.close()
        self._desk.close()
        self._up = False
        self.end_events()

    # stream.Owner

    async def listening(self) -> None:
        self._up, self._error, self._refused = True, "", False
        self.tell_up(self._cursor, None)
        if self._settled is not None and not self._settled.done():
            self._settled.set_result(None)
        # What came in between is told before what comes from here on; messages wait meanwhile.
        if not await self._caught_up():
            self.tell_degraded("orders", "executions of the time without a connection cannot be asked for yet")
            if self._catching_up is None or self._catching_up.done():
                self._catching_up = asyncio.get_running_loop().create_task(self._catch_up())

    async def heard(self, update: Json) -> None:
        received_at = now()
        self._desk.heard_at = received_at
        order_id = updates.order_id(update)
        if order_id in self._held or (self._orders.naming and updates.is_strange(self._known, update)):
            self._strangers.append((update, received_at))  # perhaps an exit, whose name comes with the answer
            self._held.add(order_id)
            if not self._grouping:
                self._sort_out()
            return
        self._tell_update(update, received_at)

    def _sort_out(self) -> None:
        """Tells what was held back, once it is known of all exits which they are."""
        if not self._orders.naming:
            self._tell_strangers()
        elif self._strangers and (self._sorting is None or self._sorting.done()):
            self._sorting = asyncio.get_running_loop().create_task(self._sort_out_later())

    async def _sort_out_later(self) -> None:
        while self._strangers:
            with contextlib.suppress(BrokerError):
                await self._settle_names()
                self._tell_strangers()
                return
            await asyncio.sleep(_AGAIN_SECONDS)

    def _tell_strangers(self) -> None:
        strangers, self._strangers = self._strangers, []
        self._held.clear()
        for update, received_at in strangers:
            self._tell_update(update, received_at)

    async def _settle_names(self) -> None:
        """Asks which exits are ours. Raises BrokerError."""
        await readable(self._orders.naming.settle())

    def lost(self, error: BrokerError) -> None:
        was_up, self._up = self._up, False
        self._error, self._refused = error.message, isinstance(error, BrokerAuthenticationError)
        if self._settled is not None and not self._settled.done():
            self._settled.set_exception(error)
        elif was_up:
            self.tell_down(error.message)

    def _tell_update(self, update: Json, received_at: int) -> None:
        for event in updates.events_of(self.account, self._known, update, received_at):
            if isinstance(event, e.Fill):
                if event.event_key in self._replayed:
                    continue
                self._told[event.event_key] = True
            self.tell(event)

    async def _caught_up(self) -> bool:
        """Tells the executions since the cursor that the stream did not; False when they cannot be asked for."""
        try:
            found, cursor = await self.executions_since(self._cursor)
        except BrokerError:
            return False
        for execution in found:
            key = e.fill_key(self.id, self.account, execution.execution, execution.revision)
            if key not in self._told:
                self._replayed[key] = True
                self.tell(
                    e.Fill(
                        event_key=key,
                        broker_time=execution.at,
                        received_at=now(),
                        origin="replay",
                        cursor=cursor,
                        client_order_id=execution.client_order_id,
                        execution=execution,
                    )
                )
        self._cursor = cursor
        self._told.clear()
        return True

    async def _catch_up(self) -> None:
        done = False
        while not done:
            await asyncio.sleep(_AGAIN_SECONDS)
            done = await self._caught_up()
        self.tell_recovered("orders")

    # Orders

    async def submit(self, order: v.OrderRequest) -> SubmitResult:
        try:
            return await readable(self._orders.submit(order))
        except BrokerError as error:
            return SubmitUnknown(order.client_order_id, error)

    async def submit_group(self, group: v.GroupRequest) -> list[SubmitResult]:
        self._grouping += 1
        try:
            return await readable(self._orders.submit_group(group))
        except BrokerError as error:
            orders = (group.entry, group.take_profit, group.stop_loss)
            return [SubmitUnknown(order.client_order_id, error) for order in orders if order is not None]
        finally:
            self._grouping -= 1
            if not self._grouping:
                self._sort_out()

    async def cancel(self, ref: v.OrderRef) -> CancelResult:
        try:
            return await readable(self._orders.cancel(ref))
        except BrokerError as error:
            return CancelResult(ref.client_order_id, "unknown", error)

    async def replace(self, ref: v.OrderRef, changes: v.OrderChanges) -> SubmitResult:
        try:
            return await readable(self._orders.replace(ref, changes))
        except BrokerError as error:
            return SubmitUnknown(changes.client_order_id, error)

    # Questions

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        return await self._orders.find(client_order_id)

    async def open_orders(self) -> list[v.BrokerOrder]:
        await self._settle_names()
        return await readable(self._lists.open_orders())

    async def orders_since(self, at: int) -> list[v.BrokerOrder]:
        await self._settle_names()
        return await readable(self._lists.orders_since(at))

    async def executions_since(self, cursor: v.Cursor | None) -> tuple[list[v.Execution], v.Cursor]:
        await self._settle_names()
        return await readable(self._lists.executions_since(cursor))

    async def activities_since(self, cursor: v.Cursor | None) -> tuple[list[v.Activity], v.Cursor]:
        return await readable(self._lists.activities_since(cursor))

    async def beginning(self, most: int) -> v.Beginning | None:
        return await readable(self._lists.beginning(most))

    def _tell_reading(self, what: str, count: int) -> None:
        self.tell_notice("READING", f"{count:,} {what} of a long list are read")

    async def positions(self) -> list[v.Position]:
        return await readable(self._questions.positions())

    async def balances(self, asset: str | None = None) -> list[v.Balance]:
        balance = await readable(self._questions.balance())
        return [balance] if asset in {None, balance.asset} else []

    async def account_info(self) -> v.Account:
        return await readable(self._questions.account())

    async def instrument(self, symbol: str) -> v.Instrument:
        told = await readable(self._questions.instrument(symbol))
        return msgspec.structs.replace(told, halted=symbol in self._halts)

    async def quote(self, symbol: str) -> Quote | None:
        return await readable(self._questions.quote(symbol))

    async def subscribe_quotes(self, symbols: Collection[str]) -> None:
        if self._closed:
            raise BrokerConnectionError("this session was closed; make a new one")
        if self._prices is None:
            from tradewire_router.brokers.alpaca.prices import Prices  # noqa: PLC0415 - the vendor's library

            self._prices = Prices(self._settings, self.tell_quote, self._tell_quoting, self._halts)
        await self._prices.subscribe(symbols)

    def _tell_quoting(self, trouble: str) -> None:
        if trouble:
            self.tell_degraded("quotes", trouble)
        else:
            self.tell_recovered("quotes")

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> list[Bar]:
        return await readable(self._questions.bars(symbol, timeframe, count))

    async def clock(self) -> int:
        return await readable(self._questions.clock())

    async def hours(self, symbol: str) -> v.Hours | None:
        return await readable(self._questions.hours(symbol))

    async def health(self) -> v.Health:
        return v.Health(
            connected=self._up,
            authenticated=not self._refused,
            last_heard_at=self._desk.heard_at,
            last_error=self._error,
            requests_left=self._desk.requests_left(Urgency.CANCEL),
            requests_per_minute=self._settings.rate_per_min,
            submits_left=min(self._desk.requests_left(Urgency.SUBMIT), _TOGETHER),
        )
