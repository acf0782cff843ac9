"""What a batch changed, as the arrays that the statement APPLY takes, in its order."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tradewire_ledger.reader.model import Changes

encode = msgspec.json.Encoder(order="deterministic").encode
_Row = tuple[Any, ...]


def arguments(changes: Changes) -> Iterator[Any]:
    """Yields the arguments of APPLY."""
    before, after = changes.before, changes.after
    yield from (after.frame, after.pos, after.hash, after.books_pos)
    yield from (before.frame, before.pos, before.generation, before.log_id)
    books = [(account, after.pos, encode(book)) for account, book in changes.stored_books.items()]
    stands = [(slot, pos) for slot, pos in changes.standing.items() if pos is not None]
    yield from _turned(_orders(changes), 18)
    yield from _turned(_fills(changes), 17)
    yield from _turned(_positions(changes), 8)
    yield from _turned(_cash(changes), 6)
    yield from _turned(books, 3)
    yield [slot for slot, pos in changes.standing.items() if pos is None]
    yield from _turned(stands, 2)


def superseded(changes: Changes) -> Sequence[Sequence[Any]]:
    """The arguments of SUPERSEDE."""
    return _turned([(*map(_clean, execution), pos) for execution, pos in changes.superseded.items()], 4)


def _turned(rows: list[_Row], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _clean(text: str) -> str:
    """Text without NUL, which brokers may send and Postgres cannot hold; the order's state keeps it as it came."""
    return text.replace("\0", "\ufffd")


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _orders(changes: Changes) -> list[_Row]:
    positions = changes.order_pos
    return [
        (
            o.order,
            o.signal,
            o.signal_id,
            o.strategy,
            o.account,
            o.symbol,
            o.status.value,
            o.open,
            o.side,
            _text(o.quantity),
            str(o.filled),
            str(o.fees),
            _clean(o.reason),
            o.anomaly,
            o.requested_at,
            o.updated_at,
            positions[stream],
            encode(o),
        )
        for stream, o in changes.orders.items()
    ]


def _fills(changes: Changes) -> list[_Row]:
    return [
        (
            row.pos,
            row.kind,
            getattr(row.data, "order", None),
            getattr(row.data, "strategy", "EXTERNAL"),
            row.data.account,
            _clean(row.data.broker),
            row.data.symbol,
            row.data.side,
            str(row.data.quantity),
            str(row.data.price),
            str(row.data.fee),
            _clean(row.data.fee_currency),
            _clean(row.data.execution),
            row.data.revision,
            row.time,
            row.data.broker_time,
            row.superseded_by,
        )
        for row in changes.fills
    ]


def _positions(changes: Changes) -> list[_Row]:
    rows: list[_Row] = []
    for account, book in changes.books.items():
        old = changes.old_books[account].positions
        rows += [
            (
                account,
                symbol,
                str(p.quantity),
                _text(p.average_price),
                str(p.fifo_cost),
                str(p.fifo_realized),
                str(p.fees),
                str(p.multiplier),
            )
            for symbol, p in book.positions.items()
            if p is not old.get(symbol)
        ]
    return rows


def _cash(changes: Changes) -> list[_Row]:
    rows: list[_Row] = []
    for account, book in changes.books.items():
        old = changes.old_books[account].balances
        rows += [
            (
                account,
                currency,
                str(balance.cash),
                str(balance.realized_today),
                str(balance.fees_today),
                str(balance.moved_today),
            )
            for currency, balance in book.balances.items()
            if balance is not old.get(currency)
        ]
    return rows
