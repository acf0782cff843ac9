"""The port: what the router needs of a broker, whichever it is.

Rules that every adapter keeps, and tests/contract/brokers checks:

- `submit`, `submit_group`, `replace`, `cancel` and `find_order` never raise for what a broker does: no answer in time
  is *unknown*, never a rejection, and nothing is ever sent twice by the adapter itself;
- all other queries raise a BrokerError when they fail: an empty list means that there is nothing;
- `events` is ordered and at least once; an adapter reconnects by itself and says so;
- no quantity or price is rounded on its way, in either direction.
"""

from collections.abc import AsyncIterator
from typing import Protocol

from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.events import BrokerEvent
from tradewire_router.brokers.results import CancelResult, Lookup, SubmitResult
from tradewire_router.brokers.values import (
    Account,
    AccountRef,
    Balance,
    BrokerOrder,
    Capabilities,
    ConfigField,
    Cursor,
    Execution,
    GroupRequest,
    Health,
    Instrument,
    OrderChanges,
    OrderRef,
    OrderRequest,
    Position,
)

__all__ = [
    "Account",
    "AccountRef",
    "Balance",
    "Bar",
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
    "Instrument",
    "Lookup",
    "OrderChanges",
    "OrderRef",
    "OrderRequest",
    "Position",
    "Quote",
    "SubmitResult",
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
        """Sends an order, once."""

    async def submit_group(self, group: GroupRequest) -> list[SubmitResult]:
        """Sends orders that belong together: entry, take profit, stop loss, those that are set."""

    async def cancel(self, ref: OrderRef) -> CancelResult:
        """Asks that an order be canceled. What becomes of it comes as an event."""

    async def replace(self, ref: OrderRef, changes: OrderChanges) -> SubmitResult:
        """Asks for new terms of a working order; may give it a new broker order id."""

    async def find_order(self, client_order_id: str, symbol: str) -> Lookup:
        """Asks what became of an order."""

    async def open_orders(self) -> list[BrokerOrder]:
        """Every order that is not at its end. Raises BrokerError when that cannot be told."""

    async def orders_since(self, at: int) -> list[BrokerOrder]:
        """Every order submitted at or after `at` (µs), rejected ones too. Raises BrokerError."""

    async def executions_since(self, cursor: Cursor | None) -> tuple[list[Execution], Cursor]:
        """Every execution after a cursor (None: all that the broker still tells), oldest first, and the next cursor.

        Raises BrokerError.
        """

    async def positions(self) -> list[Position]:
        """Every holding that is not zero. Raises BrokerError."""

    async def balances(self, asset: str | None = None) -> list[Balance]:
        """Money by asset. Raises BrokerError."""

    async def account_info(self) -> Account:
        """The account as a whole. Raises BrokerError."""

    async def instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol. Raises UnknownSymbolError, BrokerError."""

    async def quote(self, symbol: str) -> Quote | None:
        """The broker's latest quote, None when it has none. Raises BrokerError."""

    async def bars(self, symbol: str, days: int) -> list[Bar]:
        """The newest daily bars of a symbol, at most `days`, oldest first; the unfinished one is left out.

        Raises NotSupportedError where the capabilities lack `daily_bars`, BrokerError.
        """

    async def clock(self) -> int:
        """The broker's time in microseconds. Raises BrokerError."""

    async def health(self) -> Health:
        """How the link is; asks nobody and never raises."""
