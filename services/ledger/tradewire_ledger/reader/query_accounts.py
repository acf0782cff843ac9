"""Positions and accounts, from the books in memory, valued by the functions of the domain."""

from decimal import Decimal

from tradewire.domain.account_book import AccountBook, book_day_result, book_equity
from tradewire.domain.money import money
from tradewire.domain.pnl import market_value, unrealized
from tradewire.domain.positions import Position
from tradewire.errors import InvalidValue
from tradewire.messages.answers import AccountRow, AccountsPage, CashRow, PositionRow, PositionsPage
from tradewire.messages.queries import MAX_ROWS, AccountsQuery, PositionsQuery
from tradewire_ledger.reader.context import Context


async def positions(context: Context, query: PositionsQuery) -> PositionsPage:
    """Positions by account and symbol."""
    async with context.reading(with_books=True) as moment:
        prices = {symbol: money(price) for symbol, price in query.prices.items()}
        held = [
            (account, symbol)
            for account in sorted(moment.books)
            for symbol, position in sorted(moment.books[account].positions.items())
            if (query.flat or position.quantity)
            and query.account in ("", account)
            and query.symbol in ("", symbol)
            and f"{account} {symbol}" > query.cursor
        ]
        page = held[:MAX_ROWS]
        rows = tuple(_valued(moment.books[account], symbol, prices.get(symbol)) for account, symbol in page)
        cursor = " ".join(page[-1]) if len(held) > len(page) else ""
        return PositionsPage(pos=moment.at.pos, positions=rows, cursor=cursor)


async def accounts(context: Context, query: AccountsQuery) -> AccountsPage:
    """Accounts by name."""
    async with context.reading(with_books=True) as moment:
        books = [book for name, book in sorted(moment.books.items()) if query.account in ("", name)]
        return AccountsPage(pos=moment.at.pos, accounts=tuple(_account(book) for book in books))


def _valued(book: AccountBook, symbol: str, given: Decimal | None) -> PositionRow:
    position: Position = book.positions[symbol]
    mark = book.marks.get(symbol)
    price = given if given is not None else mark.price if mark else None
    return PositionRow(
        account=book.account,
        symbol=symbol,
        quantity=position.quantity,
        average_price=position.average_price,
        multiplier=position.multiplier,
        cost=position.fifo_cost,
        realized=position.fifo_realized,
        fees=position.fees,
        price=price,
        priced_at=mark.at if mark and given is None else None,
        value=None if price is None else market_value(position, price),
        unrealized=None if price is None else unrealized(position, price),
    )


def _account(book: AccountBook) -> AccountRow:
    equity = result = None
    problem = ""
    try:
        equity, result = book_equity(book), book_day_result(book)
    except InvalidValue as error:
        problem = error.message
    return AccountRow(
        account=book.account,
        currency=book.currency,
        cash=tuple(
            CashRow(
                currency=currency,
                cash=balance.cash,
                realized_today=balance.realized_today,
                fees_today=balance.fees_today,
                moved_today=balance.moved_today,
            )
            for currency, balance in sorted(book.balances.items())
        ),
        day=book.day,
        equity_at_day_start=book.equity_at_day_start,
        equity=equity,
        day_result=result,
        problem=problem,
    )
