"""What holds for every list of fills; and FIFO against a model in fractions that knows nothing of the code."""

from collections import deque
from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.positions.builders import booked, fill_lists, multipliers, prices
from tradewire.domain.pnl import cash_delta, market_value, unrealized
from tradewire.domain.positions import Fill, Position, bust, correct


def exact(numbers: list[Decimal]) -> Fraction:
    return sum(map(Fraction, numbers), Fraction(0))


def signed(fill: Fill) -> Fraction:
    return Fraction(fill.quantity) * (1 if fill.side == "buy" else -1)


def naive_fifo(fills: list[Fill]) -> tuple[list[tuple[Fraction, Fraction]], list[Fraction]]:
    """Returns open lots (signed quantity, price) and the result of each piece closed, one piece at a time."""
    lots: deque[tuple[Fraction, Fraction]] = deque()
    results = []
    for fill in fills:
        left, price = signed(fill), Fraction(fill.price)
        while left and lots and (lots[0][0] > 0) != (left > 0):
            held, entry = lots.popleft()
            piece = min(abs(held), abs(left))
            sign = 1 if held > 0 else -1
            results.append(sign * piece * (price - entry))
            if abs(held) > piece:
                lots.appendleft((held - sign * piece, entry))
            left += sign * piece
        if left:
            lots.append((left, price))
    return list(lots), results


@given(fill_lists(), multipliers, prices)
def test_fifo_agrees_with_the_naive_model(fills: list[Fill], multiplier: Decimal, mark: Decimal) -> None:
    position, trades = booked(*fills, multiplier=str(multiplier))
    lots, results = naive_fifo(fills)
    sign = 1 if position.quantity > 0 else -1
    m = Fraction(multiplier)

    assert [(sign * Fraction(lot.quantity), Fraction(lot.price)) for lot in position.lots] == lots
    assert [Fraction(t.gross_pnl) for t in trades] == [m * result for result in results]
    assert Fraction(position.fifo_realized) == m * sum(results)
    assert Fraction(position.fifo_cost) == m * sum((q * p for q, p in lots), Fraction(0))
    assert Fraction(unrealized(position, mark)) == m * sum((q * (Fraction(mark) - p) for q, p in lots), Fraction(0))


@given(fill_lists())
def test_position_is_the_sum_of_signed_fills(fills: list[Fill]) -> None:
    position, _ = booked(*fills)

    assert Fraction(position.quantity) == sum(map(signed, fills), Fraction(0))
    assert Fraction(position.quantity.copy_abs()) == exact([lot.quantity for lot in position.lots])


@given(fill_lists(), multipliers, prices)
def test_cash_plus_value_is_closed_trades_plus_unrealized(fills: list[Fill], m: Decimal, mark: Decimal) -> None:
    position, trades = booked(*fills, multiplier=str(m))
    equity_change = exact([cash_delta(fill, m) for fill in fills]) + Fraction(market_value(position, mark))

    fifo = exact([t.net_pnl for t in trades] + [unrealized(position, mark)]) - Fraction(position.open_fees)
    average = exact([position.average_realized, unrealized(position, mark, "average")]) - Fraction(position.fees)
    assert fifo == equity_change
    assert average == equity_change


@given(fill_lists())
def test_fees_are_split_without_loss(fills: list[Fill]) -> None:
    position, trades = booked(*fills)

    assert exact([fill.fee for fill in fills]) == Fraction(position.fees)
    assert exact([t.fees for t in trades] + [position.open_fees]) == Fraction(position.fees)
    assert exact([lot.fee for lot in position.lots]) == Fraction(position.open_fees)


@given(fill_lists())
def test_average_cost_is_within_a_cut_digit_of_the_exact_average(fills: list[Fill]) -> None:
    cost, quantity = Fraction(0), Fraction(0)
    for fill in fills:
        change = signed(fill)
        if quantity and (quantity > 0) != (change > 0):
            kept = max(abs(quantity) - abs(change), Fraction(0))
            cost = cost * kept / abs(quantity)
            opened = change + quantity if abs(change) > abs(quantity) else Fraction(0)
        else:
            opened = change
        cost += opened * Fraction(fill.price)
        quantity += change
    position, _ = booked(*fills)

    assert abs(Fraction(position.average_cost) - cost) <= len(fills) * Fraction(1, 10**12)


@given(fill_lists().filter(bool), st.data(), prices)
def test_a_busted_fill_never_happened_as_far_as_totals_go(
    fills: list[Fill], data: st.DataObject, mark: Decimal
) -> None:
    index = data.draw(st.integers(0, len(fills) - 1))
    gone, survivors = fills[index], fills[:index] + fills[index + 1 :]
    position, _ = booked(*fills)
    position, _ = bust(position, gone, at=len(fills))

    assert totals(position, mark) == totals(booked(*survivors)[0], mark)


@given(fill_lists().filter(bool), fill_lists().filter(bool), st.data(), prices)
def test_a_corrected_fill_was_always_so(
    fills: list[Fill], others: list[Fill], data: st.DataObject, mark: Decimal
) -> None:
    index = data.draw(st.integers(0, len(fills) - 1))
    old, new = fills[index], others[0]
    position, _ = booked(*fills)
    position, _ = correct(position, old, new)

    assert totals(position, mark) == totals(booked(*fills[:index], new, *fills[index + 1 :])[0], mark)


@given(fill_lists())
def test_a_position_survives_json(fills: list[Fill]) -> None:
    position, _ = booked(*fills)

    again = msgspec.json.decode(msgspec.json.encode(position), type=Position)
    assert again == position
    assert msgspec.json.encode(again) == msgspec.json.encode(position)


def totals(position: Position, mark: Decimal) -> tuple[Fraction, ...]:
    return (
        Fraction(position.quantity),
        Fraction(position.fees),
        exact([position.fifo_realized, unrealized(position, mark)]),
        exact([position.average_realized, unrealized(position, mark, "average")]),
    )
