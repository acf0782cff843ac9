"""What brokers said of money, symbols and prices of the past: the newest of each, as the log tells it."""

from collections.abc import Callable
from typing import Any

from tradewire.messages.account_events import BalancesReported, Bar, InstrumentReported
from tradewire.messages.log import Event

Place = tuple[str, str]
"""An account and a symbol."""


class Facts:
    """The newest balances of each account, and the newest rules and daily bars of each symbol in it."""

    def __init__(self) -> None:
        self.balances: dict[str, BalancesReported] = {}
        self.instruments: dict[Place, InstrumentReported] = {}
        self.daily: dict[Place, tuple[Bar, ...]] = {}
        self.broken: set[str] = set()

    def bars(self, account: str, symbol: str) -> tuple[Bar, ...]:
        """A symbol's daily bars, oldest first; empty when nobody told any."""
        return self.daily.get((account, symbol), ())

    def reconciled(self, account: str) -> bool:
        """False while the log and the broker are known to disagree."""
        return account not in self.broken

    def fold(self, event: Event, data: Any) -> None:
        """Folds what a broker said."""
        _FOLDS[event.type](self, data)


def _balances(facts: Facts, data: Any) -> None:
    facts.balances[data.account] = data


def _instrument(facts: Facts, data: Any) -> None:
    facts.instruments[data.account, data.symbol] = data


def _bars(facts: Facts, data: Any) -> None:
    facts.daily[data.account, data.symbol] = data.bars


def _broken(facts: Facts, data: Any) -> None:
    facts.broken.add(data.account)


def _mended(facts: Facts, data: Any) -> None:
    facts.broken.discard(data.account)


_FOLDS: dict[str, Callable[[Facts, Any], None]] = {
    "BalancesReported": _balances,
    "InstrumentReported": _instrument,
    "BarsReported": _bars,
    "ReconciliationBroken": _broken,
    "ReconciliationMended": _mended,
}
FACTS = frozenset(_FOLDS)
