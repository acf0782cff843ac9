"""The paper broker's state, and how each journal line changes it: live and after a restart alike.

Orders at their end are not kept: `closed` only knows where in the journal their last line stands.
"""

from decimal import Decimal

from msgspec import Struct, field

from tradewire.domain.exact import ZERO, add, multiply, negate, ratio, share, subtract
from tradewire.messages.account_events import Bar
from tradewire.messages.vocabulary import OrderType, Side, TimeInForce
from tradewire_router.brokers.values import Balance, BrokerOrder, OrderStatus, Position
from tradewire_router.paper.lines import (
    Accepted,
    BarKept,
    Canceled,
    Dropped,
    Expired,
    Filled,
    Happened,
    Line,
    Opened,
    Received,
    Rejected,
    Triggered,
)
from tradewire_router.paper.wire import PaperOrder

NEVER_PLACED = -1
"""The place of an order that was received and is not in the journal beyond that."""
BARS = 260
"""How many daily bars of a symbol are kept: those of a year of weekdays."""


class LiveOrder(Struct, gc=False):
    """A working order. `reserved` is the cash that it holds back, `pieces` the quantities still to be filled."""

    account: str
    client_order_id: str
    broker_order_id: str
    order: str
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    submitted_at: int
    updated_at: int
    expires_at: int | None
    pieces: tuple[Decimal, ...]
    reserved: Decimal = ZERO
    filled_quantity: Decimal = ZERO
    filled_value: Decimal = ZERO
    executions: int = 0
    triggered: bool = False

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
        return subtract(self.quantity, self.filled_quantity)

    def told(
        self,
        status: OrderStatus | None = None,
        at: int = 0,
        reason: str = "",
        *,
        quantity: Decimal = ZERO,
        value: Decimal = ZERO,
    ) -> BrokerOrder:
        """The order as the broker tells it; at its end with that `status` and a last `quantity` worth `value`."""
        filled = add(self.filled_quantity, quantity)
        return BrokerOrder(
            account=self.account,
            client_order_id=self.client_order_id,
            broker_order_id=self.broker_order_id,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            status=status or ("partially_filled" if filled else "accepted"),
            filled_quantity=filled,
            average_price=ratio(add(self.filled_value, value), filled) if filled else None,
            order_type=self.order_type,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            order=self.order,
            submitted_at=self.submitted_at,
            updated_at=at or self.updated_at,
            reason=reason,
        )


class Holding(Struct, gc=False):
    """A signed quantity, and what it cost by average cost."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


class Pending(Struct, gc=False):
    """A submit that was received and is not decided."""

    order: PaperOrder
    at: int


class AccountBook(Struct):
    """One account: cash, holdings, and its orders by client order id.

    `cash` is that of all currencies together, one for one, since the broker knows no rates; `foreign` is how much of it
    is in each currency but the account's own, below zero where more was paid than came in.
    """

    name: str
    currency: str
    cash: Decimal
    foreign: dict[str, Decimal] = field(default_factory=dict)
    reserved: Decimal = ZERO
    holdings: dict[str, Holding] = field(default_factory=dict)
    selling: dict[str, Decimal] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    live: dict[str, LiveOrder] = field(default_factory=dict)
    closed: dict[str, int] = field(default_factory=dict)

    @property
    def available(self) -> Decimal:
        """Cash that no working order holds back."""
        return subtract(self.cash, self.reserved)

    def balances(self) -> list[Balance]:
        """The cash of each currency; what orders hold back is of the account's own."""
        own = self.cash
        for amount in self.foreign.values():
            own = subtract(own, amount)
        found = [Balance(account=self.name, asset=self.currency, total=own, available=subtract(own, self.reserved))]
        others = sorted(self.foreign.items())
        return found + [Balance(account=self.name, asset=asset, total=cash, available=cash) for asset, cash in others]

    def held(self, symbol: str) -> Decimal:
        """The signed holding of a symbol."""
        holding = self.holdings.get(symbol)
        return holding.quantity if holding else ZERO

    def sellable(self, symbol: str) -> Decimal:
        """What can be sold without going short, beside the working sell orders."""
        return subtract(self.held(symbol), self.selling.get(symbol, ZERO))

    def knows(self, client_order_id: str) -> bool:
        """True when the id was ever used."""
        return client_order_id in self.live or client_order_id in self.closed or client_order_id in self.pending

    def positions(self) -> list[Position]:
        """Every holding that is not zero."""
        return [
            Position(
                account=self.name,
                symbol=symbol,
                quantity=holding.quantity,
                average_price=ratio(holding.cost, holding.quantity),
            )
            for symbol, holding in self.holdings.items()
            if holding.quantity
        ]


class Book(Struct):
    """All accounts, the working orders by symbol in the order of their acceptance, and the daily bars, oldest first."""

    seq: int = 0
    at: int = 0
    accounts: dict[str, AccountBook] = field(default_factory=dict)
    working: dict[str, dict[tuple[str, str], LiveOrder]] = field(default_factory=dict)
    bars: dict[str, list[Bar]] = field(default_factory=dict)


def apply(book: Book, line: Line, offset: int) -> None:
    """Changes the state by a line that stands at `offset` in the journal."""
    book.seq, book.at = line.seq, line.at
    if type(line) is Opened:
        book.accounts[line.account] = AccountBook(name=line.account, currency=line.currency, cash=line.cash)
        return
    if type(line) is BarKept:
        _keep(book.bars.setdefault(line.symbol, []), line.bar)
        return
    account = book.accounts[line.account]
    match line:
        case Received(order=order, at=at):
            if not account.knows(order.client_order_id):
                account.pending[order.client_order_id] = Pending(order, at)
        case Accepted():
            _accept(book, account, line)
        case Filled():
            _fill(book, account, line, offset)
        case Happened():
            _happen(account, line)
        case Rejected(client_order_id=client_order_id):
            del account.pending[client_order_id]
            account.closed[client_order_id] = offset
        case Triggered(client_order_id=client_order_id, at=at):
            account.live[client_order_id].triggered = True
            account.live[client_order_id].updated_at = at
        case Canceled(client_order_id=client_order_id) | Expired(client_order_id=client_order_id):
            _close(book, account, account.live[client_order_id], offset)
        case Dropped(client_order_id=client_order_id):
            del account.pending[client_order_id]
            account.closed[client_order_id] = NEVER_PLACED
        case _:
            pass  # a duplicate and a request to cancel change nothing by themselves


def _keep(bars: list[Bar], bar: Bar) -> None:
    if bars and bars[-1].at == bar.at:
        del bars[-1]  # the day went on after the process was stopped
    bars.append(bar)
    del bars[:-BARS]


def _accept(book: Book, account: AccountBook, line: Accepted) -> None:
    pending = account.pending.pop(line.client_order_id)
    order = pending.order
    live = LiveOrder(
        account=account.name,
        client_order_id=line.client_order_id,
        broker_order_id=line.broker_order_id,
        order=order.order,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        quantity=Decimal(order.quantity or 0),
        limit_price=Decimal(order.limit_price) if order.limit_price else None,
        stop_price=Decimal(order.stop_price) if order.stop_price else None,
        submitted_at=pending.at,
        updated_at=line.at,
        expires_at=line.expires_at,
        pieces=line.pieces,
        reserved=line.reserved,
    )
    account.live[line.client_order_id] = live
    book.working.setdefault(order.symbol, {})[account.name, line.client_order_id] = live
    account.reserved = add(account.reserved, live.reserved)
    if order.side == "sell":
        account.selling[order.symbol] = add(account.selling.get(order.symbol, ZERO), live.quantity)


def _fill(book: Book, account: AccountBook, line: Filled, offset: int) -> None:
    order = account.live[line.client_order_id]
    holding = account.holdings.setdefault(line.symbol, Holding())
    signed = line.quantity if line.side == "buy" else negate(line.quantity)
    _book_cost(holding, signed, line.price)
    if line.currency != account.currency:
        moved = subtract(line.cash, account.cash)
        account.foreign[line.currency] = add(account.foreign.get(line.currency, ZERO), moved)
    account.cash = line.cash
    if order.side == "sell":
        account.selling[line.symbol] = subtract(account.selling[line.symbol], line.quantity)
    freed = share(order.reserved, line.quantity, order.remaining)
    order.reserved = subtract(order.reserved, freed)
    account.reserved = subtract(account.reserved, freed)
    order.filled_quantity = add(order.filled_quantity, line.quantity)
    order.filled_value = add(order.filled_value, multiply(line.quantity, line.price))
    order.executions += 1
    order.pieces = order.pieces[1:]
    order.updated_at = line.at
    if line.closed is not None:
        _close(book, account, order, offset)


def _happen(account: AccountBook, line: Happened) -> None:
    account.cash = line.cash
    if line.symbol and line.change:
        holding = account.holdings.setdefault(line.symbol, Holding())
        if line.what == "transfer":
            _book_cost(holding, line.change, line.price or ZERO)
        else:
            holding.quantity = line.position  # what was paid stays as it is
        if not holding.quantity:
            holding.cost = ZERO


def _book_cost(holding: Holding, signed: Decimal, price: Decimal) -> None:
    old, new = holding.quantity, add(holding.quantity, signed)
    if not old or (old > 0) == (signed > 0):
        holding.cost = add(holding.cost, multiply(signed, price))
    elif not new:
        holding.cost = ZERO
    elif (new > 0) == (old > 0):
        holding.cost = subtract(holding.cost, share(holding.cost, abs(signed), abs(old)))
    else:
        holding.cost = multiply(new, price)
    holding.quantity = new


def _close(book: Book, account: AccountBook, order: LiveOrder, offset: int) -> None:
    account.reserved = subtract(account.reserved, order.reserved)
    if order.side == "sell":
        account.selling[order.symbol] = subtract(account.selling[order.symbol], order.remaining)
    del account.live[order.client_order_id]
    account.closed[order.client_order_id] = offset
    working = book.working[order.symbol]
    del working[account.name, order.client_order_id]
    if not working:
        del book.working[order.symbol]
