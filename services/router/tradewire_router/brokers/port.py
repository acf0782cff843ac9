"""The port: what the router needs of a broker, whichever it is.

Rules that every adapter keeps, and tests/contract/brokers checks:

- `submit`, `submit_group`, `replace`, `cancel` and `find_order` never raise for what a broker does: no answer in time
  is *unknown*, never a rejection, and nothing is ever sent twice by the adapter itself;
- all other queries raise a BrokerError when they fail: an empty list means that there is nothing;
- `events` is ordered and at least once; an adapter reconnects by itself and says so;
- a quote has the venue's own time, never that of whoever passes it on, and no price that the venue did not say: what is
  zero or missing there is None here. The newest quote of a symbol counts, so those before it may be left out;
- no quantity or price is rounded on its way, in either direction.
"""

from collections.abc import AsyncIterator, Collection
from typing import Protocol

from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.events import BrokerEvent
from tradewire_router.brokers.results import CancelResult, Lookup, SubmitResult
from tradewire_router.brokers.values import (
    Account,
    AccountRef,
    Activity,
    Balance,
    Beginning,
    BrokerOrder,
    Capabilities,
    ConfigField,
    Cursor,
    Execution,
    GroupRequest,
    Health,
    Hours,
    Instrument,
    Leg,
    OrderChanges,
    OrderRef,
    OrderRequest,
    Position,
    TakenBack,
)

__all__ = [
    "Account",
    "AccountRef",
    "Activity",
    "Balance",
    "Bar",
    "Beginning",
    "Broker",
    "BrokerError",
    "BrokerEvent",
    "BrokerOrder",
    "CancelResult",
    "Capabilities",
    "ConfigField",
    "Cursor",
    "Execution",
    "GroupRequest",
    "Health",
    "Hours",
    "Instrument",
    "Leg",
    "Lookup",
    "OrderChanges",
    "OrderRef",
    "OrderRequest",
    "Position",
    "Quote",
    "SubmitResult",
    "TakenBack",
    "Timeframe",
]


class Broker(Protocol):
    """One account at one broker. One instance is used by one event loop; `events` has one reader."""

    @property
    def id(self) -> str:
        """The broker's name in events and keys, such as `paper`."""

    @property
    def account(self) -> str:
        """The account's name in Tradewire."""

    @property
    def capabilities(self) -> Capabilities:
        """What can be asked of it."""

    @classmethod
    def config_fields(cls) -> list[ConfigField]:
        """The adapter's settings."""

    def recall(self, legs: Collection[Leg]) -> None:
        """Takes in which exits of groups are ours, as the log knows them; asks nobody. Said before `connect`.

        From then on they go by our client order ids, also where the broker has made names of its own for them.
        """

    def recall_busts(self, busts: Collection[TakenBack]) -> None:
        """Takes in of which orders executions were taken back, as the log knows them. Said before `connect`.

        What is filled again is another execution, also where the broker's words would name both the same.
        """

    def forget(self, client_order_id: str) -> None:
        """Takes in that an order never arrived, nor anything of its group, so that nobody is asked about it again."""

    async def connect(self, since: Cursor | None = None) -> AccountRef:
        """Opens the session; a second call while it is open does nothing.

        Events after `since` are replayed where the broker can; None means from now on.

        Raises:
            BrokerConnectionError: it cannot be reached.
            BrokerAuthenticationError: it refuses us.
        """

    async def close(self) -> None:
        """Ends the session; calls under way end as unknown or raise. Idempotent."""

    def events(self) -> AsyncIterator[BrokerEvent]:
        """What the broker tells, in its order, until `close`."""

    async def submit(self, order: OrderRequest) -> SubmitResult:
        """Sends an order, once. Never raises; without an answer in time the result is SubmitUnknown."""

    async def submit_group(self, group: GroupRequest) -> list[SubmitResult]:
        """Sends orders that belong together, once: entry, take profit, stop loss, those that are set, in that order.

        Each has a result of its own. Never raises; a broker without such groups rejects with NotSupportedError.
        """

    async def cancel(self, ref: OrderRef) -> CancelResult:
        """Asks that an order be canceled. What becomes of it comes as an event. Never raises."""

    async def replace(self, ref: OrderRef, changes: OrderChanges) -> SubmitResult:
        """Asks for new terms of a working order, once; may give it a new broker order id. Never raises.

        A broker that replaces nothing rejects with NotSupportedError, and its capability `replace` is `none`.
        """

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        """Asks what became of an order, by our id. Never raises: without a usable answer it is Inconclusive.

        Absent says that the broker knew none when it was asked; one on its way may yet arrive.
        """

    async def open_orders(self) -> list[BrokerOrder]:
        """Every order that is not at its end. Raises BrokerError when that cannot be told."""

    async def orders_since(self, at: int) -> list[BrokerOrder]:
        """Every order submitted at or after `at` (µs), rejected ones too. Raises BrokerError."""

    async def executions_since(self, cursor: Cursor | None) -> tuple[list[Execution], Cursor]:
        """Every execution after a cursor (None: all that the broker still tells), oldest first, and the next cursor.

        Raises BrokerError.
        """

    async def activities_since(self, cursor: Cursor | None) -> tuple[list[Activity], Cursor]:
        """What happened beside executions after a cursor (None: all that is still told), oldest first; the next cursor.

        Raises NotSupportedError where the capabilities lack `activities`, BrokerError.
        """

    async def beginning(self, most: int) -> Beginning | None:
        """Where a log begins of which the account has more than `most` executions or other activities behind it.

        None where there are no more, so that all of them may be asked for. Raises BrokerError.
        """

    async def positions(self) -> list[Position]:
        """Every holding that is not zero. Raises BrokerError."""

    async def balances(self, asset: str | None = None) -> list[Balance]:
        """Money by asset, or that of one alone; empty for an asset that the account has none of. Raises BrokerError."""

    async def account_info(self) -> Account:
        """The account as a whole, in its own currency.

        Raises BrokerError; WrongAccountError for another account than is meant, WrongEnvironmentError for play
        money where real is meant, or the other way round.
        """

    async def instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol. Raises UnknownSymbolError, BrokerError."""

    async def quote(self, symbol: str) -> Quote | None:
        """The broker's latest quote, None when it has none. Raises NoDataRightsError, BrokerError."""

    async def subscribe_quotes(self, symbols: Collection[str]) -> None:
        """Has `quotes` tell these symbols and no others from now on; every call names all of them.

        What is subscribed outlives a lost session: an adapter subscribes again by itself. Of symbols that the broker
        does not know it says nothing.

        Raises NotSupportedError unless the capability `quotes` is `stream`, BrokerError.
        """

    def quotes(self) -> AsyncIterator[Quote]:
        """The quotes of the subscribed symbols as they change, until `close`; one reader.

        A reader that is slow hears the newest of each symbol and not all before it (`brokers.latest.LatestQuotes`).
        """

    async def bars(self, symbol: str, timeframe: Timeframe, count: int) -> list[Bar]:
        """The newest bars of a symbol, at most `count`, oldest first; the unfinished one is left out.

        Raises NotSupportedError for a timeframe that is not among the capability `bars`, BrokerError.
        """

    async def clock(self) -> int:
        """The broker's time in microseconds. Raises NotSupportedError where it does not tell it, BrokerError."""

    async def hours(self, symbol: str) -> Hours | None:
        """Whether a symbol's market is open now; None where the broker does not say. Raises BrokerError."""

    async def health(self) -> Health:
        """How the link is; asks nobody and never raises."""
