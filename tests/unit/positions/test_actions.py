"""Splits and other changes of a holding that are no trade: what is held, what it cost, and that nothing gets lost."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.positions.builders import booked, decimals, fill, fill_lists, multipliers, prices
from tradewire.domain.account_book import (
    AccountBook,
    book_action,
    book_adjustment,
    book_cash,
    book_day_result,
    book_equity,
    book_fill,
    roll_day,
)
from tradewire.domain.exact import ratio
from tradewire.domain.lots import CHUNK, Lots, rescale
from tradewire.domain.pnl import cash_delta
from tradewire.domain.positions import Action, Fill, Position, apply_action, apply_fill
from tradewire.errors import InvalidValue

D = Decimal
LATER = 10
"""A time after all fills that say none."""


def split(ratio: str, quantity: str = "0", cash: str = "0") -> Action:
    return Action(D(ratio), D(quantity), D(cash), 7, "split")


def lots_of(lots: Lots) -> Any:
    return [(lot.quantity, lot.price, lot.paid) for lot in lots]


def acted(position: Position, action: Action) -> Any:
    """The position afterwards, whose numbers may be compared with whole ones."""
    return apply_action(position, action)


def sold(position: Position, last: Fill) -> tuple[Any, Any]:
    return apply_fill(position, last)


def test_a_split_changes_quantities_and_prices_and_not_what_was_paid() -> None:
    held, _ = booked(fill("buy", "10", "100", "1"), fill("buy", "5", "130", "1"))
    after = acted(held, split("2"))

    assert lots_of(after.lots) == [(20, 50, 1000), (10, 65, 650)]
    assert [lot.value for lot in after.lots] == [None, None]
    assert (after.quantity, after.fifo_cost, after.average_cost) == (30, 1650, 1650)
    assert (after.fifo_realized, after.fees, after.open_fees) == (0, 2, 2)


def test_after_a_split_the_oldest_lot_is_sold_first_at_its_new_price() -> None:
    held, _ = booked(fill("buy", "10", "100"), fill("buy", "5", "130"))
    after, [first, second] = sold(acted(held, split("2")), fill("sell", "22", "70"))

    assert (first.entry_price, first.gross_pnl) == (50, 400)
    assert (second.entry_price, second.quantity, second.gross_pnl) == (65, 2, 10)
    assert (after.quantity, after.fifo_cost, after.fifo_realized) == (8, 520, 410)


def test_a_price_without_an_end_loses_nothing() -> None:
    """10 for 100 each are 30 for 33.33…: sold in three parts, they have cost 1,000 to the last digit."""
    held, _ = booked(fill("buy", "10", "100"))
    after = acted(held, split("3"))
    [lot] = after.lots
    assert (lot.quantity, lot.paid) == (30, 1000)
    assert lot.price == ratio(D(1000), D(30))
    trades = []
    for quantity in ("7", "11", "12"):
        after, closed = sold(after, fill("sell", quantity, "40"))
        trades += closed
    assert sum(trade.gross_pnl for trade in trades) == 30 * 40 - 1000
    assert (after.fifo_realized, after.average_realized, after.fifo_cost) == (200, 200, 0)


def test_a_reverse_split_leaves_whole_shares_and_pays_for_the_rest() -> None:
    held, _ = booked(fill("buy", "70", "3"), fill("buy", "30", "4"))
    third = D("0.333333333333")
    after = acted(held, Action(third, 33 - 100 * third, D("3.60"), 7, "reverse"))

    assert after.quantity == 33
    assert sum(lot.quantity for lot in after.lots) == 33
    assert sum(lot.paid for lot in after.lots) == after.fifo_cost == 330
    assert (after.fifo_realized, after.average_realized) == (D("3.60"), D("3.60"))


def test_a_short_position_splits_too() -> None:
    held, _ = booked(fill("sell", "10", "100"))
    after, [trade] = sold(acted(held, split("2")), fill("buy", "20", "40"))
    assert (trade.side, trade.gross_pnl, after.quantity) == ("short", 200, 0)


def test_what_comes_without_a_holding_cost_nothing() -> None:
    spun, _ = booked()
    after, [trade] = sold(acted(spun, split("1", "4")), fill("sell", "4", "10"))
    assert (trade.gross_pnl, after.fifo_realized, after.average_realized) == (40, 40, 40)


def test_what_is_taken_away_loses_what_was_paid_but_for_the_cash() -> None:
    held, _ = booked(fill("buy", "10", "100", "2"))
    after = acted(held, split("1", "-10", "250"))
    assert (after.quantity, after.fifo_cost, after.open_fees, list(after.lots)) == (0, 0, 0, [])
    assert after.fifo_realized == after.average_realized == -750


def test_a_holding_that_changes_its_side_begins_anew() -> None:
    held, _ = booked(fill("buy", "10", "100"))
    after = acted(held, split("1", "-15"))
    assert (after.quantity, after.fifo_cost, after.fifo_realized) == (-5, 0, -1000)
    assert lots_of(after.lots) == [(5, 0, 0)]


@pytest.mark.parametrize("numbers", [("NaN", "0", "0"), ("1", "Infinity", "0"), ("1", "0", "NaN"), ("-1", "0", "0")])
def test_what_is_no_number_is_refused(numbers: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidValue) as caught:
        split(*numbers)
    assert caught.value.code == "ACTION_INVALID"


@given(fill_lists(), multipliers, decimals("0.000000000001", "7", 12), decimals("-3", "3", 2), prices)
def test_no_digit_is_lost_whatever_the_ratio(
    fills: list[Fill], multiplier: Decimal, ratio: Decimal, cash: Decimal, price: Decimal
) -> None:
    """Everything is sold after the action: what was won is the sum of all cash, by either method."""
    position, _ = booked(*fills, multiplier=str(multiplier))
    paid = sum((Fraction(cash_delta(each, multiplier)) + Fraction(each.fee) for each in fills), Fraction(0))
    after = apply_action(position, Action(ratio, D(0), cash, 99, "x"))
    if after.quantity:
        last = Fill("sell" if after.quantity > 0 else "buy", after.quantity.copy_abs(), price, D(0), 100, "last")
        paid += Fraction(cash_delta(last, multiplier))
        after, _ = apply_fill(after, last)
    assert after.quantity == 0
    assert Fraction(after.fifo_realized) == Fraction(after.average_realized) == paid + Fraction(cash)


@given(st.integers(1, 3 * CHUNK), decimals("0.01", "900", 2))
def test_lots_are_rescaled_in_their_order_and_add_up(count: int, target: Decimal) -> None:
    held, _ = booked(*(fill("buy", str(n % 7 + 1), str(n % 5 + 1), "0.1") for n in range(count)))
    lots = list(rescale(held.lots, held.quantity, target, LATER))

    assert sum(lot.quantity for lot in lots) == target
    assert sum(lot.paid for lot in lots) == held.fifo_cost
    assert sum(lot.fee for lot in lots) == held.open_fees
    assert [lot.exec_id for lot in lots] == [
        lot.exec_id for lot in held.lots if lot.exec_id in {x.exec_id for x in lots}
    ]


def test_a_lot_that_would_be_nothing_goes_to_the_next() -> None:
    held, _ = booked(fill("buy", "0.000000000001", "5"), fill("buy", "10", "100"))
    [lot] = rescale(held.lots, held.quantity, D("0.000001"), LATER)
    assert (lot.quantity, lot.paid) == (D("0.000001"), held.fifo_cost)


def test_lots_of_after_a_split_that_is_told_late_stay_as_they_are() -> None:
    held, _ = booked(fill("buy", "10", "100", at=1), fill("buy", "5", "34", at=9))
    after = acted(held, split("3", "-10"))
    assert [(lot.quantity, lot.paid) for lot in after.lots] == [(30, 1000), (5, 170)]
    assert (after.quantity, after.fifo_cost) == (35, 1170)


def test_where_the_older_lots_cannot_take_it_all_have_their_share() -> None:
    held, _ = booked(fill("buy", "2", "100", at=1), fill("buy", "8", "34", at=9))
    assert [lot.quantity for lot in acted(held, split("0.5")).lots] == [1, 4]
    bought_then, _ = booked(fill("buy", "10", "34", at=9))
    assert [lot.quantity for lot in acted(bought_then, split("2")).lots] == [20]


def a_book() -> Any:
    book = book_cash(AccountBook("paper"), D(10_000), "USD", "opening")
    book = roll_day(book, "2026-01-02")
    return book_fill(book, "AAPL", fill("buy", "10", "100", at=5))[0]


def test_a_split_is_no_result_of_the_day() -> None:
    book: Any = book_action(a_book(), "AAPL", split("4"), "USD")
    assert (book.positions["AAPL"].quantity, book.marks["AAPL"].price) == (40, 25)
    assert book_equity(book) == 10_000
    assert book_day_result(book) == 0


def test_a_mark_of_after_a_split_that_is_told_late_is_right_already() -> None:
    book: Any = book_fill(a_book(), "AAPL", fill("buy", "1", "26", at=8))[0]
    assert book_action(book, "AAPL", split("4"), "USD").marks["AAPL"].price == 26


def test_cash_for_a_holding_is_a_result_of_the_day() -> None:
    book: Any = book_action(a_book(), "AAPL", split("1", "0", "7.5"), "USD")
    assert (book.balances["USD"].cash, book.balances["USD"].realized_today) == (D("9007.5"), D("7.5"))
    assert book_day_result(book) == D("7.5")


@pytest.mark.parametrize(("mark", "equity"), [(None, "10500"), ("60", "10600")])
def test_a_holding_that_comes_without_an_execution_is_no_result_of_the_day(mark: str | None, equity: str) -> None:
    came = fill("buy", "10", "50", at=9)
    book: Any = book_adjustment(a_book(), "KO", came, D(mark) if mark else None)
    assert (book.positions["KO"].quantity, book.positions["KO"].fifo_cost) == (10, 500)
    assert book.balances["USD"].cash == 9_000
    assert book_equity(book) == D(equity)
    assert book_day_result(book) == 0
    gone: Any = book_adjustment(book, "KO", fill("sell", "10", "50", at=10), None)
    assert book_equity(gone) == 10_000
    assert gone.positions["KO"].fifo_realized == 0
