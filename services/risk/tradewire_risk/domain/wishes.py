"""People's wishes to close all that an account holds, as a fold over the log: what is left of each, and its closes.

What is left is worked out from what is held and the events after the wish, so a snapshot and the events behind it tell
the same as the log.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from msgspec import Struct

from tradewire import ids
from tradewire.domain.flattening import STANDS_MICROS, STRATEGY, TRADES, Since
from tradewire.domain.switches import account_scopes
from tradewire.messages.account_events import FlattenRequested
from tradewire.messages.log import Event

FOLDED: Final = TRADES | {"OrderRequested", "OrderCancelRequested"}


class Close(Struct, frozen=True, gc=False):
    """The last order that was asked for to close a symbol: which attempt it is, and when it was asked for (µs)."""

    order: str
    attempt: int
    at: int


class Wish:
    """The last wish of an account. It changes only by folding."""

    def __init__(self, event: Event, asked: FlattenRequested) -> None:
        self.event_id, self.pos, self.at, self.asked = event.event_id, event.pos, event.time, asked
        self.since = Since()
        self.closes: dict[str, Close] = {}
        self.withdrawn: set[str] = set()
        """Symbols whose close somebody asked to cancel; it is not asked for again."""

    def stands(self, now: int) -> bool:
        """Whether closes are asked for at a time (µs)."""
        return self.at <= now < self.at + STANDS_MICROS

    def next_attempt(self, symbol: str) -> int:
        """Which attempt to close a symbol is the next one."""
        last = self.closes.get(symbol)
        return last.attempt + 1 if last else 1

    def signal(self, symbol: str) -> str:
        """The signal of the next attempt to close a symbol."""
        return ids.derive(STRATEGY, self.event_id, symbol, str(self.next_attempt(symbol)))

    def fold(self, event: Event, data: Any) -> None:
        """Folds an OrderRequested or an execution of the account."""
        self.since.fold(event.type, data)
        if event.type == "OrderRequested" and data.strategy == STRATEGY and data.signal == self.signal(data.symbol):
            self.closes[data.symbol] = Close(data.order, self.next_attempt(data.symbol), event.time)

    def cancel(self, order: str) -> None:
        """Somebody asked to cancel an order."""
        self.withdrawn.update(symbol for symbol, close in self.closes.items() if close.order == order)


class Wishes:
    """Of each account the last wish."""

    def __init__(self) -> None:
        self._wishes: dict[str, Wish] = {}

    def __iter__(self) -> Iterator[tuple[str, Wish]]:
        return iter(self._wishes.items())

    def begin(self, event: Event, asked: FlattenRequested) -> None:
        """A wish; it takes the place of the account's last one."""
        self._wishes[asked.account] = Wish(event, asked)

    def fold(self, event: Event, data: Any) -> None:
        """Folds an event of FOLDED; what lies before a wish is none of its business."""
        if event.type == "OrderCancelRequested":
            for wish in self._wishes.values():
                if event.pos > wish.pos:
                    wish.cancel(data.order)
            return
        found = self._wishes.get(data.account)
        if found is None or event.pos <= found.pos:
            return
        if event.type == "OrderRequested" and event.time >= found.at + STANDS_MICROS:
            del self._wishes[data.account]
        else:
            found.fold(event, data)

    def call_off(self, scope: str, broker_of: Callable[[str], str]) -> None:
        """Forgets the wishes of accounts that lie in a scope, whole: a person has stopped trading there since."""
        self._wishes = {
            account: wish for account, wish in self if scope not in account_scopes(account, broker_of(account))
        }

    def forget(self, newest: int) -> None:
        """Forgets the wishes that stand no more at the time (µs) of the newest event."""
        self._wishes = {account: wish for account, wish in self if newest < wish.at + STANDS_MICROS}
