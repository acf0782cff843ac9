"""What an account holds and may still hold, in money: sums that follow each event by the symbol that it concerns.

Positions count at the last marks, working orders at the value that their approval gave a unit. All values are in the
account's currency. A symbol whose mark or rate is missing has no value, and then the account's sums have none.
"""

from decimal import Decimal

from msgspec import Struct

from tradewire.domain.account_book import AccountBook, settlement_currency
from tradewire.domain.exact import ZERO, add, multiply, negate, subtract
from tradewire.domain.orders import RESERVING, Order
from tradewire.messages.vocabulary import Side


class Line(Struct, frozen=True, gc=False):
    """One symbol: the signed value of what is held (None: unknown), and what working orders may still buy and sell.

    `worst` is the largest value that the position may come to: all orders of one side filled, and none of the other.
    """

    held: Decimal | None = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO
    worst: Decimal | None = ZERO

    @staticmethod
    def of(held: Decimal | None, buys: Decimal, sells: Decimal) -> "Line":
        """The line of these values."""
        if held is None:
            return Line(None, buys, sells, None)
        return Line(held, buys, sells, max(add(held, buys).copy_abs(), subtract(held, sells).copy_abs()))

    def with_order(self, side: Side, value: Decimal) -> "Line":
        """The line if an order more were working."""
        if side == "buy":
            return Line.of(self.held, add(self.buys, value), self.sells)
        return Line.of(self.held, self.buys, add(self.sells, value))


NO_LINE = Line()


class Portfolio:
    """One account's lines and their sums. `unknown` counts the symbols without a value, `open` the working orders."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.gross = ZERO
        self.held = ZERO
        self.buys = ZERO
        self.sells = ZERO
        self.unknown = 0
        self.open = 0
        self.entering = ZERO
        """The value of the working orders that are no exits."""
        self.positions = 0
        """How many symbols are held or may come to be."""

    def line(self, symbol: str) -> Line:
        """A symbol's line; it must not be changed."""
        return self.lines.get(symbol, NO_LINE)

    def copy(self) -> "Portfolio":
        """A portfolio that can be changed without this one."""
        other = Portfolio()
        other.lines = dict(self.lines)
        other.gross, other.held, other.buys, other.sells = self.gross, self.held, self.buys, self.sells
        other.unknown, other.open, other.positions, other.entering = (
            self.unknown,
            self.open,
            self.positions,
            self.entering,
        )
        return other

    def add_order(self, symbol: str, side: Side, value: Decimal, *, entering: bool) -> None:
        """Counts an order more; `entering` is one that is no exit."""
        self.open += 1
        if entering:
            self.entering = add(self.entering, value)
        self.put(symbol, self.line(symbol).with_order(side, value))

    def take_order(self, order: Order) -> None:
        """Counts a working order no more."""
        value = _value(order)
        self.open -= 1
        if not order.reduce_only:
            self.entering = subtract(self.entering, value)
        if order.side is not None:
            self.put(order.symbol, self.line(order.symbol).with_order(order.side, negate(value)))

    def put(self, symbol: str, line: Line) -> None:
        """Takes a symbol's new line."""
        old = self.lines.get(symbol)
        if line.held == ZERO and not line.buys and not line.sells:
            if old is not None:
                del self.lines[symbol]
                self.positions -= 1
            line = NO_LINE
        else:
            self.lines[symbol] = line
            self.positions += old is None
        self._move(old or NO_LINE, line)

    def _move(self, old: Line, new: Line) -> None:
        self.buys = _moved(self.buys, old.buys, new.buys)
        self.sells = _moved(self.sells, old.sells, new.sells)
        self.unknown += (new.held is None) - (old.held is None)
        self.held = _moved(self.held, old.held or ZERO, new.held or ZERO)
        self.gross = _moved(self.gross, old.worst or ZERO, new.worst or ZERO)

    @property
    def net(self) -> Decimal:
        """The largest sum of all values, signs counted, that working orders of one side may lead to."""
        return max(self.net_bought, self.net_sold)

    @property
    def net_bought(self) -> Decimal:
        """The sum if everything that may be bought were, and nothing sold."""
        return add(self.held, self.buys).copy_abs()

    @property
    def net_sold(self) -> Decimal:
        """The sum if everything that may be sold were, and nothing bought."""
        return subtract(self.held, self.sells).copy_abs()


class Portfolios:
    """Every account's portfolio, as the log moves it."""

    def __init__(self) -> None:
        self._accounts: dict[str, Portfolio] = {}

    def of(self, account: str) -> Portfolio:
        """An account's portfolio; it must be changed by folding alone."""
        found = self._accounts.get(account)
        if found is None:
            found = self._accounts[account] = Portfolio()
        return found

    def move(self, before: Order | None, after: Order) -> None:
        """Follows an order from one state to the next."""
        held = before is not None and before.status in RESERVING
        holds = after.status in RESERVING
        if not held and not holds:
            return
        portfolio = self.of(after.account)
        portfolio.open += holds - held
        if before is not None and held and not before.reduce_only:
            portfolio.entering = subtract(portfolio.entering, _value(before))
        if holds and not after.reduce_only:
            portfolio.entering = add(portfolio.entering, _value(after))
        line = portfolio.line(after.symbol)
        buys, sells = line.buys, line.sells
        if before is not None and held:
            if before.side == "buy":
                buys = subtract(buys, _value(before))
            else:
                sells = subtract(sells, _value(before))
        if holds:
            if after.side == "buy":
                buys = add(buys, _value(after))
            else:
                sells = add(sells, _value(after))
        portfolio.put(after.symbol, Line.of(line.held, buys, sells))

    def hold(self, book: AccountBook, symbol: str) -> None:
        """Follows what an account's book holds of a symbol, and its mark."""
        portfolio = self.of(book.account)
        line = portfolio.line(symbol)
        held = held_value(book, symbol)
        if held != line.held or held is None:
            portfolio.put(symbol, Line.of(held, line.buys, line.sells))

    def hold_all(self, book: AccountBook) -> None:
        """Follows all that an account's book holds."""
        for symbol in book.positions:
            self.hold(book, symbol)


def _moved(total: Decimal, old: Decimal, new: Decimal) -> Decimal:
    return total if new is old else add(total, subtract(new, old))


def held_value(book: AccountBook, symbol: str) -> Decimal | None:
    """The signed value of what a book holds of a symbol, at the last marks; None when a mark or rate is missing."""
    position = book.positions.get(symbol)
    if position is None or not position.quantity:
        return ZERO
    mark = book.marks.get(symbol)
    if mark is None:
        return None
    value = multiply(multiply(position.quantity, mark.price), position.multiplier)
    currency = settlement_currency(symbol, book.currency)
    if currency == book.currency:
        return value
    rate = book.marks.get(f"{currency}/{book.currency}")
    return None if rate is None else multiply(value, rate.price)


def _value(order: Order) -> Decimal:
    # An approval of before unit values were recorded counts with nothing.
    return multiply(order.leaves, order.unit_value) if order.unit_value is not None else ZERO
