"""What each strategy has won and lost in an account, as a fold over executions and marks. No order is looked at.

A position is held at average cost, because a cost in one number keeps the record small; by any method realized and
unrealized add up to the same. A trade lasts from the first execution until nothing of the symbol is held any more, or
until the position turns; it won or lost what it brought, less the fees of its currency.

Executions that no strategy asked for, which are those at the broker and those of a wish to flatten, and holdings that
come or go without one, close what nobody holds, then what strategies hold, by name; what is left is nobody's. So the
results of all, nobody's with them, add up to the account's. A bust or a correction is a reversing entry, as in the
account's book: the sums are then those of what remains, and a trade that had ended may count once more.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from tradewire.domain.account_book import restated_mark, settlement_currency
from tradewire.domain.books import action_of, adjustment_of, corrected_fill, fill_of
from tradewire.domain.exact import ZERO, add, multiply, negate, share, subtract
from tradewire.domain.flattening import STRATEGY
from tradewire.domain.positions import Fill, released_cost, reversal
from tradewire.messages.account_events import Mark
from tradewire.messages.log import Event
from tradewire.messages.queries import EXTERNAL
from tradewire.messages.window_events import Held, ResultsRecorded, StrategyResult, Trades

MOST_DAYS: Final = 400
"""Days of which the highest equity or result is kept, whatever the window."""
_NOTHING = Held(ZERO, ZERO, ZERO)
_NO_TRADES = Trades()
_NEW = StrategyResult()


def book(before: StrategyResult, symbol: str, fill: Fill, currency: str, fee_currency: str = "") -> StrategyResult:
    """Books an execution. `currency` is the account's; a fee in another than the price's is in no trade."""
    paid_in = settlement_currency(symbol, currency)
    realized, trades = before.realized, before.trades
    if fee_currency and fee_currency != paid_in:
        realized = {**realized, fee_currency: subtract(realized.get(fee_currency, ZERO), fill.fee)}
        fill = replace(fill, fee=ZERO)
    held = before.held.get(symbol, _NOTHING)
    long = held.quantity > 0
    if not held.quantity or long == (fill.side == "buy"):
        won, after = ZERO, _more(held, fill, fill.quantity, fill.fee)
    else:
        closing = min(fill.quantity, held.quantity.copy_abs())
        over = subtract(fill.quantity, closing)
        fee = share(fill.fee, closing, fill.quantity) if over else fill.fee
        released = released_cost(held.cost, closing, held.quantity)
        worth = multiply(closing, fill.price)
        won = subtract(worth if long else negate(worth), released)
        result = subtract(add(held.result, won), fee)
        quantity = subtract(held.quantity, closing) if long else add(held.quantity, closing)
        after = Held(quantity, subtract(held.cost, released), result)
        if not quantity:
            trades = {**trades, paid_in: _closed(trades.get(paid_in, _NO_TRADES), result)}
            after = _more(_NOTHING, fill, over, subtract(fill.fee, fee)) if over else _NOTHING
    held_after = {**before.held, symbol: after}
    if not after.quantity:
        del held_after[symbol]
    total = subtract(add(realized.get(paid_in, ZERO), won), fill.fee)
    return replace(before, realized={**realized, paid_in: total}, held=held_after, trades=trades)


def worth(result: StrategyResult, marks: Mapping[str, Mark], currency: str) -> Decimal | None:
    """What a strategy has won or lost at these marks, realized and not, in the account's currency.

    None when the mark of what it holds, or of a currency, is missing.
    """
    sums = dict(result.realized)
    for symbol, held in result.held.items():
        if (mark := marks.get(symbol)) is None:
            return None
        paid_in = settlement_currency(symbol, currency)
        open_ = subtract(multiply(held.quantity, mark.price), held.cost)
        sums[paid_in] = add(sums.get(paid_in, ZERO), open_)
    total = ZERO
    for paid_in, amount in sums.items():
        if (converted := _converted(amount, paid_in, marks, currency)) is None:
            return None
        total = add(total, converted)
    return total


def closed_trades(result: StrategyResult, marks: Mapping[str, Mark], currency: str) -> Trades | None:
    """A strategy's closed trades in the account's currency; None when the mark of a currency is missing."""
    found = _NO_TRADES
    for paid_in, trades in result.trades.items():
        won = _converted(trades.won, paid_in, marks, currency)
        lost = _converted(trades.lost, paid_in, marks, currency)
        if won is None or lost is None:
            return None
        found = Trades(
            found.wins + trades.wins, found.losses + trades.losses, add(found.won, won), add(found.lost, lost)
        )
    return found


def highest(result: StrategyResult, since: str) -> Decimal | None:
    """The highest result of the days from `since` on."""
    return max((high for day, high in result.highs.items() if day >= since), default=None)


class Results:
    """The strategies of one account. `marks` are the newest of what they hold, and of the rates that they need."""

    def __init__(self, recorded: ResultsRecorded | None = None) -> None:
        recorded = recorded or ResultsRecorded()
        self.day = recorded.day
        self.strategies = dict(recorded.strategies)
        self.marks = dict(recorded.marks)
        self._known: dict[str, Decimal | None] = {}

    def recorded(self) -> ResultsRecorded:
        """All of it, to begin at again."""
        return ResultsRecorded(
            day=self.day, strategies=dict(sorted(self.strategies.items())), marks=dict(sorted(self.marks.items()))
        )

    def of(self, strategy: str) -> StrategyResult:
        """A strategy's result; one that was never executed has won and lost nothing."""
        return self.strategies.get(strategy, _NEW)

    def worth(self, strategy: str, currency: str) -> Decimal | None:
        """A strategy's result at the last marks, worked out once after each change; None where nobody can tell."""
        if strategy not in self._known:
            self._known[strategy] = worth(self.of(strategy), self.marks, currency)
        return self._known[strategy]

    def symbols(self) -> Iterator[str]:
        """What strategies hold, each symbol as often as it is held."""
        return (symbol for result in self.strategies.values() for symbol in result.held)

    def currencies(self) -> Iterator[str]:
        """What strategies have won or lost in, each as often as there are such strategies."""
        for result in self.strategies.values():
            yield from (paid_in for paid_in, amount in result.realized.items() if amount or result.held)

    def fold(self, event: Event, data: Any, currency: str) -> bool:
        """Folds an event of FOLDED; says whether more has changed than marks. `currency` is the account's."""
        return _FOLDS[event.type](self, event, data, currency)

    def filled(self, event: Event, data: Any, currency: str) -> bool:
        """An execution, of a strategy's order or of nobody's."""
        fill, strategy = fill_of(event, data), _owner(data)
        if strategy == EXTERNAL:
            self._close_any(data.symbol, fill, currency, data.fee_currency)
        else:
            self._book(strategy, data.symbol, fill, currency, data.fee_currency)
        self._traded(data.symbol, fill, currency)
        return True

    def attributed(self, event: Event, data: Any, currency: str) -> bool:
        """An execution that was booked as nobody's and is found to be of a strategy's order: nobody's part is its own.

        What it closed of strategies' holdings stays closed.
        """
        fill, strategy = fill_of(event, data), _owner(data)
        held = self.of(EXTERNAL).held.get(data.symbol, _NOTHING).quantity
        if strategy == EXTERNAL or not held or (held > 0) != (fill.side == "buy"):
            return False
        part = min(held.copy_abs(), fill.quantity)
        fill = replace(fill, quantity=part, fee=share(fill.fee, part, fill.quantity))
        self._book(EXTERNAL, data.symbol, reversal(fill, fill.at), currency, data.fee_currency)
        self._book(strategy, data.symbol, fill, currency, data.fee_currency)
        self._drop(data.symbol, currency)
        return True

    def busted(self, event: Event, data: Any, currency: str) -> bool:
        """An execution that is taken back. Its price is no mark."""
        self._book(_owner(data), data.symbol, reversal(fill_of(event, data), event.time), currency, data.fee_currency)
        self._drop(data.symbol, currency)
        return True

    def corrected(self, event: Event, data: Any, currency: str) -> bool:
        """An execution that is taken back, and the one that takes its place."""
        new, strategy = fill_of(event, data), _owner(data)
        old = reversal(corrected_fill(new, data), new.at)
        self._book(strategy, data.symbol, old, currency, data.fee_currency)
        self._book(strategy, data.symbol, new, currency, data.fee_currency)
        self._traded(data.symbol, new, currency)
        return True

    def adjusted(self, event: Event, data: Any, currency: str) -> bool:
        """A holding that comes or goes without an execution."""
        fill = adjustment_of(event, data)
        self._close_any(data.symbol, fill, currency, "")
        worth = fill.price if data.mark is None else data.mark
        self._mark(data.symbol, Mark(worth, fill.at), currency)
        self._drop(data.symbol, currency)
        return True

    def acted(self, event: Event, data: Any, currency: str) -> bool:
        """A split or the like: what each holds is multiplied; what is beside that, and cash, is of the largest holder.

        Where nobody holds anything, it is nobody's. What was paid stays as it is.
        """
        symbol, action = data.symbol, action_of(event, data)
        held = {name: result.held[symbol] for name, result in self.strategies.items() if symbol in result.held}
        largest = max(held, key=lambda name: (held[name].quantity.copy_abs(), name), default=EXTERNAL)
        for name in sorted({*held, largest}):
            before = held.get(name, _NOTHING)
            quantity = multiply(before.quantity, action.ratio)
            cash = action.cash if name == largest else ZERO
            if name == largest:
                quantity = add(quantity, action.quantity)
            self._restate(name, symbol, before, replace(before, quantity=quantity), cash, data.currency)
        if symbol in self.marks:
            self.marks[symbol] = restated_mark(self.marks[symbol], action)
        self._known.clear()
        self._drop(symbol, currency)
        return True

    def _restate(self, name: str, symbol: str, before: Held, after: Held, cash: Decimal, currency: str) -> None:
        """Puts another holding in the place of one; where nothing is left of it, what was paid is lost."""
        result = self.strategies.get(name) or self._new()
        won, trades = cash, result.trades
        held = {**result.held, symbol: replace(after, result=add(after.result, cash))}
        if not after.quantity:
            won = subtract(cash, before.cost)
            del held[symbol]
            if before.quantity:
                ended = add(before.result, won)
                trades = {**trades, currency: _closed(trades.get(currency, _NO_TRADES), ended)}
        realized = {**result.realized, currency: add(result.realized.get(currency, ZERO), won)}
        self.strategies[name] = replace(result, held=held, trades=trades, realized=realized)

    def _new(self) -> StrategyResult:
        return StrategyResult(day=self.day, highs={self.day: ZERO} if self.day else {})

    def marked(self, _event: Event, data: Any, currency: str) -> bool:
        """Marks. A day begins at those before, so that what happens overnight counts in the new one.

        Where one is missing, the new one takes its place.
        """
        changed = False
        self.day = max(self.day, data.day)
        for name, result in self.strategies.items():
            if result.day >= self.day:
                continue
            if (began := self.worth(name, currency)) is None:
                began = worth(result, {**data.marks, **self.marks}, currency)
            if began is not None:
                self.strategies[name] = replace(result, day=self.day, began=began, highs=self._higher(result, began))
                changed = True
        for symbol, mark in data.marks.items():
            self._mark(symbol, mark, currency)
        for name, result in self.strategies.items():
            total, high = self.worth(name, currency), result.highs.get(self.day)
            if total is not None and self.day and (high is None or total > high):
                self.strategies[name] = replace(result, highs=self._higher(result, total))
                changed = True
        return changed

    def _higher(self, result: StrategyResult, total: Decimal) -> dict[str, Decimal]:
        """The highs with that of this day. A day that was no better than a later one is never the highest again."""
        oldest = (date.fromisoformat(self.day) - timedelta(days=MOST_DAYS)).isoformat()
        return {**{d: high for d, high in result.highs.items() if high > total and d >= oldest}, self.day: total}

    def _close_any(self, symbol: str, fill: Fill, currency: str, fee_currency: str) -> None:
        """Closes what nobody holds, then what strategies do, by name; the rest is nobody's."""
        for name in (EXTERNAL, *sorted(self.strategies.keys() - {EXTERNAL})):
            held = self.of(name).held.get(symbol, _NOTHING).quantity
            if not held or (held > 0) == (fill.side == "buy"):
                continue
            part = min(held.copy_abs(), fill.quantity)
            fee = share(fill.fee, part, fill.quantity)
            left = subtract(fill.quantity, part)
            if not left:
                break
            self._book(name, symbol, replace(fill, quantity=part, fee=fee), currency, fee_currency)
            fill = replace(fill, quantity=left, fee=subtract(fill.fee, fee))
        else:
            name = EXTERNAL
        self._book(name, symbol, fill, currency, fee_currency)

    def _book(self, name: str, symbol: str, fill: Fill, currency: str, fee_currency: str) -> None:
        result = self.strategies.get(name)
        if result is None:
            result = self._new()
        self.strategies[name] = book(result, symbol, fill, currency, fee_currency)
        self._known.pop(name, None)

    def _traded(self, symbol: str, fill: Fill, currency: str) -> None:
        self._mark(symbol, Mark(fill.price, fill.at), currency)
        self._drop(symbol, currency)

    def _mark(self, symbol: str, mark: Mark, currency: str) -> None:
        """Keeps the newest mark of what is held, and of every rate that the account was marked at."""
        is_rate = symbol.endswith(f"/{currency}")
        if not is_rate and not self._holds(symbol):
            return
        known = self.marks.get(symbol)
        if known is not None and mark.at <= known.at:
            return
        self.marks[symbol] = mark
        if is_rate:
            self._known.clear()
            return
        for name, result in self.strategies.items():
            if symbol in result.held:
                self._known.pop(name, None)

    def _drop(self, symbol: str, currency: str) -> None:
        """Forgets the mark of what nobody holds any more and no currency needs."""
        if not self._holds(symbol) and not any(symbol == f"{each}/{currency}" for each in self.currencies()):
            self.marks.pop(symbol, None)

    def _holds(self, symbol: str) -> bool:
        return any(symbol in result.held for result in self.strategies.values())


def _owner(data: Any) -> str:
    strategy: str = getattr(data, "strategy", EXTERNAL)
    return EXTERNAL if strategy == STRATEGY else strategy


def _more(held: Held, fill: Fill, quantity: Decimal, fee: Decimal) -> Held:
    signed = quantity if fill.side == "buy" else negate(quantity)
    return Held(add(held.quantity, signed), add(held.cost, multiply(signed, fill.price)), subtract(held.result, fee))


def _closed(trades: Trades, result: Decimal) -> Trades:
    """One that brought nothing has neither won nor lost."""
    if result > 0:
        return Trades(trades.wins + 1, trades.losses, add(trades.won, result), trades.lost)
    if result < 0:
        return Trades(trades.wins, trades.losses + 1, trades.won, subtract(trades.lost, result))
    return trades


def _converted(amount: Decimal, paid_in: str, marks: Mapping[str, Mark], currency: str) -> Decimal | None:
    if paid_in == currency or not amount:
        return amount
    rate = marks.get(f"{paid_in}/{currency}")
    return None if rate is None else multiply(amount, rate.price)


_FOLDS: Final[dict[str, Callable[[Results, Event, Any, str], bool]]] = {
    "OrderFilled": Results.filled,
    "ExternalFillBooked": Results.filled,
    "FillAttributed": Results.attributed,
    "FillBusted": Results.busted,
    "FillCorrected": Results.corrected,
    "PositionAdjusted": Results.adjusted,
    "CorporateAction": Results.acted,
    "MarksRecorded": Results.marked,
}
FOLDED: Final = frozenset(_FOLDS)
