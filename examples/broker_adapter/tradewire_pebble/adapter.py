"""The adapter: an account at Pebble behind the port of the router.

Pebble numbers everything that it tells, and tells it again to whoever asks from a number on. So the number that was
told last is all that this adapter keeps, and after a link that was lost it goes on from there.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from tradewire.domain.quoting import quoted
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Origin
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Settings
from tradewire_pebble import words
from tradewire_router.brokers import values as v
from tradewire_router.brokers.base import Adapter, now
from tradewire_router.brokers.errors import BrokerConnectionError, BrokerError, UnknownSymbolError
from tradewire_router.brokers.options import Options
from tradewire_router.brokers.results import (
    Absent,
    CancelResult,
    Found,
    Inconclusive,
    Lookup,
    SubmitRejected,
    SubmitResult,
    SubmitUnknown,
)
from tradewire_router.brokers.shape import refusal

if TYPE_CHECKING:
    from tradewire_pebble.line import Line

T = TypeVar("T")
AGAIN_SECONDS = 0.2
CAPABILITIES = v.Capabilities(
    asset_classes=frozenset({"equity", "crypto"}),
    order_types=frozenset({"market", "limit"}),
    times_in_force=frozenset({"day", "gtc", "ioc"}),
    id_pattern=r"\A[A-Za-z0-9_-]{1,64}\Z",
    id_uniqueness="forever",
    commission="inline",
    fill_stream="push",
    replace="none",
    fractional=True,
    notional=False,
    short=False,
    reduce_only=False,
    post_only=False,
    sandbox=True,
    event_replay=True,
    quotes="poll",
    rate_limits=(v.RateLimit(300, 60),),
)
FIELDS = (
    v.ConfigField(
        name="environment", label="Environment", type="select", required=True, options=("paper",), help="play money"
    ),
    v.ConfigField(name="url", label="Address", type="text", required=True, help="http://HOST:PORT"),
    v.ConfigField(
        name="api_key", label="API key", type="password", required=True, secret=True, variable="PEBBLE_API_KEY"
    ),
)


class PebbleBroker(Adapter):
    """One account at Pebble. See `tradewire_router.brokers.port.Broker` for what each method promises."""

    id = "pebble"
    capabilities = CAPABILITIES

    def __init__(self, account: str, line: "Line") -> None:
        super().__init__(account)
        self._line = line
        self._cursor: int | None = None
        self._up = False
        self._replaying = True
        self._heard_at: int | None = None
        self._error = "Pebble is not connected"
        self._connecting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    def config_fields(cls) -> list[v.ConfigField]:
        return list(FIELDS)

    @classmethod
    def opened(cls, settings: Settings, account: str) -> "PebbleBroker":
        from tradewire_pebble.line import Line  # noqa: PLC0415 - only accounts at Pebble pay for its library

        options = Options(account, settings.accounts[account], cls.config_fields())
        seconds = settings.router.call_timeout.seconds
        return cls(account, Line(options.text("url"), options.secret("api_key"), seconds))

    # The session

    async def connect(self, since: v.Cursor | None = None) -> v.AccountRef:
        if self._closed:
            raise BrokerConnectionError("this session was closed; make a new one")
        async with self._connecting:
            if self._listening is None:
                if self._cursor is None:
                    self._cursor = _number(since) if since is not None else await self._newest()
                settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._listening = asyncio.create_task(self._listen(settled))
                try:
                    await settled
                except BrokerError:
                    self._listening = None
                    raise
        return v.AccountRef(broker=self.id, account=self.account, cursor=str(self._cursor))

    async def close(self) -> None:
        self._closed, self._up = True, False
        if self._listening is not None:
            await end_tasks(self._listening)
        await self._line.close()
        self.end_events()

    async def _newest(self) -> int:
        """The number of what was told last; the first question of a session, which proves the key."""
        return await self._get("/clock", lambda told: int(told["seq"])) or 0

    async def _listen(self, settled: "asyncio.Future[None]") -> None:
        """Hears Pebble for as long as the session lasts; `settled` is told how the first try went."""
        while True:
            try:
                async with aclosing(self._line.stream(self._cursor or 0)) as stream:
                    async for told in stream:
                        with words.readable("a message"):
                            self._hear(told, settled)
            except BrokerError as error:
                self._error = error.message
                if not settled.done():
                    settled.set_exception(error)
                    return
                if self._up:
                    self._up = False
                    self.tell_down(error.message)
            await asyncio.sleep(AGAIN_SECONDS)

    def _hear(self, told: words.Json, settled: "asyncio.Future[None]") -> None:
        self._heard_at = now()
        if told["kind"] == "ready":
            self._up = self._replaying = True
            self.tell_up(str(self._cursor), told["at"])
            if not settled.done():
                settled.set_result(None)
        elif told["kind"] == "live":
            self._replaying = False
        elif told["seq"] > (self._cursor or 0) + 1:
            raise BrokerConnectionError("the stream of Pebble has left something out")
        elif told["seq"] == (self._cursor or 0) + 1:  # what comes twice is known
            self._cursor = told["seq"]
            origin: Origin = "replay" if self._replaying else "live"
            self.tell(words.event_of(self.id, self.account, told, self._heard_at, origin))

    # Orders

    async def submit(self, order: v.OrderRequest) -> SubmitResult:
        refused = refusal(order, self.capabilities, self.id)
        if refused is not None:
            return SubmitRejected(order.client_order_id, refused)
        if not self._up:
            return SubmitUnknown(order.client_order_id, self._down(), sent=False)
        try:
            status, told = await self._line.call("POST", "/orders", words.sent(order))
            with words.readable("an order"):
                return words.submitted(self.account, order.client_order_id, status, told)
        except BrokerError as error:
            return SubmitUnknown(order.client_order_id, error, sent=not isinstance(error, words.GivenUpError))

    async def cancel(self, ref: v.OrderRef) -> CancelResult:
        if not self._up:
            return CancelResult(ref.client_order_id, "unknown", self._down())
        try:
            status, told = await self._line.call("DELETE", f"/orders/{quote(ref.client_order_id, safe='')}")
        except BrokerError as error:
            return CancelResult(ref.client_order_id, "unknown", error)
        match status:
            case 200:
                return CancelResult(ref.client_order_id, "requested")
            case 404:
                return CancelResult(ref.client_order_id, "not_found")
            case 409:
                return CancelResult(ref.client_order_id, "already_terminal")
        return CancelResult(ref.client_order_id, "unknown", words.error_of(status, told))

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        try:
            found = await self._ask(f"/orders/{quote(client_order_id, safe='')}", self._order)
        except BrokerError as error:
            return Inconclusive(client_order_id, error)
        return Absent(client_order_id, now()) if found is None else Found(found)

    # Questions

    async def open_orders(self) -> list[v.BrokerOrder]:
        return await self._known("/orders", self._orders, open="1")

    async def orders_since(self, at: int) -> list[v.BrokerOrder]:
        return await self._known("/orders", self._orders, since=str(at))

    async def executions_since(self, cursor: v.Cursor | None) -> tuple[list[v.Execution], v.Cursor]:
        def read(told: words.Json) -> tuple[list[v.Execution], v.Cursor]:
            return [words.execution_of(self.account, each) for each in told["executions"]], str(told["seq"])

        return await self._known("/executions", read, after=str(_number(cursor) if cursor is not None else 0))

    async def positions(self) -> list[v.Position]:
        return await self._known("/account", lambda told: words.positions_of(self.account, told))

    async def balances(self, asset: str | None = None) -> list[v.Balance]:
        balance = await self._known("/account", lambda told: words.balance_of(self.account, told))
        return [balance] if asset in {None, balance.asset} else []

    async def account_info(self) -> v.Account:
        return await self._known("/account", lambda told: words.account_of(self.account, told))

    async def instrument(self, symbol: str) -> v.Instrument:
        found = await self._ask("/symbol", words.instrument_of, name=symbol)
        if found is None:
            raise UnknownSymbolError(f"Pebble does not trade {quoted(symbol)}")
        return found

    async def quote(self, symbol: str) -> Quote | None:
        return await self._ask("/quote", words.quote_of, symbol=symbol)

    async def clock(self) -> int:
        return await self._known("/clock", lambda told: int(told["at"]))

    async def health(self) -> v.Health:
        error = "" if self._up else self._error
        return v.Health(connected=self._up, authenticated=True, last_heard_at=self._heard_at, last_error=error)

    def _order(self, told: words.Json) -> v.BrokerOrder:
        return words.order_of(self.account, told)

    def _orders(self, told: words.Json) -> list[v.BrokerOrder]:
        return [self._order(order) for order in told["orders"]]

    async def _known(self, path: str, read: Callable[[words.Json], T], **query: str) -> T:
        """What there always is an answer to. Raises BrokerError."""
        found = await self._ask(path, read, **query)
        if found is None:
            raise BrokerError(f"Pebble knows nothing of {path}")
        return found

    async def _ask(self, path: str, read: Callable[[words.Json], T], **query: str) -> T | None:
        """An answer as ours, None for 404. Raises BrokerError, at once where there is no session."""
        if not self._up:
            raise self._down()
        return await self._get(path, read, **query)

    async def _get(self, path: str, read: Callable[[words.Json], T], **query: str) -> T | None:
        status, told = await self._line.call("GET", path, query=query)
        if status not in {200, 404}:
            raise words.error_of(status, told)
        with words.readable(path):
            return read(told) if status == 200 else None

    def _down(self) -> BrokerConnectionError:
        return BrokerConnectionError(self._error)


def _number(cursor: v.Cursor) -> int:
    if not (cursor.isascii() and cursor.isdecimal()):
        raise BrokerError(f"cursor {quoted(cursor)} is none of Pebble's", code="INVALID_CURSOR")
    return int(cursor)
