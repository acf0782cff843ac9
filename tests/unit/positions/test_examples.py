"""Worked examples, with numbers that can be checked by hand."""

from decimal import Decimal

import pytest

from tests.unit.positions.builders import booked, fill
from tradewire.domain.pnl import cash_delta, day_loss, day_result, equity, market_value, unrealized
from tradewire.domain.positions import Fill, Position, apply_fill, bust, correct
from tradewire.errors import InvalidValue
from tradewire.messages.account_events import Mark

D = Decimal


def test_long_bought_twice_and_sold_in_part() -> None:
    position, trades = booked(
        fill("buy", "100", "10", "1", at=1), fill("buy", "100", "12", "1", at=2), fill("sell", "150", "15", "3", at=3)
    )

    first, second = trades
    assert (first.side, first.quantity, first.entry_price, first.exit_price) == ("long", D(100), D(10), D(15))
    assert (first.opened_at, first.closed_at) == (1, 3)
    assert (first.gross_pnl, first.fees, first.net_pnl) == (D(500), D(3), D(497))  # entry fee 1, two thirds of 3
    assert (second.quantity, second.gross_pnl, second.fees, second.net_pnl) == (D(50), D(150), D("1.5"), D("148.5"))
    assert position.quantity == 50
    assert (position.fifo_cost, position.fifo_realized) == (D(600), D(650))
    assert (position.average_cost, position.average_realized) == (D(550), D(600))  # 150 * (15 - 11)
    assert position.average_price == D(11)
    assert (position.fees, position.open_fees) == (D(5), D("0.5"))
    assert unrealized(position, D(14)) == D(100)
    assert unrealized(position, D(14), "average") == D(150)


def test_short_covered_in_part() -> None:
    position, trades = booked(fill("sell", "40", "350", "2", at=1), fill("buy", "10", "330", "1", at=2))

    assert [(t.side, t.quantity, t.gross_pnl, t.net_pnl) for t in trades] == [("short", D(10), D(200), D("198.5"))]
    assert (position.quantity, position.fifo_cost, position.average_price) == (D(-30), D(-10500), D(350))
    assert market_value(position, D(362)) == D(-10860)
    assert unrealized(position, D(362)) == D(-360)


def test_sell_through_zero_closes_and_opens() -> None:
    position, trades = booked(fill("buy", "10", "100", "1", at=1), fill("sell", "15", "120", "3", at=2))

    assert [(t.quantity, t.gross_pnl, t.fees) for t in trades] == [(D(10), D(200), D(3))]
    assert (position.quantity, position.fifo_cost, position.average_cost) == (D(-5), D(-600), D(-600))
    assert (position.fifo_realized, position.average_realized) == (D(200), D(200))
    assert [(lot.quantity, lot.price, lot.at, lot.fee) for lot in position.lots] == [(D(5), D(120), 2, D(1))]


def test_flat_again_leaves_nothing_but_the_result() -> None:
    position, _ = booked(fill("buy", "3", "10", "1"), fill("sell", "1", "11", "1"), fill("sell", "2", "9", "1"))

    assert position == Position("AAPL", fifo_realized=D(-1), average_realized=D(-1), fees=D(3))
    assert position.average_price is None


def test_thirds_of_a_fee_and_of_an_average_lose_no_digit() -> None:
    position, trades = booked(
        fill("buy", "1", "1", "1"), fill("buy", "2", "1.005", "0"), fill("sell", "1", "2", "1"), fill("sell", "1", "2")
    )

    assert [t.fees for t in trades] == [D(2), D(0)]
    assert position.average_cost == D("3.010") - D("1.003333333333") - D("1.003333333333")
    assert position.average_realized == D(4) - D("2.006666666666")

    position, trades = booked(*(fill("buy", "1", "1") for _ in range(3)), fill("sell", "3", "1", "1"))
    assert [t.fees for t in trades] == [D("0.333333333333"), D("0.333333333333"), D("0.333333333334")]


def test_partly_closed_lot_keeps_the_rest_of_its_fee() -> None:
    position, trades = booked(fill("buy", "3", "5", "1"), *(fill("sell", "1", "6") for _ in range(2)))

    assert [t.fees for t in trades] == [D("0.333333333333"), D("0.333333333333")]
    assert position.open_fees == D("0.333333333334")
    assert [lot.fee for lot in position.lots] == [D("0.333333333334")]


def test_option_contracts_count_their_multiplier() -> None:
    position, trades = booked(fill("buy", "2", "1.25"), fill("sell", "1", "1.75"), multiplier="100")

    assert trades[0].gross_pnl == D(50)
    assert (position.fifo_cost, position.average_price) == (D(125), D("1.25"))
    assert market_value(position, D(2)) == D(200)


def test_numbers_longer_than_python_s_default_precision_stay_exact() -> None:
    quantity, price = "123456789012345.123456789012", "987654321098765.987654321098"
    position, _ = booked(fill("buy", quantity, price))

    product = int(quantity.replace(".", "")) * int(price.replace(".", ""))
    assert position.fifo_cost == position.average_cost == Decimal(f"{product}E-24")


def test_bust_of_the_only_fill_leaves_nothing() -> None:
    bought = fill("buy", "7", "3.5", "0.2", at=1)
    position, _ = booked(bought)
    position, trades = bust(position, bought, at=9)

    assert position == Position("AAPL")
    assert [(t.gross_pnl, t.fees, t.closed_at) for t in trades] == [(D(0), D(0), 9)]


def test_correction_restates_price_and_quantity() -> None:
    old, new = fill("buy", "10", "100", "1", at=1), fill("buy", "8", "99", "0.8", at=2)
    position, _ = booked(old)
    position, _ = correct(position, old, new)

    assert (position.quantity, position.fifo_cost, position.fees) == (D(8), D(792), D("0.8"))


def test_cash_of_a_purchase_and_of_a_sale() -> None:
    assert cash_delta(fill("buy", "10", "100", "1")) == D(-1001)
    assert cash_delta(fill("sell", "10", "100", "1")) == D(999)
    assert cash_delta(fill("sell", "2", "1.5", "-0.1"), D(100)) == D("300.1")


def test_equity_needs_a_mark_for_what_is_held_and_for_nothing_else() -> None:
    held, _ = booked(fill("buy", "10", "100"))
    flat, _ = apply_fill(Position("MSFT"), fill("buy", "1", "1"))
    flat, _ = apply_fill(flat, fill("sell", "1", "1"))

    assert equity(D(500), [held, flat], {"AAPL": Mark(D(90), 1)}) == D(1400)
    with pytest.raises(InvalidValue, match="AAPL has no mark"):
        equity(D(500), [held], {})


def test_day_loss_leaves_out_what_the_owner_moved() -> None:
    assert day_result(D(105), D(100), D(20)) == D(-15)
    assert day_loss(D(105), D(100), D(20)) == D(15)
    assert day_loss(D(105), D(100), D(0)) == D(0)


@pytest.mark.parametrize(
    ("quantity", "price", "fee"),
    [("0", "1", "0"), ("-1", "1", "0"), ("NaN", "1", "0"), ("1", "Infinity", "0"), ("1", "1", "NaN")],
)
def test_a_fill_that_is_no_fill_is_refused(quantity: str, price: str, fee: str) -> None:
    with pytest.raises(InvalidValue, match="quantity above zero"):
        Fill("buy", D(quantity), D(price), D(fee), 0, "x")
