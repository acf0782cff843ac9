"""The base of adapters: what each needs to be found, to be configured, and to tell its events.

A package adds a broker by a class that derives from `Adapter` and an entry point of the group `tradewire.brokers`,
whose name is what `accounts.NAME.broker` says:

    [project.entry-points."tradewire.brokers"]
    mybroker = "my_package.adapter:MyBroker"

What each method is given and gives, in which units, and what it may raise, stands at
`tradewire_router.brokers.port.Broker`; what the structs hold in `values`, `events` and `results`, and the errors in
`errors`. Here it says what an adapter has to write, what it inherits, and what a broker that lacks something does.

Whatever is heavy, such as the broker's own library, is imported in `opened`, so that only accounts of it pay for it.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Collection
from typing import Self

from tradewire.domain.quoting import quoted
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import BrokerPart, Timeframe
from tradewire.settings import Settings
from tradewire_router.brokers import values as v
from tradewire_router.brokers.errors import NotSupportedError
from tradewire_router.brokers.events import (
    BrokerEvent,
    BrokerNotice,
    InstrumentChanged,
    SessionDegraded,
    SessionDown,
    SessionRecovered,
    SessionUp,
)
from tradewire_router.brokers.latest import LatestQuotes
from tradewire_router.brokers.options import Options
from tradewire_router.brokers.results import SubmitRejected, SubmitResult

GROUP = "tradewire.brokers"
"""The entry-point group in which installed packages name their adapters."""


def now() -> int:
    """The wall clock in microseconds."""
    return time.time_ns() // 1000


class Adapter(ABC):
    """One account at one broker, as its adapter begins it: with queues of events and quotes, and no session.

    Quantities, prices and money are Decimal, as the broker says them; times are microseconds since the epoch, UTC;
    symbols are canonical (`AAPL`, `BTC/USDT`). What acts is answered within `router.call_timeout`, however the broker
    behaves.

    To be written, each as `Broker` says:

    - `connect` opens the session and says `tell_up`, as each session does that comes back by itself; or it raises
      BrokerConnectionError, BrokerAuthenticationError or what derives from them.
    - `close` ends all of it, and twice is once; calls under way end as unknown, or raise.
    - `submit` and `cancel` send once and never raise. What no words of the broker's prove to be refused is
      SubmitUnknown, or the outcome `unknown`; `sent=False` says that nothing can have left this process.
    - `find_order` asks by our client order id and never raises. Absent takes an answer that the broker has none; any
      failure is Inconclusive. Where nobody can be asked by that id, all lists that may have it are looked through.
    - `open_orders`, `orders_since`, `positions` and `balances` tell all that there is, or raise BrokerError: a list is
      empty only where the broker says so.
    - `account_info`: what the broker does not tell is None (`equity`) or zero (`reserved`). Raises BrokerError.
    - `executions_since` goes on after a cursor, oldest first; None is from the beginning of what is still told. For a
      cursor of another broker's it raises BrokerError.
    - `instrument` raises UnknownSymbolError for what is not traded there.
    - `quote` is None where there is no price, and raises NoDataRightsError where the account has no right to it.
    - `clock` raises NotSupportedError where the broker does not tell the time.
    - `health` asks nobody and never raises; its counts are None where nobody counts.

    Inherited, each with what is right where the broker has no such thing: `recall`, `recall_busts`, `forget`,
    `submit_group`, `replace`, `activities_since`, `beginning`, `subscribe_quotes`, `hours` and `bars`. `capabilities`
    must say the same: what it declares is asked for, and `shape.refusal` refuses all else by name.
    """

    id: str
    """The broker's name in events and keys."""
    section: str = "accounts.NAME"
    """Where its settings stand."""
    capabilities: v.Capabilities
    """What can be asked of it; what is not declared here is refused, never sent and hoped for."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._events: deque[BrokerEvent] = deque()
        self._quotes = LatestQuotes()
        self._arrived = asyncio.Event()
        self._closed = False

    @classmethod
    @abstractmethod
    def config_fields(cls) -> list[v.ConfigField]:
        """The adapter's settings, of which `accounts.NAME` may set each, and from which forms are made."""

    @classmethod
    @abstractmethod
    def opened(cls, settings: Settings, account: str) -> Self:
        """A new session, not yet connected, for an account of the settings. Nothing is asked of the broker yet.

        Raises:
            ConfigError: a setting is missing or wrong; it names the key and the fix.
        """

    @classmethod
    def verify(cls, settings: Settings, account: str) -> None:
        """Passes settings with which `opened` will do. Nothing heavy is imported, and nobody is asked.

        Raises:
            ConfigError: as `opened` does.
        """
        Options(account, settings.accounts[account], cls.config_fields())

    async def events(self) -> AsyncIterator[BrokerEvent]:
        """What the broker tells, in its order, until the session is closed."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._arrived.clear()
            await self._arrived.wait()

    def quotes(self) -> AsyncIterator[Quote]:
        """The newest quotes of the subscribed symbols, until the session is closed."""
        return self._quotes.read()

    def tell(self, event: BrokerEvent) -> None:
        """Queues an event for the one reader."""
        self._events.append(event)
        self._arrived.set()

    def tell_quote(self, quote: Quote) -> None:
        """Queues a quote, in the place of an older one of its symbol that nobody has read."""
        self._quotes.put(quote)

    def end_events(self) -> None:
        """Nothing comes any more: `events` and `quotes` end when they have given what is queued."""
        self._closed = True
        self._arrived.set()
        self._quotes.close()

    def tell_up(self, cursor: v.Cursor | None, broker_time: int | None) -> None:
        """Says that the session works. The router compares everything with the broker each time."""
        at = now()
        self.tell(
            SessionUp(
                event_key=f"session:{self.id}:{self.account}:up:{at}",
                broker_time=broker_time,
                received_at=at,
                cursor=cursor,
                broker=self.id,
                account=self.account,
            )
        )

    def tell_down(self, reason: str) -> None:
        """Says that the session is lost."""
        at = now()
        self.tell(
            SessionDown(
                event_key=f"session:{self.id}:{self.account}:down:{at}",
                broker_time=None,
                received_at=at,
                broker=self.id,
                account=self.account,
                reason=reason,
            )
        )

    def tell_degraded(self, part: BrokerPart, reason: str) -> None:
        """Says that the session works and a part of it does not: without `orders` nothing new is sent."""
        at = now()
        self.tell(
            SessionDegraded(
                event_key=f"session:{self.id}:{self.account}:degraded:{at}",
                broker_time=None,
                received_at=at,
                broker=self.id,
                account=self.account,
                part=part,
                reason=reason,
            )
        )

    def tell_recovered(self, part: BrokerPart) -> None:
        """Says that a part of the session works again."""
        at = now()
        self.tell(
            SessionRecovered(
                event_key=f"session:{self.id}:{self.account}:recovered:{at}",
                broker_time=None,
                received_at=at,
                broker=self.id,
                account=self.account,
                part=part,
            )
        )

    def tell_changed(self, symbol: str) -> None:
        """Says that a symbol's rules are to be asked for again, because it was halted or is no more, say."""
        at = now()
        key = f"instrument:{self.id}:{self.account}:{symbol}:{at}"
        self.tell(InstrumentChanged(event_key=key, broker_time=None, received_at=at, symbol=symbol))

    def tell_notice(self, code: str, text: str) -> None:
        """Says what changes nothing and people may want to know; the router's log has it."""
        at = now()
        key = f"notice:{self.id}:{self.account}:{code}:{at}"
        self.tell(BrokerNotice(event_key=key, broker_time=None, received_at=at, code=code, text=text))

    # What a broker need not have

    def recall(self, legs: Collection[v.Leg]) -> None:  # noqa: B027 - most have nothing to do
        """Needs nothing: at most brokers an exit goes by the client order id that it was sent with."""

    def recall_busts(self, busts: Collection[v.TakenBack]) -> None:  # noqa: B027
        """Needs nothing: most brokers give no two executions one id."""

    def forget(self, client_order_id: str) -> None:  # noqa: B027
        """Needs nothing where nothing is kept of orders of which the broker has said nothing."""

    async def submit_group(self, group: v.GroupRequest) -> list[SubmitResult]:
        """Refuses: without native groups the orders are sent one by one."""
        error = NotSupportedError(f"{self.id} takes no {group.kind} groups; send the orders one by one")
        orders = (group.entry, group.take_profit, group.stop_loss)
        return [SubmitRejected(order.client_order_id, error) for order in orders if order is not None]

    async def replace(self, ref: v.OrderRef, changes: v.OrderChanges) -> SubmitResult:
        """Refuses: without replacing, an order is canceled and sent anew."""
        message = f"{self.id} replaces no orders; cancel {ref.client_order_id} and send a new one"
        return SubmitRejected(changes.client_order_id, NotSupportedError(message))

    async def activities_since(self, cursor: v.Cursor | None) -> tuple[list[v.Activity], v.Cursor]:
        """Refuses: the broker tells executions alone."""
        raise NotSupportedError(f"{self.id} tells nothing beside executions, so nothing follows {quoted(cursor or '')}")

    async def beginning(self, most: int) -> v.Beginning | None:
        """All that is told is asked for, of a broker that keeps no long past."""
        return None

    async def subscribe_quotes(self, symbols: Collection[str]) -> None:
        """Refuses: without a stream, quotes are asked for, or come from others."""
        raise NotSupportedError(f"{self.id} has no stream of quotes: {len(symbols)} symbols were asked for")

    async def hours(self, symbol: str) -> v.Hours | None:
        """Nobody says: then the exchange's calendar alone is gone by."""
        return None

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> list[Bar]:
        """Refuses a timeframe, for one that the capabilities lack."""
        has = ", ".join(sorted(self.capabilities.bars)) or "none"
        raise NotSupportedError(f"{self.id} has no bars of {timeframe}, {count} of {symbol}; it has {has}")
