"""Positions and accounts as tables."""

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from tradewire.messages.answers import AccountRow, CashRow, PositionRow
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table


def positions(rows: Sequence[PositionRow], width: int, now: int) -> Table:
    """The table of some positions. Where a price is missing, so are value and unrealised result."""
    columns: list[Column[PositionRow]] = [
        Column("account", lambda p: p.account, rank=3),
        Column("symbol", lambda p: Text(p.symbol, "bold")),
        Column("quantity", lambda p: text.quantity(p.quantity), right=True),
        Column("average", lambda p: text.mean(p.average_price), right=True, rank=1),
        Column("price", lambda p: text.price(p.price), right=True),
        Column("priced", lambda p: text.short_time(p.priced_at, now), rank=4),
        Column("value", lambda p: text.money(p.value), right=True, rank=1),
        Column("unrealised", lambda p: text.result(p.unrealized), right=True),
        Column("realised", lambda p: text.result(p.realized), right=True),
        Column("fees", lambda p: text.money(p.fees), right=True, rank=2),
    ]
    return table(rows, columns, width)


def accounts(rows: Sequence[AccountRow], width: int) -> Table:
    """The table of some accounts: one line a currency, with the equity on the account's first."""
    lines = [(account, cash, number == 0) for account in rows for number, cash in enumerate(account.cash or (None,))]
    columns: list[Column[tuple[AccountRow, CashRow | None, bool]]] = [
        Column("account", lambda line: Text(line[0].account if line[2] else "", "bold")),
        Column("day", lambda line: line[0].day if line[2] else "", rank=3),
        Column("", lambda line: line[1].currency if line[1] else line[0].currency),
        Column("cash", lambda line: text.money(line[1].cash if line[1] else None), right=True),
        Column("equity", lambda line: text.money(line[0].equity) if line[2] else "", right=True),
        Column("result today", lambda line: text.result(line[0].day_result) if line[2] else "", right=True),
        Column(
            "realised today", lambda line: text.result(line[1].realized_today if line[1] else None), right=True, rank=2
        ),
        Column("fees today", lambda line: text.money(line[1].fees_today if line[1] else None), right=True, rank=1),
        Column("deposits today", lambda line: text.money(_moved(line[1])), right=True, rank=4),
        Column("", lambda line: Text(line[0].problem if line[2] else "", "yellow"), rank=1, fold=True),
    ]
    return table(lines, columns, width)


def _moved(cash: CashRow | None) -> Decimal | None:
    return cash.moved_today if cash else None
