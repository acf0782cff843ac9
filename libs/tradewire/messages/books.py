"""Account books on the wire: a book as JSON, in pieces when it is larger than a message may be.

Each piece is an AccountBook of the same account with a part of the positions, or of one position's lots; joined in
order they are the book again. Nobody may fold events into a piece.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from tradewire.domain.account_book import AccountBook
from tradewire.domain.lots import CHUNK, Lots
from tradewire.domain.positions import Position

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(AccountBook).decode
_LOT_BYTES = 200
"""What a lot weighs at most, near enough: four numbers of 27 digits, a time and an execution's id."""


def split(book: AccountBook, max_bytes: int) -> list[bytes]:
    """Encodes a book: one piece when it fits, else several of about `max_bytes` at most."""
    whole = _encode(book)
    if len(whole) <= max_bytes:
        return [whole]
    pieces = [_encode(replace(book, positions={}))]
    lots_max = max(max_bytes // _LOT_BYTES, 2 * CHUNK)
    part: dict[str, Position] = {}
    lots = 0
    for symbol, position in book.positions.items():
        for piece in _split_position(position, lots_max):
            if part and (symbol in part or lots + len(piece.lots) + len(part) > lots_max):
                pieces.append(_piece(book, part))
                part, lots = {}, 0
            part[symbol] = piece
            lots += len(piece.lots)
    pieces.append(_piece(book, part))
    return pieces


def join(pieces: Iterable[bytes | Raw]) -> dict[str, AccountBook]:
    """Returns the books by account, from all their pieces in order."""
    books: dict[str, AccountBook] = {}
    for raw in pieces:
        piece = _decode(raw)
        held = books.get(piece.account)
        if held is None:
            books[piece.account] = piece
            continue
        positions = dict(held.positions)
        for symbol, position in piece.positions.items():
            before = positions.get(symbol)
            positions[symbol] = position if before is None else _joined(before, position)
        books[piece.account] = replace(held, positions=positions)
    return books


def _piece(book: AccountBook, positions: dict[str, Position]) -> bytes:
    return _encode(AccountBook(book.account, book.currency, positions=positions))


def _split_position(position: Position, lots_max: int) -> Iterator[Position]:
    """Yields the position with its first lots, then with the next chunks, until all have been given."""
    lots = position.lots
    if len(lots) <= lots_max:
        yield position
        return
    chunks = max(lots_max // CHUNK - 2, 1)
    for first in range(0, max(len(lots.middle), 1), chunks):
        last = first + chunks >= len(lots.middle)
        front = lots.front if first == 0 else ()
        yield replace(position, lots=Lots(front, lots.middle[first : first + chunks], lots.back if last else ()))


def _joined(before: Position, more: Position) -> Position:
    a, b = before.lots, more.lots
    return replace(before, lots=Lots(a.front or b.front, a.middle + b.middle, a.back or b.back))
