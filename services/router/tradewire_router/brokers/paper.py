"""The paper broker behind the port: a client of the process `tradewire_router.paper`, over its socket."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import msgspec

from tradewire.domain.quoting import quoted
from tradewire.errors import ConfigError
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Paper, Settings
from tradewire_router.brokers import values as v
from tradewire_router.brokers.base import Adapter, now
from tradewire_router.brokers.errors import (
    BrokerAuthenticationError,
    BrokerConnectionError,
    BrokerError,
    DuplicateClientOrderIdError,
    InvalidOrderError,
    OrderRejectedError,
    error_of,
)
from tradewire_router.brokers.paper_events import event_of
from tradewire_router.brokers.results import (
    Absent,
    CancelResult,
    Found,
    Inconclusive,
    Lookup,
    SubmitAccepted,
    SubmitRejected,
    SubmitResult,
    SubmitUnknown,
)
from tradewire_router.paper import checks, endpoint, market, wire
from tradewire_router.paper.client import Link
from tradewire_router.paper.lines import decode_event

CALL_SECONDS = 3.0
BACK_OFF_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
CAPABILITIES = v.Capabilities(
    asset_classes=frozenset({"equity", "crypto"}),
    order_types=frozenset(market.ORDER_TYPES),
    times_in_force=frozenset(market.TIMES_IN_FORCE),
    id_pattern=checks.CLIENT_ORDER_ID,
    id_uniqueness="forever",
    commission="modelled",
    fill_stream="push",
    replace="none",
    fractional=True,
    notional=False,
    short=True,
    reduce_only=True,
    post_only=False,
    cross_zero=True,
    sandbox=True,
    keeps_refused=True,
    tells_triggers=True,
    event_replay=True,
    bars=frozenset({"1m", "1d"}),
    activities=True,
    lacks={
        "environment": "the paper broker has but one, and no real money is in it",
        "data": "the paper broker takes prices from the quotes on NATS, or from the signals",
    },
)
T = TypeVar("T")


class PaperBroker(Adapter):
    """One account at the paper broker. See `tradewire_router.brokers.port.Broker` for what each method promises."""

    id = "paper"
    section = "paper"
    capabilities = CAPABILITIES

    def __init__(self, account: str, paper: Paper, *, call_seconds: float = CALL_SECONDS) -> None:
        super().__init__(account)
        self._paper, self._call_seconds = paper, call_seconds
        self._link: Link | None = None
        self._cursor: int | None = None
        self._connecting = asyncio.Lock()
        self._reconnecting: asyncio.Task[None] | None = None
        self._health = v.Health(connected=False, authenticated=False)

    @classmethod
    def opened(cls, settings: Settings, account: str) -> "PaperBroker":
        return cls(account, settings.paper, call_seconds=settings.router.call_timeout.seconds)

    @classmethod
    def config_fields(cls) -> list[v.ConfigField]:
        """The settings by which the broker is reached; what its market is stands in `[paper]` too."""
        return [
            v.ConfigField(
                name="address",
                label="Address",
                type="text",
                default="127.0.0.1:0",
                help="host:port; port 0 is the one that the broker left beside its journal",
            ),
            v.ConfigField(name="journal", label="Journal folder", type="text", default="data/paper"),
            v.ConfigField(
                name="token_file", label="Token file", type="text", help="default: the file token in the journal folder"
            ),
        ]

    @classmethod
    def verify(cls, settings: Settings, account: str) -> None:
        """Its settings stand in `[paper]`, and were read with all others."""

    # The session

    async def connect(self, since: v.Cursor | None = None) -> v.AccountRef:
        if self._closed:
            raise BrokerConnectionError("this session was closed; make a new one")
        async with self._connecting:
            if self._link is None:
                if since is not None and self._cursor is None:
                    self._cursor = _number(since)
                await self._dial()
        return v.AccountRef(broker=self.id, account=self.account, cursor=str(self._cursor))

    async def close(self) -> None:
        self._closed = True
        if self._reconnecting:
            await end_tasks(self._reconnecting)
        if self._link:
            self._link.close()
        self.end_events()

    async def _dial(self) -> None:
        try:
            host, port = endpoint.find_address(self._paper)
            token = endpoint.read_token(self._paper)
        except ConfigError as error:
            raise BrokerConnectionError(str(error)) from None
        hello = wire.Hello(wire.VERSION, token, self.account, self._cursor)
        link = await Link.open(host, port, hello, self, self._call_seconds)
        if not link.up:
            raise BrokerConnectionError("the paper broker closed the link after its welcome")
        self._link = link

    # paper.client.Owner

    def welcomed(self, welcome: wire.Welcome) -> None:
        self._cursor = welcome.head if self._cursor is None else self._cursor
        self._health = v.Health(connected=True, authenticated=True, last_heard_at=now())
        self.tell_up(str(self._cursor), welcome.now)

    def lost(self, error: BrokerError) -> None:
        was_up = self._health.connected
        refused = isinstance(error, BrokerAuthenticationError)
        self._health = v.Health(
            connected=False,
            authenticated=not refused,
            last_heard_at=self._link.heard_at if self._link else self._health.last_heard_at,
            last_error=error.message,
        )
        if was_up:
            self.tell_down(error.message)
        if self._link is not None:
            self._link = None
            if not self._closed:
                self._reconnecting = asyncio.get_running_loop().create_task(self._reconnect())

    def hear(self, events: wire.Events) -> None:
        received_at = now()
        for data in events.lines:
            line = decode_event(data)
            self._cursor = line.seq
            self.tell(event_of(line, received_at, "live" if events.live else "replay"))

    async def _reconnect(self) -> None:
        attempt = 0
        while self._link is None and not self._closed:
            await asyncio.sleep(BACK_OFF_SECONDS[min(attempt, len(BACK_OFF_SECONDS) - 1)])
            attempt += 1
            async with self._connecting:
                with contextlib.suppress(BrokerError):
                    if self._link is None:
                        await self._dial()

    # Orders

    async def submit(self, order: v.OrderRequest) -> SubmitResult:
        link = self._link
        if link is None:
            return SubmitUnknown(order.client_order_id, self._down(), sent=False)
        try:
            answer = await link.ask(wire.SubmitOut(link.next_number(), order))
        except BrokerError as error:
            return SubmitUnknown(order.client_order_id, error)
        except ValueError as error:
            return SubmitRejected(order.client_order_id, InvalidOrderError(f"the order cannot be sent: {error}"))
        if not answer.code:
            return SubmitAccepted(order.client_order_id, answer.broker_order_id, answer.at)
        refusal = error_of(answer.code, answer.message, OrderRejectedError)
        if isinstance(refusal, DuplicateClientOrderIdError):
            refusal.existing = answer.existing
        return SubmitRejected(order.client_order_id, refusal, answer.at)

    async def cancel(self, ref: v.OrderRef) -> CancelResult:
        link = self._link
        if link is None:
            return CancelResult(ref.client_order_id, "unknown", self._down())
        try:
            answer = await link.ask(wire.Cancel(link.next_number(), ref.client_order_id))
        except BrokerError as error:
            return CancelResult(ref.client_order_id, "unknown", error)
        except ValueError:
            return CancelResult(ref.client_order_id, "not_found")
        return CancelResult(ref.client_order_id, answer.outcome)

    # Questions

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        try:
            found = await self._ask_one(lambda n: wire.FindOrder(n, client_order_id), v.BrokerOrder)
        except BrokerError as error:
            return Inconclusive(client_order_id, error)
        return Absent(client_order_id, now()) if found is None else Found(found)

    async def open_orders(self) -> list[v.BrokerOrder]:
        return await self._ask(wire.OpenOrders, list[v.BrokerOrder])

    async def orders_since(self, at: int) -> list[v.BrokerOrder]:
        orders: dict[str, v.BrokerOrder] = {}
        after: int | None = 0
        while after is not None:
            page = await self._ask(partial(wire.OrdersSince, at=at, after=after), wire.OrderPage)
            orders.update((order.client_order_id, order) for order in page.orders)
            after = page.after
        return list(orders.values())

    async def executions_since(self, cursor: v.Cursor | None) -> tuple[list[v.Execution], v.Cursor]:
        executions: list[v.Execution] = []
        after = _number(cursor) if cursor is not None else 0
        while True:
            page = await self._ask(partial(wire.ExecutionsSince, after=after), wire.ExecutionPage)
            executions += page.executions
            after = page.after
            if page.done:
                return executions, str(after)

    async def activities_since(self, cursor: v.Cursor | None) -> tuple[list[v.Activity], v.Cursor]:
        activities: list[v.Activity] = []
        after = _number(cursor) if cursor is not None else 0
        while True:
            page = await self._ask(partial(wire.ActivitiesSince, after=after), wire.ActivityPage)
            activities += page.activities
            after = page.after
            if page.done:
                return activities, str(after)

    async def positions(self) -> list[v.Position]:
        return await self._ask(wire.Positions, list[v.Position])

    async def balances(self, asset: str | None = None) -> list[v.Balance]:
        balances = await self._ask(wire.Balances, list[v.Balance])
        return [balance for balance in balances if asset in {None, balance.asset}]

    async def account_info(self) -> v.Account:
        return await self._ask(wire.AccountInfo, v.Account)

    async def instrument(self, symbol: str) -> v.Instrument:
        return await self._ask(lambda n: wire.InstrumentOf(n, symbol), v.Instrument)

    async def quote(self, symbol: str) -> Quote | None:
        return await self._ask_one(lambda n: wire.QuoteOf(n, symbol), Quote)

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> list[Bar]:
        if timeframe not in self.capabilities.bars:
            return await super().bars(symbol, timeframe, count)
        return await self._ask(lambda n: wire.BarsOf(n, symbol, timeframe, count), list[Bar])

    async def clock(self) -> int:
        return await self._ask(wire.Clock, int)

    async def health(self) -> v.Health:
        link = self._link
        return self._health if link is None else msgspec.structs.replace(self._health, last_heard_at=link.heard_at)

    # Tests of whatever stands before a broker

    async def arm(self, fault: wire.Fault) -> None:
        """Arms a fault for the account's next orders. Raises PermissionDeniedError unless `paper.faults` is on."""
        await self._ask(lambda n: wire.Arm(n, fault), type(None))

    async def disarm(self) -> None:
        """Ends every fault of the account. Raises PermissionDeniedError unless `paper.faults` is on."""
        await self._ask(wire.Disarm, type(None))

    async def happen(self, happening: wire.Happening) -> str:
        """Lets something happen to the account beside executions; returns its id.

        Raises PermissionDeniedError unless `paper.faults` is on.
        """
        return await self._ask(lambda n: wire.Happen(n, happening), str)

    async def _ask_one(self, request: Callable[[int], wire.Request], kind: type[T]) -> T | None:
        found = await self._ask(request, list[kind])  # type: ignore[valid-type]
        return found[0] if found else None

    async def _ask(self, request: Callable[[int], wire.Request], kind: type[T]) -> T:
        link = self._link
        if link is None:
            raise self._down()
        answer = await link.ask(request(link.next_number()))
        if isinstance(answer, wire.Failed):
            raise error_of(answer.code, answer.message)
        return msgspec.msgpack.decode(answer.body, type=kind)

    def _down(self) -> BrokerConnectionError:
        return BrokerConnectionError(self._health.last_error or "the paper broker is not connected")


def _number(cursor: v.Cursor) -> int:
    if not (cursor.isascii() and cursor.isdecimal()):
        raise BrokerError(f"cursor {quoted(cursor)} is none of the paper broker's", code="INVALID_CURSOR")
    return int(cursor)
