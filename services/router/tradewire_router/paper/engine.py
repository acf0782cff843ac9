"""What the paper broker decides. Every decision is a line of the journal, and the state changes by that line alone.

No I/O, no clock, no randomness: `at` comes with each call, and `record` puts a line where it will be durable before
anybody hears of it, and returns its place.
"""

from collections.abc import Callable
from decimal import Decimal
from hashlib import blake2b

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ZERO, add, multiply, subtract
from tradewire.messages.account_events import Bar
from tradewire.messages.quotes import Quote
from tradewire.messages.vocabulary import Timeframe
from tradewire.settings import Paper
from tradewire_router.brokers.results import CancelOutcome
from tradewire_router.brokers.values import Account, Balance, BrokerOrder
from tradewire_router.paper import funds, market
from tradewire_router.paper.bars import MinuteBars, OpenBars, finished
from tradewire_router.paper.book import BARS, AccountBook, Book, LiveOrder, apply
from tradewire_router.paper.checks import Problem, Terms, check
from tradewire_router.paper.lines import (
    Accepted,
    BarKept,
    Canceled,
    CancelReceived,
    Dropped,
    Duplicate,
    Expired,
    Filled,
    Happened,
    Line,
    Opened,
    Received,
    Rejected,
    Triggered,
)
from tradewire_router.paper.wire import Happening, PaperOrder

Record = Callable[[Line], int]


def broker_order_id(account: str, client_order_id: str) -> str:
    """The broker's id of an order: the same for the same order, whenever it is played."""
    return blake2b(f"{account}|{client_order_id}".encode(), digest_size=8).hexdigest()


class Engine:
    """All accounts, their orders, and the latest quotes."""

    def __init__(self, book: Book, terms: Paper, record: Record) -> None:
        self.book = book
        self.terms = terms
        self.quotes: dict[str, Quote] = {}
        self._record = record
        self._open_bars, self._minutes = OpenBars(), MinuteBars()
        self._day_ends: dict[bool, int] = {}
        self._next_expiry = 0

    # Accounts

    def open_account(self, name: str, currency: str, at: int) -> AccountBook:
        """Returns an account, which begins with the starting cash when it is new."""
        if name not in self.book.accounts:
            self._write(Opened(seq=self._seq, at=at, account=name, currency=currency, cash=self.terms.starting_cash))
        return self.book.accounts[name]

    def drop_pending(self, at: int) -> None:
        """Ends the submits that were under way when the process ended: they are not placed."""
        for account in self.book.accounts.values():
            for client_order_id in list(account.pending):
                self._write(Dropped(seq=self._seq, at=at, account=account.name, client_order_id=client_order_id))

    def happen(self, account: AccountBook, happening: Happening, at: int) -> str:
        """Lets something happen to an account beside executions; returns its id."""
        symbol, held = happening.symbol, account.held(happening.symbol)
        change = happening.quantity
        if happening.ratio is not None:
            change = add(change, subtract(multiply(held, happening.ratio), held))
        if happening.kind == "split":
            for order in [each for each in account.live.values() if each.symbol == symbol]:
                self._cancel(order, "CORPORATE_ACTION", at)
        activity = f"{account.name}-{self._seq}"
        self._write(
            Happened(
                seq=self._seq,
                at=at,
                account=account.name,
                activity=activity,
                what=happening.kind,
                amount=happening.amount,
                currency=account.currency,
                cash=add(account.cash, happening.amount),
                symbol=symbol,
                change=change,
                position=add(held, change) if symbol else ZERO,
                ratio=happening.ratio,
                price=happening.price,
                text=happening.text,
                told=happening.told,
            )
        )
        return activity

    def balances(self, account: AccountBook) -> list[Balance]:
        """The account's cash, by currency."""
        return account.balances()

    def account_info(self, account: AccountBook) -> Account:
        """The account as a whole; without equity when a holding has no quote."""
        equity: Decimal | None = account.cash
        for symbol, holding in account.holdings.items():
            if holding.quantity and equity is not None:
                price = self._mark(symbol, holding.quantity)
                equity = None if price is None else add(equity, multiply(holding.quantity, price))
        power = max(ZERO, account.available)
        return Account(
            account=account.name,
            currency=account.currency,
            cash=account.cash,
            buying_power=power,
            equity=equity,
            reserved=subtract(max(power, account.cash), power),  # of what is there, should more be reserved than that
        )

    def _mark(self, symbol: str, quantity: Decimal) -> Decimal | None:
        quote = self.quotes.get(symbol)
        return market.taking_price(quote, "sell" if quantity > 0 else "buy") if quote else None

    # Orders

    def receive(self, account: AccountBook, order: PaperOrder, at: int) -> bool:
        """Writes down that a submit came. False when its client order id was used before: it must not be placed."""
        known = account.knows(order.client_order_id)
        self._write(Received(seq=self._seq, at=at, account=account.name, order=order))
        if known:
            self._write(Duplicate(seq=self._seq, at=at, account=account.name, client_order_id=order.client_order_id))
        return not known

    def place(self, account: AccountBook, client_order_id: str, at: int, *, pieces: int = 0) -> Problem | None:
        """Decides a received order: accepts and, where the market is there, fills it; or returns why it is refused.

        `pieces` above zero sets the number of executions.
        """
        order = account.pending[client_order_id].order
        terms = check(order)
        if isinstance(terms, Problem):
            return self.reject(account, client_order_id, terms, at)
        quote = self.quotes.get(order.symbol) or funds.stated_quote(order, terms, self.terms, at)
        reserved = funds.reserve(account, order, terms, quote, self.terms)
        if isinstance(reserved, Problem):
            return self.reject(account, client_order_id, reserved, at)
        day = order.time_in_force == "day"
        parts = (
            market.cut(terms.quantity, order.symbol, pieces, client_order_id, self.terms.seed)
            if pieces
            else market.pieces(terms.quantity, order.symbol, client_order_id, self.terms)
        )
        self._write(
            Accepted(
                seq=self._seq,
                at=at,
                account=account.name,
                client_order_id=client_order_id,
                broker_order_id=broker_order_id(account.name, client_order_id),
                reserved=reserved,
                expires_at=self._day_end(order.symbol, at) if day else None,
                pieces=(terms.quantity,) if order.time_in_force == "fok" else parts,
            )
        )
        self._arrive(account, account.live[client_order_id], terms, quote, at)
        return None

    def reject(self, account: AccountBook, client_order_id: str, problem: Problem, at: int) -> Problem:
        """Refuses a received order."""
        pending = account.pending[client_order_id]
        order = pending.order
        terms = check(order)
        broker_id = broker_order_id(account.name, client_order_id)
        closed = BrokerOrder(
            account=account.name,
            client_order_id=client_order_id,
            broker_order_id=broker_id,
            symbol=order.symbol,
            side=order.side,
            quantity=terms.quantity if isinstance(terms, Terms) else ZERO,
            status="rejected",
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            order=order.order,
            submitted_at=pending.at,
            updated_at=at,
            code=problem.code,
            reason=problem.message,
        )
        self._write(
            Rejected(
                seq=self._seq,
                at=at,
                account=account.name,
                client_order_id=client_order_id,
                broker_order_id=broker_id,
                code=problem.code,
                message=problem.message,
                closed=closed,
            )
        )
        return problem

    def cancel(self, account: AccountBook, client_order_id: str, at: int) -> CancelOutcome:
        """Cancels a working order, at once."""
        self._write(CancelReceived(seq=self._seq, at=at, account=account.name, client_order_id=client_order_id))
        order = account.live.get(client_order_id)
        if order is not None:
            self._cancel(order, "REQUESTED", at)
            return "requested"
        return "already_terminal" if account.closed.get(client_order_id, -1) >= 0 else "not_found"

    def quote(self, quote: Quote, at: int) -> None:
        """Takes a new quote and fills what it reaches, in the order of acceptance."""
        self.quotes[quote.symbol] = quote
        if (ended := self._open_bars.take(quote, self.book.bars.get(quote.symbol), at)) is not None:
            self._keep_bar(quote.symbol, ended, at)
        self._minutes.take(quote, at)
        self.expire(at)
        working = self.book.working.get(quote.symbol)
        for order in list(working.values()) if working else ():
            self._meet(self.book.accounts[order.account], order, quote, at, arriving=False)

    def expire(self, at: int) -> None:
        """Ends the day orders whose day is over."""
        if not self._next_expiry or at < self._next_expiry:
            return
        self._next_expiry = 0
        for orders in list(self.book.working.values()):
            for order in list(orders.values()):
                if order.expires_at is None:
                    continue
                if order.expires_at > at:
                    self._expires(order.expires_at)
                    continue
                self._write(
                    Expired(
                        seq=self._seq,
                        at=at,
                        account=order.account,
                        client_order_id=order.client_order_id,
                        broker_order_id=order.broker_order_id,
                        closed=order.told("expired", at, "END_OF_DAY"),
                    )
                )

    def bars(self, symbol: str, timeframe: Timeframe, count: int, at: int) -> list[Bar]:
        """The newest bars of a symbol, at most `count`, oldest first, those that are over; of minutes or of days."""
        if timeframe == "1m":
            return self._minutes.bars(symbol, count, at)
        bars = finished(self.book.bars.get(symbol, []), self._open_bars.bar(symbol), at)
        return bars[-min(count, BARS) :] if count > 0 else []

    def keep_bars(self, at: int) -> None:
        """Writes down the bars under way, because the process is being stopped."""
        for symbol, bar in self._open_bars.all():
            self._keep_bar(symbol, bar, at)

    def _keep_bar(self, symbol: str, bar: Bar, at: int) -> None:
        self._write(BarKept(seq=self._seq, at=at, account="", symbol=symbol, bar=bar))

    def resume(self) -> None:
        """Looks at the orders that came back from the journal for the next one to expire."""
        for orders in self.book.working.values():
            for order in orders.values():
                self._expires(order.expires_at)

    # How it decides

    def _arrive(self, account: AccountBook, order: LiveOrder, terms: Terms, quote: Quote | None, at: int) -> None:
        stated = funds.stated_price(terms, self.terms)
        if stated is not None:
            while order.client_order_id in account.live:
                self._fill(account, order, stated, at)
            return
        if quote is not None:
            self._meet(account, order, quote, at, arriving=True)
        if order.client_order_id in account.live and order.time_in_force in {"ioc", "fok"}:
            self._cancel(order, f"{order.time_in_force.upper()}_NOT_FILLED", at)
        elif order.client_order_id in account.live:
            self._expires(order.expires_at)

    def _meet(self, account: AccountBook, order: LiveOrder, quote: Quote, at: int, *, arriving: bool) -> None:
        """Brings an order and a quote together: a stop may trigger, one piece may fill."""
        if order.stop_price is not None and not order.triggered:
            reached = market.stop_reached(order.side, order.stop_price, quote)
            if reached is None:
                return
            self._write(
                Triggered(
                    seq=self._seq,
                    at=at,
                    account=account.name,
                    client_order_id=order.client_order_id,
                    broker_order_id=order.broker_order_id,
                    price=reached,
                )
            )
            arriving = True
        price = market.fill_price(order, quote, self.terms, arriving=arriving)
        if price is not None:
            self._fill(account, order, price, at)

    def _fill(self, account: AccountBook, order: LiveOrder, price: Decimal, at: int) -> None:
        quantity = order.pieces[0]
        fee = market.fee(quantity, price, self.terms)
        value = multiply(quantity, price)
        if order.side == "buy":
            cash = subtract(account.cash, add(value, fee))
            if cash < subtract(account.reserved, order.reserved):
                self._cancel(order, "INSUFFICIENT_FUNDS", at)
                return
            position = add(account.held(order.symbol), quantity)
        else:
            cash = add(account.cash, subtract(value, fee))
            position = subtract(account.held(order.symbol), quantity)
        self._write(
            Filled(
                seq=self._seq,
                at=at,
                account=account.name,
                client_order_id=order.client_order_id,
                broker_order_id=order.broker_order_id,
                execution=f"{order.broker_order_id}-{order.executions + 1}",
                symbol=order.symbol,
                side=order.side,
                quantity=quantity,
                price=price,
                fee=fee,
                currency=settlement_currency(order.symbol, account.currency),
                cash=cash,
                position=position,
                closed=order.told("filled", at, quantity=quantity, value=value) if len(order.pieces) == 1 else None,
            )
        )

    def _cancel(self, order: LiveOrder, reason: str, at: int) -> None:
        self._write(
            Canceled(
                seq=self._seq,
                at=at,
                account=order.account,
                client_order_id=order.client_order_id,
                broker_order_id=order.broker_order_id,
                reason=reason,
                closed=order.told("canceled", at, reason),
            )
        )

    def _day_end(self, symbol: str, at: int) -> int:
        pair = "/" in symbol
        end = self._day_ends.get(pair, 0)
        if at >= end:
            end = self._day_ends[pair] = market.day_end(symbol, at)
        return end

    def _expires(self, at: int | None) -> None:
        if at is not None and (not self._next_expiry or at < self._next_expiry):
            self._next_expiry = at

    @property
    def _seq(self) -> int:
        return self.book.seq + 1

    def _write(self, line: Line) -> None:
        apply(self.book, line, self._record(line))
