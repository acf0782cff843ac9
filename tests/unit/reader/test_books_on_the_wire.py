"""A book is the same after its way over the wire, in one piece or in many."""

from decimal import Decimal

import pytest

from tests.unit.reader.histories import SYMBOLS
from tradewire.domain.account_book import AccountBook, book_cash, book_fill
from tradewire.domain.positions import Fill
from tradewire.messages.books import join, split


def bought(account: str, fills: int, symbols: int = len(SYMBOLS)) -> AccountBook:
    book = book_cash(AccountBook(account), Decimal(1_000_000), "USD", "opening")
    for number in range(fills):
        fill = Fill("buy", Decimal("0.1"), Decimal(100 + number % 7), Decimal("0.01"), number, f"execution-{number}")
        book, _ = book_fill(book, SYMBOLS[number % symbols], fill)
    return book


@pytest.mark.parametrize("fills", [0, 1, 64, 65, 500, 2_000])
@pytest.mark.parametrize("symbols", [1, 4])
@pytest.mark.parametrize("max_bytes", [2_000, 30_000, 500_000])
def test_pieces_joined_are_the_book(fills: int, symbols: int, max_bytes: int) -> None:
    book, other = bought("paper", fills, symbols), bought("live", 3)
    pieces = split(book, max_bytes) + split(other, max_bytes)
    assert join(pieces) == {"paper": book, "live": other}


def test_a_piece_keeps_to_its_size() -> None:
    pieces = split(bought("paper", 20_000, 2), 100_000)
    assert len(pieces) > 10
    assert max(len(piece) for piece in pieces) <= 100_000


def test_a_book_that_fits_is_one_piece() -> None:
    assert len(split(bought("paper", 100), 500_000)) == 1
