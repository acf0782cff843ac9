"""What accounts, strategies and open orders are worth and how old they are, as the read model has them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from prometheus_client import CollectorRegistry

from tradewire.domain.account_book import AccountBook, book_day_result, book_equity, book_unrealized
from tradewire.domain.exact import ZERO, subtract
from tradewire.domain.orders import OPEN, Order
from tradewire.domain.results import Results, closed_trades
from tradewire.domain.times import SECOND
from tradewire.errors import InvalidValue
from tradewire.runtime.metrics import Family, Names, Sheet, Shown
from tradewire_ledger.reader.told.steps import Steps

_OF_ACCOUNT: Final = ("account", "currency")
_OF_STRATEGY: Final = ("account", "strategy", "currency")
FAMILIES: Final = {
    "orders": Family("Open orders by state", ("account", "status")),
    "oldest_order_age_seconds": Family(
        "For how long the oldest order of a state has been in it; no series where there is none", ("account", "status")
    ),
    "equity": Family("Equity at the last marks, in the account's currency", _OF_ACCOUNT),
    "cash": Family("Cash, by the currency that it is in", _OF_ACCOUNT),
    "day_result": Family("Result of the trading day: realized, unrealized, fees and interest", _OF_ACCOUNT),
    "unrealized_result": Family("What open positions have won or lost at the last marks", _OF_ACCOUNT),
    "positions": Family("Symbols that are held", ("account",)),
    "strategy_result": Family("What a strategy has won or lost, realized and not, less fees", _OF_STRATEGY),
    "strategy_day_result": Family("The same of the trading day", _OF_STRATEGY),
    "strategy_positions": Family("Symbols that a strategy holds", ("account", "strategy")),
    "strategy_trades": Family(
        "Closed trades of a strategy: won or lost", ("account", "strategy", "outcome"), rises=True
    ),
}


_Values = tuple[Decimal | None, Decimal | None, Decimal | None]
"""Equity, day's result and unrealized result; None where a mark is missing."""


class Figures(Shown):
    """Figures of the read model. A book that has not changed is not valued again."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(registry, FAMILIES)
        self._valued: dict[str, tuple[AccountBook, _Values]] = {}

    def take(
        self,
        orders: Iterable[Order],
        books: Mapping[str, AccountBook],
        results: Mapping[str, Results],
        steps: Steps,
        names: tuple[Names, Names],
        now: int,
    ) -> None:
        """Takes the figures of a time (µs). `names` are those of accounts and of strategies."""
        sheet = self.sheet()
        _orders(sheet, orders, books, steps, names[0], now)
        for account, book in books.items():
            known = self._valued.get(account)
            if known is None or known[0] is not book:
                known = self._valued[account] = (book, _values(book))
            _account(sheet, names[0].label(account), book, known[1])
            if account in results:
                _strategies(sheet, names[0].label(account), book.currency, results[account], names[1])
        self.show(sheet)


def _values(book: AccountBook) -> _Values:
    try:
        return book_equity(book), book_day_result(book), book_unrealized(book)
    except InvalidValue:
        return None, None, None


def _orders(
    sheet: Sheet, orders: Iterable[Order], books: Mapping[str, AccountBook], steps: Steps, names: Names, now: int
) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    oldest: dict[tuple[str, str], int] = {}
    for order in orders:
        key = names.label(order.account), order.status.value
        counts[key] += 1
        if (since := steps.since(order.order)) is not None:
            oldest[key] = min(oldest.get(key, since), since)
    accounts = {names.label(name) for name in books} | {account for account, _ in counts}
    for account in sorted(accounts):
        for status in sorted(status.value for status in OPEN):
            sheet.put("orders", counts[account, status], account, status)
    for key, since in sorted(oldest.items()):
        sheet.put("oldest_order_age_seconds", max(now - since, 0) / SECOND, *key)


def _account(sheet: Sheet, account: str, book: AccountBook, values: _Values) -> None:
    equity, day_result, unrealized = values
    sheet.put("equity", equity, account, book.currency)
    sheet.put("day_result", day_result, account, book.currency)
    sheet.put("unrealized_result", unrealized, account, book.currency)
    for currency, balance in sorted(book.balances.items()):
        sheet.put("cash", balance.cash, account, currency)
    sheet.put("positions", sum(1 for position in book.positions.values() if position.quantity), account)


def _strategies(sheet: Sheet, account: str, currency: str, results: Results, names: Names) -> None:
    """Each strategy by itself; those beyond the names that fit are added up."""
    sums: dict[tuple[str, str], Decimal] = {}

    def add(name: str, label: str, value: Decimal | int) -> None:
        sums[name, label] = sums.get((name, label), ZERO) + value

    for strategy, result in sorted(results.strategies.items()):
        label = names.label(strategy)
        total = results.worth(strategy, currency)
        if total is not None:
            add("strategy_result", label, total)
            began = result.began if result.day == results.day else total
            add("strategy_day_result", label, subtract(total, began))
        add("strategy_positions", label, len(result.held))
        trades = closed_trades(result, results.marks, currency)
        if trades is not None:
            add("won", label, trades.wins)
            add("lost", label, trades.losses)
    for (name, label), value in sums.items():
        if name in {"won", "lost"}:
            sheet.put("strategy_trades", value, account, label, name)
        elif name == "strategy_positions":
            sheet.put(name, value, account, label)
        else:
            sheet.put(name, value, account, label, currency)
