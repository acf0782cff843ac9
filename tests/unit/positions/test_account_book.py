"""The account as a fold: cash, equity, the day, and the order in which things come."""

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.positions.builders import fill, fill_lists, prices
from tradewire.domain.account_book import (
    AccountBook,
    Balance,
    book_bust,
    book_cash,
    book_correction,
    book_day_loss,
    book_day_result,
    book_equity,
    book_fill,
    book_marks,
    roll_day,
)
from tradewire.domain.pnl import cash_delta
from tradewire.domain.positions import Fill
from tradewire.errors import InvalidValue
from tradewire.messages.account_events import Mark

D = Decimal


def opened(amount: str = "10000") -> AccountBook:
    return book_cash(AccountBook("paper"), D(amount), "USD", "opening")


def test_a_day_with_a_gain_a_fee_a_deposit_and_interest() -> None:
    book = roll_day(opened(), "2026-01-05")
    book, _ = book_fill(book, "AAPL", fill("buy", "10", "100", "1", at=1))
    book, trades = book_fill(book, "AAPL", fill("sell", "4", "110", "1", at=2))
    book = book_marks(book, {"AAPL": Mark(D(105), 3)})
    book = book_cash(book, D(500), "USD", "deposit")
    book = book_cash(book, D(2), "USD", "interest")

    assert book.balances["USD"] == Balance(D(9940), realized_today=D(40), fees_today=D(2), moved_today=D(500))
    assert [t.net_pnl for t in trades] == [D("38.6")]
    assert book_equity(book) == D(10570)
    assert book_day_result(book) == D(70)  # 40 realized + 30 unrealized - 2 fees + 2 interest
    assert book_day_loss(book) == 0

    book = book_marks(book, {"AAPL": Mark(D(80), 4)})
    assert book_day_loss(book) == D(80)


def test_an_overnight_gap_counts_in_the_new_day() -> None:
    book, _ = book_fill(roll_day(opened(), "2026-01-05"), "AAPL", fill("buy", "10", "100", at=1))
    book = roll_day(book, "2026-01-06")
    book = book_marks(book, {"AAPL": Mark(D(90), 2)})

    assert (book.day, book.equity_at_day_start) == ("2026-01-06", D(10000))
    assert book.balances["USD"] == Balance(D(9000))
    assert book_day_loss(book) == D(100)
    assert roll_day(book, "2026-01-06") is book
    assert roll_day(book, "2026-01-05") is book


def test_each_fill_is_a_mark_unless_a_newer_one_is_known() -> None:
    book, _ = book_fill(opened(), "AAPL", fill("buy", "1", "100", at=5))
    assert book_equity(book) == D(10000)

    book, _ = book_fill(book, "AAPL", fill("buy", "1", "110", at=6))
    assert book.marks == {"AAPL": Mark(D(110), 6)}

    book = book_marks(book, {"AAPL": Mark(D(120), 4)})
    assert book.marks["AAPL"].price == D(110)

    book, _ = book_fill(book, "AAPL", fill("buy", "1", "130", at=5))
    assert book.marks["AAPL"].price == D(110)


def test_a_pair_is_paid_in_its_second_currency_and_told_in_the_account_s() -> None:
    book = book_cash(opened(), D(1000), "USDT", "deposit")
    book, _ = book_fill(book, "BTC/USDT", fill("buy", "0.01", "50000", "0.00001", at=1), fee_currency="BTC")

    assert book.balances["USDT"].cash == D(500)
    assert book.balances["BTC"] == Balance(D("-0.00001"), fees_today=D("0.00001"))
    assert book.positions["BTC/USDT"].fees == 0
    with pytest.raises(InvalidValue, match="BTC/USD has no mark"):
        book_equity(book)

    book = book_marks(book, {"USDT/USD": Mark(D("0.99"), 1), "BTC/USD": Mark(D(50000), 1)})
    assert book_equity(book) == D(10000) + D("0.99") * D(1000) - D("0.5")


def test_a_book_in_the_quote_currency_values_its_coin_fee_at_the_pair_s_mark() -> None:
    book = book_cash(AccountBook("coins", "USDT"), D(1000), "USDT", "opening")
    book, _ = book_fill(book, "BTC/USDT", fill("buy", "0.01", "50000", "0.00001", at=1), fee_currency="BTC")

    assert book_equity(book) == D("999.5")
    assert book_day_loss(book) == D("0.5")


def test_bust_returns_cash_fee_and_position_but_sets_no_mark() -> None:
    before = roll_day(opened(), "2026-01-05")
    wrong = fill("buy", "10", "1000", "3", at=1)
    book, _ = book_fill(before, "AAPL", wrong)
    book, _ = book_bust(book, "AAPL", wrong, at=2)

    assert book.balances == before.balances
    assert book.positions["AAPL"].quantity == 0
    assert book.marks == {"AAPL": Mark(D(1000), 1)}
    assert book_equity(book) == D(10000)


def test_correction_of_quantity_and_fee() -> None:
    old, new = fill("buy", "10", "100", "1", at=1), fill("buy", "9", "101", "0.9", at=2)
    book, _ = book_fill(opened(), "AAPL", old)
    book, _ = book_correction(book, "AAPL", old, new)

    assert book.balances["USD"].cash == D(10000) - D(909) - D("0.9")
    assert book.positions["AAPL"].quantity == 9


def test_an_older_book_is_left_as_it_was() -> None:
    before = opened()
    image = msgspec.json.encode(before)
    after, _ = book_fill(before, "AAPL", fill("buy", "1", "1"))
    after = book_marks(book_cash(after, D(1), "USD", "interest"), {"AAPL": Mark(D(2), 9)})
    roll_day(after, "2026-01-05")

    assert msgspec.json.encode(before) == image


@given(st.permutations([("AAPL", 100, 1), ("AAPL", 90, 3), ("AAPL", 95, 2), ("MSFT", 7, 2), ("MSFT", 8, 1)]))
def test_marks_may_come_in_any_order(rows: list[tuple[str, int, int]]) -> None:
    book = AccountBook("paper")
    for symbol, price, at in rows:
        book = book_marks(book, {symbol: Mark(D(price), at)})

    assert book.marks == {"AAPL": Mark(D(90), 3), "MSFT": Mark(D(7), 2)}


@given(st.lists(st.tuples(st.sampled_from(["AAPL", "MSFT", "IBM"]), fill_lists(4)), max_size=5), prices)
def test_cash_and_equity_are_conserved(groups: list[tuple[str, list[Fill]]], mark: Decimal) -> None:
    rows = [(symbol, each) for symbol, fills in groups for each in fills]
    book, net = opened(), Fraction(0)
    for symbol, each in rows:
        book, trades = book_fill(book, symbol, each)
        net += sum((Fraction(t.net_pnl) for t in trades), Fraction(0))
    book = book_marks(book, {symbol: Mark(mark, 10**9) for symbol, _ in rows})

    balance = book.balances["USD"]
    assert Fraction(balance.cash) == 10000 + sum((Fraction(cash_delta(each)) for _, each in rows), Fraction(0))
    assert Fraction(balance.fees_today) == sum((Fraction(each.fee) for _, each in rows), Fraction(0))
    unrealized_net = sum(
        (
            Fraction(p.quantity) * Fraction(mark) - Fraction(p.fifo_cost) - Fraction(p.open_fees)
            for p in book.positions.values()
        ),
        Fraction(0),
    )
    assert Fraction(book_equity(book)) - 10000 == net + unrealized_net
    assert Fraction(book_day_result(book)) == net + unrealized_net
    assert msgspec.json.decode(msgspec.json.encode(book), type=AccountBook) == book
